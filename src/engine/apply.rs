//! The one loop: whatever may start is started, up to the width; whatever ended is settled.

use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::arm::Arm;
use crate::clock::Clock;
use crate::engine::archive::Archive;
use crate::engine::crowd::Crowd;
use crate::engine::event::{End, Event, EventKind, Tally};
use crate::engine::mask::Masks;
use crate::engine::step;
use crate::plan::frontier::Frontier;
use crate::plan::{Plan, StepId};

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many steps are under way at once.
    pub parallelism: usize,
    /// Time and chance.
    pub clock: Clock,
    /// The pause between operations on one group; Azure's support asks for 10 seconds
    /// (Microsoft's page "Container group transitioning state").
    pub spacing: Duration,
    /// Where logs and outcomes of runs are kept; absent: nowhere.
    pub archive: Option<Archive>,
    /// Where this runs, such as the address of a pipeline's run; it goes into the records.
    pub source: Option<String>,
}

/// What every step has at hand.
pub(crate) struct Site<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) arm: &'p Arm,
    pub(crate) options: &'p Options,
    /// One writer at a time for the records of runs.
    pub(crate) ledger: Mutex<()>,
    /// Somebody asked to stop: nothing new is begun.
    pub(crate) stop: &'p CancellationToken,
    /// The groups of runs that are alive by our doing.
    pub(crate) crowd: Crowd,
    /// What is hidden in what tasks print.
    pub(crate) masks: Masks,
    events: &'p mpsc::UnboundedSender<Event>,
}

impl Site<'_> {
    /// Tells what happened. Nobody listening is no reason to stop.
    pub(crate) fn tell(&self, kind: EventKind) {
        drop(self.events.send(Event { at: self.options.clock.now(), kind }));
    }
}

/// Carries a plan out and tells what happens.
///
/// Once `stop` is cancelled nothing new is begun, and what is under way is waited for. To leave at once, drop the future:
/// everything is recorded such that the next plan goes on from there.
pub async fn apply(
    plan: &Plan,
    arm: &Arm,
    options: &Options,
    events: mpsc::UnboundedSender<Event>,
    stop: CancellationToken,
) -> Tally {
    let site = Site {
        plan,
        arm,
        options,
        ledger: Mutex::new(()),
        stop: &stop,
        crowd: Crowd::default(),
        masks: Masks::of(plan),
        events: &events,
    };
    let mut frontier = Frontier::new(plan, options.parallelism);
    let mut running = FuturesUnordered::new();
    let mut tally = Tally::default();
    let mut stopping = stop.is_cancelled();
    site.tell(EventKind::Began { steps: plan.steps().len() });
    loop {
        if stopping {
            frontier.close();
        }
        while let Some(id) = frontier.next() {
            running.push(timed(&site, id));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some((id, end, elapsed)) = running.next() => {
                let skipped = frontier.settle(id, matches!(end, End::Done(_)));
                ended(&site, &mut tally, id, end, elapsed);
                for (id, because) in skipped {
                    ended(&site, &mut tally, id, End::Skipped { because }, Duration::ZERO);
                }
            }
            () = stop.cancelled(), if !stopping => stopping = true,
        }
    }
    for id in frontier.left() {
        ended(&site, &mut tally, id, End::Interrupted, Duration::ZERO);
    }
    site.tell(EventKind::Ended(tally));
    tally
}

async fn timed(site: &Site<'_>, id: StepId) -> (StepId, End, Duration) {
    let began = tokio::time::Instant::now();
    site.tell(EventKind::StepBegan(id));
    let end = step::perform(site, id).await;
    (id, end, began.elapsed())
}

fn ended(site: &Site<'_>, tally: &mut Tally, step: StepId, end: End, elapsed: Duration) {
    tally.count(&end);
    site.tell(EventKind::StepEnded { step, end, elapsed });
}
