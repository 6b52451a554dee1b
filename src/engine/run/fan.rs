//! A run that is fanned out: a group for each item, so many at once, and one record with a bit for each that succeeded.
//!
//! Invariants: the record is open before the first group is made; an item's bit is written before its group is deleted,
//! and the group of an item that failed stays until the record is closed, because nothing else tells that it ran;
//! one writer at a time writes the record, and what came to be known meanwhile goes with the next write.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, StreamExt};

use crate::arm::fault::FaultKind;
use crate::clock::Clock;
use crate::engine::event::End;
use crate::engine::group;
use crate::engine::ledger;
use crate::engine::run::attempt::Attempts;
use crate::engine::run::weak::Begun;
use crate::engine::run::{Outcome, close, keep, open, weak, withdraw};
use crate::engine::step::{Unmade, Work, failed, stale};
use crate::engine::wait::look;
use crate::model::record::{Done, Record, RunState};
use crate::plan::{Course, Fan, Item, Run, naming};

/// Runs the items and records which of them succeeded.
pub(crate) async fn run(work: &Work<'_>, run: &Run, fan: &Fan) -> Result<End, End> {
    match (run.course, &fan.resume) {
        (Course::Follow, _) => {}
        (Course::Leave, _) => {
            let why = "the items of a run that is fanned out begin one after another, so it cannot be left to itself";
            let help = Some(format!("leave --detach out: acitask run {}", run.name));
            return Err(End::Failed { why: why.to_owned(), help });
        }
        (Course::Cancel, None) => return Ok(End::Done("no run of it is under way".to_owned())),
        (Course::Cancel, Some(open)) => return cancel(work, run, fan, open).await,
    }
    let record =
        Record { done: Some(fan.done.clone()), ..fan.resume.clone().unwrap_or_else(|| open(work, run)) };
    ledger::write(work, run, &record).await?;
    keep(work, run, &record, "");
    let book = Book::new(record, fan.items.len());
    let options = &work.site.options;
    let width = fan.parallelism.and_then(|width| usize::try_from(width).ok()).unwrap_or(options.parallelism);
    let mut items = stream::iter(&fan.items)
        .map(|item| {
            let book = &book;
            async move {
                let outcome = one(work, run, fan, item, book).await;
                (item, outcome)
            }
        })
        .buffer_unordered(width.max(1));
    let mut failed: BTreeMap<u32, (&Item, Outcome)> = BTreeMap::new();
    let mut broken: BTreeMap<u32, (&Item, End)> = BTreeMap::new();
    let mut waiting: VecDeque<(&Item, u32)> = VecDeque::new();
    while let Some((item, outcome)) = items.next().await {
        match outcome {
            Ok((outcome, _)) if outcome.succeeded() => {}
            Ok((outcome, attempt)) => {
                waiting.extend(attempt.map(|attempt| (item, attempt)));
                drop(failed.insert(item.index, (item, outcome)));
                if waiting.len() > WAITING
                    && let Some((item, attempt)) = waiting.pop_front()
                {
                    clear(work, run, item, attempt).await?;
                }
            }
            Err(end) => drop(broken.insert(item.index, (item, end))),
        }
        work.phase(book.told(failed.len() + broken.len()));
    }
    drop(items);
    if let Some((_, (item, end))) = broken.into_iter().next() {
        if fan.resume.is_none() && book.is_empty() {
            // No item was begun, so the run was not either.
            withdraw(work, run, &book.record()).await?;
        }
        // Else the record stays open: the next apply runs what is missing.
        return Err(with_item(item, end));
    }
    let first = failed.first_key_value().map(|(_, (item, outcome))| (*item, outcome));
    let record = book.close(first.map(|(_, outcome)| outcome), &options.clock);
    ledger::write(work, run, &record).await?;
    keep(
        work,
        run,
        &record,
        &first.map_or_else(String::new, |(item, outcome)| format!("item {} {}", item.text, outcome.told())),
    );
    for (item, attempt) in waiting {
        clear(work, run, item, attempt).await?;
    }
    let count = fan.done.count();
    Ok(match first {
        None => End::Done(format!("{count} of {count} items")),
        Some((item, outcome)) => {
            let succeeded = record.done.as_ref().map_or(0, Done::succeeded);
            let why =
                format!("{succeeded} of {count} items succeeded; item {} {}", item.text, outcome.told());
            End::TaskFailed { exit: record.exit, why }
        }
    })
}

/// How many groups of items that failed wait for the record to be closed; more would use up the quota. Of those that
/// could not wait an interruption forgets that they ran.
const WAITING: usize = 20;

/// Finishes with the group of an item that failed.
async fn clear(work: &Work<'_>, run: &Run, item: &Item, attempt: u32) -> Result<(), End> {
    weak::finish(work, run, &naming::attempt(&item.group, attempt), false).await
}

/// How an item ended, and the last attempt that had a group.
type Ended = (Outcome, Option<u32>);

/// Runs one item to its end; one that succeeded is recorded and finished with. All items say the same but for what they
/// are told, so once the service has refused one for what it says, no further one is begun.
async fn one(work: &Work<'_>, run: &Run, fan: &Fan, item: &Item, book: &Book) -> Result<Ended, End> {
    if work.is_stopping() {
        return Err(End::Interrupted);
    }
    if let (None, Some(outcome)) = (&item.adopt, book.refused()) {
        return Ok((outcome, None));
    }
    let Some(warrant) = work.site.plan.warrant(work.step.id) else { return Err(End::Interrupted) };
    let work = &Work::new(work.site, work.step, warrant, Some(&item.text));
    book.begun();
    let record = match &item.adopt {
        Some(record) => {
            book.touched();
            record.clone()
        }
        None => {
            if look(work, &item.group).await?.is_some() {
                return Err(stale(format!(
                    "group {} was not there when planned, and is there now",
                    item.group
                )));
            }
            let at = Some(work.site.options.clock.now());
            let record = Record { item: Some(item.index), at, done: None, ..book.record() };
            match weak::create(work, run, &fan.body, record, Some(item)).await {
                Ok(Begun::Runs(record)) => {
                    book.touched();
                    record
                }
                Ok(Begun::Refused(_, outcome)) => {
                    book.refuse(&outcome);
                    return Ok((outcome, None));
                }
                Err(Unmade::Fault(fault)) if fault.status.is_some() && fault.kind != FaultKind::Transient => {
                    return Err(failed(fault));
                }
                Err(unmade) => {
                    book.touched();
                    return Err(unmade.into());
                }
            }
        }
    };
    to_its_end(work, run, fan, item, book, record).await
}

async fn to_its_end(
    work: &Work<'_>,
    run: &Run,
    fan: &Fan,
    item: &Item,
    book: &Book,
    mut record: Record,
) -> Result<Ended, End> {
    let mut attempts = Attempts::new(run.retries);
    let outcome = loop {
        let group = naming::attempt(&item.group, record.attempt);
        work.record(&run.name, &record);
        let outcome = {
            let _alive = work.site.crowd.join();
            weak::follow(work, run, &group, None).await?
        };
        work.recorded();
        if !attempts.again(work, &record, &outcome).await? {
            break outcome;
        }
        let next = Record { attempt: record.attempt + 1, ..record.clone() };
        match weak::create(work, run, &fan.body, next, Some(item)).await? {
            Begun::Runs(next) => record = next,
            Begun::Refused(_, outcome) => break outcome,
        }
        group::remove(work, &group).await?;
    };
    book.ended();
    if outcome.succeeded() {
        book.succeeded(work, run, item.index).await?;
        weak::finish(work, run, &naming::attempt(&item.group, record.attempt), true).await?;
    }
    Ok((outcome, Some(record.attempt)))
}

/// Ends the items that are under way, and records that.
async fn cancel(work: &Work<'_>, run: &Run, fan: &Fan, open: &Record) -> Result<End, End> {
    let mut groups = Vec::new();
    for item in &fan.items {
        let Some(record) = &item.adopt else { continue };
        let group = naming::attempt(&item.group, record.attempt);
        work.change(|| work.site.arm.stop_group(&work.warrant, &group)).await?;
        groups.push(group);
    }
    close(work, run, open, &Outcome::Cancelled).await?;
    for group in &groups {
        weak::finish(work, run, group, false).await?;
    }
    Ok(End::Done(format!("run {} is ended, {} items with it", open.id, groups.len())))
}

fn with_item(item: &Item, end: End) -> End {
    match end {
        End::Failed { why, help } => End::Failed { why: format!("item {}: {why}", item.text), help },
        End::Stale { what } => End::Stale { what: format!("item {}: {what}", item.text) },
        end => end,
    }
}

/// What is known of the items, and how much of it has been written.
struct Book {
    page: Mutex<Page>,
    writer: tokio::sync::Mutex<()>,
    items: usize,
}

struct Page {
    record: Record,
    /// How often a bit was set, and how often it had been when the record was last written.
    version: u64,
    written: u64,
    begun: usize,
    ended: usize,
    /// Whether the group of an item may have been made.
    touched: bool,
    /// How the service refused an item's group, where it did.
    refused: Option<Outcome>,
}

impl Book {
    fn new(record: Record, items: usize) -> Self {
        let page = Page { record, version: 0, written: 0, begun: 0, ended: 0, touched: false, refused: None };
        Self { page: Mutex::new(page), writer: tokio::sync::Mutex::new(()), items }
    }

    fn page<T>(&self, look: impl FnOnce(&mut Page) -> T) -> T {
        look(&mut self.page.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self) -> Record {
        self.page(|page| page.record.clone())
    }

    fn begun(&self) {
        self.page(|page| page.begun += 1);
    }

    fn touched(&self) {
        self.page(|page| page.touched = true);
    }

    /// Whether nothing was made.
    fn is_empty(&self) -> bool {
        self.page(|page| !page.touched)
    }

    fn refuse(&self, outcome: &Outcome) {
        self.page(|page| {
            page.ended += 1;
            page.refused = Some(outcome.clone());
        });
    }

    fn refused(&self) -> Option<Outcome> {
        self.page(|page| page.refused.clone())
    }

    fn ended(&self) {
        self.page(|page| page.ended += 1);
    }

    fn told(&self, failed: usize) -> String {
        let (begun, ended) = self.page(|page| (page.begun, page.ended));
        let failed = if failed == 0 { String::new() } else { format!(", {failed} of them not well") };
        format!("{ended} of {} items ended{failed}; {} under way", self.items, begun.saturating_sub(ended))
    }

    /// Remembers that an item succeeded, and returns once the record says so.
    async fn succeeded(&self, work: &Work<'_>, run: &Run, item: u32) -> Result<(), End> {
        let own = self.page(|page| {
            if let Some(done) = &mut page.record.done {
                done.set(item);
            }
            page.version += 1;
            page.version
        });
        let _one_writer = self.writer.lock().await;
        let (record, version, written) = self.page(|page| (page.record.clone(), page.version, page.written));
        if written >= own {
            return Ok(());
        }
        ledger::write(work, run, &record).await?;
        self.page(|page| page.written = version);
        Ok(())
    }

    /// The record of the end: `failed` is how the first item that did not succeed ended.
    fn close(&self, failed: Option<&Outcome>, clock: &Clock) -> Record {
        let record = self.record();
        match failed {
            Some(outcome) => outcome.record(&record, clock),
            None => Record { state: RunState::Succeeded, exit: Some(0), at: Some(clock.now()), ..record },
        }
    }
}
