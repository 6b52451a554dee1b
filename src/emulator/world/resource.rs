//! Resources of other providers: they only sit there.
//!
//! They exist so that a foreign resource can stand in a resource group; the emulator keeps what was sent and never
//! acts on it. The list of all resources of a group, ours among them, is here too.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::World;
use super::path::{CONTAINER_GROUPS, GroupName, ResourceName};
use super::refusal::Refusal;
use super::tags::{self, Tags};
use super::{body, page, reply};
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
    fn listed(&self) -> Value {
        let mut view = self.view();
        if let Some(view) = view.as_object_mut() {
            view.remove("properties");
        }
        view
    }
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

    /// Everything in a resource group, in order of the ids.
    pub(crate) fn list_resources(&self, name: &GroupName, request: &Request) -> Result<Reply, Refusal> {
        self.resource_group(name)?;
        let inside = format!("{}/", name.key());
        let ours = self.container_groups.within(&inside).map(|(key, group)| {
            let mut view = json!({
                "id": group.id, "name": group.name, "type": CONTAINER_GROUPS, "location": group.location,
            });
            if let Some(tags) = &group.tags {
                view["tags"] = json!(tags);
            }
            (key, view)
        });
        let others = self.resources.within(&inside).map(|(key, other)| (key, other.listed()));
        let mut all: Vec<_> = ours.chain(others).collect();
        all.sort_by_key(|(key, _)| *key);
        Ok(reply::json(200, page::page(request, page::PAGE, all.into_iter())?))
    }
}
