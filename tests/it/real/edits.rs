//! What an edit of a group's manifest is planned as, on a group that stays alive and on one that works and dies.

use super::stand::Stand;

/// A file of the project, a text in it, and the text to put in its place.
type Edit = (&'static str, &'static str, &'static str);

/// The four edits of a group's manifest.
fn edits(file: &'static str, image: &'static str) -> [Edit; 4] {
    [
        (file, image, "acitask/other:2"),
        (
            file,
            "name: ENDPOINT_URL, value: \"${ENDPOINT_URL}\"",
            "name: ENDPOINT_URL, value: \"http://127.0.0.1:9\"",
        ),
        (file, "memoryInGB: 1}", "memoryInGB: 2}"),
        (file, "restartPolicy: ", "restartPolicy: OnFailure # "),
    ]
}

/// The plan with the edit made, which is taken back afterwards.
fn planned(stand: &Stand, (file, before, after): Edit) -> String {
    stand.edit(file, before, after);
    let plan = stand.acitask(&["plan"]).ends(0).stdout;
    stand.quickstart();
    plan
}

/// The plan's entry that begins like this, glyph included, down to the empty line after it.
#[track_caller]
fn entry<'p>(plan: &'p str, head: &str) -> &'p str {
    let entry = plan.split("\n\n").find(|entry| entry.trim_start().starts_with(head));
    entry.unwrap_or_else(|| panic!("no {head:?} in:\n{plan}"))
}

#[test]
fn on_a_strong_group_two_are_updates_and_two_are_replaces() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    let [image, value, memory, policy] = edits("strong.yaml", "${STRONG_IMAGE}");

    let plan = planned(&stand, image);
    assert!(entry(&plan, "~ group acitasks/strongtask").contains("image"), "{plan}");
    assert!(plan.contains("acitask/strong:1 → acitask/other:2"), "{plan}");
    assert!(plan.contains("restarts all containers"), "{plan}");
    assert!(entry(&plan, "▶ run post-dog").contains("input changed: image"), "{plan}");

    let plan = planned(&stand, value);
    assert!(entry(&plan, "~ group acitasks/strongtask").contains("env.ENDPOINT_URL differs"), "{plan}");
    assert!(plan.contains("containers[strong].environmentVariables[ENDPOINT_URL]"), "{plan}");

    let plan = planned(&stand, memory);
    let reason = entry(&plan, "-/+ group acitasks/strongtask");
    assert!(reason.contains("memoryInGB") && reason.contains("cannot be changed in place"), "{plan}");
    assert!(plan.contains("1 → 2"), "{plan}");

    // A strong run needs a container that is kept alive, so it goes with the policy.
    stand.edit("weak.yaml", "  dependsOn: [post-dog]\n", "");
    let strong = std::fs::read_to_string(stand.file("strong.yaml")).unwrap();
    stand.write("strong.yaml", strong.split("---\n").next().unwrap());
    let plan = planned(&stand, policy);
    let reason = entry(&plan, "-/+ group acitasks/strongtask");
    assert!(reason.contains("restartPolicy") && reason.contains("cannot be changed in place"), "{plan}");
    assert!(plan.contains("Always → OnFailure"), "{plan}");
    stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
}

#[test]
fn on_a_weak_group_they_are_part_of_its_next_run() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    let [image, value, memory, policy] = edits("weak.yaml", "${WEAK_IMAGE}");

    for (edit, part) in [(image, "image"), (value, "env")] {
        let plan = planned(&stand, edit);
        let reason = entry(&plan, "▶ run post-cat");
        assert!(reason.contains("input changed") && reason.contains(part), "{plan}");
        let own = ["~ group acitasks/weaktask", "-/+ group acitasks/weaktask"];
        assert!(!own.iter().any(|head| plan.contains(head)), "the group has a step of its own:\n{plan}");
    }
    // Neither is part of what a run works on, so no run is due.
    for (edit, field) in [(memory, "memoryInGB"), (policy, "restartPolicy")] {
        let plan = planned(&stand, edit);
        let note = entry(&plan, "Note: group acitasks/weaktask");
        assert!(note.contains(field), "{plan}");
        assert!(plan.contains("acitask run post-cat") && plan.contains("No changes."), "{plan}");
    }
}

#[test]
fn edits_that_were_applied_converge() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    for (file, before, after) in [
        ("strong.yaml", "memoryInGB: 1}", "memoryInGB: 2}"),
        ("strong.yaml", "--name, dog]", "--name, wolf]"),
        ("weak.yaml", "memoryInGB: 1}", "memoryInGB: 1.5}"),
        ("project.yaml", "{project: acitask-quickstart}", "{Project: zoo}"),
    ] {
        stand.edit(file, before, after);
        stand.acitask(&["apply", "--auto-approve"]).ends(0);
        stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
    }
}
