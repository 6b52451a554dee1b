//! What was last applied to a container group, field by field, as it stands in the tag `acitask-shape`: so that a
//! difference can be told to be the manifest's, somebody else's, or both.
//!
//! Nothing is decided by it. A digest of four digits is enough to tell people where a difference comes from, and all
//! fields of a group fit into one tag. Version 1 is the fields of [`Field::ALL`] in their order; a field that is added
//! at the end is one more digest, any other change of the order is another version.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::iter::zip;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use crate::model::digest;
use crate::model::effect::Field;
use crate::model::group::Group;
use crate::model::region;
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
    let told = Applied::read(tags);
    let Group { diagnostics, arm, .. } = wanted;
    let wanted = if diagnostics.is_none() && arm.is_empty() {
        Applied::of(VEILED.into_iter(), |_| *NOTHING)
    } else {
        let bare = Group { diagnostics: diagnostics.clone(), arm: arm.clone(), ..Group::default() };
        Applied::digests(normalise(bare), "", &Tags::new(), VEILED.into_iter())
    };
    let differs = |field: &Field| told.get(*field).is_some_and(|old| wanted.get(*field) != Some(old));
    VEILED.into_iter().filter(differs).collect()
}

/// A digest of each field, in the order of [`Field::ALL`]; of some fields there may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied([Option<Digest>; Field::ALL.len()]);

/// Of one field: hexadecimal digits, or whatever else stands in their place in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest([u8; DIGITS]);

impl Digest {
    fn of(value: &impl Serialize) -> Self {
        Self(digest::digits(value))
    }
}

/// Of a field of which nothing is said.
static NOTHING: LazyLock<Digest> = LazyLock::new(|| Digest::of(&Vec::<Value>::new()));

impl Applied {
    /// Of a group that is wanted in a region with these tags of the user's.
    pub fn wanted(shape: Shape, location: &str, tags: &Tags) -> Self {
        Self::digests(shape, location, tags, Field::ALL.into_iter())
    }

    /// Of a group that is seen in a region with these tags of the user's, these fields.
    pub fn seen(shape: Shape, location: &str, tags: &Tags, fields: impl Iterator<Item = Field>) -> Self {
        Self::digests(shape, location, tags, fields.filter(|field| !VEILED.contains(field)))
    }

    fn digests(shape: Shape, location: &str, tags: &Tags, fields: impl Iterator<Item = Field>) -> Self {
        let Ok(group) = shape.into_group().map(&mut |Mark| Ok::<_, Infallible>("secret"));
        // Our own plain structs become JSON without fail; an error would digest like nothing at all.
        let tree = serde_json::to_value(group).unwrap_or_default();
        Self::of(fields, |field| match field {
            Field::Tags => {
                let folded: BTreeMap<String, &String> =
                    tags.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
                Digest::of(&folded)
            }
            Field::Location => Digest::of(&region::folded(location)),
            _ => match part(&tree, field) {
                // Of most fields a group says nothing.
                part if part.is_empty() => *NOTHING,
                part => Digest::of(&part),
            },
        })
    }

    fn of(fields: impl Iterator<Item = Field>, digest: impl Fn(Field) -> Digest) -> Self {
        let mut applied = Self([None; Field::ALL.len()]);
        for field in fields {
            let place = &mut applied.0[field as usize];
            *place = place.or_else(|| Some(digest(field)));
        }
        applied
    }

    fn get(&self, field: Field) -> Option<&Digest> {
        self.0[field as usize].as_ref()
    }

    /// What the tags of a group tell; nothing where they hold none of a version that is known.
    pub fn read(tags: &Tags) -> Self {
        let text = lookup(tags, SHAPE).and_then(|text| text.strip_prefix(VERSION)).unwrap_or_default();
        let (digests, _) = text.as_bytes().as_chunks();
        let mut applied = Self([None; Field::ALL.len()]);
        zip(&mut applied.0, digests).for_each(|(place, digest)| *place = Some(Digest(*digest)));
        applied
    }

    /// The tag.
    pub fn tag(&self) -> (String, String) {
        let Self(digests) = self;
        let mut text = String::with_capacity(VERSION.len() + DIGITS * digests.len());
        text.push_str(VERSION);
        for Digest(digits) in digests.iter().flatten() {
            text.extend(digits.iter().copied().map(char::from));
        }
        (SHAPE.to_owned(), text)
    }

    /// Whether a field that is seen was told to be applied other than it is wanted.
    pub fn differs(&self, wanted: &Self) -> bool {
        let differs = |field: Field| {
            let (old, new) = (self.get(field), wanted.get(field));
            !VEILED.contains(&field) && old.is_some() && new.is_some() && old != new
        };
        Field::ALL.into_iter().any(differs)
    }

    /// Where a difference of a field comes from: self is what was applied.
    pub fn origin(&self, field: Field, wanted: &Self, found: &Self) -> Origin {
        let (Some(applied), Some(wanted)) = (self.get(field), wanted.get(field)) else {
            return Origin::Unknown;
        };
        // What is seen does not tell: where the manifest is as it was, a difference is somebody else's.
        let Some(found) = found.get(field) else {
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
    let path = match field {
        // Only which there are; what is in each has fields of its own.
        Field::Containers => "containers[].name",
        Field::IpAddress => "ipAddress.type",
        _ => field.path(),
    };
    let mut values = Vec::new();
    find(tree, path, &mut values);
    values
}

/// Adds the values at a path, each after the name of the list's item that it is in.
fn find<'v>(tree: &'v Value, path: &str, values: &mut Vec<&'v Value>) {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let into = |value: &'v Value, values: &mut Vec<&'v Value>| match rest {
        Some(rest) => find(value, rest, values),
        None => values.push(value),
    };
    match head.strip_suffix("[]") {
        None => {
            if let Some(value) = tree.get(head) {
                into(value, values);
            }
        }
        Some(list) => {
            for item in tree.get(list).and_then(Value::as_array).into_iter().flatten() {
                let before = values.len();
                values.push(item.get("name").unwrap_or(&Value::Null));
                into(item, values);
                // An item that lacks the field is as one that is not there.
                if values.len() == before + 1 {
                    values.truncate(before);
                }
            }
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

    fn nothing() -> Applied {
        Applied::of(std::iter::empty(), |_| *NOTHING)
    }

    #[test]
    fn the_fields_stand_in_their_order() {
        for (place, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, place, "{field:?}");
        }
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
            let mut found = Vec::new();
            find(&tree, path, &mut found);
            assert_eq!(json!(found), wanted, "{path}");
        }
    }

    #[test]
    fn every_field_fits_into_a_tag_and_comes_back() {
        let applied = Applied::of(Field::ALL.into_iter(), |field| digest(&format!("{:04x}", field as usize)));
        let (name, value) = applied.tag();
        assert!(value.len() <= 256, "{}", value.len());
        assert_eq!(Applied::read(&Tags::from([(name.to_uppercase(), value.clone())])), applied);
        // A group of an older version knows fewer fields, and one of an unknown version none.
        let older = Tags::from([(name.clone(), value[..VERSION.len() + 2 * DIGITS].to_owned())]);
        assert_eq!(Applied::read(&older).0.iter().flatten().count(), 2);
        assert_eq!(Applied::read(&Tags::from([(name, "2:0000".to_owned())])), nothing());
    }

    #[test]
    fn where_a_difference_comes_from() {
        let of = |digits: &str| Applied::of([Field::Image].into_iter(), |_| digest(digits));
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
        let none = nothing();
        assert_eq!(of("a").origin(Field::Image, &of("a"), &none), Origin::Drift);
        assert_eq!(of("a").origin(Field::Image, &of("b"), &none), Origin::Manifest);
    }
}
