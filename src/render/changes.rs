//! Differences, before and after: aligned where they are short, one below the other where they are long,
//! as a small diff where a value has several lines.

use similar::{ChangeTag, TextDiff};

use crate::model::effect::Effect;
use crate::plan::applied::Origin;
use crate::plan::{Change, Value};
use crate::render::style::{Label, Style};
use crate::render::text::{columns, harmless, padded};

/// Paths longer than this do not push the column of values to the right.
const PATH_COLUMN: usize = 52;

/// The lines that show some differences.
pub fn lines(changes: &[Change], style: Style) -> Vec<String> {
    let column = changes
        .iter()
        .filter(|change| !has_lines(change))
        .map(|change| columns(&change.path))
        .filter(|width| *width <= PATH_COLUMN)
        .max()
        .unwrap_or(0);
    changes.iter().flat_map(|change| difference(change, column, style)).collect()
}

/// The lines of some differences with the sign of each before it, as a block of a diff has them.
pub fn signed(changes: &[Change], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        let path = harmless(&change.path);
        if has_lines(change) {
            lines.push(format!("  {path}"));
            // The sign stands in the first column.
            lines.extend(diff(change, style).iter().map(|line| match line.get(2..) {
                Some(rest) if line.starts_with("  ") => rest.to_owned(),
                _ => line.clone(),
            }));
        } else {
            let side = |sign: char, value: Option<&Value>| {
                value.map(|value| format!("{sign} {path}: {}", shown(Some(value))))
            };
            lines.extend(side('-', change.before.as_ref()));
            lines.extend(side('+', change.after.as_ref()));
        }
    }
    lines
}

fn difference(change: &Change, column: usize, style: Style) -> Vec<String> {
    let path = harmless(&change.path);
    let force = match change.effect() {
        Effect::Replace => "  (cannot be changed in place)",
        Effect::Tags | Effect::Live | Effect::Update => "",
    };
    let origin = match change.origin {
        Origin::Drift => "  (drift)",
        Origin::Both => "  (drift, and changed here)",
        Origin::Manifest | Origin::Unknown => "",
    };
    let aside = format!("{force}{origin}");
    if has_lines(change) {
        let mut lines = beside(&path, columns(&path), &aside, style);
        lines.extend(diff(change, style));
        return lines;
    }
    let (before, after) = match (&change.before, &change.after) {
        (Some(Value::Secret(before)), Some(Value::Secret(after))) => {
            (format!("(secret #{before}"), format!("#{after})"))
        }
        (before, after) => (shown(before.as_ref()), shown(after.as_ref())),
    };
    let values = columns(&before) + 3 + columns(&after);
    let before = style.paint(Label::Delete, &before);
    let after = style.paint(Label::Add, &after);
    let both = format!("{before} → {after}");
    // In the column where that fits, else right behind the path, else below it, else on lines of their own.
    let room = |at: &usize| columns(&path).max(*at) + 2 + values <= style.width;
    if let Some(column) = [column, 0].into_iter().find(room) {
        let all = columns(&path).max(column) + 2 + values;
        return beside(&format!("{}  {both}", padded(&path, column)), all, &aside, style);
    }
    let mut lines = beside(&path, columns(&path), &aside, style);
    if 4 + values <= style.width {
        lines.push(format!("    {both}"));
    } else {
        lines.extend([format!("    {before}"), format!("  → {after}")]);
    }
    lines
}

/// A line of so many columns and what is said beside it: behind it where that fits, else below it.
fn beside(line: &str, length: usize, aside: &str, style: Style) -> Vec<String> {
    if aside.is_empty() || length + columns(aside) <= style.width {
        return vec![format!("{line}{}", style.paint(Label::Aside, aside))];
    }
    vec![line.to_owned(), style.paint(Label::Aside, aside)]
}

fn has_lines(change: &Change) -> bool {
    [&change.before, &change.after].into_iter().flatten().any(|value| match value {
        Value::Text(text) => text.trim_end().contains('\n'),
        Value::List(_) => true,
        Value::Hidden | Value::Secret(_) | Value::Unchecked => false,
    })
}

fn diff(change: &Change, style: Style) -> Vec<String> {
    let (before, after) = (pieces(change.before.as_ref()), pieces(change.after.as_ref()));
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    TextDiff::from_slices(&before, &after)
        .iter_all_changes()
        .map(|piece| match piece.tag() {
            ChangeTag::Delete => style.paint(Label::Delete, &format!("  - {}", piece.value())),
            ChangeTag::Insert => style.paint(Label::Add, &format!("  + {}", piece.value())),
            ChangeTag::Equal => format!("    {}", piece.value()),
        })
        .collect()
}

fn pieces(value: Option<&Value>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Value::Text(text)) => text.lines().map(harmless).collect(),
        Some(Value::List(items)) => items.iter().map(|item| visible(item)).collect(),
        Some(value @ (Value::Hidden | Value::Secret(_) | Value::Unchecked)) => vec![shown(Some(value))],
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::Text(text)) => visible(text),
        Some(Value::List(items)) => items.iter().map(|item| visible(item)).collect::<Vec<_>>().join(" "),
        Some(Value::Hidden) => "(secret)".to_owned(),
        Some(Value::Secret(number)) => format!("(secret #{number})"),
        Some(Value::Unchecked) => "(secret, not checked here)".to_owned(),
    }
}

/// A value whose ends can be seen.
fn visible(text: &str) -> String {
    if text.is_empty() || text.trim() != text { format!("{text:?}") } else { harmless(text) }
}
