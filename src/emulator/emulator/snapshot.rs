//! The whole world as one document, taken and put back.
//!
//! It holds what the records hold, secrets included. Not in it: logs, images, what tasks posted, the journal, switches
//! and faults. Putting one back is as if this emulator had been opened on those records: what ran is started again by
//! the platform.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use super::{Core, Emulator};
use crate::record::Records;
use crate::store::StoreError;

/// The version of the document's form.
pub(crate) const VERSION: u32 = 1;

/// A world.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// The version of its form, 1.
    pub snapshot: u32,
    /// Which build took it.
    pub build: String,
    /// What the emulator's clock showed.
    pub time: Timestamp,
    /// The records.
    pub records: Records,
}

/// Without the records, which hold secrets.
impl fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { snapshot, build, time, records } = self;
        out.debug_struct("Snapshot")
            .field("snapshot", snapshot)
            .field("build", build)
            .field("time", time)
            .field("records", &records.len())
            .finish()
    }
}

impl Emulator {
    /// The world as it is.
    ///
    /// # Errors
    /// A change could not be kept yet, and still cannot.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut core = self.core();
        core.keep()?;
        let records = core.store.records().clone();
        Ok(Snapshot { snapshot: VERSION, build: self.0.build.clone(), time: self.0.clock.now(), records })
    }

    /// Puts a world in the place of this one, and ends the containers of this one. A clock that stands goes on to the
    /// time of the snapshot, where that is later.
    ///
    /// # Errors
    /// The state cannot be kept; then nothing is changed.
    pub fn load(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let Snapshot { snapshot: _, build: _, time, records } = snapshot;
        if let Some(standing) = self.0.clock.standing() {
            standing.set(time);
        }
        let mut core = self.core();
        // First what can fail: a world that is other than its file would come back.
        core.store.replace(records)?;
        core.unkept.clear();
        core.hung.clear();
        let now = self.0.clock.now();
        let Core { world, store, .. } = &mut *core;
        let commands = world.load(store.records(), now);
        let kept = core.keep();
        commands.into_iter().for_each(|command| self.carry_out(&mut core, command));
        drop(core);
        self.0.turned.notify_one();
        kept
    }
}
