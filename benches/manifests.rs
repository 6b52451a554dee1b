//! How long 10,000 manifests (about 5 MB) take to parse and validate, compared with what serde_yaml alone takes for the same
//! text; at most four times that, under 300 MB.
//!
//! `cargo bench --bench manifests` prints both times, their ratio and the most memory, and fails beyond the limits.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use acitask::manifest::{Source, Values, read};
use serde::Deserialize as _;

const GROUPS: usize = 10_000 - 2;
const ROUNDS: usize = 3;
const MOST_TIMES: f64 = 4.0;
const MOST_MEMORY_KB: u64 = 300 * 1024;

fn text() -> String {
    let mut text =
        "apiVersion: acitask/v1\nkind: Project\nmetadata: {name: bench}\nspec: {location: westeurope}\n---\n\
        apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {name: bench}\n"
            .to_owned();
    for number in 0..GROUPS {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: group-{number}}}\nspec:\n  \
             resourceGroup: bench\n  osType: Linux\n  restartPolicy: Always\n  tags: {{team: ops, number: \"{number}\"}}\n  \
             containers:\n    - name: main\n      image: registry.example.com/worker:1.{number}\n      \
             command: [/bin/worker, --number, \"{number}\"]\n      \
             resources: {{requests: {{cpu: 1, memoryInGB: 1.5}}}}\n      ports: [{{port: 80}}]\n      \
             environmentVariables:\n        - {{name: MODE, value: fast}}\n        - {{name: LEVEL, value: debug}}\n  \
             ipAddress: {{type: Public, ports: [{{port: 80}}]}}\n"
        );
    }
    text
}

fn best(mut work: impl FnMut() -> bool) -> Option<Duration> {
    let round = |_| {
        let start = Instant::now();
        work().then(|| start.elapsed())
    };
    let rounds: Option<Vec<Duration>> = (0..ROUNDS).map(round).collect();
    rounds?.into_iter().min()
}

/// The most memory that the process has had, in KB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = text();
    let ours = best(|| {
        let source = Source { name: "bench.yaml".into(), text: text.clone() };
        read(vec![source])
            .resolve(&Values::new(), &|_| Err(String::new()), true)
            .is_ok_and(|resolved| resolved.stack.groups.len() == GROUPS)
    });
    let ours = ours.ok_or("the manifests are refused")?;
    let memory = peak().unwrap_or_default();
    let alone = best(|| {
        let documents = serde_yaml::Deserializer::from_str(&text);
        documents.map(serde_yaml::Value::deserialize).filter(Result::is_ok).count() == GROUPS + 2
    });
    let alone = alone.ok_or("serde_yaml refuses the text")?;
    let times = ours.as_secs_f64() / alone.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{} documents, {:.1} MB: serde_yaml {alone:.0?}, acitask {ours:.0?}, ratio {times:.2}, at most {} MB",
        GROUPS + 2,
        text.len() as f64 / 1e6,
        memory / 1024
    )?;
    if times > MOST_TIMES || memory > MOST_MEMORY_KB {
        return Err("beyond the limits".into());
    }
    Ok(())
}
