//! Steps before they are sealed: what comes after what is still told by the names of things.
//!
//! A thing without steps hands on what it comes after itself, so that order holds across what is as wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::graph;
use crate::model::name::{GroupId, Name};
use crate::model::stack::Stack;
use crate::plan::reconcile::links::{self, Key, Links};
use crate::plan::reconcile::{Block, Conflict, Planned, Reads};
use crate::plan::{
    Action, Begin, Change, Course, Defect, Guard, Impact, Note, Plan, Reason, Step, StepId, Subject,
};

/// A step before it has its place.
pub(super) struct Sketch {
    pub(super) subject: Subject,
    pub(super) action: Action,
    pub(super) guard: Guard,
    pub(super) reason: String,
    pub(super) changes: Vec<Change>,
    pub(super) impacts: Vec<Impact>,
    /// Steps that come first.
    pub(super) needs: BTreeSet<StepId>,
    /// Things that come first.
    pub(super) after: BTreeSet<Key>,
    /// The declared thing that the step belongs to.
    pub(super) of: Option<Key>,
}

impl Sketch {
    /// A step that changes no field, costs nothing and comes after nothing.
    pub(super) fn new(subject: Subject, action: Action, guard: Guard, reason: impl Into<String>) -> Self {
        Self {
            subject,
            action,
            guard,
            reason: reason.into(),
            changes: Vec::new(),
            impacts: Vec::new(),
            needs: BTreeSet::new(),
            after: BTreeSet::new(),
            of: None,
        }
    }
}

/// What a draft is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// To learn what has to be read before a plan is made.
    Reads,
    /// To be carried out.
    Plan,
}

/// What a draft is made of and for.
struct Frame<'s> {
    aim: Aim,
    links: Links<'s>,
    /// The runs in each declared group, in the order in which they come.
    runs: BTreeMap<Name, Vec<Name>>,
    /// What is looked at; none: everything.
    included: Option<BTreeSet<Key>>,
}

/// The plan as far as it has come.
pub(super) struct Draft<'s> {
    frame: Arc<Frame<'s>>,
    sketches: Vec<Sketch>,
    /// The steps that belong to each declared thing.
    steps: BTreeMap<Key, BTreeSet<StepId>>,
    /// Groups that are made by a run, with the run and its step.
    makers: BTreeMap<Name, (Name, StepId)>,
    pub(super) notes: Vec<Note>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) blocks: Vec<Block>,
    reads: Reads,
    /// How many of the declared groups that were drafted are there.
    pub(super) present: usize,
    /// What is declared, and counts as unchanged if no step acts on it.
    pub(super) declared: Vec<Subject>,
}

impl<'s> Draft<'s> {
    /// A draft for these manifests: of the `included` things, or of all.
    pub(super) fn new(stack: &'s Stack, included: Option<BTreeSet<Key>>, aim: Aim) -> Self {
        Self::within(Arc::new(Frame { aim, links: Links(stack), runs: runs(stack), included }))
    }

    /// An empty draft of the same.
    pub(super) fn another(&self) -> Self {
        Self::within(self.frame.clone())
    }

    fn within(frame: Arc<Frame<'s>>) -> Self {
        Self {
            frame,
            sketches: Vec::new(),
            steps: BTreeMap::new(),
            makers: BTreeMap::new(),
            notes: Vec::new(),
            conflicts: Vec::new(),
            blocks: Vec::new(),
            reads: Reads::default(),
            present: 0,
            declared: Vec::new(),
        }
    }

    /// Whether only what has to be read is asked for.
    pub(super) fn asks(&self) -> bool {
        self.frame.aim == Aim::Reads
    }

    /// Whether a declared thing is looked at.
    pub(super) fn includes(&self, key: &Key) -> bool {
        self.frame.included.as_ref().is_none_or(|included| included.contains(key))
    }

    /// The steps so far.
    pub(super) fn sketches(&self) -> impl Iterator<Item = &Sketch> {
        self.sketches.iter()
    }

    /// The runs in a declared group, in the order in which they come.
    pub(super) fn runs_in(&self, group: &Name) -> &[Name] {
        self.frame.runs.get(group).map_or(&[], Vec::as_slice)
    }

    /// Adds a step. The id holds within the draft only.
    pub(super) fn push(&mut self, sketch: Sketch) -> StepId {
        let id = StepId(self.sketches.len());
        if let Some(key) = &sketch.of {
            self.steps.entry(key.clone()).or_default().insert(id);
        }
        self.sketches.push(sketch);
        id
    }

    /// Says how the run of this name is treated once it has begun.
    pub(super) fn treat(&mut self, name: &Name, course: Course) {
        for sketch in &mut self.sketches {
            if let Action::Run(run) = &mut sketch.action
                && run.name == *name
            {
                run.course = course;
                match course {
                    Course::Follow => {}
                    Course::Leave => sketch.reason.push_str("; it is left to itself once it has begun"),
                    Course::Cancel => "asked to end it".clone_into(&mut sketch.reason),
                }
            }
        }
    }

    /// Says that a run's step makes the group, so that what comes after the group comes after the step.
    pub(super) fn made_by(&mut self, group: &Name, run: &Name, step: StepId) {
        self.makers.entry(group.clone()).or_insert_with(|| (run.clone(), step));
    }

    /// What a declared thing comes after.
    pub(super) fn links(&self, key: &Key) -> BTreeSet<Key> {
        self.frame.links.of(key)
    }

    pub(super) fn note(&mut self, subject: Subject, text: impl Into<String>, help: Option<String>) {
        self.notes.push(Note { subject, text: text.into(), help });
    }

    pub(super) fn conflict(&mut self, subject: Subject, text: impl Into<String>, help: impl Into<String>) {
        self.conflicts.push(Conflict { subject, text: text.into(), help: help.into() });
    }

    pub(super) fn block(
        &mut self,
        subject: Option<Subject>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.blocks.push(Block { subject, text: text.into(), help: help.into() });
    }

    /// Asks for the instance view of a group.
    pub(super) fn read(&mut self, id: &GroupId) {
        self.reads.groups.insert(id.clone());
    }

    /// Asks for the content of a resource group.
    pub(super) fn list(&mut self, name: &Name) {
        self.reads.listings.insert(name.clone());
    }

    /// What was asked for, and what was found to be as it is wanted.
    pub(super) fn reads(self) -> Reads {
        self.reads
    }

    /// Adds what another draft has, after what is there.
    pub(super) fn join(&mut self, other: Self) {
        let Self { frame: _, sketches, steps, makers, notes, conflicts, blocks, reads, present, declared } =
            other;
        let base = self.sketches.len();
        let moved = |StepId(id): StepId| StepId(base + id);
        self.sketches.extend(
            sketches
                .into_iter()
                .map(|sketch| Sketch { needs: sketch.needs.into_iter().map(moved).collect(), ..sketch }),
        );
        for (key, ids) in steps {
            self.steps.entry(key).or_default().extend(ids.into_iter().map(moved));
        }
        for (group, (run, id)) in makers {
            self.makers.entry(group).or_insert((run, moved(id)));
        }
        self.notes.extend(notes);
        self.conflicts.extend(conflicts);
        self.blocks.extend(blocks);
        self.present += present;
        self.declared.extend(declared);
        let Reads { mut groups, mut listings, mut settled } = reads;
        self.reads.groups.append(&mut groups);
        self.reads.listings.append(&mut listings);
        self.reads.settled.append(&mut settled);
    }

    /// Remembers that nothing is to be done or said about a group, if nothing came of what `draft` did.
    pub(super) fn settling(&mut self, group: &Name, draft: impl FnOnce(&mut Self)) {
        let said = |draft: &Self| {
            let Self { sketches, notes, conflicts, blocks, reads, .. } = draft;
            let reads = [reads.groups.len(), reads.listings.len()];
            ([sketches.len(), notes.len(), conflicts.len(), blocks.len()], reads)
        };
        let before = said(self);
        draft(self);
        if said(self) == before {
            self.reads.settled.insert(group.clone());
        }
    }

    /// Gives the steps their places and seals them.
    pub(super) fn seal(self) -> Result<Planned, Defect> {
        let needs: BTreeMap<StepId, BTreeSet<StepId>> =
            (0..self.sketches.len()).map(|place| (StepId(place), self.resolve(StepId(place)))).collect();
        let order = graph::order(&needs).map_err(Defect::Cycle)?;
        let places: BTreeMap<StepId, StepId> =
            order.iter().enumerate().map(|(place, id)| (*id, StepId(place))).collect();
        let placed = |id: &StepId| places.get(id).copied();
        let unchanged = self.unchanged();
        let mut steps: Vec<Step> = Vec::with_capacity(order.len());
        for (place, sketch) in self.sketches.into_iter().enumerate() {
            let Sketch { subject, action, guard, reason, changes, impacts, needs: _, after: _, of: _ } =
                sketch;
            let Some(id) = placed(&StepId(place)) else { continue };
            let needs = needs.get(&StepId(place)).into_iter().flatten().filter_map(placed).collect();
            let reason = Reason::new(reason);
            steps.push(Step { id, subject, action, needs, guard, reason, changes, impacts });
        }
        steps.sort_by_key(|step| step.id);
        let (notes, conflicts, blocks) = (self.notes, self.conflicts, self.blocks);
        Ok(Planned { plan: Plan::seal(steps)?, notes, conflicts, blocks, unchanged })
    }

    /// The steps that a step needs.
    fn resolve(&self, id: StepId) -> BTreeSet<StepId> {
        let Some(sketch) = self.sketches.get(id.0) else { return BTreeSet::new() };
        let mut needs = sketch.needs.clone();
        let mut open: Vec<Key> = sketch.after.iter().cloned().collect();
        let mut seen = BTreeSet::new();
        while let Some(key) = open.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            let steps = self.steps_of(&key, sketch.of.as_ref());
            if steps.is_empty() {
                open.extend(self.links(&key));
            }
            needs.extend(steps);
        }
        needs.remove(&id);
        needs
    }

    fn steps_of(&self, key: &Key, of: Option<&Key>) -> BTreeSet<StepId> {
        let mut steps = self.steps.get(key).cloned().unwrap_or_default();
        // What a run itself comes after cannot wait for the group that the run makes.
        if let Key::Group(group) = key
            && let Some((run, step)) = self.makers.get(group)
            && of.is_none_or(|of| !self.reaches(&Key::Run(run.clone()), of))
        {
            steps.insert(*step);
        }
        steps
    }

    fn reaches(&self, from: &Key, to: &Key) -> bool {
        let (mut open, mut seen) = (vec![from.clone()], BTreeSet::new());
        while let Some(key) = open.pop() {
            if key == *to {
                return true;
            }
            if seen.insert(key.clone()) {
                open.extend(self.links(&key));
            }
        }
        false
    }

    fn unchanged(&self) -> usize {
        let made = self.sketches.iter().filter_map(|sketch| match &sketch.action {
            Action::Run(run) if matches!(run.begin, Begin::Create(_) | Begin::Replace(_)) => {
                Some(Subject::Group(run.group.clone()))
            }
            _ => None,
        });
        let made: BTreeSet<Subject> = made.collect();
        let steps = self.sketches.iter().map(|sketch| &sketch.subject);
        let conflicts = self.conflicts.iter().map(|conflict| &conflict.subject);
        let notes = self.notes.iter().map(|note| &note.subject);
        let touched: BTreeSet<&Subject> = steps.chain(conflicts).chain(notes).chain(&made).collect();
        self.declared.iter().filter(|subject| !touched.contains(subject)).count()
    }
}

/// The runs in each declared group, by the group's manifest's name, in the order in which they come.
fn runs(stack: &Stack) -> BTreeMap<Name, Vec<Name>> {
    let mut runs: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
    for (name, run) in &stack.runs {
        if let Some(group) = links::group_of(run) {
            runs.entry(group.clone()).or_default().push(name.clone());
        }
    }
    if runs.values().any(|runs| runs.len() > 1) {
        // Things that come after each other in a circle have no order; the seal tells them.
        let order = graph::order(&Links(stack).all()).unwrap_or_default();
        let places: BTreeMap<Key, usize> =
            order.into_iter().enumerate().map(|(place, key)| (key, place)).collect();
        for runs in runs.values_mut() {
            runs.sort_by_key(|name| places.get(&Key::Run(name.clone())));
        }
    }
    runs
}
