//! The ends of task runs as JUnit XML, which pipelines show as test results.

use std::io::{self, Write};
use std::time::Duration;

use crate::engine::event::End;
use crate::plan::{Plan, Subject};
use crate::render::lines::failure;
use crate::render::story::Story;

/// A run: its name, how it ended and after how long, and its last lines.
type Case<'s> = (&'s str, Option<&'s (End, Duration)>, String);

/// Writes one suite with a case for each task run of a plan.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, plan: &Plan, story: &Story) -> io::Result<()> {
    let cases: Vec<Case<'_>> = plan
        .steps()
        .iter()
        .filter_map(|step| match &step.subject {
            Subject::Run(name) => {
                let tail: Vec<&str> = story.tail(step.id).collect();
                Some((name.as_str(), story.end(step.id), tail.join("\n")))
            }
            Subject::ResourceGroup(_) | Subject::Group(_) => None,
        })
        .collect();
    let count =
        |is: fn(&End) -> bool| cases.iter().filter(|(_, end, _)| end.is_some_and(|(end, _)| is(end))).count();
    let failures = count(|end| matches!(end, End::TaskFailed { .. } | End::TimedOut { .. }));
    let errors = count(|end| matches!(end, End::Stale { .. } | End::Failed { .. }));
    let skipped = cases.len() - failures - errors - count(|end| matches!(end, End::Done(_)));
    let time: Duration = cases.iter().filter_map(|(_, end, _)| end.map(|(_, took)| *took)).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuite name=\"acitask\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\">",
        cases.len(),
        time.as_secs_f64()
    )?;
    for (name, end, tail) in &cases {
        let took = end.map_or(0.0, |(_, took)| took.as_secs_f64());
        write!(out, "  <testcase classname=\"acitask\" name=\"{}\" time=\"{took:.3}\">", escaped(name))?;
        match end.map(|(end, _)| end) {
            Some(End::Done(_)) => {}
            Some(end @ (End::TaskFailed { .. } | End::TimedOut { .. })) => {
                write!(out, "<failure message=\"{}\"/>", escaped(&failure(end)))?;
            }
            Some(end @ (End::Stale { .. } | End::Failed { .. })) => {
                write!(out, "<error message=\"{}\"/>", escaped(&failure(end)))?;
            }
            Some(End::Skipped { .. } | End::Interrupted) | None => write!(out, "<skipped/>")?,
        }
        if !tail.is_empty() {
            write!(out, "<system-out>{}</system-out>", escaped(tail))?;
        }
        writeln!(out, "</testcase>")?;
    }
    writeln!(out, "</testsuite>")
}

/// Text inside XML; what XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(char),
            char if char < ' ' || matches!(char, '\u{fffe}' | '\u{ffff}') => {}
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a<b>&\"\u{1b}[0m\n"), "a&lt;b&gt;&amp;&quot;[0m\n");
    }
}
