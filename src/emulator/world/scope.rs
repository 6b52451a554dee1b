//! The tags of a scope, `{scope}/providers/Microsoft.Resources/tags/default`: GET, PUT, PATCH, DELETE.

use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::path::Scope;
use super::refusal::Refusal;
use super::resource::not_found;
use super::tags::{self, Operation, Tags};
use super::{body, reply, subscription};
use crate::contract::{Reply, Request};

impl World {
    pub(crate) fn get_scope_tags(&self, scope: &Scope) -> Result<Reply, Refusal> {
        let (id, tags) = self.scope(scope)?;
        Ok(answer(&id, &tags))
    }

    /// `PUT`: these tags and no others.
    pub(crate) fn put_scope_tags(&mut self, scope: &Scope, request: &Request) -> Result<Reply, Refusal> {
        let (id, _) = self.open_scope(scope)?;
        let tags = sent(&Value::Object(body::object(&request.body)?))?;
        self.set_tags(scope, tags.clone());
        Ok(answer(&id, &tags))
    }

    /// `PATCH`: Merge, Replace or Delete.
    pub(crate) fn patch_scope_tags(&mut self, scope: &Scope, request: &Request) -> Result<Reply, Refusal> {
        let (id, live) = self.open_scope(scope)?;
        let body = Value::Object(body::object(&request.body)?);
        let operation = Operation::deserialize(&body["operation"])
            .map_err(|error| Refusal::InvalidContent(format!("operation: {error}")))?;
        let tags = tags::patched(&live, operation, &sent(&body)?)?;
        self.set_tags(scope, tags.clone());
        Ok(answer(&id, &tags))
    }

    pub(crate) fn delete_scope_tags(&mut self, scope: &Scope) -> Result<Reply, Refusal> {
        self.open_scope(scope)?;
        self.set_tags(scope, Tags::new());
        Ok(reply::empty(200))
    }

    /// The id and tags of what the scope names.
    fn scope(&self, scope: &Scope) -> Result<(String, Tags), Refusal> {
        let (id, tags) = match scope {
            Scope::Subscription(id) => {
                let kept = self.subscriptions.get(&subscription::key(id));
                let tags = kept.and_then(|kept| kept.tags.clone()).unwrap_or_default();
                return Ok((format!("/subscriptions/{id}"), tags));
            }
            Scope::Group(name) => {
                let group = self.resource_group(name)?;
                (&group.id, &group.tags)
            }
            Scope::Resource(name) => {
                self.resource_group(&name.group)?;
                let key = name.key();
                let ours = self.container_groups.get(&key).map(|group| (&group.id, &group.tags));
                let others = || self.resources.get(&key).map(|other| (&other.id, &other.tags));
                ours.or_else(others).ok_or_else(|| not_found(name))?
            }
        };
        Ok((id.clone(), tags.clone().unwrap_or_default()))
    }

    fn open_scope(&self, scope: &Scope) -> Result<(String, Tags), Refusal> {
        match scope {
            Scope::Subscription(_) => None,
            Scope::Group(name) => Some(self.open_group(name)?),
            Scope::Resource(name) => Some(self.open_group(&name.group)?),
        };
        self.scope(scope)
    }

    fn set_tags(&mut self, scope: &Scope, tags: Tags) {
        let slot = match scope {
            Scope::Subscription(id) => self.subscription_mut(id).map(|kept| &mut kept.tags),
            Scope::Group(name) => self.resource_groups.get_mut(&name.key()).map(|g| &mut g.tags),
            Scope::Resource(name) if name.is_container_group() => {
                self.container_groups.get_mut(&name.key()).map(|g| &mut g.tags)
            }
            Scope::Resource(name) => self.resources.get_mut(&name.key()).map(|r| &mut r.tags),
        };
        if let Some(slot) = slot {
            *slot = Some(tags);
        }
    }
}

/// The tags of a body of the form `{"properties": {"tags": {…}}}`.
fn sent(body: &Value) -> Result<Tags, Refusal> {
    tags::read(body["properties"].get("tags"))?
        .ok_or_else(|| Refusal::InvalidContent("properties.tags is missing".to_owned()))
}

fn answer(id: &str, tags: &Tags) -> Reply {
    let view = json!({
        "id": format!("{id}/providers/Microsoft.Resources/tags/default"),
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    });
    reply::json(200, view)
}
