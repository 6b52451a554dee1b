//! Makes a call again where the fault is worth it: bounded by count, honouring what the service asks for, and told.

use std::future::Future;
use std::time::Duration;

use crate::arm::fault::{Fault, FaultKind};

/// How often a call is made at most.
const TRIES: u32 = 8;
/// How often while something else is under way on the thing, which may take minutes.
const TRIES_IN_CONFLICT: u32 = 20;
/// How often after a delete of ours, while what the deleted thing had is still taken.
const TRIES_AFTER_DELETE: u32 = 28;
/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(15);
/// The longest pause that the service may ask for: a whole window of its shorter quotas, which are of five minutes, and
/// what it rounds up.
const PATIENCE: Duration = Duration::from_secs(330);

/// Whether the same call may go through later, and after which pause; `tries` have been made.
pub(crate) fn pause(fault: &Fault, tries: u32) -> Option<Duration> {
    let most = match fault.kind {
        FaultKind::Throttled | FaultKind::Transient => TRIES,
        FaultKind::Conflict => TRIES_IN_CONFLICT,
        FaultKind::NotFound
        | FaultKind::Denied
        | FaultKind::Quota
        | FaultKind::Refused
        | FaultKind::Protocol => 1,
    };
    let asked = fault.retry_after.unwrap_or_default();
    (tries < most && asked <= PATIENCE).then(|| own(tries).max(asked))
}

/// The same of a change to a thing that must be there: what was just made may not be found for a while
/// (read-after-write, hashicorp/terraform-provider-azurerm#18268).
pub(crate) fn pause_of_change(fault: &Fault, tries: u32) -> Option<Duration> {
    if is_absence(fault) { (tries < TRIES).then(|| own(tries)) } else { pause(fault, tries) }
}

/// The same of a creation after a delete of ours: what the deleted group had may stay taken for minutes, a DNS name label
/// (hashicorp/terraform-provider-azurerm#23451) or room in the region.
pub(crate) fn pause_after_delete(fault: &Fault, tries: u32) -> Option<Duration> {
    let taken = ["DnsNameLabelNotAvailable", "ServiceUnavailable"].contains(&fault.code.as_str());
    (taken && tries < TRIES_AFTER_DELETE).then(|| own(tries))
}

/// Whether the fault says that the thing, or the resource group that it is in, is not there.
pub(crate) fn is_absence(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound && !fault.code.starts_with("Subscription")
}

/// The pause after so many tries, where the service asks for none.
fn own(tries: u32) -> Duration {
    FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST)
}

/// Makes a call until it goes through or `pause` says that it is not worth another try, and tells each pause.
pub(crate) async fn retrying<T, F>(
    pause: impl Fn(&Fault, u32) -> Option<Duration>,
    mut call: impl FnMut() -> F,
    mut tell: impl FnMut(&Fault, Duration),
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut tries = 0;
    loop {
        tries += 1;
        let fault = match call().await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let Some(after) = pause(&fault, tries) else { return Err(fault) };
        tell(&fault, after);
        tokio::time::sleep(after).await;
    }
}

/// The same where nobody watches, as while planning.
pub(crate) async fn quietly<T, F>(call: impl FnMut() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    retrying(pause, call, |fault, after| tracing::info!(%fault, ?after, "retrying")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_faults_that_may_pass_are_worth_another_try() {
        let kinds = [
            (FaultKind::Throttled, true),
            (FaultKind::Transient, true),
            (FaultKind::Conflict, true),
            (FaultKind::NotFound, false),
            (FaultKind::Denied, false),
            (FaultKind::Quota, false),
            (FaultKind::Refused, false),
            (FaultKind::Protocol, false),
        ];
        for (kind, worth) in kinds {
            assert_eq!(pause(&Fault::own(kind, ""), 1).is_some(), worth, "{kind:?}");
            assert_eq!(pause(&Fault::own(kind, ""), TRIES_IN_CONFLICT), None, "{kind:?}");
        }
    }

    #[test]
    fn a_change_waits_for_what_was_just_made_but_not_for_a_subscription() {
        let missing = |code: &str| Fault { code: code.into(), ..Fault::own(FaultKind::NotFound, "") };
        assert_eq!(pause_of_change(&missing("ResourceGroupNotFound"), 1), Some(FIRST));
        assert_eq!(pause_of_change(&missing("ResourceGroupNotFound"), TRIES), None);
        assert_eq!(pause_of_change(&missing("SubscriptionNotFound"), 1), None);
        assert_eq!(pause_of_change(&Fault::own(FaultKind::Transient, ""), 2), Some(FIRST * 2));
    }

    #[test]
    fn a_conflict_is_waited_for_longer_than_a_failure() {
        let total = |kind| -> Duration { (1..).map_while(|tries| pause(&Fault::own(kind, ""), tries)).sum() };
        assert!(total(FaultKind::Transient) < Duration::from_secs(30));
        assert!(total(FaultKind::Conflict) > Duration::from_secs(180));
        let code = |code: &str| Fault { code: code.into(), ..Fault::own(FaultKind::Refused, "") };
        let freed =
            |fault: Fault| -> Duration { (1..).map_while(|tries| pause_after_delete(&fault, tries)).sum() };
        let waited = freed(code("DnsNameLabelNotAvailable"));
        assert!((300..360).contains(&waited.as_secs()), "{waited:?}");
        assert_eq!(freed(code("InvalidDnsNameLabel")), Duration::ZERO);
    }

    #[test]
    fn the_service_may_ask_for_more_but_not_for_hours() {
        let asks = |seconds| Fault {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Fault::own(FaultKind::Throttled, "")
        };
        assert_eq!(pause(&asks(60), 1), Some(Duration::from_secs(60)));
        assert_eq!(pause(&asks(301), 1), Some(Duration::from_secs(301)));
        assert_eq!(pause(&asks(0), 2), Some(FIRST * 2));
        assert_eq!(pause(&asks(3600), 1), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_until_it_goes_through() {
        let mut calls = 0;
        let mut told = 0;
        let call = || {
            calls += 1;
            let result = if calls < 3 { Err(Fault::own(FaultKind::Transient, "cut")) } else { Ok(calls) };
            async move { result }
        };
        assert_eq!(retrying(pause, call, |_, _| told += 1).await, Ok(3));
        assert_eq!(told, 2);
    }
}
