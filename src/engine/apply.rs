//! The one loop: whatever may start is started, up to the width; whatever ended is settled.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::arm::Arm;
use crate::clock::Clock;
use crate::engine::archive::Archive;
use crate::engine::crowd::Crowd;
use crate::engine::event::{End, Event, EventKind, Tally};
use crate::engine::lease::{self, Claim, Held};
use crate::engine::mask::Masks;
use crate::engine::pacer::{Pacer, Rates};
use crate::engine::room::Room;
use crate::engine::step;
use crate::engine::wait::Usual;
use crate::engine::watch::Watch;
use crate::plan::frontier::Frontier;
use crate::plan::{Action, Plan, StepId, Subject};

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
    /// The lease that keeps other applies away; absent: none is taken.
    pub claim: Option<Claim>,
    /// To what calls are held back where the service does not say it; absent: they are not.
    pub rates: Option<Rates>,
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
    /// Whether a group was deleted, of which something may stay taken for a while.
    pub(crate) deleted: AtomicBool,
    /// What is hidden in what tasks print.
    pub(crate) masks: Masks,
    /// What the service allows.
    pub(crate) pacer: Pacer,
    /// What the regions have room for.
    pub(crate) room: Room,
    /// How long groups take to be provisioned.
    pub(crate) provisioning: Usual,
    /// Who waits in which resource group.
    pub(crate) watch: Watch,
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
///
/// # Errors
/// Somebody else has the lease, and nothing was begun.
pub async fn apply(
    plan: &Plan,
    arm: &Arm,
    options: &Options,
    events: mpsc::UnboundedSender<Event>,
    stop: CancellationToken,
) -> Result<Tally, Held> {
    let site = Site {
        plan,
        arm,
        options,
        ledger: Mutex::new(()),
        stop: &stop,
        crowd: Crowd::default(),
        deleted: AtomicBool::new(false),
        masks: Masks::of(plan),
        pacer: Pacer::new(options.rates),
        room: Room::default(),
        provisioning: Usual::default(),
        watch: Watch::default(),
        events: &events,
    };
    let claim = options.claim.as_ref().filter(|_| !plan.steps().is_empty());
    if let Some(claim) = claim {
        lease::take(&site, claim).await?;
    }
    let keeping = async {
        match claim {
            Some(claim) => lease::keep(&site, claim).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(keeping);
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
            () = &mut keeping => {}
        }
    }
    for id in frontier.left() {
        ended(&site, &mut tally, id, End::Interrupted, Duration::ZERO);
    }
    if let Some(claim) = claim {
        lease::give_back(&site, claim).await;
    }
    site.tell(EventKind::Ended(tally));
    Ok(tally)
}

async fn timed(site: &Site<'_>, id: StepId) -> (StepId, End, Duration) {
    let began = tokio::time::Instant::now();
    site.tell(EventKind::StepBegan(id));
    let mut end = step::perform(site, id).await;
    if let Some(held) = made_lease(site, id, &end).await {
        let help = Some("wait until it has ended, and apply again".to_owned());
        end = End::Failed { why: held.to_string(), help };
    }
    (id, end, began.elapsed())
}

/// Takes the lease as soon as its resource group is made; gives who has it where that is somebody else.
async fn made_lease(site: &Site<'_>, id: StepId, end: &End) -> Option<Held> {
    let claim = site.options.claim.as_ref().filter(|_| matches!(end, End::Done(_)))?;
    let step = site.plan.steps().get(id.0)?;
    let makes = matches!(step.action, Action::CreateResourceGroup { .. })
        && step.subject == Subject::ResourceGroup(claim.resource_group.clone());
    if makes { lease::take(site, claim).await.err() } else { None }
}

fn ended(site: &Site<'_>, tally: &mut Tally, step: StepId, end: End, elapsed: Duration) {
    tally.count(&end);
    site.tell(EventKind::StepEnded { step, end, elapsed });
}
