//! Start, stop and restart of a container group, with the codes and headers as recorded
//! (azure-powershell Start-, Stop- and Restart-AzContainerGroup; azure-sdk-for-net ContainerGroupsStartRestartStopTest for a
//! start of a stopped group, where the specification's example has another status).

use super::World;
use super::container_group::Provisioning;
use super::group_requests::{operation_url, stale, version};
use super::path::{Power, ResourceName};
use super::refusal::Refusal;
use super::resource::not_found;
use super::{lifecycle, reply, secrets};
use crate::contract::{Reply, Request};

impl World {
    pub(crate) fn power(
        &mut self,
        name: &ResourceName,
        power: Power,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let version = version(request);
        let group = self.container_group(name)?;
        self.open_group(&name.group)?;
        if group.is_transitioning() {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        let over = group.stopped || group.has_ended();
        match power {
            Power::Stop if over => Ok(reply::empty(204)),
            Power::Stop => self.stop(name),
            Power::Start if group.provisioning == Provisioning::Updating => {
                Err(Refusal::Transitioning(group.name.clone()))
            }
            Power::Start if !over => Ok(reply::empty(204)),
            Power::Start => {
                self.can_start(name, group)?;
                let begun = self.redeploy(name, Provisioning::Pending, &version)?;
                let answer = begun.answer(self.switches.start_status, request);
                if self.switches.start_status == 204 {
                    return Ok(answer);
                }
                Ok(reply::with(answer, "Location", begun.url(request, "operationresults")))
            }
            Power::Restart if group.stopped => {
                let (name, group) = (group.name.clone(), group.resource_group.clone());
                Err(Refusal::Stopped { name, group })
            }
            Power::Restart => Ok(self.redeploy(name, Provisioning::Updating, &version)?.answer(204, request)),
        }
    }

    /// Stops it at once; the containers end in their own time.
    fn stop(&mut self, name: &ResourceName) -> Result<Reply, Refusal> {
        let key = name.key();
        let (now, reads) = (self.now, self.switches.stale_reads);
        let group = self.container_groups.get_mut(&key).ok_or_else(|| not_found(name))?;
        group.stale = stale(group, reads);
        lifecycle::stop(group, now, &mut self.commands);
        self.settle(&key);
        Ok(reply::empty(204))
    }

    /// Runs the same wish again in a new sandbox; a start gets a new address.
    fn redeploy(
        &mut self,
        name: &ResourceName,
        state: Provisioning,
        version: &str,
    ) -> Result<Begun, Refusal> {
        let key = name.key();
        let sandbox = self.ids.sandbox();
        let (address, private_address) = (self.ids.address(), self.ids.private_address());
        let (now, reads) = (self.now, self.switches.stale_reads);
        let group = self.container_groups.get_mut(&key).ok_or_else(|| not_found(name))?;
        group.stale = stale(group, reads);
        group.secrets = secrets::resolved(&group.properties, &self.switches);
        let private = group.properties.get("ipAddress").is_some_and(|address| address["type"] == "Private");
        if state == Provisioning::Pending && group.address.is_some() {
            group.address = Some(if private { private_address } else { address });
        }
        lifecycle::again(group, sandbox, state, now, &mut self.commands);
        let (id, location) = (group.id.clone(), group.location.clone());
        let operation = self.begin_operation(&key, &id, version);
        Ok(Begun { subscription: name.group.subscription.clone(), location, operation })
    }
}

/// A deployment that began.
struct Begun {
    subscription: String,
    location: String,
    operation: String,
}

impl Begun {
    fn url(&self, request: &Request, what: &str) -> String {
        operation_url(&request.origin, &self.subscription, &self.location, what, &self.operation)
    }

    /// The answer that leads to its operation; the request has its id, as a PUT's has.
    fn answer(&self, status: u16, request: &Request) -> Reply {
        let url = self.url(request, "operations");
        let answer = reply::with(reply::empty(status), "Azure-AsyncOperation", url);
        reply::with(answer, "x-ms-request-id", format!("{}:{}", self.location, self.operation))
    }
}
