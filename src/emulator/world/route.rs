//! The rule table: which method at which place does what. Everything else is refused with 501.

use serde_json::{Value, json};

use super::World;
use super::path::{self, Place};
use super::refusal::Refusal;
use super::reply;
use crate::contract::{ImageSource, Outcome, Question, Reply, Request, Ticket};

/// The tenant of all subscriptions.
const TENANT: &str = "00000000-0000-0000-0000-00000000ac17";

impl World {
    /// Answers a request, or asks.
    pub(super) fn route(&mut self, request: &Request) -> Result<Outcome, Refusal> {
        let place = path::place(&request.path);
        check_version(&place, request)?;
        if let (Place::ContainerGroup(name), "PUT") = (&place, request.method.as_str()) {
            let put = self.read_put(name, request)?;
            let source = ImageSource { image: put.image().to_owned(), credential: None };
            let question = Question::Images(vec![source]);
            let ticket = Ticket(self.ids.number());
            self.pending.insert(ticket, put);
            return Ok(Outcome::Ask(question, ticket));
        }
        self.route_at_once(&place, request).map(Outcome::Reply)
    }

    fn route_at_once(&mut self, place: &Place, request: &Request) -> Result<Reply, Refusal> {
        match (place, request.method.as_str()) {
            (Place::Tenants, "GET") => Ok(reply::json(200, json!({"value": [tenant()]}))),
            (Place::Subscriptions, "GET") => Ok(self.list_subscriptions()),
            (Place::Subscription(id), "GET") => Ok(reply::json(200, subscription(id))),

            (Place::ResourceGroups(s), "GET") => self.list_resource_groups(s, request),
            (Place::ResourceGroup(name), "PUT") => self.put_resource_group(name, request),
            (Place::ResourceGroup(name), "GET") => self.get_resource_group(name),
            (Place::ResourceGroup(name), "HEAD") => Ok(self.head_resource_group(name)),
            (Place::ResourceGroup(name), "PATCH") => self.patch_resource_group(name, request),
            (Place::ResourceGroup(name), "DELETE") => self.delete_resource_group(name, request),
            (Place::Resources(name), "GET") => self.list_resources(name, request),

            (Place::Tags(scope), "GET") => self.get_scope_tags(scope),
            (Place::Tags(scope), "PUT") => self.put_scope_tags(scope, request),
            (Place::Tags(scope), "PATCH") => self.patch_scope_tags(scope, request),
            (Place::Tags(scope), "DELETE") => self.delete_scope_tags(scope),

            (Place::Resource(name), "PUT") => self.put_resource(name, request),
            (Place::Resource(name), "GET") => self.get_resource(name),
            (Place::Resource(name), "DELETE") => self.delete_resource(name),

            (Place::AllContainerGroups(s), "GET") => self.list_all_container_groups(s, request),
            (Place::ContainerGroups(name), "GET") => self.list_container_groups(name, request),
            (Place::ContainerGroup(name), "GET") => self.get_container_group(name, request),
            (Place::ContainerGroup(name), "PATCH") => self.patch_container_group(name, request),
            (Place::ContainerGroup(name), "DELETE") => self.delete_container_group(name, request),
            (Place::Power(name, power), "POST") => self.power(name, *power, &request.origin),
            (Place::Logs(name, container), "GET") => self.logs(name, container, request),
            (Place::Exec(name, container), "POST") => self.exec(name, container, request),
            (Place::ExecStream(id), "GET") => self.exec_stream(id),

            (Place::Operation(id), "GET") => self.get_operation(id),
            (Place::OperationResult(id), "GET") => self.get_operation_result(id),

            (_, method) => Err(Refusal::NotImplemented(format!("{method} {}", request.path))),
        }
    }

    /// The subscriptions in which there is something; one at least.
    fn list_subscriptions(&self) -> Reply {
        let mut ids: Vec<&str> =
            self.resource_groups.iter().filter_map(|(_, g)| g.id.split('/').nth(2)).collect();
        ids.push("00000000-0000-0000-0000-000000000000");
        ids.sort_unstable();
        ids.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        let value: Vec<Value> = ids.into_iter().map(subscription).collect();
        reply::json(200, json!({ "value": value }))
    }
}

fn subscription(id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": TENANT,
        "displayName": "Emulated subscription",
        "state": "Enabled",
    })
}

fn tenant() -> Value {
    json!({"id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "Emulated tenant"})
}

/// Every request names a version but those whose URL an answer gave.
fn check_version(place: &Place, request: &Request) -> Result<(), Refusal> {
    if matches!(place, Place::Operation(_) | Place::OperationResult(_) | Place::ExecStream(_)) {
        return Ok(());
    }
    let version = request.query.get("api-version").filter(|version| !version.is_empty());
    let version = version.ok_or(Refusal::MissingApiVersion)?;
    if is_version(version) { Ok(()) } else { Err(Refusal::InvalidApiVersion(version.clone())) }
}

fn is_version(version: &str) -> bool {
    let (date, rest) = version.split_at_checked(10).unwrap_or((version, ""));
    date.parse::<jiff::civil::Date>().is_ok() && (rest.is_empty() || rest == "-preview")
}
