//! The switches `quota.*`: how much a subscription may have and how often it may ask.

use serde::{Deserialize, Serialize};

use super::{SwitchError, parsed};

/// Quotas and rates. The numbers hold where they are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// `quota.enforced`: what is over a number is refused. Default false: an emulator is for trying, and nobody's
    /// subscription has quite the documented numbers; with false nothing is refused and the headers tell the numbers
    /// of a large subscription.
    pub enforced: bool,
    /// `quota.groups`: container groups of a region and subscription.
    pub groups: u32,
    /// `quota.cores`: cores of a region and subscription.
    pub cores: u32,
    /// `quota.writes-pt5m`: PUTs of container groups of a region in five minutes.
    pub writes_pt5m: u32,
    /// `quota.writes-pt1h`: the same in an hour.
    pub writes_pt1h: u32,
    /// `quota.deletes-pt5m`: DELETEs of container groups of a region in five minutes.
    pub deletes_pt5m: u32,
    /// `quota.deletes-pt1h`: the same in an hour.
    pub deletes_pt1h: u32,
    /// `quota.arm-reads`: reads that a subscription can do at once; 25 a second more.
    pub arm_reads: u32,
    /// `quota.arm-writes`: writes that a subscription can do at once; 10 a second more.
    pub arm_writes: u32,
    /// `quota.arm-deletes`: deletes that a subscription can do at once; 10 a second more.
    pub arm_deletes: u32,
}

/// As documented: "Resource availability and quota limits", "Understand how Azure Resource Manager throttles requests".
impl Default for Quota {
    fn default() -> Self {
        Self {
            enforced: false,
            groups: 100,
            cores: 100,
            writes_pt5m: 100,
            writes_pt1h: 300,
            deletes_pt5m: 100,
            deletes_pt1h: 300,
            arm_reads: 250,
            arm_writes: 200,
            arm_deletes: 200,
        }
    }
}

/// The numbers that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) groups: u32,
    pub(crate) cores: u32,
    /// Of dedicated groups and their cores, which a subscription has to ask for.
    pub(crate) dedicated: u32,
    /// In five minutes and in an hour.
    pub(crate) writes: [u32; 2],
    pub(crate) deletes: [u32; 2],
    pub(crate) reads: u32,
    pub(crate) arm_writes: u32,
    pub(crate) arm_deletes: u32,
}

/// What is told where nothing is refused: the headers recorded in 2024 (azure-powershell), and room for any plan.
const ROOMY: Limits = Limits {
    groups: 1_000_000,
    cores: 1_000_000,
    dedicated: 1_000_000,
    writes: [1_500, 15_000],
    deletes: [1_500, 15_000],
    reads: 1_100,
    arm_writes: 800,
    arm_deletes: 800,
};

type Number = (&'static str, fn(&mut Quota) -> &mut u32);

const NUMBERS: [Number; 9] = [
    ("quota.arm-deletes", |quota| &mut quota.arm_deletes),
    ("quota.arm-reads", |quota| &mut quota.arm_reads),
    ("quota.arm-writes", |quota| &mut quota.arm_writes),
    ("quota.cores", |quota| &mut quota.cores),
    ("quota.deletes-pt1h", |quota| &mut quota.deletes_pt1h),
    ("quota.deletes-pt5m", |quota| &mut quota.deletes_pt5m),
    ("quota.groups", |quota| &mut quota.groups),
    ("quota.writes-pt1h", |quota| &mut quota.writes_pt1h),
    ("quota.writes-pt5m", |quota| &mut quota.writes_pt5m),
];

impl Quota {
    /// The numbers that hold.
    pub(crate) fn limits(&self) -> Limits {
        let Self {
            enforced,
            groups,
            cores,
            writes_pt5m,
            writes_pt1h,
            deletes_pt5m,
            deletes_pt1h,
            arm_reads,
            arm_writes,
            arm_deletes,
        } = *self;
        if !enforced {
            return ROOMY;
        }
        Limits {
            groups,
            cores,
            dedicated: 0,
            writes: [writes_pt5m, writes_pt1h],
            deletes: [deletes_pt5m, deletes_pt1h],
            reads: arm_reads,
            arm_writes,
            arm_deletes,
        }
    }

    /// Sets one of them by its whole name.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
        if name == "quota.enforced" {
            self.enforced = parsed("quota.enforced", value)?;
            return Ok(());
        }
        let number = NUMBERS.iter().find(|(known, _)| *known == name);
        let (known, number) = number.ok_or_else(|| SwitchError::Unknown(name.to_owned()))?;
        *number(self) = parsed(known, value)?;
        Ok(())
    }

    /// All of them as `(name, value)`, in order of their names.
    pub(super) fn list(self) -> Vec<(&'static str, String)> {
        let mut copy = self;
        let mut all: Vec<_> =
            NUMBERS.iter().map(|(name, number)| (*name, number(&mut copy).to_string())).collect();
        all.push(("quota.enforced", self.enforced.to_string()));
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }
}
