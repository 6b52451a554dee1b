//! Reads and writes the records of task runs, which stand in the tags of their resource group.

use crate::arm::act::Scope;
use crate::engine::event::End;
use crate::engine::resource_group;
use crate::engine::step::{Work, stale};
use crate::model::record::{Ledger, Record, record_name, record_tag};
use crate::model::tag::Tags;
use crate::plan::{Run, TagEdit};

/// Looks whether the record is still the one that was planned by; another one means that somebody else ran it.
pub(crate) async fn hold(work: &Work<'_>, run: &Run) -> Result<(), End> {
    let seen = resource_group::look(work, &run.ledger).await?;
    let ledger = seen.map(|seen| Ledger::read(&seen.tags)).unwrap_or_default();
    if ledger.records.get(&run.name) == run.recorded.as_ref() {
        Ok(())
    } else {
        Err(stale("its record changed since it was planned: somebody else runs it"))
    }
}

/// Writes the record, and leaves every other tag alone.
pub(crate) async fn write(work: &Work<'_>, run: &Run, record: &Record) -> Result<(), End> {
    let _one_writer = work.site.ledger.lock().await;
    let tags = Tags::from([record_tag(&run.name, record)]);
    let scope = Scope::ResourceGroup(run.ledger.clone());
    work.change(|| work.site.arm.merge_tags(&work.warrant, &scope, &tags)).await
}

/// Puts back what was recorded before, of a run that was to begin and did not.
pub(crate) async fn withdraw(work: &Work<'_>, run: &Run) -> Result<(), End> {
    if let Some(before) = &run.recorded {
        return write(work, run, before).await;
    }
    let _one_writer = work.site.ledger.lock().await;
    let edit = TagEdit { remove: [record_name(&run.name)].into(), ..TagEdit::default() };
    resource_group::edit(work, Scope::ResourceGroup(run.ledger.clone()), &edit).await
}
