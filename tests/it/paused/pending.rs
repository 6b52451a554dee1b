//! An update that is interrupted after its PUT restarts no container a second time, also where only secrets changed.

use acitask::plan::Action;
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;

use super::bench::{Bench, images};
use super::wire::{Script, Trouble};

/// A group with these files, of which Azure shows nothing, and this image.
fn manifest(image: &str, files: &str) -> String {
    format!(
        "apiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: safe}}\nspec:\n  resourceGroup: jobs\n  volumes:\n    \
         - {{name: files, secret: {{{files}}}}}\n  containers:\n    - name: main\n      image: {image}\n      \
         resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}\n      volumeMounts: [{{name: files, mountPath: /files}}]\n"
    )
}

/// An image that takes a while to be pulled: a container that starts within a second says nothing.
fn pulled() -> Behaviour {
    Behaviour { pull_ms: 3_000, ..Behaviour::default() }
}

const ONE: &str = "a: {fromFile: a}";
const TWO: &str = "a: {fromFile: a}, b: {fromFile: b}";

fn puts(bench: &Bench) -> usize {
    bench.carried_out("PUT", "/containerGroups/safe", 200)
}

/// The steps of a plan, by what they do.
async fn steps(bench: &Bench, manifests: &str) -> Vec<&'static str> {
    let planned = bench.plan(manifests, Verb::Apply).await;
    let word = |action: &Action| match action {
        Action::TagGroup(_) => "tag",
        Action::UpdateGroup(..) => "update",
        _ => "other",
    };
    planned.plan.steps().iter().map(|step| word(&step.action)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_update_that_went_through_is_settled_and_not_made_again() {
    let images = images([("live:1", pulled()), ("live:2", pulled())]);
    for setting in ["put.writes-tags=false", "put.writes-tags=true", "get.unknown-fields=true"] {
        for (image, number, trouble, wanted) in [
            // Only a file of a secret volume changes; the client is gone with the answer of the PUT, or before it.
            ("live:1", 1, Trouble::GoneAfter, &["tag"][..]),
            ("live:1", 1, Trouble::GoneBefore, &["update"]),
            // An image changes too, which the group shows.
            ("live:2", 1, Trouble::GoneAfter, &["tag"]),
            ("live:2", 1, Trouble::GoneBefore, &["update"]),
        ] {
            let bench = Bench::open(images.clone(), &[setting]).await;
            bench.apply(&manifest("live:1", ONE)).await.all_done();
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            let edited = manifest(image, TWO);
            assert_eq!(steps(&bench, &edited).await, ["update"], "{setting} {image}");
            bench.course.trouble(Script {
                of: "PUT /subscriptions/sub/resourceGroups/jobs/providers/Microsoft.ContainerInstance",
                number,
                trouble: trouble.clone(),
            });
            assert!(bench.try_apply(&edited, Verb::Apply).await.is_none());
            bench.course.clear();
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            let before = puts(&bench);
            let told = format!("{setting} {image} {trouble:?}");
            // Where a PUT writes tags, they have told it already.
            let wanted =
                if setting == "put.writes-tags=true" && wanted == ["tag"] { &[][..] } else { wanted };
            assert_eq!(steps(&bench, &edited).await, wanted, "{told}");
            bench.apply(&edited).await.all_done();
            assert_eq!(puts(&bench) - before, usize::from(wanted == ["update"]), "{told}");
            bench.settled(&edited).await;
            assert!(!bench.world().await.to_string().contains("acitask-pending"), "{told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_went_through_and_is_not_wanted_any_more_is_undone() {
    let images = images([("live:1", pulled())]);
    let bench = Bench::open(images, &[]).await;
    let (one, two) = (manifest("live:1", ONE), manifest("live:1", TWO));
    bench.apply(&one).await.all_done();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let at = "PUT /subscriptions/sub/resourceGroups/jobs/providers/Microsoft.ContainerInstance";
    bench.course.trouble(Script { of: at, number: 1, trouble: Trouble::GoneAfter });
    assert!(bench.try_apply(&two, Verb::Apply).await.is_none());
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    // The tags tell what is wanted again, and the group has more.
    assert_eq!(steps(&bench, &one).await, ["update"]);
    bench.apply(&one).await.all_done();
    bench.settled(&one).await;
}
