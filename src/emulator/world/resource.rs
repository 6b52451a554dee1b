//! Resources of other providers: they only sit there.
//!
//! They exist so that a foreign resource can stand in a resource group; the emulator keeps what was sent and never
//! acts on it. The lists of resources, ours among them, are in `resources`.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::World;
use super::path::ResourceName;
use super::refusal::Refusal;
use super::shelf::Shelved;
use super::tags::{self, Tags};
use super::{body, reply};
use crate::contract::{Reply, Request};

/// A resource that the emulator does not understand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) tags: Option<Tags>,
    /// The rest of its body as sent.
    pub(crate) rest: Map<String, Value>,
}

impl Resource {
    fn view(&self) -> Value {
        let Self { id, kind, name, tags, rest } = self;
        let mut view = rest.clone();
        view.insert("id".into(), json!(id));
        view.insert("type".into(), json!(kind));
        view.insert("name".into(), json!(name));
        if let Some(tags) = tags {
            view.insert("tags".into(), json!(tags));
        }
        Value::Object(view)
    }

    /// As the list of a group's resources shows it: without properties.
    pub(crate) fn listed(&self) -> Value {
        let mut view = self.view();
        if let Some(view) = view.as_object_mut() {
            view.remove("properties");
        }
        view
    }
}

impl Shelved for Resource {
    type Mark = Infallible;
}

pub(crate) fn not_found(name: &ResourceName) -> Refusal {
    let ResourceName { group, kind, name } = name.clone();
    Refusal::ResourceNotFound { kind, name, group: group.name }
}

impl World {
    /// The name of a new resource: its resource group is spelled as at the group's creation.
    pub(crate) fn spelled(&self, name: &ResourceName) -> ResourceName {
        let mut name = name.clone();
        if let Ok(group) = self.resource_group(&name.group) {
            name.group.name = group.name.clone();
        }
        name
    }

    pub(crate) fn put_resource(&mut self, name: &ResourceName, request: &Request) -> Result<Reply, Refusal> {
        self.open_group(&name.group)?;
        let mut rest = body::object(&request.body)?;
        let tags = tags::read(rest.get("tags"))?;
        for own in ["id", "type", "name", "tags"] {
            rest.remove(own);
        }
        let key = name.key();
        let (status, id, kind, own) = match self.resources.get(&key) {
            Some(live) => (200, live.id.clone(), live.kind.clone(), live.name.clone()),
            None => {
                let spelled = self.spelled(name);
                (201, spelled.to_string(), spelled.kind, spelled.name)
            }
        };
        let resource = Resource { id, kind, name: own, tags, rest };
        let view = resource.view();
        self.resources.insert(key, resource);
        Ok(reply::json(status, view))
    }

    pub(crate) fn get_resource(&self, name: &ResourceName) -> Result<Reply, Refusal> {
        self.resource_group(&name.group)?;
        let resource = self.resources.get(&name.key()).ok_or_else(|| not_found(name))?;
        Ok(reply::json(200, resource.view()))
    }

    pub(crate) fn delete_resource(&mut self, name: &ResourceName) -> Result<Reply, Refusal> {
        self.open_group(&name.group)?;
        let status = if self.resources.remove(&name.key()).is_some() { 200 } else { 204 };
        Ok(reply::empty(status))
    }

    /// `HEAD`: whether it is there.
    pub(crate) fn head_resource(&self, name: &ResourceName) -> Reply {
        let key = name.key();
        let there = self.resources.get(&key).is_some() || self.container_groups.get(&key).is_some();
        reply::empty(if there { 204 } else { 404 })
    }

    /// `PATCH`: the tags that it sends replace the others, everything else is merged (RFC 7396).
    pub(crate) fn patch_resource(
        &mut self,
        name: &ResourceName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.open_group(&name.group)?;
        let mut sent = body::object(&request.body)?;
        let tags = tags::read(sent.get("tags"))?;
        let resource = self.resources.get_mut(&name.key()).ok_or_else(|| not_found(name))?;
        for own in ["id", "type", "name", "tags", "location"] {
            sent.remove(own);
        }
        merge(&mut resource.rest, sent);
        if tags.is_some() {
            resource.tags = tags;
        }
        Ok(reply::json(200, resource.view()))
    }
}

/// Merges a patch into a document: null removes, objects are merged, all else replaces.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(patch) => {
                let slot = target.entry(name).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = json!({});
                }
                if let Some(inner) = slot.as_object_mut() {
                    merge(inner, patch);
                }
            }
            value => {
                target.insert(name, value);
            }
        }
    }
}
