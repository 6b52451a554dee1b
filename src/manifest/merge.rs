//! Merge keys (`<<`) and keys that stand twice.
//!
//! A key of the mapping itself wins over a merged one, and of several merged mappings the first wins, as YAML's merge type says.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::rule::Rule;
use super::tree::{Data, Key, Node, Span};

const MERGE: &str = "<<";

/// The entries of a mapping, each key once, and the pairs of equal keys: the first and the later.
type Merged = (Vec<(Key, Node)>, Vec<(Key, Key)>);

/// Applies merge keys and keeps the first of equal keys.
///
/// # Errors
/// The place of a merged value that is no mapping.
pub(super) fn apply(entries: Vec<(Key, Node)>) -> Result<Merged, Span> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (mut own, mut twice, mut merged) = (Vec::<(Key, Node)>::with_capacity(entries.len()), vec![], vec![]);
    for (key, value) in entries {
        if key.text == MERGE {
            merged.extend(sources(value)?);
        } else if let Some(first) = seen.get(&key.text) {
            twice.push((own[*first].0.clone(), key));
        } else {
            seen.insert(key.text.clone(), own.len());
            own.push((key, value));
        }
    }
    for (key, value) in merged {
        if !seen.contains_key(&key.text) {
            seen.insert(key.text.clone(), own.len());
            own.push((key, value));
        }
    }
    Ok((own, twice))
}

fn sources(value: Node) -> Result<Vec<(Key, Node)>, Span> {
    match value.data {
        Data::Mapping(entries) => Ok(entries),
        Data::Sequence(items) => {
            let mut all = vec![];
            for item in items {
                let Data::Mapping(entries) = item.data else { return Err(item.span) };
                all.extend(entries);
            }
            Ok(all)
        }
        Data::Scalar { .. } => Err(value.span),
    }
}

/// A merge key that merges no mapping.
pub(super) fn refusal() -> Diagnostic {
    Diagnostic::new(Rule::Syntax, "`<<` merges mappings")
        .help("write `<<: *anchor`, with the anchor on a mapping")
}
