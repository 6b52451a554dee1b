//! Input that means harm, or that no one expects.

use super::{Outcome, codes, rendered, resolve};
use crate::manifest::Values;

const PROJECT: &str = "apiVersion: acitask/v1\nkind: Project\nmetadata: {name: p}\n";

/// Nine levels of nine aliases each: 9^9 values, were they copied.
fn bomb() -> String {
    let level = |n: u32| {
        let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
        format!("b{n}: &a{n} [{aliases}]\n")
    };
    (1..10).map(level).fold("b0: &a0 [x, x, x, x, x, x, x, x, x]\n".into(), |all, next| all + &next)
}

#[test]
fn hostile_texts_are_refused_in_time() {
    let fat = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 10_000].join(","));
    for (what, text, expected) in [
        ("alias bomb", bomb(), &["ACI003"][..]),
        ("fat aliases", fat, &["ACI003"]),
        ("deep flow", "[".repeat(100_000), &["ACI003"]),
        ("deep mappings", "{a: ".repeat(100_000), &["ACI003"]),
        ("keys of secrets without end", "key: ".repeat(100_000), &["ACI002"]),
        ("a NUL that is escaped", format!("{PROJECT}spec: {{location: \"a\\0\"}}\n"), &["ACI002"]),
        ("a template", format!("{{{{ if .x }}}}\n{PROJECT}"), &["ACI002"]),
        ("deep block", "- ".repeat(20_000) + "x\n", &["ACI003"]),
        ("endless alias", format!("{PROJECT}spec: &a [*a]\n"), &["ACI002"]),
        ("unknown alias", format!("{PROJECT}spec: *nothing\n"), &["ACI002"]),
        ("a NUL", "apiVersion: \0\n".into(), &["ACI002"]),
        ("indented with a tab", "apiVersion: acitask/v1\nmetadata:\n\tname: p\n".into(), &["ACI002"]),
        ("a placeholder as a key", format!("{PROJECT}spec: {{\"${{A}}\": x}}\n"), &["ACI058"]),
        (
            "a placeholder as a key that is needed",
            format!("{PROJECT}---\napiVersion: acitask/v1\nkind: ResourceGroup\n\"${{A}}\": {{name: x}}\n"),
            &["ACI058"],
        ),
        ("a list", "- a\n".into(), &["ACI005"]),
        ("a word", "hello\n".into(), &["ACI005"]),
        ("a number", "3\n".into(), &["ACI005"]),
        ("a collection as a key", "{a: b}: c\n".into(), &["ACI002"]),
        ("a tag", format!("{PROJECT}spec: !include x\n"), &["ACI002"]),
        ("a merge of nothing", format!("{PROJECT}<<: 3\n"), &["ACI002"]),
        ("too large", "#".repeat((16 << 20) + 1), &["ACI001"]),
        ("a key twice", format!("{PROJECT}kind: Project\n"), &["ACI004"]),
        ("two projects", format!("{PROJECT}---\n{PROJECT}"), &["ACI020"]),
        ("empty", String::new(), &["ACI020"]),
        ("comments", "# nothing\n---\n# nothing\n".into(), &["ACI020"]),
        ("a byte-order mark", format!("\u{feff}{PROJECT}"), &[]),
        ("CRLF", PROJECT.replace('\n', "\r\n"), &[]),
        ("empty documents", format!("---\n---\n{PROJECT}---\n...\n"), &[]),
        ("not a number", format!("{PROJECT}spec: {{location: .nan}}\n"), &["ACI012"]),
    ] {
        assert_eq!(codes(&resolve(&[("a.yaml", &text)], &Values::new())), expected, "{what}");
    }
}

#[test]
fn a_document_that_cannot_be_read_hides_no_other_and_no_mistake() {
    let text =
        format!("{PROJECT}---\na: [\n---\napiVersion: acitask/v1\nkind: ResourceGroup\nspec: {{x: 1}}\n");
    let outcome = resolve(&[("a.yaml", &text)], &Values::new());
    assert_eq!(codes(&outcome), ["ACI002", "ACI011", "ACI010"]);
}

#[test]
fn mistakes_without_end_are_told_in_bounded_time_and_number() -> Outcome {
    let group = |more: &str| {
        format!(
            "{PROJECT}spec: {{location: westeurope}}\n---\napiVersion: acitask/v1\nkind: ResourceGroup\n\
             metadata: {{name: home}}\n---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: group}}\n\
             spec:\n  resourceGroup: home\n  containers: [{{name: main, image: \"i:1\", \
             resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}}}]\n{more}"
        )
    };
    let keys: String = (0..50_000).map(|number| format!("  key{number}: x\n")).collect();
    let items = format!("  volumes: [{}]\n", vec!["7"; 100_000].join(","));
    let long = format!("  \"{}\": x\n", "x".repeat(1_000_000));
    let many =
        |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let tags = format!("  tags: {{{}}}\n", many(20_000, &|number| format!("a{number}: {number}")));
    let ports = many(20_000, &|number| format!("{{port: {}}}", 1 + number % 65_000));
    let ports = format!("  ipAddress: {{type: Public, ports: [{ports}]}}\n");
    let mounts = many(20_000, &|number| format!("{{name: volume-{number}, mountPath: /a{number}}}"));
    let mounts = format!("  initContainers: [{{name: a, image: \"i:1\", volumeMounts: [{mounts}]}}]\n");
    let dangling: String = (0..3_000)
        .map(|number| {
            format!(
                "---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: group-{number}}}\n\
                 spec: {{resourceGroup: hoem-{number}, containers: []}}\n"
            )
        })
        .collect();
    let twice = "  osType: Linux\n".repeat(50_000);
    for (what, more, told) in [
        ("keys", keys, 101),
        ("items", items, 1_001),
        ("a long key", long, 1),
        ("tags in one line", tags, 1_001),
        ("ports", ports, 22),
        ("mounts", mounts, 1_001),
        ("references", dangling, 1_001),
        ("keys that stand twice", twice, 1_000),
    ] {
        let started = std::time::Instant::now();
        let outcome = resolve(&[("a.yaml", &group(&more))], &Values::new());
        let rejected = outcome.err().ok_or("it is not refused")?;
        assert_eq!(rejected.diagnostics.len(), told, "{what}");
        let longest = rejected.diagnostics.iter().map(|each| each.message().len()).max();
        assert!(longest < Some(300), "{what}: {longest:?}");
        assert!(started.elapsed().as_secs() < 20, "{what}: {:?}", started.elapsed());
        // A page of findings costs as much as its findings, whatever the lines that they stand in.
        let page = rendered(&rejected)?;
        assert!(page.len() < 2_000 * (told + rejected.warnings.len()), "{what}: {} bytes", page.len());
        assert!(started.elapsed().as_secs() < 20, "{what}: {:?}", started.elapsed());
    }
    Ok(())
}
