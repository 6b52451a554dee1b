//! What to do about something, behind an arrow: a command alone on a line that is never broken, or a sentence.

use crate::render::flags::{Flags, is_command};
use crate::render::style::{Label, Style};
use crate::render::text::{harmless, wrapped};

/// The lines of an advice; its commands carry the flags.
pub fn advice(text: &str, flags: &Flags, style: Style) -> Vec<String> {
    let text = harmless(&flags.within(text));
    let lines = if is_command(&text) { vec![text] } else { wrapped(&text, style.width.saturating_sub(2)) };
    let marked = |(number, line): (usize, &String)| {
        let mark = if number == 0 { "→" } else { " " };
        style.paint(Label::Run, &format!("{mark} {line}"))
    };
    lines.iter().enumerate().map(marked).collect()
}
