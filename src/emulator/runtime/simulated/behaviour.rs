//! How a simulated container behaves, as data.
//!
//! All times are milliseconds. Nothing here acts: the runtime beside reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contract::Probe;

/// What containers of one image do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Behaviour {
    /// The registry does not know the image, and says so when asked before a deployment.
    pub missing: bool,
    /// The registry answers with this error of its own when asked before a deployment.
    pub registry_failure: Option<String>,
    /// How long a pull takes.
    pub pull_ms: u64,
    /// The pull fails with this reason, though the registry knew the image.
    pub pull_failure: Option<String>,
    /// The first of the container's volumes cannot be mounted, for this reason.
    pub mount_failure: Option<String>,
    /// The process cannot be started, for this reason.
    pub start_failure: Option<String>,
    /// What it prints, and when after its start; oldest first.
    pub lines: Vec<Line>,
    /// How it ends by itself; without, it runs until it is stopped.
    pub exit: Option<Exit>,
    /// How it ends by itself where this `NAME=VALUE` stands in its environment; the first that fits.
    pub exits: BTreeMap<String, Exit>,
    /// It does not react to TERM and must be killed.
    pub ignores_term: bool,
    /// Which programs can be run in it beside the main one.
    pub execs: Vec<Exec>,
    /// What its exec helper `/acitask-exec` can run; without, the image has none.
    pub helper: Option<Vec<Command>>,
    /// What probes see; of those that hold already, the last. Without, it is well.
    pub sights: Vec<Sight>,
    /// What it does the next time it is pulled or started in the same deployment; without, the same again.
    pub then: Option<Box<Behaviour>>,
}

impl Behaviour {
    /// What it does after so many times.
    pub(super) fn after(&self, times: usize) -> &Self {
        (0..times).fold(self, |now, _| now.then.as_deref().unwrap_or(now))
    }

    /// What a probe sees so long after the start.
    pub(super) fn seen(&self, probe: Probe, after_ms: u64) -> Sight {
        let fits = |sight: &&Sight| sight.after_ms <= after_ms && sight.probe.is_none_or(|it| it == probe);
        self.sights.iter().rfind(fits).cloned().unwrap_or_default()
    }
}

/// What a probe sees from a time on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Sight {
    /// From how long after the start on.
    pub after_ms: u64,
    /// Which probe; without, both.
    pub probe: Option<Probe>,
    /// Why the container is unwell; without, it is well.
    pub unwell: Option<String>,
    /// How long a look takes; longer than its timeout is unwell.
    pub takes_ms: u64,
}

/// A line of output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Line {
    /// How long after the start.
    pub after_ms: u64,
    /// The text without its newline.
    pub text: String,
}

/// The end of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exit {
    /// How long after the start.
    pub after_ms: u64,
    /// The exit code.
    pub code: i32,
    /// It is ended because it wants more memory than it may have; the code is then 137 whatever it says.
    pub out_of_memory: bool,
}

/// A program that can be run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exec {
    /// The program and its arguments, all of which must fit.
    pub argv: Vec<String>,
    /// What it prints, and how long after what was before.
    pub chunks: Vec<Chunk>,
    /// Afterwards it gives back what it is given, until end of transmission (0x04) or hang-up.
    pub echo: bool,
}

impl Exec {
    /// A program that prints this and ends.
    pub(super) fn printing(text: bytes::Bytes) -> Self {
        let text = String::from_utf8_lossy(&text).into_owned();
        Self { chunks: vec![Chunk { after_ms: 0, text }], ..Self::default() }
    }
}

/// A command that the exec helper runs in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, all of which must fit.
    pub argv: Vec<String>,
    /// What it prints on its standard output, and how long after what was before.
    pub chunks: Vec<Chunk>,
    /// The code that it ends with, after its last output.
    pub code: i32,
    /// It does not react to TERM and must be killed.
    pub ignores_term: bool,
}

/// Output of an exec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Chunk {
    /// How long after the chunk before.
    pub after_ms: u64,
    /// The text as the terminal gives it.
    pub text: String,
}

/// What an image does: as given, else as its name says, else it is missing.
///
/// | name | what it does |
/// | --- | --- |
/// | `simulated/exit:N` | ends at once with the code N |
/// | `simulated/sleep:MS`, `simulated/fail:MS` | ends after so many milliseconds, with 0 or 1 |
/// | `simulated/oom:MS` | is ended after so many milliseconds for want of memory |
/// | `simulated/run:forever` | runs until stopped; `cat` in it echoes |
/// | `simulated/unwell:MS` | runs; its liveness probe fails from then on |
/// | `simulated/unready:MS` | runs; its readiness probe fails until then |
/// | `simulated/missing:ANY` | no registry knows it |
/// | `simulated/registry-down:ANY` | its registry fails |
/// | `simulated/unpullable:ANY`, `simulated/unmountable:ANY`, `simulated/unstartable:ANY` | fails at that step |
///
/// In every container `cat FILE` prints a file of its config map or secret volumes, and `printenv NAME` a variable of its
/// environment.
pub fn of(image: &str, given: &BTreeMap<String, Behaviour>) -> Behaviour {
    given.get(image).cloned().unwrap_or_else(|| by_name(image).unwrap_or_else(missing))
}

fn missing() -> Behaviour {
    Behaviour { missing: true, ..Behaviour::default() }
}

fn by_name(image: &str) -> Option<Behaviour> {
    let (name, tag) = image.strip_prefix("simulated/")?.split_once(':')?;
    let cat = Exec { argv: vec!["cat".to_owned()], echo: true, ..Exec::default() };
    let runs = || Behaviour { execs: vec![cat.clone()], ..Behaviour::default() };
    let ends = |exit| Behaviour { exit: Some(exit), ..Behaviour::default() };
    let sees = |after_ms, probe, unwell: Option<&str>| Sight {
        after_ms,
        probe: Some(probe),
        unwell: unwell.map(str::to_owned),
        takes_ms: 0,
    };
    let reason = || Some(format!("the name of the image {image} says so"));
    Some(match name {
        "exit" => ends(Exit { code: tag.parse().ok()?, ..Exit::default() }),
        "sleep" => ends(Exit { after_ms: tag.parse().ok()?, ..Exit::default() }),
        "fail" => ends(Exit { after_ms: tag.parse().ok()?, code: 1, ..Exit::default() }),
        "oom" => ends(Exit { after_ms: tag.parse().ok()?, out_of_memory: true, ..Exit::default() }),
        "run" if tag == "forever" => runs(),
        "unwell" => {
            let sights = vec![sees(tag.parse().ok()?, Probe::Liveness, Some("it is unwell"))];
            Behaviour { sights, ..runs() }
        }
        "unready" => {
            let until = tag.parse().ok()?;
            let not_yet = sees(0, Probe::Readiness, Some("it is not ready"));
            Behaviour { sights: vec![not_yet, sees(until, Probe::Readiness, None)], ..runs() }
        }
        "registry-down" => Behaviour { registry_failure: reason(), ..runs() },
        "unpullable" => Behaviour { pull_failure: reason(), ..runs() },
        "unmountable" => Behaviour { mount_failure: reason(), ..runs() },
        "unstartable" => Behaviour { start_failure: reason(), ..runs() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_an_image_does() {
        let given = BTreeMap::from([(
            "simulated/exit:3".to_owned(),
            Behaviour { pull_ms: 5, ..Behaviour::default() },
        )]);
        let code = |image| of(image, &given).exit.map(|exit| exit.code);
        assert_eq!(code("simulated/exit:0"), Some(0));
        assert_eq!(code("simulated/exit:42"), Some(42));
        assert_eq!(code("simulated/exit:3"), None);
        assert_eq!(of("simulated/exit:3", &given).pull_ms, 5);
        assert!(!of("simulated/run:forever", &given).missing);
        assert!(of("simulated/oom:5", &given).exit.is_some_and(|exit| exit.out_of_memory));
        assert!(of("simulated/unpullable:1", &given).pull_failure.is_some());
        for image in ["nginx", "simulated/missing:x", "simulated/exit:many", "simulated/exit"] {
            assert!(of(image, &given).missing, "{image}");
        }
    }

    #[test]
    fn probes_see_what_held_last() {
        let given = BTreeMap::new();
        let rows = [
            ("simulated/unwell:1000", Probe::Liveness, 999, true),
            ("simulated/unwell:1000", Probe::Liveness, 1000, false),
            ("simulated/unwell:1000", Probe::Readiness, 1000, true),
            ("simulated/unready:1000", Probe::Readiness, 999, false),
            ("simulated/unready:1000", Probe::Readiness, 1000, true),
            ("simulated/run:forever", Probe::Liveness, 0, true),
        ];
        for (image, probe, after_ms, well) in rows {
            assert_eq!(of(image, &given).seen(probe, after_ms).unwell.is_none(), well, "{image} {after_ms}");
        }
    }

    #[test]
    fn what_comes_then_is_data_too() -> Result<(), serde_json::Error> {
        let text = r#"{"exit": {"code": 1}, "then": {"exit": {"code": 2}, "then": {}}}"#;
        let behaviour: Behaviour = serde_json::from_str(text)?;
        let codes = [0, 1, 2, 9].map(|times| behaviour.after(times).exit.as_ref().map(|exit| exit.code));
        assert_eq!(codes, [Some(1), Some(2), None, None]);
        Ok(())
    }
}
