//! The flags with which acitask was called, put behind every command that it tells, so that one can be pasted as it stands.
//!
//! In texts of the plan and of the engine a command stands between backticks, or it is the whole text.

use super::text::command_line;

/// How every command of acitask begins.
const BEGINNING: &str = "acitask ";

/// Whether a text is a command of acitask and nothing else.
pub fn is_command(text: &str) -> bool {
    text.starts_with(BEGINNING)
}

/// Flags that a command needs to be about the same project in the same place.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Flags(Vec<String>);

impl Flags {
    /// Takes the flags as words of a command line.
    pub fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// A command with the flags behind it.
    pub fn on(&self, command: &str) -> String {
        let Self(words) = self;
        if words.is_empty() { command.to_owned() } else { format!("{command} {}", command_line(words)) }
    }

    /// A text in which every command has the flags behind it.
    pub fn within(&self, text: &str) -> String {
        if is_command(text) {
            return self.on(text);
        }
        let part = |(number, part): (usize, &str)| match number % 2 == 1 && is_command(part) {
            true => self.on(part),
            false => part.to_owned(),
        };
        text.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_carry_the_flags_and_nothing_else_does() {
        let flags = Flags::new(["--local", "-f", "my jobs"].map(str::to_owned).into());
        for (text, told) in [
            ("acitask run cat", "acitask run cat --local -f 'my jobs'"),
            ("see `acitask status`; then wait", "see `acitask status --local -f 'my jobs'`; then wait"),
            ("remove the tag `acitask-run.cat`", "remove the tag `acitask-run.cat`"),
            ("no acitask knows `az login`", "no acitask knows `az login`"),
        ] {
            assert_eq!(flags.within(text), told);
            assert_eq!(Flags::default().within(text), text);
        }
    }
}
