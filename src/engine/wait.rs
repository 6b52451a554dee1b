//! Waits for things to be seen as they should be. Every wait ends.

use std::time::Duration;

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

/// The pauses between looks: short at first, for what is quick; never longer than a few seconds.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Duration,
    began: Instant,
    /// How long such a thing took before; a look falls right after that.
    expected: Option<Duration>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self::expecting(None)
    }

    /// The pauses of a wait for what took so long before.
    pub(crate) fn expecting(expected: Option<Duration>) -> Self {
        Self { next: FIRST, began: Instant::now(), expected }
    }

    /// Sleeps until the next look is due.
    pub(crate) async fn pause(&mut self) {
        let due = self.expected.and_then(|expected| expected.checked_sub(self.began.elapsed()));
        match due {
            Some(due) if due <= self.next => {
                tokio::time::sleep(due + FIRST).await;
                (self.next, self.expected) = (FIRST * 5, None);
            }
            _ => {
                tokio::time::sleep(self.next).await;
                self.next = (self.next * 3 / 2).min(LONGEST);
            }
        }
    }

    /// Something moved: the next looks come quickly again.
    pub(crate) fn quicken(&mut self) {
        self.next = FIRST;
    }
}

/// Looks at a group until `judge` is content, or for so long.
pub(crate) async fn until<T>(
    work: &Work<'_>,
    id: &GroupId,
    patience: Duration,
    judge: impl FnMut(Option<&SeenGroup>) -> Wait<T>,
) -> Result<T, End> {
    until_about(work, id, (patience, None), judge).await
}

/// The same for what is expected to take so long.
pub(crate) async fn until_about<T>(
    work: &Work<'_>,
    id: &GroupId,
    (patience, expected): (Duration, Option<Duration>),
    mut judge: impl FnMut(Option<&SeenGroup>) -> Wait<T>,
) -> Result<T, End> {
    let mut pace = Pace::expecting(expected);
    let began = Instant::now();
    let mut said = String::new();
    loop {
        let seen = look(work, id).await?;
        match judge(seen.as_ref()) {
            Wait::Over(value) => return Ok(value),
            Wait::Failed(end) => return Err(end),
            Wait::Moving(phase) => {
                if phase != said {
                    pace.quicken();
                    work.phase(phase.clone());
                    said = phase;
                }
            }
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
