//! What is other than it was made, on a page.

use std::io::{self, Write};

use crate::plan::applied::Origin;
use crate::plan::reconcile::drift::Drift;
use crate::render::changes;
use crate::render::heading::Heading;
use crate::render::style::{Label, Style};
use crate::render::text::{counted, wrapped};
use crate::render::title;

/// Writes where was looked and what has drifted; one line where nothing has.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, heading: &Heading, drifts: &[Drift], style: Style) -> io::Result<()> {
    heading.write(out, style)?;
    for Drift { subject, changes, remark } in drifts {
        writeln!(out)?;
        let why =
            remark.as_deref().unwrap_or(if changes.iter().all(|change| change.origin == Origin::Drift) {
                "was changed since it was applied"
            } else {
                "differs; nothing tells for all of it since when"
            });
        let mark = style.paint(Label::Change, "  ≠");
        for line in title::lines(&mark, &subject.to_string(), 0, why, style) {
            writeln!(out, "{line}")?;
        }
        for line in changes::lines(changes, style.narrowed(6)) {
            writeln!(out, "{}", format!("      {line}").trim_end())?;
        }
    }
    if !drifts.is_empty() {
        writeln!(out)?;
    }
    let last = match drifts.len() {
        0 => "No drift: everything that is declared is as it was applied.".to_owned(),
        count => format!(
            "Drift: {} as {} applied.",
            counted(count, "resource is not", "resources are not"),
            if count == 1 { "it was" } else { "they were" }
        ),
    };
    wrapped(&last, style.width)
        .iter()
        .try_for_each(|line| writeln!(out, "{}", style.paint(Label::Title, line)))
}
