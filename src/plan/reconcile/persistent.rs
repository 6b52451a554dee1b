//! Persistent runs: a declared group that is started, works, dies and is kept.
//!
//! A group cannot be created stopped and a PUT starts it, so such a group is made and changed only inside a run of it.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::observed::{Phase, SeenGroup};
use crate::model::record::{Record, intent};
use crate::model::stack::{Concurrency, ContainerGroup, Power, RunKind, TaskRun};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::due::{self, Due, Open};
use crate::plan::reconcile::groups;
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::Scene;
use crate::plan::reconcile::stand::{self, Here, Stand};
use crate::plan::reconcile::strong::differences;
use crate::plan::{Action, Begin, Change, Course, Finish, Guard, Impact, Run, Subject, guard, input, shape};

struct Pending<'a> {
    name: &'a Name,
    run: &'a TaskRun,
    concurrency: Concurrency,
    recorded: Option<Record>,
    open: Option<Open>,
    reason: String,
}

/// What the group is, before each run.
enum Ground<'s> {
    Missing,
    Differs(Option<&'s Here<'s>>),
    Fits,
}

/// Plans a group that runs start and stop, and those runs.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft, manifest: &Name, declared: &ContainerGroup) {
    let subject = Subject::Group(declared.id.clone());
    let Some(location) = scene.location(declared.location.as_ref(), &declared.id.resource_group) else {
        draft.conflict(subject, "it has no location", "give it or its resource group a `location`");
        return;
    };
    if declared.power == Power::Running {
        let text = "it is to be kept running, but a TaskRun starts and stops it";
        draft.conflict(subject, text, "take `power` out of its manifest, or set it to stopped");
        return;
    }
    let pending = pending(scene, draft, manifest, declared);
    let stand = stand::of(scene, draft, manifest, declared, &location);
    if !pending.is_empty() && matches!(stand, Stand::Here(_)) {
        draft.read(&declared.id);
    }
    let (mut ground, mut guard, here) = match &stand {
        Stand::Barred(_) => return,
        Stand::Missing => (Ground::Missing, Guard::Absent, None),
        Stand::Leaving(seen) => (Ground::Differs(None), guard::group(Some(seen)), None),
        Stand::Here(here) if here.effect().is_some() => {
            (Ground::Differs(Some(here)), here.guard(scene), Some(here))
        }
        Stand::Here(here) => (Ground::Fits, here.guard(scene), Some(here)),
    };
    if pending.is_empty() {
        return idle(scene, draft, manifest, declared, &stand);
    }
    let busy = here.is_some_and(|here| busy(&pending, here.seen, declared));
    let first = pending.first().map_or(Concurrency::Refuse, |first| first.concurrency);
    if busy && first == Concurrency::Refuse {
        let text = "it runs, though no run of it is recorded as begun";
        let help = "wait until it has ended, or stop it; `concurrency` in the manifest of the run says what is to be done";
        draft.conflict(subject, text, help);
        return;
    }
    let mut waits = busy;
    let replaces = matches!(&ground, Ground::Differs(_)) && pending.iter().any(|one| one.open.is_none());
    let mut needs = match here {
        Some(here) if here.taken_over.is_some() || !replaces => {
            groups::tags_first(draft, manifest, declared, here)
        }
        _ => BTreeSet::new(),
    };
    for one in &pending {
        let Some(container) = one.run.deciding_container(&declared.group) else { continue };
        let body = |here| stand::deployment(scene, declared, &location, here);
        let begin = match (&one.open, &ground) {
            (Some(open), Ground::Fits | Ground::Differs(Some(_))) if open.placed => {
                Begin::Adopt(open.record.clone())
            }
            (_, Ground::Missing) => Begin::Create(body(None)),
            (open, Ground::Fits) => Begin::Start { resume: open.as_ref().map(|open| open.record.clone()) },
            (Some(open), Ground::Differs(Some(here)))
                if started_since(&open.record, here.seen, container) =>
            {
                Begin::Start { resume: Some(open.record.clone()) }
            }
            (_, Ground::Differs(here)) => Begin::Replace(body(*here)),
        };
        let (changes, impacts, mut reason) = told(scene, &begin, &ground, &one.reason);
        if std::mem::take(&mut waits) {
            reason.push_str(match one.concurrency {
                Concurrency::Refuse => "",
                Concurrency::Wait => "; waits until what runs in the group has ended",
                Concurrency::Replace => "; ends what runs in the group",
            });
        }
        let makes = matches!(begin, Begin::Create(_) | Begin::Replace(_));
        if matches!(begin, Begin::Replace(_)) && declared.protect {
            groups::protected(draft, subject.clone(), "replaced");
        }
        let digest = match &begin {
            Begin::Adopt(record) => record.input.clone(),
            Begin::Create(_) | Begin::Replace(_) | Begin::Start { .. } | Begin::Exec(_) | Begin::Fan(_) => {
                input::digest(one.run, scene.stack)
            }
        };
        let run = Run {
            name: one.name.clone(),
            ledger: declared.id.resource_group.clone(),
            recorded: one.recorded.clone(),
            group: declared.id.clone(),
            container: container.to_owned(),
            input: digest,
            begin,
            finish: Finish::Stop,
            timeout: one.run.timeout,
            retries: one.run.retries,
            again: None,
            concurrency: one.concurrency,
            course: Course::Follow,
        };
        let after = after(draft, manifest, declared, one);
        let sketch =
            Sketch::new(Subject::Run(one.name.clone()), Action::Run(Box::new(run)), guard.clone(), reason);
        let of = Some(Key::Run(one.name.clone()));
        let step = draft.push(Sketch { changes, impacts, needs, after, of, ..sketch });
        needs = BTreeSet::from([step]);
        if makes {
            draft.made_by(manifest, one.name, step);
            ground = Ground::Fits;
            guard = guard::wanted(scene.owner(), shape::wanted(&declared.group));
        }
    }
}

/// What a run comes after. One that has begun waits for nothing but the tags of its resource group.
fn after(draft: &Draft, manifest: &Name, declared: &ContainerGroup, one: &Pending<'_>) -> BTreeSet<Key> {
    let resource_group = Key::ResourceGroup(declared.id.resource_group.clone());
    if one.open.is_some() {
        return BTreeSet::from([resource_group]);
    }
    let own = Key::Group(manifest.clone());
    let mut after = draft.links(&Key::Run(one.name.clone()));
    after.extend(draft.links(&own));
    after.remove(&own);
    after
}

fn told(
    scene: Scene<'_>,
    begin: &Begin,
    ground: &Ground<'_>,
    reason: &str,
) -> (Vec<Change>, Vec<Impact>, String) {
    match (begin, ground) {
        (Begin::Replace(_), Ground::Differs(Some(here))) => {
            let changes = here.changes.iter().chain(&here.tag_changes).cloned().collect();
            (changes, here.replace_impacts(scene), format!("{reason}; replaces the group: {}", here.reason()))
        }
        (Begin::Replace(_), _) => (Vec::new(), Vec::new(), format!("{reason}; the group is being deleted")),
        (Begin::Create(_), _) => (Vec::new(), Vec::new(), format!("{reason}; creates the group")),
        (Begin::Start { .. }, _) => (Vec::new(), vec![Impact::LogsLost], reason.to_owned()),
        (Begin::Adopt(_) | Begin::Exec(_) | Begin::Fan(_), _) => (Vec::new(), Vec::new(), reason.to_owned()),
    }
}

/// The runs of the group that have a step: one that is open first, then those that are due, in their order.
fn pending<'a>(
    scene: Scene<'a>,
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
) -> Vec<Pending<'a>> {
    let resource_group = &declared.id.resource_group;
    let ledger = scene.ledger(resource_group);
    let placed = scene.seen(&declared.id).and_then(|seen| intent(&seen.tags));
    let live = || differences(scene, declared);
    let mut pending = Vec::new();
    for (name, run) in scene.runs_in(manifest, draft) {
        let RunKind::Persistent { group: _, concurrency } = run.kind else { continue };
        if due::unreadable(draft, name, &ledger, resource_group) {
            continue;
        }
        let recorded = ledger.records.get(name).cloned();
        let intended = placed.as_ref().filter(|intent| intent.run == *name);
        let open = due::open(recorded.as_ref(), intended);
        let input = input::digest(run, scene.stack);
        let reason = match &open {
            Some(_) => "the last run was interrupted before its end was recorded".to_owned(),
            None => match due::decide(scene, name, run, recorded.as_ref(), &input, &live) {
                Due::Now(reason) => reason,
                other => {
                    due::tell(draft, name, &other);
                    continue;
                }
            },
        };
        pending.push(Pending { name, run, concurrency, recorded, open, reason });
    }
    pending.sort_by_key(|one| one.open.is_none());
    pending
}

/// Whether the container has started since it was read before the run began.
fn started_since(record: &Record, seen: &SeenGroup, container: &str) -> bool {
    let now = seen.start_time(container);
    now.is_some() && now != record.container_start
}

/// Whether somebody else has started the group.
fn busy(pending: &[Pending<'_>], seen: &SeenGroup, declared: &ContainerGroup) -> bool {
    pending.first().is_some_and(|first| {
        let container = first.run.deciding_container(&declared.group).and_then(|name| seen.container(name));
        let state = container.and_then(|view| view.current.as_ref());
        first.open.is_none() && state.is_some_and(|state| state.phase == Phase::Running)
    })
}

/// The group while none of its runs is due: tags and a stop are steps, everything else waits for the next run.
fn idle(scene: Scene<'_>, draft: &mut Draft, manifest: &Name, declared: &ContainerGroup, stand: &Stand<'_>) {
    let subject = Subject::Group(declared.id.clone());
    let help = scene.runs_in(manifest, draft).first().map(|(name, _)| format!("acitask run {name}"));
    match stand {
        Stand::Barred(_) => {}
        Stand::Missing | Stand::Leaving(_) => {
            draft.note(subject, "it does not exist; its next run makes it", help);
        }
        Stand::Here(here) => {
            let mut needs = groups::tags_first(draft, manifest, declared, here);
            if here.effect().is_some() {
                let text = format!("{}; changes with its next run", stand::differ(&here.changes));
                draft.note(subject.clone(), text, help);
            }
            if declared.power != Power::Stopped {
                return;
            }
            draft.read(&declared.id);
            if stand::is(here.seen, &["Running", "Pending"]) {
                let action = Action::StopGroup;
                let sketch = Sketch::new(subject, action, here.guard(scene), "power is to be stopped");
                let of = Some(Key::Group(manifest.clone()));
                draft.push(Sketch { needs: std::mem::take(&mut needs), of, ..sketch });
            }
        }
    }
}
