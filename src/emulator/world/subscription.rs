//! Subscriptions: any id is one, and what is kept of it are its tags and its registrations with providers.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::provider::State;
use super::reply;
use super::shelf::Shelved;
use super::tags::Tags;
use crate::contract::{Reply, TENANT};

/// What is kept of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) tags: Option<Tags>,
    /// Registrations that a client changed, by the provider's namespace in lower case.
    pub(crate) registrations: BTreeMap<String, State>,
}

impl Shelved for Subscription {
    type Mark = Infallible;
}

/// The key under which a subscription is kept.
pub(crate) fn key(id: &str) -> String {
    format!("/subscriptions/{}", id.to_lowercase())
}

impl World {
    pub(crate) fn list_tenants(&self) -> Reply {
        let tenant = json!({
            "id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "Emulated tenant",
        });
        reply::json(200, json!({"value": [tenant]}))
    }

    /// The subscriptions in which there is something; one at least.
    pub(crate) fn list_subscriptions(&self) -> Reply {
        let of_groups = self.resource_groups.iter().filter_map(|(_, g)| g.id.split('/').nth(2));
        let kept = self.subscriptions.iter().filter_map(|(key, _)| key.split('/').nth(2));
        let mut ids: Vec<&str> = of_groups.chain(kept).collect();
        ids.push("00000000-0000-0000-0000-000000000000");
        ids.sort_unstable_by_key(|id| id.to_lowercase());
        ids.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        let value: Vec<Value> = ids.into_iter().map(|id| self.subscription(id)).collect();
        reply::json(200, json!({ "value": value }))
    }

    pub(crate) fn get_subscription(&self, id: &str) -> Reply {
        reply::json(200, self.subscription(id))
    }

    fn subscription(&self, id: &str) -> Value {
        let mut view = json!({
            "id": format!("/subscriptions/{id}"),
            "subscriptionId": id,
            "tenantId": TENANT,
            "displayName": "Emulated subscription",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
        });
        let tags = self.subscriptions.get(&key(id)).and_then(|kept| kept.tags.as_ref());
        if let Some(tags) = tags {
            view["tags"] = json!(tags);
        }
        view
    }

    /// What is kept of a subscription, to be changed.
    pub(crate) fn subscription_mut(&mut self, id: &str) -> Option<&mut Subscription> {
        let key = key(id);
        if self.subscriptions.get(&key).is_none() {
            self.subscriptions.insert(key.clone(), Subscription::default());
        }
        self.subscriptions.get_mut(&key)
    }
}
