//! What was last applied to a container group, field by field, as it stands in the tag `acitask-shape`: so that a
//! difference can be told to be the manifest's, somebody else's, or both.
//!
//! Nothing is decided by it. A digest of four digits is enough to tell people where a difference comes from, and all
//! fields of a group fit into one tag. Version 1 is the fields of [`Field::ALL`] in their order; a field that is added
//! at the end is one more digest, any other change of the order is another version.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use crate::model::digest::hex;
use crate::model::effect::Field;
use crate::model::group::Group;
use crate::model::secret::Mark;
use crate::model::tag::{SHAPE, Tags, lookup};
use crate::plan::shape::{Shape, normalise};

/// The version that is written.
const VERSION: &str = "1:";
/// The hexadecimal digits of each field.
const DIGITS: usize = 4;

/// Where a difference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// Nothing tells.
    #[default]
    Unknown,
    /// The manifest says other than it did when it was last applied.
    Manifest,
    /// The thing is other than it was made.
    Drift,
    /// Both have changed.
    Both,
}

/// Fields of which the service shows only a part, so that what is seen has no digest of them: it shows neither all of a
/// workspace (`@secret` in its API description), nor what was said under `arm` apart from the rest.
const VEILED: [Field; 2] = [Field::Diagnostics, Field::Arm];

/// The fields that the manifest says otherwise than the tags tell that it was applied, and of which what is seen does not
/// tell.
pub fn veiled(wanted: &Group<Mark>, tags: &Tags) -> Vec<Field> {
    let told = told(tags);
    let old = |field: Field| {
        let place = Field::ALL.iter().position(|other| *other == field)?;
        told.get(place).copied().map(Digest)
    };
    let Group { diagnostics, arm, .. } = wanted;
    let wanted = if diagnostics.is_none() && arm.is_empty() {
        Applied(VEILED.into_iter().map(|field| (field, *NOTHING)).collect())
    } else {
        let bare = Group { diagnostics: diagnostics.clone(), arm: arm.clone(), ..Group::default() };
        Applied::digests(&normalise(bare), "", &Tags::new(), VEILED.into_iter())
    };
    let differs = |field: &Field| old(*field).is_some_and(|old| wanted.0.get(field) != Some(&old));
    VEILED.into_iter().filter(differs).collect()
}

/// The digests that tags tell, in the order of the fields; none where they hold none of a version that is known.
fn told(tags: &Tags) -> &[[u8; DIGITS]] {
    let text = lookup(tags, SHAPE).and_then(|text| text.strip_prefix(VERSION)).unwrap_or_default();
    text.as_bytes().as_chunks().0
}

/// A digest of every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied(BTreeMap<Field, Digest>);

/// Of one field: hexadecimal digits, or whatever else stands in their place in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest([u8; DIGITS]);

impl Digest {
    fn of(value: &impl Serialize) -> Self {
        let mut digits = [b'0'; DIGITS];
        digits.iter_mut().zip(hex(value, DIGITS).bytes()).for_each(|(digit, byte)| *digit = byte);
        Self(digits)
    }
}

/// Of a field of which nothing is said.
static NOTHING: LazyLock<Digest> = LazyLock::new(|| Digest::of(&Vec::<Value>::new()));

impl Applied {
    /// Of a group that is wanted in a region with these tags of the user's.
    pub fn wanted(shape: &Shape, location: &str, tags: &Tags) -> Self {
        Self::digests(shape, location, tags, Field::ALL.into_iter())
    }

    /// Of a group that is seen in a region with these tags of the user's, these fields.
    pub fn seen(shape: &Shape, location: &str, tags: &Tags, fields: impl Iterator<Item = Field>) -> Self {
        Self::digests(shape, location, tags, fields.filter(|field| !VEILED.contains(field)))
    }

    fn digests(shape: &Shape, location: &str, tags: &Tags, fields: impl Iterator<Item = Field>) -> Self {
        let Ok(group) = shape.group().clone().map(&mut |Mark| Ok::<_, Infallible>("secret"));
        // Our own plain structs become JSON without fail; an error would digest like nothing at all.
        let tree = serde_json::to_value(group).unwrap_or_default();
        let folded: BTreeMap<String, &String> =
            tags.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let digest = |field: Field| match field {
            Field::Tags => Digest::of(&folded),
            Field::Location => Digest::of(&location.replace(' ', "").to_ascii_lowercase()),
            _ => match part(&tree, field) {
                // Of most fields a group says nothing.
                part if part.is_empty() => *NOTHING,
                part => Digest::of(&part),
            },
        };
        Self(fields.map(|field| (field, digest(field))).collect())
    }

    /// What the tags of a group tell; nothing where they hold none of a version that is known.
    pub fn read(tags: &Tags) -> Self {
        let digests = told(tags);
        Self(Field::ALL.into_iter().zip(digests.iter().copied().map(Digest)).collect())
    }

    /// The tag.
    pub fn tag(&self) -> (String, String) {
        let Self(digests) = self;
        let digests = Field::ALL.iter().filter_map(|field| digests.get(field));
        let digests: String =
            digests.flat_map(|Digest(digits)| digits.iter().copied().map(char::from)).collect();
        (SHAPE.to_owned(), format!("{VERSION}{digests}"))
    }

    /// Whether a field that is seen was told to be applied other than it is wanted.
    pub fn differs(&self, wanted: &Self) -> bool {
        let differs = |(field, old): (&Field, &Digest)| {
            !VEILED.contains(field) && wanted.0.get(field).is_some_and(|new| new != old)
        };
        self.0.iter().any(differs)
    }

    /// Where a difference of a field comes from: self is what was applied.
    pub fn origin(&self, field: Field, wanted: &Self, found: &Self) -> Origin {
        let (Some(applied), Some(wanted)) = (self.0.get(&field), wanted.0.get(&field)) else {
            return Origin::Unknown;
        };
        // What is seen does not tell: where the manifest is as it was, a difference is somebody else's.
        let Some(found) = found.0.get(&field) else {
            return if wanted == applied { Origin::Drift } else { Origin::Manifest };
        };
        match (wanted != applied, found != applied) {
            (true, false) => Origin::Manifest,
            (false, true) => Origin::Drift,
            (true, true) => Origin::Both,
            (false, false) => Origin::Unknown,
        }
    }
}

/// All that a field is about.
fn part(tree: &Value, field: Field) -> Vec<&Value> {
    match field {
        // Only which there are; what is in each has fields of its own.
        Field::Containers => found(tree, "containers[].name"),
        Field::IpAddress => found(tree, "ipAddress.type"),
        _ => found(tree, field.path()),
    }
}

/// The values at a path, each after the name of the list's item that it is in.
fn found<'v>(tree: &'v Value, path: &str) -> Vec<&'v Value> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let into = |value: &'v Value| match rest {
        Some(rest) => found(value, rest),
        None => vec![value],
    };
    match head.strip_suffix("[]") {
        None => tree.get(head).map(into).unwrap_or_default(),
        Some(list) => {
            let items = tree.get(list).and_then(Value::as_array).into_iter().flatten();
            items
                .flat_map(|item| {
                    let name = item.get("name").unwrap_or(&Value::Null);
                    let values = into(item);
                    // An item that lacks the field is as one that is not there.
                    let name = (!values.is_empty()).then_some(name);
                    name.into_iter().chain(values)
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(digits: &str) -> Digest {
        Digest::of(&digits)
    }

    #[test]
    fn a_field_is_found_in_every_container() {
        let tree = json!({"sku": "Standard", "containers": [
            {"name": "a", "image": "one", "resources": {"requests": {"cpu": 1}}},
            {"name": "b", "image": "two", "command": ["x"]},
        ]});
        for (path, wanted) in [
            ("sku", json!(["Standard"])),
            ("containers[].image", json!(["a", "one", "b", "two"])),
            ("containers[].command", json!(["b", ["x"]])),
            ("containers[].resources.requests.cpu", json!(["a", 1])),
            ("zones", json!([])),
        ] {
            assert_eq!(json!(found(&tree, path)), wanted, "{path}");
        }
    }

    #[test]
    fn every_field_fits_into_a_tag_and_comes_back() {
        let all = Field::ALL.into_iter().enumerate();
        let applied = Applied(all.map(|(n, field)| (field, digest(&format!("{n:04x}")))).collect());
        let (name, value) = applied.tag();
        assert!(value.len() <= 256, "{}", value.len());
        assert_eq!(Applied::read(&Tags::from([(name.to_uppercase(), value.clone())])), applied);
        // A group of an older version knows fewer fields, and one of an unknown version none.
        let older = Tags::from([(name.clone(), value[..VERSION.len() + 2 * DIGITS].to_owned())]);
        assert_eq!(Applied::read(&older).0.len(), 2);
        assert!(Applied::read(&Tags::from([(name, "2:0000".to_owned())])).0.is_empty());
    }

    #[test]
    fn where_a_difference_comes_from() {
        let of = |digits: &str| Applied(BTreeMap::from([(Field::Image, digest(digits))]));
        for (applied, wanted, found, origin) in [
            ("a", "b", "a", Origin::Manifest),
            ("a", "a", "b", Origin::Drift),
            ("a", "b", "c", Origin::Both),
            ("a", "b", "b", Origin::Both),
            ("a", "a", "a", Origin::Unknown),
        ] {
            assert_eq!(of(applied).origin(Field::Image, &of(wanted), &of(found)), origin);
        }
        assert_eq!(of("a").origin(Field::Cpu, &of("b"), &of("c")), Origin::Unknown);
        let none = Applied(BTreeMap::new());
        assert_eq!(of("a").origin(Field::Image, &of("a"), &none), Origin::Drift);
        assert_eq!(of("a").origin(Field::Image, &of("b"), &none), Origin::Manifest);
    }
}
