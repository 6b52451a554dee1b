//! Refusals in the service's own words, for what a real subscription has and the emulator has not.
//!
//! The words are those of Azure Resource Manager's pages on locks, on policy errors, on resource provider registration,
//! on throttling and on access control, and of Azure Container Instances' troubleshooting pages.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::moment::Moment;
use super::script::Answer;

/// A refusal by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// 409: a lock forbids it.
    ScopeLocked,
    /// 403: a policy forbids it, with the policy's details.
    RequestDisallowedByPolicy,
    /// 403: the client has no role for it.
    AuthorizationFailed,
    /// 409: the provider is not registered.
    MissingSubscriptionRegistration,
    /// 429 with `Retry-After`: too many requests.
    SubscriptionRequestsThrottled,
    /// 409: the group is still transitioning.
    ContainerGroupTransitioning,
    /// 409: the registry answers with an error.
    RegistryErrorResponse,
    /// 409: the region has no room.
    ServiceUnavailable,
    /// 500: the service's own failure.
    InternalServerError,
}

/// Seconds that a throttled client is told to wait.
const THROTTLED: u32 = 17;

impl Preset {
    /// The answer to a request.
    pub fn answer(self, moment: &Moment) -> Answer {
        let Moment { operation, method, resource, .. } = moment;
        let (name, scope) = (moment.name(), resource.as_str());
        let subscription = scope.split('/').nth(2).unwrap_or_default();
        let (status, message) = match self {
            Self::ScopeLocked => {
                let what = if method == "DELETE" { "delete" } else { "write" };
                (409, format!(
                    "The scope '{scope}' cannot perform {what} operation because following scope(s) are locked: '{scope}'. Please remove the lock and try again."
                ))
            }
            Self::RequestDisallowedByPolicy => {
                let policy = policy(subscription);
                (403, format!("Resource '{name}' was disallowed by policy. Policy identifiers: '[{policy}]'."))
            }
            Self::AuthorizationFailed => (403, format!(
                "The client 'acitask' with object id 'acitask' does not have authorization to perform action '{}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
                action(operation, resource)
            )),
            Self::MissingSubscriptionRegistration => (409, "The subscription is not registered to use namespace 'Microsoft.ContainerInstance'. See https://aka.ms/rps-not-found for how to register subscriptions.".to_owned()),
            Self::SubscriptionRequestsThrottled => {
                let kind = match method.as_str() {
                    "GET" | "HEAD" => "read",
                    "DELETE" => "delete",
                    _ => "write",
                };
                (429, format!(
                    "Number of '{kind}' requests for subscription '{subscription}' actor 'acitask' exceeded. Please try again after '{THROTTLED}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information."
                ))
            }
            Self::ContainerGroupTransitioning => {
                (409, format!("The container group '{name}' is still transitioning, please retry later."))
            }
            Self::RegistryErrorResponse => (409, "An error response is received from the docker registry 'index.docker.io'. Please retry later.".to_owned()),
            Self::ServiceUnavailable => (409, "The requested resource is not available in the location 'westeurope' at this moment. Please retry with a different resource request or in another location. Resource requested: '1' CPU '1' GB memory 'Linux' OS".to_owned()),
            Self::InternalServerError => (500, "Encountered an internal server error. The tracking activity id is '00000000-0000-0000-0000-000000000000', correlation id is '00000000-0000-0000-0000-000000000000'.".to_owned()),
        };
        let code = json!(self);
        let mut error = json!({"code": code, "message": message});
        match self {
            Self::RequestDisallowedByPolicy => {
                error["target"] = json!(name);
                error["additionalInfo"] =
                    json!([{"type": "PolicyViolation", "info": violation(subscription)}]);
            }
            Self::MissingSubscriptionRegistration => {
                error["details"] =
                    json!([{"code": code, "target": "Microsoft.ContainerInstance", "message": message}]);
            }
            _ => {}
        }
        let retry_after = (self == Self::SubscriptionRequestsThrottled).then_some(THROTTLED);
        Answer { status, body: Some(json!({"error": error})), retry_after, ..Answer::default() }
    }
}

/// The action that a role would have to allow.
fn action(operation: &str, resource: &str) -> String {
    let (kind, verb) = operation.split_once('/').unwrap_or((operation, "action"));
    let container_instance = "Microsoft.ContainerInstance/containerGroups";
    let kind = match kind {
        "resourceGroups" => "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
        "tags" => "Microsoft.Resources/tags".to_owned(),
        "containerGroups" => container_instance.to_owned(),
        "logs" | "exec" | "attach" => format!("{container_instance}/containers/{kind}"),
        "resource" => resource.split("/providers/").last().map(typed).unwrap_or_default(),
        other => format!("Microsoft.Resources/{other}"),
    };
    match verb {
        "get" | "head" | "list" => format!("{kind}/read"),
        "put" | "patch" => format!("{kind}/write"),
        "delete" => format!("{kind}/delete"),
        "action" => format!("{kind}/action"),
        verb => format!("{kind}/{verb}/action"),
    }
}

/// The type in `Namespace/type/name/type/name`.
fn typed(rest: &str) -> String {
    let mut segments = rest.split('/');
    let namespace = segments.next().unwrap_or_default();
    segments.step_by(2).fold(namespace.to_owned(), |text, kind| format!("{text}/{kind}"))
}

fn policy(subscription: &str) -> Value {
    let id =
        |what| format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/{what}/required-tag");
    json!({
        "policyAssignment": {"name": "Require a tag", "id": id("policyAssignments")},
        "policyDefinition": {"name": "Require a tag on resources", "id": id("policyDefinitions")},
    })
}

fn violation(subscription: &str) -> Value {
    let id =
        |what| format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/{what}/required-tag");
    json!({
        "policyAssignmentDisplayName": "Require a tag",
        "policyAssignmentId": id("policyAssignments"),
        "policyAssignmentName": "required-tag",
        "policyAssignmentScope": format!("/subscriptions/{subscription}"),
        "policyDefinitionDisplayName": "Require a tag on resources",
        "policyDefinitionEffect": "deny",
        "policyDefinitionId": id("policyDefinitions"),
        "policyDefinitionName": "required-tag",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/rg";

    fn message(preset: Preset, method: &str, path: &str) -> (u16, String) {
        let answer = preset.answer(&Moment::request(method, path));
        let text = answer.body.map(|body| body["error"]["message"].as_str().unwrap_or_default().to_owned());
        (answer.status, text.unwrap_or_default())
    }

    #[test]
    fn they_name_the_scope_the_action_and_the_policy() {
        let task = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups/task");
        assert_eq!(
            message(Preset::ScopeLocked, "DELETE", GROUP),
            (
                409,
                format!(
                    "The scope '{GROUP}' cannot perform delete operation because following scope(s) are locked: '{GROUP}'. Please remove the lock and try again."
                )
            )
        );
        let rows = [
            ("PUT", task.clone(), "Microsoft.ContainerInstance/containerGroups/write"),
            ("POST", format!("{task}/start"), "Microsoft.ContainerInstance/containerGroups/start/action"),
            (
                "POST",
                format!("{task}/containers/c/exec"),
                "Microsoft.ContainerInstance/containerGroups/containers/exec/action",
            ),
            ("DELETE", GROUP.to_owned(), "Microsoft.Resources/subscriptions/resourceGroups/delete"),
            ("GET", format!("{GROUP}/providers/A.B/c/d/e/f"), "A.B/c/e/read"),
        ];
        for (method, path, action) in rows {
            let (status, text) = message(Preset::AuthorizationFailed, method, &path);
            assert_eq!(status, 403);
            assert!(text.contains(&format!("action '{action}' over scope")), "{text}");
        }
        let answer = Preset::RequestDisallowedByPolicy.answer(&Moment::request("PUT", &task));
        let error = answer.body.map(|body| body["error"].clone()).unwrap_or_default();
        assert_eq!((answer.status, &error["target"]), (403, &json!("task")));
        assert_eq!(error["additionalInfo"][0]["type"], "PolicyViolation");
    }
}
