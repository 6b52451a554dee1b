//! What comes after what, as a Mermaid flowchart: an arrow leads from what comes first.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::plan::Subject;
use crate::render::text::harmless;

/// Writes the chart.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, dependencies: &BTreeMap<Subject, Vec<Subject>>) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    let numbers: BTreeMap<&Subject, usize> =
        dependencies.keys().enumerate().map(|(number, subject)| (subject, number)).collect();
    for (subject, number) in &numbers {
        let label = label(subject);
        match subject {
            Subject::ResourceGroup(_) => writeln!(out, "  n{number}[[\"{label}\"]]")?,
            Subject::Group(_) => writeln!(out, "  n{number}[\"{label}\"]")?,
            Subject::Run(_) => writeln!(out, "  n{number}([\"{label}\"])")?,
        }
    }
    for (subject, after) in dependencies {
        for first in after {
            if let (Some(from), Some(to)) = (numbers.get(first), numbers.get(subject)) {
                writeln!(out, "  n{from} --> n{to}")?;
            }
        }
    }
    Ok(())
}

/// Names hold no quotation marks by the rules of Azure, but a label must not be broken by one that does.
fn label(subject: &Subject) -> String {
    harmless(&subject.to_string()).replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
