//! Runs whose group the service does not take: refused for what they say, they never started and have failed; refused for
//! anything else, they were not begun.

use acitask::engine::event::End;
use acitask::model::name::Name;
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};

/// One run of each kind: its name, and its manifests.
fn kinds() -> [(&'static str, String); 3] {
    let alone = persistent("task:1");
    let alone = alone.split("---\napiVersion: acitask/v1\nkind: TaskRun\nmetadata: {name: second}").next();
    [
        ("job", ephemeral("task:1", "  retries: {limit: 2}")),
        ("first", alone.unwrap_or_default().to_owned()),
        ("job", ephemeral("task:1", "  array: {count: 12, parallelism: 3}")),
    ]
}

/// How many PUTs of groups the emulator answered.
fn puts(bench: &Bench) -> usize {
    let entries = bench.emulator.journal().since(0);
    entries.iter().filter(|it| it.method == "PUT" && it.target.contains("containerGroups/")).count()
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_group_is_refused_for_what_it_says_has_failed_and_is_not_repeated_by_itself() {
    for (name, manifests) in kinds() {
        let missing = Behaviour { missing: true, ..Behaviour::default() };
        let bench = Bench::open(images([("task:1", missing)]), &[]).await;
        let applied = bench.apply(&manifests).await;
        let Some(End::TaskFailed { exit: None, why }) = applied.ends().last() else {
            panic!("{name}: {:?}", applied.ends())
        };
        assert!(why.contains("never started") && why.contains("InaccessibleImage"), "{why}");
        assert!(why.contains("docker manifest inspect"), "{why}");
        // What the service refuses once it refuses again, so neither retries nor further items are sent.
        let sent = puts(&bench);
        assert!((1..=3).contains(&sent), "{name}: {sent}");
        let world = bench.world().await;
        let tag = world["jobs"]["tags"][format!("acitask-run.{name}")].to_string();
        assert!(["failed;", "\"f;"].iter().any(|state| tag.contains(state)), "{tag}");
        assert_eq!(world["jobs"]["groups"], serde_json::json!({}));

        let planned = bench.plan(&manifests, Verb::Apply).await;
        assert!(planned.plan.steps().is_empty(), "{:#?}", planned.plan.steps());
        let told = |help: &str| help == format!("acitask run {name}");
        assert!(
            planned.notes.iter().any(|note| note.help.as_deref().is_some_and(told)),
            "{:?}",
            planned.notes
        );
        bench.apply(&manifests).await;
        assert_eq!(puts(&bench), sent);

        // A person who has put the image there says so.
        bench.try_apply(&manifests, Verb::Run(Name::from(name))).await.unwrap();
        assert!(puts(&bench) > sent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_group_is_refused_for_another_reason_is_not_begun() {
    for (name, manifests) in kinds() {
        for (status, code) in [
            (403, "AuthorizationFailed"),
            (403, "RequestDisallowedByPolicy"),
            (409, "MissingSubscriptionRegistration"),
            (409, "ScopeLocked"),
            (400, "DnsNameLabelNotAvailable"),
        ] {
            let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
            for number in 1..=12 {
                // Each is met by the first PUT after those before it.
                let of = "PUT /subscriptions/sub/resourceGroups/jobs/providers";
                let trouble = Trouble::Answered(status, code, vec![]);
                bench.course.trouble(Script { of, number, trouble });
            }
            let applied = bench.apply(&manifests).await;
            let failed = applied
                .ends()
                .last()
                .is_some_and(|end| matches!(end, End::Failed { why, .. } if why.contains(code)));
            assert!(failed, "{name}, {code}: {:?}", applied.ends());
            bench.course.clear();
            let tags = bench.world().await["jobs"]["tags"].to_string();
            assert!(!tags.contains("acitask-run"), "{name}, {code}: {tags}");
            bench.apply(&manifests).await.all_done();
            bench.settled(&manifests).await;
        }
    }
}
