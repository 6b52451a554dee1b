//! A replace that the region has no room for deletes nothing.

use acitask::engine::event::{End, EventKind};
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;

use super::bench::{Applied, Bench, ends, images};
use super::runs::persistent;
use super::wire::{Script, Trouble};

const USAGES: &str = "/providers/Microsoft.ContainerInstance/locations/westeurope/usages";

/// Groups of one container with so many cores each.
fn groups(cores: &[(&str, &str)]) -> String {
    let group = |(name, cores): &(&str, &str)| {
        format!(
            "apiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: {name}}}\nspec:\n  resourceGroup: jobs\n  \
             containers:\n    - {{name: main, image: 'site:1', resources: {{requests: {{cpu: {cores}, memoryInGB: 1}}}}}}\n"
        )
    };
    cores.iter().map(group).collect::<Vec<_>>().join("---\n")
}

/// A region of so many cores.
async fn bench(cores: u32) -> Bench {
    let cores = format!("quota.cores={cores}");
    let images = images([("site:1", Behaviour::default()), ("task:1", ends(0, 5)), ("task:2", ends(0, 5))]);
    Bench::open(images, &["quota.enforced=true", &cores]).await
}

fn failures(applied: &Applied) -> Vec<(&str, &str)> {
    let failure = |end: &&End| matches!(end, End::Failed { .. });
    let failures = applied.ends().into_iter().filter(failure);
    failures
        .filter_map(|end| match end {
            End::Failed { why, help } => Some((why.as_str(), help.as_deref().unwrap_or_default())),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_replace_without_room_deletes_nothing() {
    let bench = bench(4).await;
    bench.apply(&groups(&[("a", "2"), ("b", "2")])).await.all_done();
    let before = bench.world().await;
    let applied = bench.apply(&groups(&[("a", "3"), ("b", "2")])).await;
    let failures = failures(&applied);
    let [(why, help)] = failures[..] else { panic!("{:#?}", applied.events) };
    assert_eq!(
        why,
        "the quota StandardCores of westeurope has no room for what is to replace it, so nothing was deleted: 4 of 4 are \
         used, 2 would be given back, 3 are needed"
    );
    assert!(help.contains("https://aka.ms/aci-quota") && help.contains("az rest --method get"), "{help}");
    assert_eq!(bench.world().await, before);
    assert_eq!(bench.carried_out("DELETE", "/containerGroups/a", 202), 0);
    assert_eq!(applied.tally.skipped, 1);
}

#[tokio::test(start_paused = true)]
async fn replaces_with_room_share_one_reading() {
    let bench = bench(12).await;
    bench.apply(&groups(&[("a", "2"), ("b", "2"), ("c", "2")])).await.all_done();
    let wanted = groups(&[("a", "4"), ("b", "4"), ("c", "4")]);
    bench.apply(&wanted).await.all_done();
    bench.settled(&wanted).await;
    assert_eq!(bench.carried_out("GET", USAGES, 200), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_let_through_is_counted() {
    // Two of the three fit, whichever comes first; all three were alone in the reading.
    let bench = bench(10).await;
    bench.apply(&groups(&[("a", "2"), ("b", "2"), ("c", "2")])).await.all_done();
    let applied = bench.apply(&groups(&[("a", "4"), ("b", "4"), ("c", "4")])).await;
    assert_eq!(failures(&applied).len(), 1, "{:#?}", applied.events);
    let world = bench.world().await;
    let names: Vec<&String> = world["jobs"]["groups"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_replaces_its_group_asks_too() {
    let bench = bench(1).await;
    let one = persistent("task:1");
    bench.apply(&one).await.all_done();
    let larger = persistent("task:2").replace("cpu: 1", "cpu: 2");
    let before = bench.world().await["jobs"]["groups"].clone();
    let applied = bench.apply(&larger).await;
    assert_eq!(failures(&applied).len(), 1, "{:#?}", applied.events);
    assert_eq!(bench.world().await["jobs"]["groups"], before);
}

#[tokio::test(start_paused = true)]
async fn usages_that_cannot_be_read_refuse_nothing() {
    for (status, code) in [(403, "AuthorizationFailed"), (404, "InvalidResourceType"), (503, "ServerBusy")] {
        let bench = bench(8).await;
        bench.apply(&groups(&[("a", "2"), ("b", "2")])).await.all_done();
        for number in 1..=20 {
            let trouble = Trouble::Answered(status, code, Vec::new());
            bench.course.trouble(Script { of: "/usages?", number, trouble });
        }
        let wanted = groups(&[("a", "3"), ("b", "3")]);
        let applied = bench.try_apply(&wanted, Verb::Apply).await.unwrap();
        applied.all_done();
        let told = applied.events.iter().filter(|event| {
            matches!(&event.kind, EventKind::Progress { phase, .. } if phase.contains("goes on without knowing"))
        });
        assert_eq!(told.count(), 1, "{status}");
    }
}
