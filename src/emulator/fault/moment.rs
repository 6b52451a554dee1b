//! Which operation a request is, on which resource.
//!
//! The names are those of the resource provider's operations, shortened; of a path that has none the methods are
//! `other/get` and so on. Case and double slashes are folded, as ARM does.

/// Every operation that a fault can be on. `pull` and `started` are moments of a container, not requests.
pub const OPERATIONS: [&str; 54] = [
    "tenants/get",
    "subscriptions/get",
    "locations/get",
    "providers/get",
    "providers/register",
    "resources/list",
    "resourceGroups/list",
    "resourceGroups/get",
    "resourceGroups/head",
    "resourceGroups/put",
    "resourceGroups/patch",
    "resourceGroups/delete",
    "resource/get",
    "resource/head",
    "resource/put",
    "resource/patch",
    "resource/delete",
    "tags/get",
    "tags/put",
    "tags/patch",
    "tags/delete",
    "containerGroups/list",
    "containerGroups/get",
    "containerGroups/head",
    "containerGroups/put",
    "containerGroups/patch",
    "containerGroups/delete",
    "containerGroups/start",
    "containerGroups/stop",
    "containerGroups/restart",
    "dependencies/get",
    "logs",
    "exec",
    "attach",
    "stream",
    "operation/get",
    "operations/list",
    "usages/list",
    "capabilities/list",
    "cachedImages/list",
    "locks/get",
    "locks/put",
    "locks/delete",
    "profiles/get",
    "profiles/put",
    "profiles/patch",
    "profiles/delete",
    "other/get",
    "other/head",
    "other/put",
    "other/patch",
    "other/delete",
    "pull",
    "started",
];

/// Something that a fault can meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Its operation.
    pub operation: String,
    /// The method; empty where it is no request.
    pub method: String,
    /// The path; empty where it is no request.
    pub path: String,
    /// The id of the resource that it is about, with one slash between the parts; empty where it is about none.
    pub resource: String,
}

impl Moment {
    /// A request.
    pub fn request(method: &str, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let folded: Vec<String> = segments.iter().map(|segment| segment.to_lowercase()).collect();
        let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
        let verb = method.to_lowercase();
        let (kind, length) = kind(&folded);
        let operation = match kind {
            "exec" | "attach" | "logs" | "stream" => kind.to_owned(),
            "containerGroups/start" | "containerGroups/stop" | "containerGroups/restart" => kind.to_owned(),
            kind if kind.contains('/') => kind.to_owned(),
            kind => format!("{kind}/{verb}"),
        };
        let resource = segments.iter().take(length).map(|segment| format!("/{segment}")).collect();
        Self { operation, method: method.to_owned(), path: path.to_owned(), resource }
    }

    /// A moment of a container of this group.
    pub fn of_container(operation: &str, group: &str) -> Self {
        Self { operation: operation.to_owned(), resource: group.to_owned(), ..Self::default() }
    }

    /// The last name of the resource.
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or_default()
    }
}

/// What a path is about, and how many of its segments name the resource.
fn kind(folded: &[&str]) -> (&'static str, usize) {
    match folded {
        ["tenants", ..] => ("tenants/get", 0),
        ["execstream", ..] | ["logstream", ..] => ("stream", 0),
        ["subscriptions"] => ("subscriptions/get", 0),
        ["subscriptions", _] => ("subscriptions/get", 2),
        ["subscriptions", _, "locations"] => ("locations/get", 2),
        ["subscriptions", _, "resources"] => ("resources/list", 2),
        ["subscriptions", _, "resourcegroups"] => ("resourceGroups/list", 2),
        ["subscriptions", _, "operationresults", ..] => ("operation/get", folded.len()),
        ["subscriptions", _, "providers", _, "register" | "unregister"] => ("providers/register", 2),
        ["subscriptions", _, "providers"] | ["subscriptions", _, "providers", _] => ("providers/get", 2),
        ["subscriptions", _, "providers", "microsoft.containerinstance", "containergroups"] => {
            ("containerGroups/list", 2)
        }
        ["subscriptions", _, "providers", _, "locations", _, what, ..] => match *what {
            "operations" | "operationresults" => ("operation/get", folded.len()),
            "usages" => ("usages/list", 2),
            "capabilities" => ("capabilities/list", 2),
            "cachedimages" => ("cachedImages/list", 2),
            _ => ("other", 2),
        },
        ["providers", _, "operations"] => ("operations/list", 0),
        [before @ .., "providers", "microsoft.resources", "tags", "default"] => ("tags", before.len()),
        [before @ .., "providers", "microsoft.authorization", "locks"]
        | [before @ .., "providers", "microsoft.authorization", "locks", _] => ("locks", before.len()),
        ["subscriptions", _, "resourcegroups", _] => ("resourceGroups", 4),
        ["subscriptions", _, "resourcegroups", _, "resources"] => ("resources/list", 4),
        ["subscriptions", _, "resourcegroups", _, "providers", rest @ ..] => in_provider(rest),
        _ => ("other", 0),
    }
}

/// The rest after `…/providers/`, six segments into the path.
fn in_provider(rest: &[&str]) -> (&'static str, usize) {
    match rest {
        ["microsoft.containerinstance", "containergroups"] => ("containerGroups/list", 4),
        ["microsoft.containerinstance", "containergroups", _] => ("containerGroups", 8),
        ["microsoft.containerinstance", "containergroups", _, what @ ..] => match what {
            ["start"] => ("containerGroups/start", 8),
            ["stop"] => ("containerGroups/stop", 8),
            ["restart"] => ("containerGroups/restart", 8),
            ["containers", _, "logs"] => ("logs", 8),
            ["containers", _, "exec"] => ("exec", 8),
            ["containers", _, "attach"] => ("attach", 8),
            ["outboundnetworkdependenciesendpoints"] => ("dependencies/get", 8),
            _ => ("other", 8),
        },
        ["microsoft.containerinstance", "containergroupprofiles", _, ..] => ("profiles", 8),
        [_, pairs @ ..] if !pairs.is_empty() && pairs.len() % 2 == 0 => ("resource", 6 + pairs.len()),
        _ => ("other", 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/S/resourceGroups/Rg";

    #[test]
    fn a_request_is_an_operation_on_a_resource() {
        let task = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups/Task");
        let storage = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/x");
        let subscription = "/subscriptions/S";
        let place = "/subscriptions/S/providers/Microsoft.ContainerInstance/locations/westus";
        let operation = format!("{place}/operations/AB");
        let rows = [
            ("PUT", task.clone(), "containerGroups/put", task.as_str()),
            ("GET", task.to_lowercase(), "containerGroups/get", &task.to_lowercase()),
            ("POST", format!("{task}//START"), "containerGroups/start", &task),
            ("GET", format!("{task}/containers/a/logs"), "logs", &task),
            ("POST", format!("{task}/containers/a/exec"), "exec", &task),
            ("PATCH", format!("{task}/providers/Microsoft.Resources/tags/default"), "tags/patch", &task),
            ("PATCH", format!("{GROUP}/providers/Microsoft.Resources/tags/default"), "tags/patch", GROUP),
            ("DELETE", GROUP.to_owned(), "resourceGroups/delete", GROUP),
            ("GET", format!("{GROUP}/resources"), "resources/list", GROUP),
            ("PUT", storage.clone(), "resource/put", &storage),
            ("GET", operation.clone(), "operation/get", &operation),
            ("GET", format!("{place}/usages"), "usages/list", subscription),
            ("GET", "/execstream/sessionId/x".to_owned(), "stream", ""),
            ("GET", "/nowhere".to_owned(), "other/get", ""),
        ];
        for (method, path, operation, resource) in rows {
            let moment = Moment::request(method, &path);
            assert_eq!(
                (moment.operation.as_str(), moment.resource.as_str()),
                (operation, resource),
                "{path}"
            );
            assert!(OPERATIONS.contains(&operation), "{operation}");
        }
    }
}
