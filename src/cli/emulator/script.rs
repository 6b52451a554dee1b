//! A script of faults in a file, and its mistakes with their lines.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use acitask_emulator::fault::{Fault, Mistake, script};
use granit_parser::{Event, Parser};
use serde_json::Value;

use crate::cli::Desk;
use crate::cli::failure::Failure;
use crate::render::text::harmless;

/// The largest script that is read.
const LARGEST: u64 = 1024 * 1024;

/// A script as it was read, before anybody looked what it means.
pub(super) struct Script {
    place: String,
    text: String,
    /// What it says.
    pub(super) value: Value,
}

impl Script {
    /// Reads a file, or `-`.
    ///
    /// # Errors
    /// It cannot be read, or is no YAML.
    pub(super) fn read(desk: &Desk, file: &Path) -> Result<Self, Failure> {
        let mut text = String::new();
        let place = if file.as_os_str() == "-" {
            let input = std::io::stdin().lock().take(LARGEST).read_to_string(&mut text);
            input.map_err(|source| Failure::Input { source })?;
            "standard input".to_owned()
        } else {
            let path: PathBuf = desk.environment.folder.join(file);
            let at = |source| Failure::File { path: file.to_owned(), source };
            let opened = std::fs::File::open(path).map_err(at)?;
            opened.take(LARGEST).read_to_string(&mut text).map_err(at)?;
            file.display().to_string()
        };
        match serde_yaml::from_str(&text) {
            Ok(value) => Ok(Self { place, text, value }),
            Err(error) => Err(Failure::Faults { place, mistakes: harmless(&error.to_string()) }),
        }
    }

    /// The faults.
    ///
    /// # Errors
    /// All mistakes.
    pub(super) fn faults(&self) -> Result<Vec<Fault>, Failure> {
        script::read(self.value.clone(), &BTreeSet::new()).map_err(|mistakes| self.refused(&mistakes))
    }

    /// The failure that tells mistakes, each with its line.
    pub(super) fn refused(&self, mistakes: &[Mistake]) -> Failure {
        let lines = lines(&self.text);
        let told = mistakes.iter().map(|mistake| {
            let line = mistake.number.checked_sub(1).and_then(|index| lines.get(index));
            let text = harmless(&mistake.to_string());
            line.map_or_else(|| text.clone(), |line| format!("line {line}, {text}"))
        });
        Failure::Faults { place: self.place.clone(), mistakes: told.collect::<Vec<_>>().join("\n") }
    }
}

/// The line of each item of the list that the text is, counted from 1; none where it is no list.
fn lines(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        let begins = matches!(event, Event::SequenceStart { .. } | Event::MappingStart { .. });
        let is_item = begins || matches!(event, Event::Scalar { .. } | Event::Alias { .. });
        if depth == 1 && is_item {
            found.push(span.start.line());
        }
        if depth == 0 && is_item && !matches!(event, Event::SequenceStart { .. }) {
            return Vec::new();
        }
        if begins {
            depth += 1;
        }
        if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
            depth = depth.saturating_sub(1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_their_lines() {
        let text = "# faults\n- on: logs\n  effect:\n    slow: 1s\n\n- {on: exec, effect: {cut: before}}\n-\n  on: x\n";
        assert_eq!(lines(text), [2, 6, 8]);
        assert_eq!(lines("on: logs\neffect: {cut: before}\n"), [0_usize; 0]);
    }
}
