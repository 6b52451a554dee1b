//! Steps before they are sealed.
use super::*;

pub(super) struct Draft;

pub(super) fn of(_: &Stack, _: &Observed, _: &Request) -> Draft {
    Draft
}

impl Draft {
    pub(super) fn reads(self) -> Reads {
        Reads::default()
    }

    pub(super) fn seal(self) -> Result<Planned, Defect> {
        let plan = Plan::seal(Vec::new())?;
        Ok(Planned { plan, notes: Vec::new(), conflicts: Vec::new(), blocks: Vec::new(), unchanged: 0 })
    }
}
