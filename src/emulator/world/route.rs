//! The rule table: which method at which place does what. Everything else is refused with 501.

use super::path::{self, Place};
use super::refusal::Refusal;
use super::{World, operations, regional, versions};
use crate::contract::{Outcome, Question, Reply, Request, Ticket};

impl World {
    /// Answers a request, or asks.
    pub(super) fn route(&mut self, request: &Request) -> Result<Outcome, Refusal> {
        let place = path::place(&request.path);
        versions::check(&place, request)?;
        if let (Place::ContainerGroup(name), "PUT") = (&place, request.method.as_str()) {
            let put = self.read_put(name, request)?;
            let question = Question::Images(put.sources().to_vec());
            let ticket = Ticket(self.ids.number());
            self.pending.insert(ticket, put);
            return Ok(Outcome::Ask(question, ticket));
        }
        self.route_at_once(&place, request).map(Outcome::Reply)
    }

    fn route_at_once(&mut self, place: &Place, request: &Request) -> Result<Reply, Refusal> {
        match (place, request.method.as_str()) {
            (Place::Tenants, "GET") => Ok(self.list_tenants()),
            (Place::ProviderOperations, "GET") => Ok(operations::operations(request)),
            (Place::Subscriptions, "GET") => Ok(self.list_subscriptions()),
            (Place::Subscription(id), "GET") => Ok(self.get_subscription(id)),
            (Place::Locations(id), "GET") => Ok(regional::locations(id)),
            (Place::Providers(id), "GET") => self.list_providers(id, request),
            (Place::Provider(id, name), "GET") => self.get_provider(id, name),
            (Place::Registration(id, name, change), "POST") => self.change_registration(id, name, *change),
            (Place::SubscriptionResources(id), "GET") => self.list_all_resources(id, request),

            (Place::ResourceGroups(s), "GET") => self.list_resource_groups(s, request),
            (Place::ResourceGroup(name), "PUT") => self.put_resource_group(name, request),
            (Place::ResourceGroup(name), "GET") => self.get_resource_group(name, request),
            (Place::ResourceGroup(name), "HEAD") => self.head_resource_group(name),
            (Place::ResourceGroup(name), "PATCH") => self.patch_resource_group(name, request),
            (Place::ResourceGroup(name), "DELETE") => self.delete_resource_group(name, request),
            (Place::Resources(name), "GET") => self.list_resources(name, request),

            (Place::Tags(scope), "GET") => self.get_scope_tags(scope),
            (Place::Tags(scope), "PUT") => self.put_scope_tags(scope, request),
            (Place::Tags(scope), "PATCH") => self.patch_scope_tags(scope, request),
            (Place::Tags(scope), "DELETE") => self.delete_scope_tags(scope),

            (Place::Resource(name), "PUT") => self.put_resource(name, request),
            (Place::Resource(name), "GET") => self.get_resource(name),
            (Place::Resource(name), "HEAD") => Ok(self.head_resource(name)),
            (Place::Resource(name), "PATCH") => self.patch_resource(name, request),
            (Place::Resource(name), "DELETE") => self.delete_resource(name),

            (Place::AllContainerGroups(s), "GET") => self.list_all_container_groups(s, request),
            (Place::ContainerGroups(name), "GET") => self.list_container_groups(name, request),
            (Place::ContainerGroup(name), "GET") => self.get_container_group(name, request),
            (Place::ContainerGroup(name), "HEAD") => Ok(self.head_resource(name)),
            (Place::ContainerGroup(name), "PATCH") => self.patch_container_group(name, request),
            (Place::ContainerGroup(name), "DELETE") => self.delete_container_group(name, request),
            (Place::Power(name, power), "POST") => self.power(name, *power, request),
            (Place::Logs(name, container), "GET") => self.logs(name, container, request),
            (Place::Exec(name, container), "POST") => self.exec(name, container, request),
            (Place::Attach(name, container), "POST") => self.attach(name, container, request),
            (Place::OutboundDependencies(name), "GET") => self.outbound_dependencies(name),
            (Place::ExecStream(id), "GET") => self.exec_stream(id),
            (Place::LogStream(id), "GET") => self.log_stream(id),
            (Place::Region(id, location, what), "GET") => self.regional(id, location, *what, request),

            (Place::Operation(id), "GET") => self.get_operation(id),
            (Place::OperationResult(id), "GET") => self.get_operation_result(id, request),

            (_, method) => Err(Refusal::NotImplemented(format!("{method} {}", request.path))),
        }
    }
}
