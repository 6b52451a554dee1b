//! Makes a call again where the fault is worth it: bounded by count, honouring what the service asks for, and told.

use std::future::Future;
use std::time::Duration;

use crate::arm::fault::{Fault, FaultKind};

/// How often a call is made at most.
const TRIES: u32 = 8;
/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(15);
/// The longest pause that the service may ask for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether the same call may go through later, and after which pause; `tries` have been made.
pub(crate) fn pause(fault: &Fault, tries: u32) -> Option<Duration> {
    let worth = match fault.kind {
        FaultKind::Throttled | FaultKind::Transient | FaultKind::Conflict => tries < TRIES,
        FaultKind::NotFound
        | FaultKind::Denied
        | FaultKind::Quota
        | FaultKind::Refused
        | FaultKind::Protocol => false,
    };
    let own = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST);
    let asked = fault.retry_after.unwrap_or_default();
    (worth && asked <= PATIENCE).then(|| own.max(asked))
}

/// Makes a call until it goes through or is not worth another try, and tells each pause.
pub(crate) async fn retrying<T, F>(
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
    retrying(call, |fault, after| tracing::info!(%fault, ?after, "retrying")).await
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
            assert_eq!(pause(&Fault::own(kind, ""), TRIES), None, "{kind:?}");
        }
    }

    #[test]
    fn the_service_may_ask_for_more_but_not_for_hours() {
        let asks = |seconds| Fault {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Fault::own(FaultKind::Throttled, "")
        };
        assert_eq!(pause(&asks(60), 1), Some(Duration::from_secs(60)));
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
        assert_eq!(retrying(call, |_, _| told += 1).await, Ok(3));
        assert_eq!(told, 2);
    }
}
