//! What the provider says it can do: `GET /providers/Microsoft.ContainerInstance/operations`.
//!
//! Names, words and order as recorded with 2018-06-01, 2018-10-01 and 2021-03-01 (azure-libraries-for-net and -java session
//! records), spelling included; what later versions add no public recording shows.

use serde_json::{Value, json};

use self::Since::{First, Second, Third};
use super::group_requests::version;
use super::reply;
use crate::contract::{Reply, Request};

/// The versions of the API in which an operation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    /// All.
    First,
    /// 2018-10-01.
    Second,
    /// 2021-03-01.
    Third,
}

impl Since {
    fn holds(self, version: &str) -> bool {
        match self {
            First => true,
            Second => version >= "2018-10-01",
            Third => version >= "2021-03-01",
        }
    }
}

const METRICS: &str = "containerGroups/providers/Microsoft.Insights/metricDefinitions/read";

/// Since when, the name, the resource, the operation, and what it does.
type Operation = (Since, &'static str, &'static str, &'static str, &'static str);

const OPERATIONS: [Operation; 24] = [
    (
        First,
        "register/action",
        "Container Group",
        "Register Microsoft Container Instance",
        "Registers the subscription for the container instance resource provider and enables the creation of container groups.",
    ),
    (First, "containerGroups/read", "Container Group", "Get Container Groups", "Get all container goups."),
    (
        First,
        "containerGroups/write",
        "Container Group",
        "Create or update Container Group",
        "Create or update a specific container group.",
    ),
    (
        First,
        "containerGroups/delete",
        "Container Group",
        "Delete Container Group",
        "Delete the specific container group.",
    ),
    (
        First,
        "containerGroups/restart/action",
        "Container Group",
        "Restart Container Group",
        "Restarts a specific container group.",
    ),
    (
        First,
        "containerGroups/stop/action",
        "Container Group",
        "Stop Container Group",
        "Stops a specific container group. Compute resources will be deallocated and billing will stop.",
    ),
    (
        First,
        "containerGroups/start/action",
        "Container Group",
        "Start Container Group",
        "Starts a specific container group.",
    ),
    (
        Third,
        "containerGroups/detectors/read",
        "Container Group",
        "Container Group Detectors",
        "List Container Group Detectors",
    ),
    (
        First,
        "containerGroups/containers/logs/read",
        "Container Group",
        "Get Container Logs",
        "Get logs for a specific container.",
    ),
    (
        Third,
        "containerGroups/containers/buildlogs/read",
        "Container Group",
        "Get Container Build Logs",
        "Get build logs for a specific container.",
    ),
    (
        Second,
        "containerGroups/containers/exec/action",
        "Container Group",
        "Exec Into a Container",
        "Exec into a specific container.",
    ),
    (
        Third,
        "containerGroups/containers/attach/action",
        "Container Group",
        "Attach to a container",
        "Attach to the output stream of a container.",
    ),
    (
        Third,
        "locations/operationResults/read",
        "Resource provider operations.",
        "Async operation result",
        "Get async operation result",
    ),
    (
        Second,
        "containerGroups/operationResults/read",
        "Resource provider operations.",
        "Async operation result",
        "Get async operation result",
    ),
    (
        Second,
        "locations/cachedImages/read",
        "Cached Images",
        "Get cached images.",
        "Gets the cached images for the subscription in a region.",
    ),
    (
        Second,
        "locations/capabilities/read",
        "Capabilities",
        "Get Capabilities",
        "Get the capabilities for a region.",
    ),
    (Second, "locations/usages/read", "Usages", "Get Regional Usage", "Get the usage for a specific region."),
    (
        First,
        "containerGroups/providers/Microsoft.Insights/metricDefinitions/read",
        "Container Group",
        "Read container group metric definitions",
        "Gets the available metrics for container group.",
    ),
    (
        First,
        "containerGroups/providers/Microsoft.Insights/diagnosticSettings/read",
        "Container Group",
        "Read Diagnostic Setting",
        "Gets the diagnostic setting for the container group.",
    ),
    (
        First,
        "containerGroups/providers/Microsoft.Insights/diagnosticSettings/write",
        "Container Group",
        "Write Diagnostic Setting",
        "Creates or updates the diagnostic setting for the container group.",
    ),
    (
        Second,
        "locations/deleteVirtualNetworkOrSubnets/action",
        "Delete virtual network or subnet notification",
        "Delete virtual network or subnet notification",
        "Notifies Microsoft.ContainerInstance that virtual network or subnet is being deleted.",
    ),
    (
        Second,
        "locations/operations/read",
        "Resource provider operations.",
        "Read operations.",
        "List the operations for Azure Container Instance service.",
    ),
    (
        Second,
        "operations/read",
        "Resource provider operations.",
        "Read operations.",
        "List the operations for Azure Container Instance service.",
    ),
    (
        Second,
        "serviceassociationlinks/delete",
        "Service Association Link.",
        "Delete Service Association Link.",
        "Delete the service association link created by azure container instance resource provider on a subnet.",
    ),
];

/// The operations of the provider.
pub(crate) fn operations(request: &Request) -> Reply {
    let version = version(request);
    let shown = OPERATIONS.iter().filter(|(since, ..)| since.holds(&version));
    reply::json(200, json!({"value": shown.map(view).collect::<Vec<_>>()}))
}

fn view((_, name, resource, operation, description): &Operation) -> Value {
    let mut view = json!({
        "name": format!("Microsoft.ContainerInstance/{name}"),
        "display": {
            "provider": "Microsoft Container Instance",
            "resource": resource,
            "operation": operation,
            "description": description,
        },
        "origin": if name.contains("Microsoft.Insights") { "System" } else { "User" },
    });
    if *name == METRICS {
        view["properties"] = json!({"serviceSpecification": {"metricSpecifications": metrics()}});
    }
    view
}

/// The metrics of a container group: name, what people call it, what it is, and its unit.
fn metrics() -> [Value; 4] {
    let metric = |(name, display, description, unit, by_container): (&str, &str, &str, &str, Option<()>)| {
        let mut metric = json!({
            "name": name,
            "displayName": display,
            "displayDescription": description,
            "unit": unit,
            "aggregationType": "Average",
            "supportedAggregationTypes": ["Maximum", "Minimum", "Average"],
            "supportedTimeGrainTypes": ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "PT1D"],
            "enableRegionalMdmAccount": true,
            "sourceMdmAccount": "MicrosoftContainerInstanceShoebox",
            "sourceMdmNamespace": "AzureMonitoringMetrics",
            "fillGapWithZero": false,
        });
        if by_container.is_some() {
            let dimension = json!({"name": "containerName", "displayName": "Container Name", "toBeExportedForShoebox": true});
            metric["dimensions"] = json!([dimension]);
        }
        metric
    };
    [
        ("CpuUsage", "CPU Usage", "CPU usage on all cores in millicores.", "Count", Some(())),
        ("MemoryUsage", "Memory Usage", "Total memory usage in byte.", "Bytes", Some(())),
        (
            "NetworkBytesReceivedPerSecond",
            "Network Bytes Received Per Second",
            "The network bytes received per second.",
            "Bytes",
            None,
        ),
        (
            "NetworkBytesTransmittedPerSecond",
            "Network Bytes Transmitted Per Second",
            "The network bytes transmitted per second.",
            "Bytes",
            None,
        ),
    ]
    .map(metric)
}
