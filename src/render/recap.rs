//! What a long plan deletes and replaces, once more at its end: what was said pages ago has scrolled away.

use crate::render::entry::Entry;
use crate::render::page::Extent;
use crate::render::style::{Label, Style};
use crate::render::text::{counted, wrapped};
use crate::render::title::Mark;

/// Plans of more entries than this are long: two screens of lines.
const LONG: usize = 40;

/// How many of a kind are named.
const NAMED: usize = 10;

/// The lines of it; none where the plan is not long.
pub(crate) fn lines(entries: &[Entry<'_>], extent: Extent, style: Style) -> Vec<String> {
    if entries.len() <= LONG || extent == Extent::Last {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (mark, done) in [(Mark::Delete, "deleted"), (Mark::Replace, "replaced")] {
        let hurt: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.mark == mark).collect();
        if hurt.is_empty() {
            continue;
        }
        let verb = if hurt.len() == 1 { "is" } else { "are" };
        let title = format!("Of {} changes, {} {verb} {done}:", entries.len(), hurt.len());
        lines.push(style.paint(Label::Title, &title));
        let named = hurt.iter().take(NAMED);
        lines.extend(named.map(|entry| format!("{} {}", mark.column(style), entry.subject)));
        if let Some(more) = hurt.len().checked_sub(NAMED).filter(|more| *more > 0) {
            lines.push(style.paint(Label::Aside, &format!("    and {}", counted(more, "other", "others"))));
        }
        lines.push(String::new());
    }
    if extent == Extent::Whole {
        let hint = format!("With `--summary` each of the {} changes is one line.", entries.len());
        lines.extend(wrapped(&hint, style.width).iter().map(|line| style.paint(Label::Aside, line)));
    }
    lines
}
