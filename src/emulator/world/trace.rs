//! What every answer has beside its own: who answered it, under which ids, and how many requests are left.
//!
//! Answers of ARM itself have the correlation id as `x-ms-request-id`; those of the provider have the region before an
//! id of their own, `eastus:…` (azure-libraries-for-net session records; azure-powershell, Get-AzContainerInstanceLog).
//! What ARM refuses without asking the provider says so: `x-ms-failure-cause: gateway` (the same session records).

use super::path::{self, Place};
use super::refusal::Refusal;
use super::{World, body, odd, reply};
use crate::contract::{Body, Reply, Request};

/// Where the provider answers what belongs to no region.
const ANYWHERE: &str = "eastus";

/// What is known of a request, whatever becomes of it.
pub(crate) struct Trace<'a> {
    pub(crate) subscription: Option<String>,
    /// The region that answers; none where ARM does.
    pub(crate) region: Option<String>,
    pub(crate) method: &'a str,
}

impl World {
    /// The region whose provider answers a request.
    pub(super) fn answering_region(&self, request: &Request) -> Option<String> {
        let of_group = |name| self.resource_group(name).ok().map(|group| group.location.clone());
        match path::place(&request.path) {
            Place::ProviderOperations => Some(ANYWHERE.to_owned()),
            Place::AllContainerGroups(id) => {
                self.only_region(&format!("/subscriptions/{}/", id.to_lowercase()))
            }
            Place::ContainerGroups(name) => {
                let inside = format!("{}/", name.key());
                let empty = self.container_groups.within(&inside).next().is_none();
                if empty { of_group(&name) } else { self.only_region(&inside) }
            }
            Place::Region(_, location, _) => Some(location.to_lowercase()),
            Place::Operation(_) | Place::OperationResult(_) => {
                let mut steps =
                    request.path.split('/').skip_while(|step| !step.eq_ignore_ascii_case("locations"));
                steps.nth(1).map(str::to_lowercase)
            }
            Place::ContainerGroup(name)
            | Place::Power(name, _)
            | Place::Logs(name, _)
            | Place::Exec(name, _)
            | Place::Attach(name, _)
            | Place::OutboundDependencies(name) => match self.container_groups.get(&name.key()) {
                Some(group) => Some(group.location.clone()),
                None if request.method == "PUT" => {
                    body::object(&request.body).and_then(|body| body::location(&body)).ok()
                }
                None => of_group(&name.group),
            },
            _ => None,
        }
    }

    /// The one region that all container groups are in whose keys begin so. Of several ARM asks all, and answers itself.
    fn only_region(&self, prefix: &str) -> Option<String> {
        let mut groups = self.container_groups.within(prefix).map(|(_, group)| &group.location);
        let first = groups.next()?;
        groups.all(|location| location == first).then(|| first.clone())
    }

    /// The answer of a refusal, with the status that a switch gives it.
    pub(super) fn refused(&self, refusal: &Refusal) -> Reply {
        let mut answer = refusal.reply();
        let (status, code) = refusal.status_and_code();
        answer.status = self.switches.status(code).unwrap_or(status);
        if refusal.is_the_gateways() { reply::with(answer, FAILURE, "gateway") } else { answer }
    }

    /// The answer with what ARM puts on every one.
    pub(super) fn finished(&mut self, mut answer: Reply, trace: &Trace<'_>) -> Reply {
        if self.switches.unknown_fields {
            odd::add_to(&mut answer);
        }
        if matches!(answer.body, Body::Socket(_) | Body::Follow(_)) {
            return answer;
        }
        let answer = self.metered(answer, trace.subscription.as_deref(), trace.method);
        let correlation = self.request_ids.guid();
        let second = self.now.strftime("%Y%m%dT%H%M%SZ");
        let answer =
            reply::with(answer, "x-ms-routing-request-id", format!("EMULATOR:{second}:{correlation}"));
        let answer = reply::with(answer, "x-ms-correlation-request-id", correlation.clone());
        let has = |name: &str| answer.headers.iter().any(|(header, _)| header == name);
        if has("x-ms-request-id") {
            return answer;
        }
        let id = match &trace.region {
            Some(region) if !has(FAILURE) => format!("{region}:{}", self.request_ids.guid()),
            _ => correlation,
        };
        reply::with(answer, "x-ms-request-id", id)
    }
}

const FAILURE: &str = "x-ms-failure-cause";
