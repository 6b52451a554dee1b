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
            Some(Scalar::Float(number)) => whole(number),
            Some(Scalar::Text(text)) => Value::String(text.to_owned()),
        },
    }
}

/// A number with a fraction, or a whole one that is written like one: the schema takes `80.0` for whole, and serde must too.
fn whole(number: f64) -> Value {
    // Below 2^53 every whole number is exact, so the cast changes nothing.
    let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    if exact { Value::Number((number as i64).into()) } else { Value::Number(number.into()) }
}

/// The key under which the API knows an entry.
fn name<'k>(mapping: &Node, key: &'k str) -> &'k str {
    let (printed, known) = MEMORY;
    if key == printed && mapping.entry(known).is_none() { known } else { key }
}

/// The node at a JSON pointer.
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
