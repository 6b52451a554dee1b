//! From the JSON of Azure Resource Manager to what is seen, in the model's words.
//!
//! Invariant: nothing that the service may say makes this fail. A group whose properties cannot be understood is seen
//! without them; properties that the model does not have are named in the log, which is how we learn of new ones.
//!
//! A group is taken apart as it is read, because there may be ten thousand. One that says more than the model has is read
//! once more, from where it came.

mod beyond;
mod lift;
mod view;

use std::convert::Infallible;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::model::group::Group;
use crate::model::name::{GroupId, Name};
use crate::model::observed::{Provisioning, SeenGroup, SeenResource, SeenResourceGroup};
use crate::model::region;
use crate::model::secret::Mark;
use crate::model::tag::Tags;

/// A container group of a list; absent where it does not say where it stands.
pub(super) fn listed_group(item: &[u8]) -> Option<SeenGroup> {
    let whole = || serde_json::from_slice::<Value>(item).unwrap_or_default();
    let item = whole();
    let id = group_id(item["id"].as_str()?)?;
    Some(seen(id, item, whole))
}

/// A container group that was asked for by its id; absent where the answer is no JSON object.
pub(super) fn group(asked: GroupId, answer: &[u8]) -> Option<SeenGroup> {
    let whole = || serde_json::from_slice::<Value>(answer).unwrap_or_default();
    let item = whole();
    let id = item["id"].as_str().and_then(group_id).unwrap_or(asked);
    item.is_object().then(|| seen(id, item, whole))
}

/// What is seen of a group whose JSON is `item`, which `whole` gives again.
fn seen(id: GroupId, item: Value, whole: impl Fn() -> Value) -> SeenGroup {
    let properties = &item["properties"];
    let address = &properties["ipAddress"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    SeenGroup {
        location: location(&item),
        tags: tags(&item),
        provisioning: provisioning(properties),
        view: view::read(properties),
        ip: text(&address["ip"]),
        fqdn: text(&address["fqdn"]),
        group: understood(&id, item, whole).map(Box::new),
        id,
    }
}

/// A container group as `az container export` writes it, which is its body without an id; absent where it is none.
pub fn exported(item: &Value, resource_group: Option<&Name>) -> Option<SeenGroup> {
    let id = match resource_group {
        Some(resource_group) => {
            let name = Name::from(item["name"].as_str()?);
            GroupId { resource_group: resource_group.clone(), name }
        }
        None => group_id(item["id"].as_str()?)?,
    };
    item["properties"].is_object().then(|| seen(id, item.clone(), || item.clone()))
}

/// The names of what the service shows of a group and the model does not have.
pub fn unknown(seen: &SeenGroup) -> Vec<String> {
    let Some(group) = &seen.group else { return Vec::new() };
    let item = Value::Object(group.arm.clone().into_iter().collect());
    beyond::names(&lift::group(item))
}

/// A resource group of a list; absent where it has no name.
pub(super) fn listed_resource_group(item: &[u8]) -> Option<SeenResourceGroup> {
    resource_group(&serde_json::from_slice(item).ok()?)
}

/// A resource group; absent where it has no name.
pub(super) fn resource_group(item: &Value) -> Option<SeenResourceGroup> {
    Some(SeenResourceGroup {
        name: Name::from(item["name"].as_str()?),
        location: location(item),
        tags: tags(item),
        provisioning: provisioning(&item["properties"]),
        resources: None,
    })
}

/// Any resource; a name or type that is missing reads as empty, because a resource must not go unseen before a delete.
pub(super) fn listed_resource(item: &[u8]) -> SeenResource {
    let item: Value = serde_json::from_slice(item).unwrap_or_default();
    let text = |key: &str| item[key].as_str().unwrap_or_default();
    SeenResource { kind: text("type").to_owned(), name: Name::from(text("name")), tags: tags(&item) }
}

/// What every resource has beside its properties and the model knows, or nobody compares.
const BESIDE: [&str; 9] =
    ["id", "name", "type", "location", "tags", "properties", "identity", "zones", "systemData"];

fn understood(id: &GroupId, item: Value, whole: impl Fn() -> Value) -> Option<Group<Mark>> {
    let beside = |key: &String| !BESIDE.contains(&key.as_str());
    let mut says_more = item.as_object().is_some_and(|item| item.keys().any(beside));
    let mut is_new = false;
    let read: Result<Group<Present>, _> =
        serde_ignored::deserialize(lift::group(item), |place| is_new |= beyond::is_new(&place));
    let mut group = match read {
        Ok(read) => {
            let Ok(group) = read.map(&mut |Present| Ok::<_, Infallible>(Mark));
            group
        }
        Err(error) => {
            tracing::debug!(group = %id, %error, "properties are not understood");
            return None;
        }
    };
    if is_new {
        let unknown = beyond::names(&lift::group(whole()));
        if !unknown.is_empty() {
            tracing::debug!(group = %id, properties = ?unknown, "properties are not modelled");
            says_more = true;
        }
    }
    // What manifests may say under `arm` is compared with the resource as it stands. It is what the model does not know,
    // so of a resource that has nothing of the kind it is not kept: there may be ten thousand.
    if says_more && let Value::Object(item) = whole() {
        group.arm = item.into_iter().collect();
    }
    Some(group)
}

/// A secret is here: whatever the service shows of one, nothing of it is kept.
struct Present;

impl<'de> Deserialize<'de> for Present {
    // Not as something that is ignored: it has its place.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|_| Self)
    }
}

fn provisioning(properties: &Value) -> Provisioning {
    Provisioning::read(properties["provisioningState"].as_str().unwrap_or("Succeeded"))
}

fn location(item: &Value) -> String {
    region::folded(item["location"].as_str().unwrap_or_default())
}

fn tags(item: &Value) -> Tags {
    let tags = item["tags"].as_object().into_iter().flatten();
    tags.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// `/subscriptions/…/resourceGroups/<group>/providers/Microsoft.ContainerInstance/containerGroups/<name>`, in any case.
fn group_id(id: &str) -> Option<GroupId> {
    let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
    let [scope, _, level, resource_group, providers, provider, kind, name] = parts[..] else { return None };
    let fits = [
        (scope, "subscriptions"),
        (level, "resourceGroups"),
        (providers, "providers"),
        (provider, "Microsoft.ContainerInstance"),
        (kind, "containerGroups"),
    ];
    let known = fits.iter().all(|(part, word)| part.eq_ignore_ascii_case(word)) && !name.is_empty();
    known.then(|| GroupId { resource_group: Name::from(resource_group), name: Name::from(name) })
}

#[cfg(test)]
mod tests;
