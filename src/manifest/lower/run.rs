//! TaskRun manifests → the runs of a stack.

use super::{Bug, Shared, bug, names, region, with_project};
use crate::manifest::kind::task_run::{
    self, ConcurrencyWord, InterruptedWord, Keep, KeepWord, Lifetime, RunType, RunVariable, TaskRunManifest,
    Template, TriggerWord,
};
use crate::model::group::Group;
use crate::model::name::Name;
use crate::model::stack::{
    Array, Concurrency, EphemeralRun, Interrupted, Retries, RunKind, RunValue, StrongRun, TaskRun, Trigger,
};

/// Lowers a run.
pub(super) fn lower(manifest: TaskRunManifest, shared: &Shared<'_>) -> Result<(Name, TaskRun), Bug> {
    let key = Name::new(manifest.metadata.name);
    let spec = manifest.spec;
    let declared = |group: Option<String>| {
        group.map(Name::new).ok_or_else(|| bug(format!("the run {key} has no container group")))
    };
    let kind = match (spec.kind, spec.lifetime.unwrap_or_default()) {
        (RunType::Strong, _) => RunKind::Strong(StrongRun {
            group: declared(spec.container_group)?,
            command: spec.command,
            environment: spec
                .environment_variables
                .into_iter()
                .map(|variable| environment(variable, shared))
                .collect::<Result<_, Bug>>()?,
            working_directory: spec.working_directory,
            idle_timeout: spec.idle_timeout,
            interrupted: match spec.interrupted.unwrap_or_default() {
                InterruptedWord::Fail => Interrupted::Fail,
                InterruptedWord::Rerun => Interrupted::Rerun,
            },
        }),
        (RunType::Weak, Lifetime::Persistent) => {
            let concurrency = match spec.concurrency.unwrap_or_default() {
                ConcurrencyWord::Refuse => Concurrency::Refuse,
                ConcurrencyWord::Wait => Concurrency::Wait,
                ConcurrencyWord::Replace => Concurrency::Replace,
            };
            RunKind::Persistent { group: declared(spec.container_group)?, concurrency }
        }
        (RunType::Weak, Lifetime::Ephemeral) => {
            let template = spec.template.ok_or_else(|| bug(format!("the run {key} has no template")))?;
            let array = spec.array.map(array);
            RunKind::Ephemeral(Box::new(ephemeral(template, spec.keep.unwrap_or_default(), array, shared)?))
        }
    };
    let run = TaskRun {
        kind,
        declared: None,
        trigger: match spec.trigger {
            TriggerWord::OnChange => Trigger::OnChange,
            TriggerWord::Once => Trigger::Once,
            TriggerWord::Always => Trigger::Always,
            TriggerWord::Manual => Trigger::Manual,
        },
        moved_from: spec.moved.map(|moved| Name::new(moved.from)),
        depends_on: names(spec.depends_on),
        timeout: spec.timeout,
        rerun_failed: spec.rerun_failed,
        container: spec.container.map(Name::new),
        retries: spec.retries.map_or_else(Retries::default, |retries| {
            let task_run::Retries { limit, backoff } = retries;
            Retries { limit, backoff }
        }),
    };
    Ok((key, run))
}

/// What a run is fanned out over; a rule has seen to it that there is one of the two.
fn array(array: task_run::Array) -> Array {
    let task_run::Array { items, count, parallelism } = array;
    let numbered = || (0..count.unwrap_or_default()).map(|number| number.to_string()).collect();
    Array { items: items.unwrap_or_else(numbered), parallelism }
}

fn ephemeral(
    template: Template,
    keep: Keep,
    array: Option<Array>,
    shared: &Shared<'_>,
) -> Result<EphemeralRun, Bug> {
    let Template { resource_group, location, tags, restart_policy, properties } = template;
    let Keep { on_success, on_failure, period } = keep;
    Ok(EphemeralRun {
        resource_group: Name::new(resource_group),
        location: location.map(region),
        tags: with_project(shared.project, tags),
        group: shared.secrets(Group { restart_policy, ..properties })?,
        keep_on_success: on_success == Some(KeepWord::Keep),
        keep_on_failure: on_failure != Some(KeepWord::Delete),
        keep_for: period,
        array,
    })
}

fn environment(variable: RunVariable, shared: &Shared<'_>) -> Result<(String, RunValue), Bug> {
    let RunVariable { name, value, secure_value } = variable;
    match (value, secure_value) {
        (Some(value), None) => Ok((name, RunValue::Plain(value))),
        (None, Some(reference)) => Ok((name, RunValue::Secret(shared.secret(reference)?))),
        (Some(_), Some(_)) | (None, None) => Err(bug(format!("{name} has not exactly one value"))),
    }
}
