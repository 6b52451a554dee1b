//! Values of variables, the strongest source first: `--var`, the environment under its two prefixes, `--env-file`,
//! `.env` beside the manifests, and on the local target the emulator's sink where nothing else gives one.
//!
//! Invariant: no other variable of the environment can reach a manifest, not even through `${…}` in a `.env` file.

use std::path::Path;

use super::assignment::Assignment;
use super::environment::Environment;
use super::failure::Failure;
use crate::manifest::{Declared, Given, Origin, Values};
use crate::model::secret::Secret;

const PLAIN: &str = "ACITASK_VAR_";
const SECRET: &str = "ACITASK_SECRET_";

/// A file of `NAME=VALUE` lines.
#[derive(Clone, Debug)]
pub(crate) struct EnvFile {
    name: String,
    lines: Vec<Assignment>,
}

impl EnvFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Failure::File { path: path.to_owned(), source })?;
        let lines = lines(&text).map_err(|reason| Failure::EnvFile { path: path.to_owned(), reason })?;
        Ok(Self { name: path.display().to_string(), lines })
    }

    /// The value that the file gives a name; of several the last.
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.lines.iter().rev().find(|line| line.name == name).map(|line| &line.value)
    }
}

/// The values of the declared variables, where they are given.
pub(crate) fn given(
    declared: &[Declared],
    flags: &[Assignment],
    environment: &Environment,
    files: &[EnvFile],
    sink: Option<&str>,
) -> Values {
    let value = |declared: &Declared| {
        let name = declared.name.as_str();
        from_flags(name, flags)
            .or_else(|| from_environment(name, environment))
            .or_else(|| from_files(name, files))
            .or_else(|| from_sink(declared, sink))
    };
    declared.iter().filter_map(|declared| Some((declared.name.clone(), value(declared)?))).collect()
}

fn from_flags(name: &str, flags: &[Assignment]) -> Option<Given> {
    let flag = flags.iter().rev().find(|flag| flag.name == name)?;
    Some(Given { text: flag.value.clone(), secret: false, origin: Origin::Flag })
}

fn from_environment(name: &str, environment: &Environment) -> Option<Given> {
    let under = |prefix: &str, secret: bool| {
        let full = format!("{prefix}{name}");
        let text = Secret::new(environment.get(&full)?);
        Some(Given { text, secret, origin: Origin::Environment(full) })
    };
    under(SECRET, true).or_else(|| under(PLAIN, false))
}

fn from_files(name: &str, files: &[EnvFile]) -> Option<Given> {
    files.iter().find_map(|file| {
        let text = file.get(name)?.clone();
        Some(Given { text, secret: false, origin: Origin::File(file.name.clone()) })
    })
}

fn from_sink(declared: &Declared, sink: Option<&str>) -> Option<Given> {
    let url = sink.filter(|_| declared.local_sink && declared.default.is_none())?;
    Some(Given { text: Secret::new(url), secret: false, origin: Origin::Sink })
}

fn lines(text: &str) -> Result<Vec<Assignment>, String> {
    let text = without_references(text.trim_start_matches('\u{feff}'));
    let mut lines: Vec<Assignment> = Vec::new();
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        // The parser's own message repeats the line, in which a secret may be.
        let (name, value) = line.map_err(|_| match lines.last() {
            Some(last) => format!("the line after {} cannot be read", last.name),
            None => "its first line cannot be read".to_owned(),
        })?;
        lines.push(Assignment { name, value: Secret::new(value) });
    }
    Ok(lines)
}

/// The text with every `$` taken as it stands, because the parser would fill `${NAME}` from the whole environment.
fn without_references(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut quote, mut comment, mut before) = (None, false, '\n');
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, quote) {
            ('\n', None) => comment = false,
            _ if comment => {}
            ('#', None) if before.is_whitespace() => comment = true,
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('\\', None | Some('"')) => {
                plain.push(character);
                before = character;
                plain.extend(rest.next());
                continue;
            }
            ('$', None | Some('"')) => plain.push('\\'),
            _ => {}
        }
        plain.push(character);
        before = character;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, default: Option<&str>, local_sink: bool) -> Declared {
        Declared { name: name.into(), secret: false, default: default.map(str::to_owned), local_sink }
    }

    fn file(text: &str) -> Result<EnvFile, String> {
        Ok(EnvFile { name: ".env".into(), lines: lines(text)? })
    }

    #[test]
    fn the_strongest_source_wins() -> Result<(), String> {
        let assignment =
            |name: &str, value: &str| Assignment { name: name.into(), value: Secret::new(value) };
        let names = ["FLAG", "SECRET", "VAR", "FIRST", "SECOND", "SINK", "DEFAULT", "NOTHING"];
        let declared: Vec<Declared> = names
            .into_iter()
            .map(|name| declared(name, (name == "DEFAULT").then_some("x"), name != "NOTHING"))
            .collect();
        let environment = Environment::of(&[
            ("ACITASK_VAR_FLAG", "no"),
            ("ACITASK_VAR_SECRET", "no"),
            ("ACITASK_SECRET_SECRET", "secret"),
            ("ACITASK_VAR_VAR", "var"),
            ("NOTHING", "must not be read"),
        ]);
        let files = [file("VAR=no\nFIRST=first")?, file("FIRST=no\nSECOND=no\nSECOND=second")?];
        let values = given(&declared, &[assignment("FLAG", "flag")], &environment, &files, Some("url"));
        let told: Vec<(&str, &str, bool)> =
            values.iter().map(|(name, given)| (name.as_str(), given.text.expose(), given.secret)).collect();
        assert_eq!(
            told,
            [
                ("FIRST", "first", false),
                ("FLAG", "flag", false),
                ("SECOND", "second", false),
                ("SECRET", "secret", true),
                ("SINK", "url", false),
                ("VAR", "var", false),
            ]
        );
        Ok(())
    }

    #[test]
    fn env_files_see_nothing_of_the_environment() -> Result<(), String> {
        let text = "\u{feff}# it's ${PATH}\nexport A=${PATH}\nB=\"$PATH \\\"q\\\"\" # don't\nC='$PATH'\nD=a#$PATH\nE=\\$PATH\n";
        let file = file(text)?;
        let value = |name| file.get(name).map(Secret::expose);
        assert_eq!(value("A"), Some("${PATH}"));
        assert_eq!(value("B"), Some("$PATH \"q\""));
        assert_eq!(value("C"), Some("$PATH"));
        assert_eq!(value("D"), Some("a#$PATH"));
        assert_eq!(value("E"), Some("$PATH"));
        Ok(())
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_repeated() {
        let error = file("A=1\nTOKEN='canary").err().unwrap_or_default();
        assert_eq!(error, "the line after A cannot be read");
    }
}
