//! How a simulated container behaves, as data.
//!
//! All times are milliseconds. Nothing here acts: the runtime beside reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contract::Probe;

/// What containers of one image do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Behaviour {
    /// The registry does not know the image, and says so when asked before a deployment.
    pub missing: bool,
    /// How long a pull takes.
    pub pull_ms: u64,
    /// The pull fails with this reason, though the registry knew the image.
    pub pull_failure: Option<String>,
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
    /// How long after the start its readiness probe finds it well.
    pub ready_after_ms: u64,
    /// How long after the start its liveness probe finds it unwell, and its readiness probe too; without, never.
    pub unwell_after_ms: Option<u64>,
    /// Which programs can be run in it beside the main one.
    pub execs: Vec<Exec>,
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
    /// It wanted more memory than its limit.
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

/// Output of an exec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Chunk {
    /// How long after the chunk before.
    pub after_ms: u64,
    /// The text as the terminal gives it.
    pub text: String,
}

impl Behaviour {
    /// Why a probe finds the container unwell so long after its start; none: it is well.
    pub fn unwell(&self, probe: Probe, age: Duration) -> Option<String> {
        let age = age.as_millis();
        let is_sick = self.unwell_after_ms.is_some_and(|after| age >= u128::from(after));
        let is_early = probe == Probe::Readiness && age < u128::from(self.ready_after_ms);
        (is_sick || is_early).then(|| "the simulated container is unwell".to_owned())
    }
}

/// What an image does: as given, else as its name says, else it is missing.
///
/// The names are `simulated/exit:N` (ends at once with the code N), `simulated/run:forever` (runs until stopped;
/// `cat` in it echoes) and `simulated/missing:ANY`.
pub fn of(image: &str, given: &BTreeMap<String, Behaviour>) -> Behaviour {
    given.get(image).cloned().unwrap_or_else(|| by_name(image))
}

fn by_name(image: &str) -> Behaviour {
    let missing = Behaviour { missing: true, ..Behaviour::default() };
    let Some(name) = image.strip_prefix("simulated/") else {
        return missing;
    };
    if name == "run:forever" {
        let cat = Exec { argv: vec!["cat".to_owned()], echo: true, ..Exec::default() };
        return Behaviour { execs: vec![cat], ..Behaviour::default() };
    }
    match name.strip_prefix("exit:").map(str::parse) {
        Some(Ok(code)) => Behaviour { exit: Some(Exit { code, ..Exit::default() }), ..Behaviour::default() },
        Some(Err(_)) | None => missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_find_what_the_behaviour_says() {
        let behaviour = Behaviour { ready_after_ms: 100, unwell_after_ms: Some(500), ..Behaviour::default() };
        for (age, alive, ready) in
            [(0, true, false), (100, true, true), (499, true, true), (500, false, false)]
        {
            let well = |probe| behaviour.unwell(probe, Duration::from_millis(age)).is_none();
            assert_eq!((well(Probe::Liveness), well(Probe::Readiness)), (alive, ready), "{age}");
        }
        assert_eq!(Behaviour::default().unwell(Probe::Readiness, Duration::ZERO), None);
    }

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
        for image in ["nginx", "simulated/missing:x", "simulated/exit:many", "simulated/exit"] {
            assert!(of(image, &given).missing, "{image}");
        }
    }
}
