//! Resource providers of a subscription: which there are, and whether the subscription is registered with them.
//!
//! A subscription is registered with everything unless the switch `provider.registered` says otherwise; what a
//! client registers or unregisters holds over the switch. The texts are ARM's (`MissingSubscriptionRegistration` as
//! the pages "Resolve errors for resource provider registration" and aka.ms/rps-not-found give it).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::path::Registration;
use super::refusal::Refusal;
use super::subscription;
use super::{World, page, region, reply, versions};
use crate::contract::{Reply, Request};

/// The namespace of container instances.
pub(crate) const OWN: &str = "Microsoft.ContainerInstance";

/// How long a registration is under way. The service takes up to minutes.
const REGISTRATION: SignedDuration = SignedDuration::from_secs(2);

/// The providers that clients of container instances meet, and their types.
const PROVIDERS: [(&str, &[&str]); 9] = [
    ("Microsoft.Authorization", &["locks", "roleAssignments"]),
    (
        OWN,
        &[
            "containerGroups",
            "serviceAssociationLinks",
            "locations",
            "locations/capabilities",
            "locations/usages",
            "locations/operations",
            "locations/operationresults",
            "operations",
            "locations/cachedImages",
            "locations/deleteVirtualNetworkOrSubnets",
        ],
    ),
    ("Microsoft.ContainerRegistry", &["registries"]),
    ("Microsoft.KeyVault", &["vaults"]),
    ("Microsoft.ManagedIdentity", &["userAssignedIdentities"]),
    ("Microsoft.Network", &["virtualNetworks", "networkProfiles", "publicIPAddresses"]),
    ("Microsoft.OperationalInsights", &["workspaces"]),
    ("Microsoft.Resources", &["resourceGroups", "subscriptions", "tags", "deployments"]),
    ("Microsoft.Storage", &["storageAccounts"]),
];

/// A registration that a client changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// Registered from this time on.
    Registered(Timestamp),
    /// Not registered any more from this time on.
    Unregistered(Timestamp),
}

impl World {
    pub(crate) fn list_providers(&self, id: &str, request: &Request) -> Result<Reply, Refusal> {
        let names: Vec<String> = PROVIDERS.iter().map(|(name, _)| name.to_lowercase()).collect();
        let after = page::after(request)?;
        let entries = names.iter().zip(&PROVIDERS).skip_while(|(name, _)| **name <= after);
        let show = |provider: &(&str, &[&str])| self.provider(id, provider);
        Ok(reply::json(200, page::page(request, page::PAGE, entries, show)?))
    }

    pub(crate) fn get_provider(&self, id: &str, namespace: &str) -> Result<Reply, Refusal> {
        Ok(reply::json(200, self.provider(id, known(namespace)?)))
    }

    /// `POST …/register` and `…/unregister`: the provider, on its way to the new state.
    pub(crate) fn change_registration(
        &mut self,
        id: &str,
        namespace: &str,
        change: Registration,
    ) -> Result<Reply, Refusal> {
        let provider = known(namespace)?;
        let state = self.registration(id, provider.0);
        let ends = self.now + REGISTRATION;
        let new = match (change, state) {
            (Registration::Register, "Registered" | "Registering")
            | (Registration::Unregister, "NotRegistered" | "Unregistering") => None,
            (Registration::Register, _) => Some(State::Registered(ends)),
            (Registration::Unregister, _) => Some(State::Unregistered(ends)),
        };
        if let (Some(new), Some(kept)) = (new, self.subscription_mut(id)) {
            kept.registrations.insert(provider.0.to_lowercase(), new);
        }
        Ok(reply::json(200, self.provider(id, provider)))
    }

    /// Whether container instances can be had in a subscription.
    ///
    /// # Errors
    /// `MissingSubscriptionRegistration`, as long as the subscription is not registered.
    pub(crate) fn registered(&self, id: &str) -> Result<(), Refusal> {
        match self.registration(id, OWN) {
            "Registered" | "Unregistering" => Ok(()),
            _ => Err(Refusal::MissingSubscriptionRegistration(OWN)),
        }
    }

    fn registration(&self, id: &str, namespace: &str) -> &'static str {
        let kept = self.subscriptions.get(&subscription::key(id));
        match kept.and_then(|kept| kept.registrations.get(&namespace.to_lowercase())) {
            Some(State::Registered(at)) if *at > self.now => "Registering",
            Some(State::Registered(_)) => "Registered",
            Some(State::Unregistered(at)) if *at > self.now => "Unregistering",
            Some(State::Unregistered(_)) => "NotRegistered",
            None if self.switches.provider_registered || namespace != OWN => "Registered",
            None => "NotRegistered",
        }
    }

    fn provider(&self, id: &str, (namespace, types): &(&str, &[&str])) -> Value {
        let versions: Vec<&str> = if *namespace == OWN {
            versions::CONTAINER_INSTANCE.iter().rev().copied().collect()
        } else {
            versions::RESOURCES.to_vec()
        };
        let types: Vec<Value> = types
            .iter()
            .map(|kind| {
                let everywhere = matches!(*kind, "locations" | "operations");
                let locations = if everywhere { Vec::new() } else { region::display_names() };
                json!({
                    "resourceType": kind,
                    "locations": locations,
                    "apiVersions": versions,
                    "capabilities": capabilities(kind),
                })
            })
            .collect();
        let mut view = json!({
            "id": format!("/subscriptions/{id}/providers/{namespace}"),
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": self.registration(id, namespace),
            "resourceTypes": types,
        });
        if *namespace == OWN {
            view["authorizations"] = json!([{"applicationId": APPLICATION, "roleDefinitionId": ROLE}]);
        }
        view
    }
}

/// The application of container instances and its role, which are everybody's to see (azure-sdk-for-net,
/// ContainerGroupsStartRestartStopTest).
const APPLICATION: &str = "6bb8e274-af5d-4df2-98a3-4fd78b4cafd9";
const ROLE: &str = "3c60422b-a83a-428d-9830-22609c77aa6c";

/// What ARM can do with resources of a type (the same recording).
fn capabilities(kind: &str) -> &'static str {
    match kind {
        "containerGroups" => "SystemAssignedResourceIdentity, SupportsTags, SupportsLocation",
        "serviceAssociationLinks" => "SupportsExtension",
        _ => "None",
    }
}

fn known(namespace: &str) -> Result<&'static (&'static str, &'static [&'static str]), Refusal> {
    PROVIDERS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(namespace))
        .ok_or_else(|| Refusal::InvalidResourceNamespace(namespace.to_owned()))
}
