//! The blast radius: how much one plan may delete and replace before a person has to say that it is meant.

use crate::model::stack::Limits;
use crate::plan::reconcile::Verb;
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Begin};

/// Blocks a draft that goes beyond the project's limits, unless the request has others.
pub(super) fn check(scene: Scene<'_>, draft: &mut Draft) {
    let Limits { max_replace, max_delete } = scene.stack.project.limits;
    let asked = scene.request.limits;
    let verb = match &scene.request.verb {
        Verb::Apply => "apply".to_owned(),
        Verb::Destroy => "destroy".to_owned(),
        Verb::Run(name) => format!("run {name}"),
        Verb::Forget(name) => format!("forget {name}"),
        // What runs under way and ended ones have is not what the limits keep.
        Verb::Detach(_) | Verb::Attach(_) | Verb::Cancel(_) | Verb::Power(..) | Verb::Clean(_) => return,
    };
    let deletes = count(draft, |action| {
        matches!(action, Action::DeleteGroup { replaced: false } | Action::DeleteResourceGroup)
    });
    let replaces = count(draft, |action| match action {
        Action::DeleteGroup { replaced } => *replaced,
        Action::Run(run) => matches!(run.begin, Begin::Replace(_)),
        _ => false,
    });
    let rows = [
        ("delete", "maxDelete", "--max-delete", asked.max_delete.or(max_delete), deletes),
        ("replace", "maxReplace", "--max-replace", asked.max_replace.or(max_replace), replaces),
    ];
    for (word, key, flag, limit, count) in rows {
        if let Some(limit) = limit.filter(|limit| count > *limit) {
            draft.block(
                None,
                format!("it would {word} {count}, and {key} allows {limit}"),
                format!("if that is what you want: `acitask {verb} {flag} {count}`"),
            );
        }
    }
}

fn count(draft: &Draft, counts: impl Fn(&Action) -> bool) -> usize {
    draft.sketches().filter(|Sketch { action, .. }| counts(action)).count()
}
