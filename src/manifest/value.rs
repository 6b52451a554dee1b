//! Span trees → serde_yaml's values, which serde_yaml and the schema read.

use serde_yaml::{Mapping, Value};

use super::scalar::Scalar;
use super::tree::{Data, Node};

/// What `az` prints for memory, and what Azure's API calls it.
const MEMORY: (&str, &str) = ("memoryInGb", "memoryInGB");

/// The value of a tree.
pub(super) fn of(node: &Node) -> Value {
    match &node.data {
        Data::Sequence(items) => Value::Sequence(items.iter().map(of).collect()),
        Data::Mapping(entries) => {
            let mapping: Mapping = entries
                .iter()
                .map(|(key, value)| (Value::String(name(node, &key.text).to_owned()), of(value)))
                .collect();
            Value::Mapping(mapping)
        }
        Data::Scalar { .. } => match node.scalar() {
            None | Some(Scalar::Null) => Value::Null,
            Some(Scalar::Bool(truth)) => Value::Bool(truth),
            Some(Scalar::Unsigned(number)) => Value::Number(number.into()),
            Some(Scalar::Signed(number)) => Value::Number(number.into()),
            Some(Scalar::Float(number)) => Value::Number(number.into()),
            Some(Scalar::Text(text)) => Value::String(text.to_owned()),
        },
    }
}

/// The key under which the API knows an entry.
fn name<'k>(mapping: &Node, key: &'k str) -> &'k str {
    let (printed, known) = MEMORY;
    if key == printed && mapping.entry(known).is_none() { known } else { key }
}

/// The node at a JSON pointer, and the mapping that holds it.
pub(super) fn find<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    pointer.split('/').skip(1).try_fold(root, |node, step| match &node.data {
        Data::Mapping(_) => {
            let step = step.replace("~1", "/").replace("~0", "~");
            let (printed, known) = MEMORY;
            let printed = (step == known).then_some(printed);
            node.entry(&step).or_else(|| node.entry(printed?)).map(|(_, value)| value)
        }
        Data::Sequence(items) => items.get(step.parse::<usize>().ok()?),
        Data::Scalar { .. } => None,
    })
}
