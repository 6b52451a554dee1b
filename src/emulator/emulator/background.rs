//! What happens without a request: events of the runtime, and the passing of time.
//!
//! Both end when the emulator is quiet or its last clone is dropped; they hold it only for the length of a turn.

use std::sync::{Arc, Weak};

use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use super::{Emulator, Inner};
use crate::contract::Event;
use crate::store::StoreError;

/// The shortest sleep of the ticker: a world that is always due must not take a whole core.
const SHORT: Duration = Duration::from_millis(1);

/// The longest sleep of the ticker; it wakes earlier when something else is due first.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Tells the world what happens in the runtime.
pub(super) async fn pump(
    emulator: Weak<Inner>,
    mut told: mpsc::UnboundedReceiver<Event>,
    quiet: CancellationToken,
) {
    while let Some(Some(event)) = quiet.run_until_cancelled(told.recv()).await {
        let Some(inner) = emulator.upgrade() else {
            return;
        };
        let emulator = Emulator(inner);
        let started = match &event {
            Event::Started { sandbox, .. } => Some(*sandbox),
            _ => None,
        };
        let ((), kept) = emulator.turn(|world, now| ((), world.tell(event, now)));
        report(kept);
        if let Some(sandbox) = started {
            report(emulator.has_started(sandbox));
        }
    }
}

/// Lets the world go on whenever something of its own is due.
pub(super) async fn tick(emulator: Weak<Inner>, turned: Arc<Notify>, quiet: CancellationToken) {
    loop {
        let Some(wait) = emulator.upgrade().map(|inner| wait(&Emulator(inner))) else {
            return;
        };
        tokio::select! {
            biased;
            () = quiet.cancelled() => return,
            () = turned.notified() => {}
            () = sleep(wait) => {
                let Some(inner) = emulator.upgrade() else { return };
                let ((), kept) = Emulator(inner).turn(|world, now| ((), world.advance(now)));
                report(kept);
            }
        }
    }
}

/// How long the world has nothing to do by itself.
fn wait(emulator: &Emulator) -> Duration {
    let mut core = emulator.core();
    let due = core.world.due();
    core.awaited = due;
    drop(core);
    due.map_or(LONG, |due| emulator.clock().until(due).clamp(SHORT, LONG))
}

/// A turn that no client waits for has nobody to tell of a failure but the log.
pub(super) fn report(kept: Result<(), StoreError>) {
    if let Err(error) = kept {
        tracing::error!(%error, "a change of the emulator's state could not be kept");
    }
}
