//! What is other than it was made, on a page.

use std::io::{self, Write};

use crate::plan::applied::Origin;
use crate::plan::reconcile::drift::Drift;
use crate::render::changes;
use crate::render::heading::Heading;
use crate::render::style::{Label, Style};
use crate::render::text::counted;

/// Writes where was looked and what has drifted; one line where nothing has.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, heading: &Heading, drifts: &[Drift], style: Style) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Label::Title, &heading.to_string()))?;
    for Drift { subject, changes, remark } in drifts {
        writeln!(out)?;
        let why =
            remark.as_deref().unwrap_or(if changes.iter().all(|change| change.origin == Origin::Drift) {
                "was changed since it was applied"
            } else {
                "differs; nothing tells for all of it since when"
            });
        let (mark, title) =
            (style.paint(Label::Change, "  ≠"), style.paint(Label::Title, &subject.to_string()));
        writeln!(out, "{mark} {title}  {}", style.paint(Label::Aside, why))?;
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
    writeln!(out, "{}", style.paint(Label::Title, &last))
}
