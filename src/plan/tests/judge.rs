//! What an observation says.

use jiff::Timestamp;

use super::*;
use crate::model::observed::ContainerEvent;
use crate::plan::judge::{EndedBy, Judgement, TaskEnd, settled, strong_ready, weak};

fn at(minute: u8) -> Option<Timestamp> {
    format!("2026-01-01T00:{minute:02}:00Z").parse().ok()
}

fn state(phase: Phase, start: Option<Timestamp>, exit: Option<i32>) -> ContainerState {
    ContainerState { phase, start_time: start, finish_time: None, exit_code: exit, detail: String::new() }
}

fn event(name: &str, message: &str, last: Option<Timestamp>) -> ContainerEvent {
    ContainerEvent { name: name.into(), message: message.into(), warning: name == "Failed", count: 1, last }
}

fn seen(policy: RestartPolicy, group: &str, view: ContainerView) -> SeenGroup {
    let containers = BTreeMap::from([(Name::from("job"), view)]);
    let mut seen = seen_group(id("weak"), Tags::new(), &tree(policy));
    seen.view = Some(View { state: group.into(), containers });
    seen
}

fn current(state: ContainerState) -> ContainerView {
    ContainerView { current: Some(state), ..ContainerView::default() }
}

fn done(exit: Option<i32>, why: &str) -> Judgement<TaskEnd> {
    let by = if exit.is_some_and(|exit| exit > 7000) { EndedBy::Platform } else { EndedBy::Task };
    Judgement::Done(TaskEnd { exit, why: why.into(), by })
}

fn moving<T>(phase: &str) -> Judgement<T> {
    Judgement::Moving(phase.into())
}

#[test]
fn a_task_has_ended_when_its_container_has_since_it_began() {
    let never = |group: &str, view| seen(RestartPolicy::Never, group, view);
    let ended = |start, exit| current(state(Phase::Terminated, start, exit));
    let stopped = ContainerView {
        previous: Some(state(Phase::Running, at(1), None)),
        ..current(ContainerState {
            detail: "Container stopped per client request".into(),
            ..state(Phase::Terminated, None, None)
        })
    };
    let cases = [
        (never("Succeeded", ended(at(1), Some(0))), None, done(Some(0), "exit 0")),
        (never("Failed", ended(at(1), Some(3))), at(0), done(Some(3), "exit 3")),
        (never("Succeeded", ended(at(1), Some(0))), at(1), moving("waiting for the start")),
        (never("Failed", ended(at(1), None)), None, done(None, "ended without an exit code")),
        (
            never("Failed", ended(at(1), Some(7147))),
            None,
            done(Some(7147), "exit 7147: ended by the platform"),
        ),
        (never("Running", current(state(Phase::Running, at(1), None))), at(0), moving("running")),
        (
            never("Running", current(state(Phase::Running, at(1), None))),
            at(1),
            moving("waiting for the start"),
        ),
        (
            never("Pending", current(state(Phase::Waiting, None, None))),
            None,
            moving("waiting for the container"),
        ),
        (never("Pending", ContainerView::default()), None, moving("waiting for the container")),
        (
            never("Stopped", stopped.clone()),
            at(0),
            done(None, "ended without an exit code: Container stopped per client request"),
        ),
        (never("Stopped", stopped), at(1), moving("waiting for the start")),
        (
            seen(RestartPolicy::OnFailure, "Running", ended(at(1), Some(3))),
            None,
            moving("exit 3; the platform starts it again"),
        ),
        (seen(RestartPolicy::OnFailure, "Succeeded", ended(at(1), Some(0))), None, done(Some(0), "exit 0")),
    ];
    for (seen, before, judgement) in cases {
        assert_eq!(weak(&seen, "job", before), judgement, "{:?}", seen.view);
    }
}

#[test]
fn a_failed_start_counts_until_the_next_attempt() {
    let waiting = |events| ContainerView { events, ..current(state(Phase::Waiting, None, None)) };
    let failed = |minute| event("Failed", "no such image", at(minute));
    let cases = [
        (vec![event("Pulling", "", at(1)), failed(1)], Judgement::Failed("no such image".into())),
        (vec![event("Pulling", "", at(2)), failed(1)], moving("waiting for the container")),
        (vec![event("Pulling", "", at(1))], moving("waiting for the container")),
    ];
    for (events, judgement) in cases {
        let seen = seen(RestartPolicy::Never, "Pending", waiting(events));
        assert_eq!(weak(&seen, "job", None), judgement);
    }
}

#[test]
fn a_container_that_was_never_tried_fails_with_its_group() {
    let mut group = seen(RestartPolicy::Never, "Pending", ContainerView::default());
    group.provisioning = Provisioning::Failed;
    assert_eq!(
        weak(&group, "job", None),
        Judgement::Failed("the service gave up and did not say why".into())
    );
    let mut ended = seen(RestartPolicy::Never, "Failed", current(state(Phase::Terminated, at(1), Some(0))));
    ended.provisioning = Provisioning::Failed;
    assert_eq!(weak(&ended, "job", None), done(Some(0), "exit 0"));
}

#[test]
fn a_container_is_ready_when_it_runs() {
    let always = |group: &str, view| seen(RestartPolicy::Always, group, view);
    let crashed = |restart_count| ContainerView {
        restart_count,
        previous: Some(state(Phase::Terminated, at(1), Some(1))),
        ..current(state(Phase::Waiting, None, None))
    };
    let cases = [
        (always("Running", current(state(Phase::Running, at(1), None))), Judgement::Done(())),
        (always("Stopped", ContainerView::default()), moving("the group is stopped")),
        (always("Running", crashed(1)), moving("exit 1; the platform starts it again")),
        (
            always("Running", crashed(3)),
            Judgement::Failed("the container keeps ending (exit 1, restarted 3 times)".into()),
        ),
        (
            seen(RestartPolicy::Never, "Failed", current(state(Phase::Terminated, at(1), Some(2)))),
            Judgement::Failed("the container has ended: exit 2".into()),
        ),
    ];
    for (seen, judgement) in cases {
        assert_eq!(strong_ready(&seen, "job"), judgement);
    }
}

#[test]
fn a_group_settles_and_goes() {
    let mut group = seen(RestartPolicy::Never, "Pending", ContainerView::default());
    assert_eq!(settled(&group), Judgement::Done(()));
    group.provisioning = Provisioning::Moving("Deleting".into());
    assert_eq!(settled(&group), moving("Deleting"));
    group.provisioning = Provisioning::Failed;
    assert!(matches!(settled(&group), Judgement::Failed(_)));
}

#[test]
fn a_container_that_its_probe_ended_is_told_from_one_that_the_platform_did() {
    let killed = |minute| event("Killing", "Container job failed liveness probe", at(minute));
    for (events, by, why) in [
        (vec![], EndedBy::Platform, "exit 7147: ended by the platform"),
        (vec![killed(3)], EndedBy::Task, "exit 7147: its liveness probe failed"),
        // That was the run before.
        (vec![killed(1)], EndedBy::Platform, "exit 7147: ended by the platform"),
        (
            vec![event("Killing", "Killing container job.", at(3))],
            EndedBy::Platform,
            "exit 7147: ended by the platform",
        ),
    ] {
        let view = ContainerView { events, ..current(state(Phase::Terminated, at(2), Some(7147))) };
        let judged = weak(&seen(RestartPolicy::Never, "Failed", view), "job", None);
        assert_eq!(judged, Judgement::Done(TaskEnd { exit: Some(7147), why: why.into(), by }));
    }
}
