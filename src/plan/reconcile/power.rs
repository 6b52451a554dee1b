//! Starting, stopping and restarting a declared group because a person says so.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::{Hold, Scene, leaving};
use crate::plan::reconcile::{Power, stand};
use crate::plan::{Action, Impact, Subject, guard};

/// Plans the steps of one group.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft, name: &Name, power: Power) {
    let Some(declared) = scene.stack.groups.get(name) else {
        let names: Vec<&str> = scene.stack.groups.keys().map(Name::as_str).collect();
        let help = if names.is_empty() {
            "declare it".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        draft.conflict(Subject::Run(name.clone()), "no manifest declares this ContainerGroup", help);
        return;
    };
    let subject = Subject::Group(declared.id.clone());
    let Some(seen) = scene.seen(&declared.id) else {
        return draft.conflict(subject, "it does not exist", "acitask apply");
    };
    if let Hold::Foreign(holder) = scene.hold(name, &seen.tags) {
        let text = format!("it is owned by {holder}, not by {}", scene.owner());
        return draft.conflict(subject, text, format!("acitask apply --adopt {name}"));
    }
    if leaving(&seen.provisioning) {
        return draft.conflict(subject, "it is being deleted", "acitask apply");
    }
    if power != Power::Stop && scene.is_run(name, draft) {
        let run = draft.runs_in(name).first().cloned();
        let help = run.map_or_else(|| "acitask status".to_owned(), |run| format!("acitask run {run}"));
        return draft.conflict(subject, "a TaskRun starts it, and a start is a run of it", help);
    }
    draft.read(&declared.id);
    let up = stand::is(seen, &["Running", "Pending"]);
    let stopped = stand::is(seen, &["Stopped"]);
    let key = Key::Group(name.clone());
    let mut last = BTreeSet::new();
    if power != Power::Start && (up || !stopped && power == Power::Restart) {
        let sketch = Sketch::new(subject.clone(), Action::StopGroup, guard::group(Some(seen)), "asked for");
        let impacts = vec![Impact::LogsLost];
        last.insert(draft.push(Sketch { impacts, of: Some(key.clone()), ..sketch }));
    }
    if power != Power::Stop && !(up && power == Power::Start) {
        let address = seen.ip.is_some().then_some(Impact::NewAddress);
        let sketch = Sketch::new(subject.clone(), Action::StartGroup, guard::group(Some(seen)), "asked for");
        let impacts = address.into_iter().collect();
        last.insert(draft.push(Sketch { impacts, needs: last.clone(), of: Some(key), ..sketch }));
    }
    if last.is_empty() {
        let text = if power == Power::Stop { "it does not run" } else { "it runs already" };
        draft.note(subject, text, None);
    }
}
