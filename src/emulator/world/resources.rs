//! The lists of resources, of a resource group or of a whole subscription: container groups and all others.

use serde_json::{Value, json};

use super::World;
use super::container_group::ContainerGroup;
use super::filter::{Filter, Subject};
use super::path::{CONTAINER_GROUPS, GroupName};
use super::refusal::Refusal;
use super::resource::Resource;
use super::{page, reply};
use crate::contract::{Reply, Request};

/// A resource of either sort.
#[derive(Clone, Copy)]
enum Either<'a> {
    Ours(&'a ContainerGroup),
    Other(&'a Resource),
}

impl Either<'_> {
    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Ours(group) => Subject {
                name: &group.name,
                kind: CONTAINER_GROUPS,
                resource_group: &group.resource_group,
                location: &group.location,
                tags: group.tags.as_ref(),
            },
            Self::Other(other) => Subject {
                name: &other.name,
                kind: &other.kind,
                resource_group: other.id.split('/').nth(4).unwrap_or_default(),
                location: other.rest.get("location").and_then(Value::as_str).unwrap_or_default(),
                tags: other.tags.as_ref(),
            },
        }
    }

    /// As lists show it: without properties.
    fn view(&self, expanded: &str) -> Value {
        match self {
            Self::Other(other) => other.listed(),
            Self::Ours(group) => {
                let mut view = json!({
                    "id": group.id, "name": group.name, "type": CONTAINER_GROUPS, "location": group.location,
                });
                if let Some(tags) = &group.tags {
                    view["tags"] = json!(tags);
                }
                if expanded.contains("provisioningstate") {
                    view["provisioningState"] = json!(group.provisioning);
                }
                view
            }
        }
    }
}

impl World {
    /// Everything in a resource group, in order of the ids.
    pub(crate) fn list_resources(&self, name: &GroupName, request: &Request) -> Result<Reply, Refusal> {
        self.resource_group(name)?;
        self.resources_within(&format!("{}/", name.key()), request)
    }

    /// Everything in a subscription, in order of the ids.
    pub(crate) fn list_all_resources(&self, subscription: &str, request: &Request) -> Result<Reply, Refusal> {
        self.resources_within(&format!("/subscriptions/{}/", subscription.to_lowercase()), request)
    }

    fn resources_within(&self, prefix: &str, request: &Request) -> Result<Reply, Refusal> {
        let filter = Filter::of(request)?;
        let expanded = request.query.get("$expand").map(|text| text.to_lowercase()).unwrap_or_default();
        let after = page::after(request)?;
        let ours = self.container_groups.within_after(prefix, &after);
        let others = self.resources.within_after(prefix, &after);
        let ours = ours.map(|(key, group)| (key, Either::Ours(group)));
        let others = others.map(|(key, other)| (key, Either::Other(other)));
        let all = merged(ours, others).filter(|(_, resource)| filter.wants(&resource.subject()));
        let page = page::filtered(request, page::PAGE, all, |resource| resource.view(&expanded))?;
        Ok(reply::json(200, page))
    }
}

/// Two lists in order of their keys as one.
fn merged<'a, T>(
    ours: impl Iterator<Item = (&'a String, T)>,
    others: impl Iterator<Item = (&'a String, T)>,
) -> impl Iterator<Item = (&'a String, T)> {
    let (mut ours, mut others) = (ours.peekable(), others.peekable());
    std::iter::from_fn(move || match (ours.peek(), others.peek()) {
        (Some((our, _)), Some((other, _))) if our <= other => ours.next(),
        (Some(_), None) => ours.next(),
        (_, _) => others.next(),
    })
}
