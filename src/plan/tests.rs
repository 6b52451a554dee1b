//! Small stacks and what stands in the cloud, written as literals, and the tables and laws that hold over them.

mod breadth;
mod drift;
mod fans;
mod fields;
mod frontier;
mod judge;
mod laws;
mod lifecycle;
mod ownership;
mod parts;
mod removal;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use crate::model::group::{
    Container, EnvironmentVariable, Group, OsType, ResourceRequests, Resources, RestartPolicy,
};
use crate::model::name::{GroupId, Name, Owner};
use crate::model::observed::{
    ContainerState, ContainerView, Observed, Phase, Provisioning, SeenGroup, SeenResourceGroup, View,
};
use crate::model::quantity::Thousandths;
use crate::model::record::{InputDigest, Intent, Record, RunId, RunState, intent_tag, record_tag};
use crate::model::secret::{Mark, SecretRef, SecretSource};
use crate::model::stack::{
    Concurrency, ContainerGroup, EphemeralRun, Interrupted, Power, Project, ResourceGroup, Retries, RunKind,
    Stack, StrongRun, TaskRun, Trigger,
};
use crate::model::tag::Tags;
use crate::plan::reconcile::{Planned, Request, Verb, reconcile};
use crate::plan::{Action, Begin, Defect, Subject, tags};

pub(super) type Outcome = Result<(), Box<dyn std::error::Error>>;

pub(super) const APPLY: Verb = Verb::Apply;

pub(super) fn owner() -> Owner {
    Owner::new(&Name::from("pets"), None)
}

pub(super) fn id(name: &str) -> GroupId {
    GroupId { resource_group: Name::from("rg"), name: Name::from(name) }
}

pub(super) fn source(variable: &str) -> SecretSource {
    SecretSource {
        reference: SecretRef { from_variable: Some(variable.into()), from_file: None },
        value: None,
    }
}

pub(super) fn plain(name: &str, value: &str) -> EnvironmentVariable<SecretSource> {
    EnvironmentVariable {
        name: name.into(),
        value: Some(value.into()),
        secure_value: None,
        secure_value_reference: None,
    }
}

pub(super) fn secret(name: &str, variable: &str) -> EnvironmentVariable<SecretSource> {
    EnvironmentVariable {
        name: name.into(),
        value: None,
        secure_value: Some(source(variable)),
        secure_value_reference: None,
    }
}

pub(super) fn container(name: &str) -> Container<SecretSource> {
    Container {
        name: name.into(),
        image: "acitask/strong:1".into(),
        command: Vec::new(),
        environment_variables: vec![plain("MODE", "a"), secret("TOKEN", "API_TOKEN")],
        ports: Vec::new(),
        resources: Resources {
            requests: ResourceRequests {
                cpu: Thousandths::new(1000),
                memory_in_gb: Thousandths::new(1000),
                gpu: None,
            },
            limits: None,
        },
        ..Default::default()
    }
}

pub(super) fn tree(policy: RestartPolicy) -> Group<SecretSource> {
    Group {
        os_type: OsType::Linux,
        restart_policy: policy,
        containers: vec![container("job")],
        ..Default::default()
    }
}

pub(super) fn group(name: &str, policy: RestartPolicy) -> ContainerGroup {
    ContainerGroup {
        id: id(name),
        location: None,
        tags: Tags::from([("team".into(), "ops".into())]),
        group: tree(policy),
        power: Power::Unmanaged,
        protect: false,
        ignored_tags: BTreeSet::new(),
        ignored: BTreeSet::new(),
        depends_on: BTreeSet::new(),
    }
}

pub(super) fn run(kind: RunKind) -> TaskRun {
    TaskRun {
        declared: None,
        kind,
        trigger: Trigger::OnChange,
        moved_from: None,
        depends_on: BTreeSet::new(),
        timeout: None,
        rerun_failed: false,
        container: None,
        retries: Retries::default(),
    }
}

pub(super) fn strong_run(group: &str) -> TaskRun {
    run(RunKind::Strong(StrongRun {
        group: Name::from(group),
        command: vec!["/post".into()],
        environment: Vec::new(),
        working_directory: None,
        idle_timeout: None,
        interrupted: Interrupted::Fail,
    }))
}

pub(super) fn persistent_run(group: &str) -> TaskRun {
    run(RunKind::Persistent { group: Name::from(group), concurrency: Concurrency::Refuse })
}

pub(super) fn ephemeral_run() -> TaskRun {
    run(RunKind::Ephemeral(Box::new(EphemeralRun {
        resource_group: Name::from("main"),
        location: None,
        tags: Tags::new(),
        group: tree(RestartPolicy::Never),
        keep_on_success: false,
        keep_on_failure: true,
        keep_for: None,
        array: None,
    })))
}

/// One resource group, `rg`, declared as `main`.
pub(super) fn stack() -> Stack {
    let project = Project {
        owner: owner(),
        target: None,
        subscription: None,
        tenant: None,
        cloud: Default::default(),
        azure_api_version: None,
        location: None,
        tags: Tags::new(),
        limits: Default::default(),
        secret_digests: Default::default(),
    };
    let resource_group = ResourceGroup {
        moved_from: None,
        name: Name::from("rg"),
        location: Some("westeurope".into()),
        tags: Tags::new(),
        existing: false,
        records: false,
        protect: false,
    };
    Stack {
        project,
        resource_groups: BTreeMap::from([(Name::from("main"), resource_group)]),
        groups: BTreeMap::new(),
        runs: BTreeMap::new(),
        whole: true,
        digests: Default::default(),
    }
}

pub(super) fn with_group(mut stack: Stack, name: &str, group: ContainerGroup) -> Stack {
    stack.groups.insert(Name::from(name), group);
    stack
}

pub(super) fn with_run(mut stack: Stack, name: &str, run: TaskRun) -> Stack {
    stack.runs.insert(Name::from(name), run);
    stack
}

pub(super) fn seen_tree(group: &Group<SecretSource>) -> Group<Mark> {
    let Ok(group) = group.clone().map(&mut |_: SecretSource| Ok::<_, Infallible>(Mark));
    group
}

pub(super) fn seen_group(id: GroupId, tags: Tags, group: &Group<SecretSource>) -> SeenGroup {
    SeenGroup {
        id,
        location: "westeurope".into(),
        tags,
        group: Some(Box::new(seen_tree(group))),
        provisioning: Provisioning::Succeeded,
        view: None,
        ip: None,
        fqdn: None,
    }
}

pub(super) fn seen_resource_group(name: &str, tags: Tags) -> SeenResourceGroup {
    SeenResourceGroup {
        name: Name::from(name),
        location: "westeurope".into(),
        tags,
        provisioning: Provisioning::Succeeded,
        resources: None,
    }
}

/// What is there when everything that the stack declares stands as it says.
pub(super) fn as_wanted(stack: &Stack) -> Observed {
    let mut observed = Observed::default();
    for declared in stack.resource_groups.values() {
        let seen = seen_resource_group(declared.name.as_str(), tags::wanted(&owner(), &declared.tags));
        observed.resource_groups.insert(declared.name.clone(), seen);
    }
    for declared in stack.groups.values() {
        let seen = seen_group(declared.id.clone(), tags::wanted(&owner(), &declared.tags), &declared.group);
        observed.groups.insert(declared.id.clone(), seen);
    }
    observed
}

pub(super) fn record(name: &str, state: RunState, input: InputDigest) -> Record {
    Record { state, ..Record::open(RunId::new(name), input, None) }
}

pub(super) fn recorded(mut observed: Observed, run: &str, record: &Record) -> Observed {
    if let Some(seen) = observed.resource_groups.get_mut(&Name::from("rg")) {
        seen.tags.extend([record_tag(&Name::from(run), record)]);
    }
    observed
}

pub(super) fn intended(observed: Observed, group: &str, run: &str, record: &Record) -> Observed {
    following(observed, group, run, record, None)
}

pub(super) fn following(
    mut observed: Observed,
    group: &str,
    run: &str,
    record: &Record,
    follows: Option<&str>,
) -> Observed {
    if let Some(seen) = observed.groups.get_mut(&id(group)) {
        let follows = follows.map(RunId::new);
        seen.tags.extend([intent_tag(&Intent { run: Name::from(run), follows, record: record.clone() })]);
    }
    observed
}

pub(super) fn in_state(mut observed: Observed, group: &str, state: &str, phase: Phase) -> Observed {
    if let Some(seen) = observed.groups.get_mut(&id(group)) {
        seen.view = Some(view(state, phase));
    }
    observed
}

pub(super) fn view(state: &str, phase: Phase) -> View {
    let current = ContainerState {
        phase,
        start_time: "2026-01-01T00:00:00Z".parse().ok(),
        finish_time: None,
        exit_code: None,
        detail: String::new(),
    };
    let container = ContainerView { current: Some(current), ..ContainerView::default() };
    View { state: state.into(), containers: BTreeMap::from([(Name::from("job"), container)]) }
}

pub(super) fn plan(stack: &Stack, observed: &Observed, verb: Verb) -> Result<Planned, Defect> {
    reconcile(stack, observed, &Request::of(verb))
}

/// The steps in a line each: what is done to what, and after which.
pub(super) fn lines(planned: &Planned) -> Vec<String> {
    planned
        .plan
        .steps()
        .iter()
        .map(|step| {
            let needs: Vec<String> = step.needs.iter().map(|need| need.0.to_string()).collect();
            let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(",")) };
            let subject = match &step.subject {
                Subject::ResourceGroup(name) | Subject::Run(name) => name.to_string(),
                Subject::Group(id) => id.name.to_string(),
            };
            format!("{} {subject}{after}", word(&step.action))
        })
        .collect()
}

pub(super) fn word(action: &Action) -> &'static str {
    match action {
        Action::CreateResourceGroup { .. } => "create-rg",
        Action::TagResourceGroup(_) => "tag-rg",
        Action::DeleteResourceGroup => "delete-rg",
        Action::CreateGroup(_) => "create",
        Action::UpdateGroup(_, _) => "update",
        Action::TagGroup(_) => "tag",
        Action::DeleteGroup { replaced: true } => "delete-to-replace",
        Action::DeleteGroup { replaced: false } => "delete",
        Action::StartGroup => "start",
        Action::StopGroup => "stop",
        Action::Run(run) => match &run.begin {
            Begin::Exec(exec) if exec.resume.is_some() => "run:resume-exec",
            Begin::Exec(_) => "run:exec",
            Begin::Create(_) => "run:create",
            Begin::Replace(_) => "run:replace",
            Begin::Start { resume: Some(_) } => "run:resume-start",
            Begin::Start { resume: None } => "run:start",
            Begin::Adopt(_) => "run:adopt",
            Begin::Fan(fan) if fan.resume.is_some() => "run:resume-fan",
            Begin::Fan(_) => "run:fan",
        },
    }
}

pub(super) fn reasons(planned: &Planned) -> Vec<String> {
    planned.plan.steps().iter().map(|step| step.reason.to_string()).collect()
}

pub(super) fn conflicts(planned: &Planned) -> Vec<&str> {
    planned.conflicts.iter().map(|conflict| conflict.text.as_str()).collect()
}

pub(super) fn notes(planned: &Planned) -> Vec<&str> {
    planned.notes.iter().map(|note| note.text.as_str()).collect()
}
