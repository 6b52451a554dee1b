//! What a weak run's container prints, told line by line: from its log, and from a stream beside it where the log no longer
//! has all of it.
//!
//! Invariant: no log and no stream that cannot be had changes what becomes of a run.

use crate::arm::attach::Attached;
use crate::engine::event::Stream;
use crate::engine::logs::{Follower, News};
use crate::engine::step::Work;
use crate::model::name::GroupId;

/// How often listening to a container is tried.
const TRIES: u32 = 3;

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    follower: Follower,
    attached: Option<Attached>,
    tries: u32,
    /// Whether the last reading of the log had a gap that was left to the next.
    waited: bool,
}

impl Told {
    /// Begins to listen to a container that has started.
    pub(super) async fn attach(&mut self, work: &Work<'_>, (group, container): (&GroupId, &str)) {
        if self.attached.is_some() || self.tries >= TRIES {
            return;
        }
        self.tries += 1;
        match work.site.arm.attach(group, container).await {
            Ok(attached) => self.attached = Some(attached),
            Err(fault) => tracing::debug!(%fault, %group, "the container cannot be listened to"),
        }
    }

    /// Tells what is new in the log.
    pub(super) async fn news(&mut self, work: &Work<'_>, place: (&GroupId, &str)) {
        let Some(content) = read(work, place).await else { return };
        let before = self.follower.clone();
        let news = self.follower.read(&content, false);
        // The container may have ended since it was looked at; then the stream tells what the log no longer has.
        self.waited = news.gap && self.attached.is_some() && !self.waited;
        if self.waited {
            self.follower = before;
        } else {
            tell(work, news);
        }
    }

    /// Tells the rest once the container has ended.
    pub(super) async fn end(self, work: &Work<'_>, place: (&GroupId, &str)) {
        let Self { mut follower, attached, tries: _, waited: _ } = self;
        let content = read(work, place).await;
        let heard = match attached {
            Some(attached) => attached.lines().await,
            None => None,
        };
        tell(work, follower.end(content.as_deref(), heard));
    }
}

async fn read(work: &Work<'_>, (group, container): (&GroupId, &str)) -> Option<String> {
    let content = work.site.arm.logs(group, container, None, true).await;
    content.map_err(|fault| tracing::debug!(%fault, %group, "the log cannot be read")).ok()
}

fn tell(work: &Work<'_>, News { gap, lines }: News) {
    if gap {
        work.line(Stream::Errors, "… some lines were lost here …");
    }
    for line in lines {
        work.line(Stream::Output, line);
    }
}
