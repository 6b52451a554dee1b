//! Waits for things to be seen as they should be. Every wait ends.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::event::End;
use crate::engine::step::{Work, failed};
use crate::model::name::GroupId;
use crate::model::observed::SeenGroup;

/// The service gives a deployment up after 30 minutes (`provisioningTimeoutInSeconds`); we give it a little more.
pub(crate) const PROVISIONING: Duration = Duration::from_secs(35 * 60);
/// A delete takes seconds; a resource group's takes minutes.
pub(crate) const DELETING: Duration = Duration::from_secs(20 * 60);
/// How long a thing that was just made may still not be found
/// (read-after-write, hashicorp/terraform-provider-azurerm#18268).
pub(crate) const UNSEEN: Duration = Duration::from_secs(60);
/// How often a change is looked for before it is taken as never made: a GET may show the old view for a while.
pub(crate) const LOOKS: u32 = 8;

/// The first pause between two looks.
const FIRST: Duration = Duration::from_millis(40);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(5);
/// Right after the expected time, looks are this part of it apart.
const CLOSE: u32 = 64;

/// How long such an operation took so far, as near as looking tells: it ended between the last look that saw it move and
/// the one that saw it over.
#[derive(Debug, Default)]
pub(crate) struct Usual(Mutex<Option<Duration>>);

impl Usual {
    /// When the next such operation is looked at first.
    fn expected(&self) -> Option<Duration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from one that moved still at `moving` and was over at `over`. The middle is expected next, so that an estimate
    /// that is too long halves its error each time; one that is too short costs the close looks that follow it.
    fn learn(&self, moving: Duration, over: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((moving + over) / 2);
    }
}

/// The pauses between looks: short at first, for what is quick; never longer than a few seconds. Where it is known how long
/// such a thing takes, looks are rare before that time and close right after it.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Duration,
    began: Instant,
    /// How long such a thing took before; a look falls on that.
    expected: Option<Duration>,
    /// The shortest pause before that look: until then nothing but a failure is to be seen.
    least: Duration,
    /// When the last look was.
    looked: Option<Duration>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self::expecting(None)
    }

    /// The pauses of a wait for what took so long before.
    pub(crate) fn expecting(expected: Option<Duration>) -> Self {
        let least = expected.map_or(Duration::ZERO, |expected| (expected / 8).min(LONGEST));
        Self { next: FIRST, began: Instant::now(), expected, least, looked: None }
    }

    /// Sleeps until the next look is due.
    pub(crate) async fn pause(&mut self) {
        let elapsed = self.began.elapsed();
        self.looked = Some(elapsed);
        let usual = self.next.max(self.least);
        match self.expected.map(|expected| (expected, expected.saturating_sub(elapsed))) {
            Some((expected, due)) if due <= usual => {
                tokio::time::sleep(due).await;
                self.next = (expected / CLOSE).clamp(FIRST, LONGEST);
                (self.expected, self.least) = (None, Duration::ZERO);
            }
            _ => {
                tokio::time::sleep(usual).await;
                self.next = (usual * 3 / 2).min(LONGEST);
            }
        }
    }

    /// Something moved: the next looks come quickly again.
    pub(crate) fn quicken(&mut self) {
        self.next = FIRST;
    }

    /// What was waited for is seen: the next wait learns from it, unless it was there from the beginning.
    fn over(&self, usual: &Usual) {
        if let Some(looked) = self.looked {
            usual.learn(looked, self.began.elapsed());
        }
    }
}

/// Looks at a group until `judge` is content, or for so long.
pub(crate) async fn until<T>(
    work: &Work<'_>,
    id: &GroupId,
    patience: Duration,
    judge: impl FnMut(Option<&SeenGroup>) -> Wait<T>,
) -> Result<T, End> {
    until_about(work, id, (patience, &Usual::default()), judge).await
}

/// The same for what takes a usual time, which is learned from.
pub(crate) async fn until_about<T>(
    work: &Work<'_>,
    id: &GroupId,
    (patience, usual): (Duration, &Usual),
    mut judge: impl FnMut(Option<&SeenGroup>) -> Wait<T>,
) -> Result<T, End> {
    let mut pace = Pace::expecting(usual.expected());
    let began = Instant::now();
    let mut said = String::new();
    let waiting = work.site.watch.join(&id.resource_group);
    let mut looked = false;
    loop {
        // What the list shows on the move was seen on the move before, and is no news.
        if !looked || waiting.moving(work, id).await?.is_none() {
            let seen = look(work, id).await?;
            match judge(seen.as_ref()) {
                Wait::Over(value) => {
                    pace.over(usual);
                    return Ok(value);
                }
                Wait::Failed(end) => return Err(end),
                Wait::Moving(phase) => {
                    let phase = with_event(phase, seen.as_ref(), None);
                    if phase != said {
                        pace.quicken();
                        work.phase(phase.clone());
                        said = phase;
                    }
                }
            }
            looked = true;
        }
        if began.elapsed() > patience {
            let minutes = patience.as_secs() / 60;
            return Err(End::Failed {
                why: format!("gave up after {minutes} minutes: {said}"),
                help: Some("look at it with `acitask status`; applying again goes on from there".to_owned()),
            });
        }
        pace.pause().await;
    }
}

/// The phase with the last event that the service tells since a time of its clock: it says what the phase waits for.
pub(crate) fn with_event(phase: String, seen: Option<&SeenGroup>, since: Option<Timestamp>) -> String {
    let containers =
        seen.and_then(|seen| seen.view.as_ref()).into_iter().flat_map(|view| view.containers.values());
    let events = containers.flat_map(|container| &container.events);
    let news = events.filter(|event| since.is_none_or(|since| event.last.is_some_and(|last| last > since)));
    match news.max_by_key(|event| event.last) {
        Some(event) if !phase.contains(&event.message) => {
            format!("{phase} ({}: {})", event.name, event.message)
        }
        Some(_) | None => phase,
    }
}

/// What one look says of a wait.
#[derive(Debug)]
pub(crate) enum Wait<T> {
    /// Not yet: what it waits for.
    Moving(String),
    /// What was waited for.
    Over(T),
    /// It will not come.
    Failed(End),
}

/// Reads a group; retries what is worth it.
pub(crate) async fn look(work: &Work<'_>, id: &GroupId) -> Result<Option<SeenGroup>, End> {
    work.call(|| work.site.arm.group(id)).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ContainerEvent, ContainerView, Provisioning, View};

    /// Waits for what takes so long; gives when that was seen, and after how many looks.
    async fn seen(usual: &Usual, takes: Duration) -> (Duration, u32) {
        let mut pace = Pace::expecting(usual.expected());
        let mut looks = 1;
        while pace.began.elapsed() < takes {
            pace.pause().await;
            looks += 1;
        }
        pace.over(usual);
        (pace.began.elapsed(), looks)
    }

    #[test]
    fn a_phase_shows_the_last_event() -> Result<(), Box<dyn std::error::Error>> {
        let event = |name: &str, message: &str, second: i64| -> Result<ContainerEvent, jiff::Error> {
            let last = Some(Timestamp::from_second(second)?);
            Ok(ContainerEvent { name: name.into(), message: message.into(), warning: false, count: 1, last })
        };
        let events = vec![event("BackOff", "back-off pulling i:1", 9)?, event("Pulling", "pulling i:1", 5)?];
        let container = ContainerView { events, ..ContainerView::default() };
        let view = View { state: "Pending".into(), containers: [("c".into(), container)].into() };
        let seen = SeenGroup {
            id: GroupId { resource_group: "rg".into(), name: "g".into() },
            location: "eastus".into(),
            tags: [].into(),
            group: None,
            provisioning: Provisioning::Moving("Pending".into()),
            view: Some(view),
            ip: None,
            fqdn: None,
        };
        let told = |phase: &str, since: Option<i64>| -> Result<String, jiff::Error> {
            let since = since.map(Timestamp::from_second).transpose()?;
            Ok(with_event(phase.to_owned(), Some(&seen), since))
        };
        assert_eq!(told("Pending", None)?, "Pending (BackOff: back-off pulling i:1)");
        // What happened before a run began is none of its events.
        assert_eq!(told("Pending", Some(9))?, "Pending");
        assert_eq!(told("waiting: back-off pulling i:1", None)?, "waiting: back-off pulling i:1");
        assert_eq!(with_event("Pending".to_owned(), None, None), "Pending");
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn looks_fall_right_after_what_others_took() {
        for seconds in [2, 30, 90, 600] {
            let (usual, takes) = (Usual::default(), Duration::from_secs(seconds));
            let (_, unlearned) = seen(&usual, takes).await;
            for _ in 0..8 {
                seen(&usual, takes).await;
            }
            let (after, looks) = seen(&usual, takes).await;
            assert!(after < takes * 103 / 100, "{takes:?}: {after:?}");
            assert!(looks <= unlearned, "{takes:?}: {looks} looks instead of {unlearned}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_changes_is_learned_anew() {
        let usual = Usual::default();
        for seconds in [60, 10, 10, 10, 10, 10, 10, 10, 60, 60, 60, 60, 60] {
            let takes = Duration::from_secs(seconds);
            let (after, _) = seen(&usual, takes).await;
            assert!(after <= takes + LONGEST, "{takes:?}: {after:?}");
        }
        let takes = Duration::from_secs(60);
        assert!(seen(&usual, takes).await.0 < takes * 105 / 100);
    }
}
