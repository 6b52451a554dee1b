//! What a container group may hold: the tables of API version 2025-09-01 and, of 2026-07-01,
//! `azureFile.userAssignedIdentityClientId` (azure-rest-api-specs, `ContainerInstance/models.tsp`).
//!
//! The tables say names and types; which values belong together is the checks' business. Image and resources are optional
//! here as in the specification, because a body may name a container with its config map alone.

use super::fit::Kind::{Amount, Any, Choice, Flag, List, Map, Object, ReadOnly, Text, Undone, Whole};
use super::fit::{Kind, may, must};

/// The properties.
pub(crate) const PROPERTIES: Kind = Object(&[
    must("containers", List(&CONTAINER)),
    may("initContainers", List(&INIT_CONTAINER)),
    may("osType", Choice(&["Windows", "Linux"])),
    may("restartPolicy", Choice(&["Always", "OnFailure", "Never"])),
    may("ipAddress", ADDRESS),
    may("volumes", List(&VOLUME)),
    may("imageRegistryCredentials", List(&REGISTRY_CREDENTIAL)),
    may("diagnostics", Object(&[may("logAnalytics", LOG_ANALYTICS)])),
    may("subnetIds", List(&Object(&[must("id", Text), may("name", Text)]))),
    may("dnsConfig", DNS_CONFIG),
    may("sku", Choice(&["Standard", "Dedicated", "Confidential", "NotSpecified"])),
    may("priority", Choice(&["Regular", "Spot"])),
    may("encryptionProperties", ENCRYPTION),
    may("confidentialComputeProperties", Object(&[may("ccePolicy", Text)])),
    may("extensions", List(&EXTENSION)),
    may("identityAcls", IDENTITY_ACLS),
    may("secretReferences", List(&SECRET_REFERENCE)),
    may("containerGroupProfile", Object(&[may("id", Text), may("revision", Whole)])),
    may(
        "standbyPoolProfile",
        Object(&[may("id", Text), may("failContainerGroupCreateOnReuseFailure", Flag)]),
    ),
    may("networkProfile", Undone),
    may("provisioningState", ReadOnly),
    may("instanceView", ReadOnly),
    may("isCreatedFromStandbyPool", ReadOnly),
    may("provisioningTimeoutInSeconds", ReadOnly),
    may("isCustomProvisioningTimeout", ReadOnly),
]);

/// The identity beside the properties.
pub(crate) const IDENTITY: Kind = Object(&[
    must("type", Choice(&["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"])),
    may("userAssignedIdentities", Map(&ASSIGNED)),
    may("principalId", ReadOnly),
    may("tenantId", ReadOnly),
]);

/// The zones beside the properties.
pub(crate) const ZONES: Kind = List(&Text);

const ASSIGNED: Kind = Object(&[may("principalId", ReadOnly), may("clientId", ReadOnly)]);

const CONTAINER: Kind = Object(&[
    must("name", Text),
    must(
        "properties",
        Object(&[
            may("image", Text),
            may("command", List(&Text)),
            may("ports", List(&PORT)),
            may("environmentVariables", List(&VARIABLE)),
            may("resources", RESOURCES),
            may("volumeMounts", List(&MOUNT)),
            may("livenessProbe", PROBE),
            may("readinessProbe", PROBE),
            may("securityContext", SECURITY),
            may("configMap", Object(&[may("keyValuePairs", Map(&Text))])),
            may("instanceView", ReadOnly),
        ]),
    ),
]);

const INIT_CONTAINER: Kind = Object(&[
    must("name", Text),
    must(
        "properties",
        Object(&[
            may("image", Text),
            may("command", List(&Text)),
            may("environmentVariables", List(&VARIABLE)),
            may("volumeMounts", List(&MOUNT)),
            may("securityContext", SECURITY),
            may("instanceView", ReadOnly),
        ]),
    ),
]);

const PORT: Kind = Object(&[must("port", Whole), may("protocol", Choice(&["TCP", "UDP"]))]);

const VARIABLE: Kind = Object(&[
    must("name", Text),
    may("value", Text),
    may("secureValue", Text),
    may("secureValueReference", Text),
]);

const RESOURCES: Kind = Object(&[may("requests", AMOUNTS), may("limits", AMOUNTS)]);

const AMOUNTS: Kind = Object(&[may("cpu", Amount), may("memoryInGB", Amount), may("gpu", GPU)]);

const GPU: Kind = Object(&[must("count", Whole), must("sku", Choice(&["K80", "P100", "V100"]))]);

const MOUNT: Kind = Object(&[must("name", Text), must("mountPath", Text), may("readOnly", Flag)]);

const PROBE: Kind = Object(&[
    may("exec", Object(&[may("command", List(&Text))])),
    may(
        "httpGet",
        Object(&[
            must("port", Whole),
            may("path", Text),
            may("scheme", Choice(&["http", "https"])),
            may("httpHeaders", List(&Object(&[may("name", Text), may("value", Text)]))),
        ]),
    ),
    may("initialDelaySeconds", Whole),
    may("periodSeconds", Whole),
    may("timeoutSeconds", Whole),
    may("successThreshold", Whole),
    may("failureThreshold", Whole),
]);

const SECURITY: Kind = Object(&[
    may("privileged", Flag),
    may("allowPrivilegeEscalation", Flag),
    may("capabilities", Object(&[may("add", List(&Text)), may("drop", List(&Text))])),
    may("runAsUser", Whole),
    may("runAsGroup", Whole),
    may("seccompProfile", Text),
]);

const ADDRESS: Kind = Object(&[
    must("type", Choice(&["Public", "Private"])),
    may("ports", List(&PORT)),
    may("dnsNameLabel", Text),
    may(
        "autoGeneratedDomainNameLabelScope",
        Choice(&["Unsecure", "TenantReuse", "SubscriptionReuse", "ResourceGroupReuse", "Noreuse"]),
    ),
    may("ip", ReadOnly),
    may("fqdn", ReadOnly),
]);

const VOLUME: Kind = Object(&[
    must("name", Text),
    may("emptyDir", Any),
    may("secret", Map(&Text)),
    may("secretReference", Map(&Text)),
    may(
        "azureFile",
        Object(&[
            must("shareName", Text),
            must("storageAccountName", Text),
            may("storageAccountKey", Text),
            may("storageAccountKeyReference", Text),
            may("userAssignedIdentityClientId", Text),
            may("readOnly", Flag),
        ]),
    ),
    may("gitRepo", Object(&[must("repository", Text), may("directory", Text), may("revision", Text)])),
]);

const REGISTRY_CREDENTIAL: Kind = Object(&[
    must("server", Text),
    may("username", Text),
    may("password", Text),
    may("passwordReference", Text),
    may("identity", Text),
    may("identityUrl", Text),
]);

const LOG_ANALYTICS: Kind = Object(&[
    must("workspaceId", Text),
    must("workspaceKey", Text),
    may("workspaceResourceId", Text),
    may("logType", Choice(&["ContainerInsights", "ContainerInstanceLogs"])),
    may("metadata", Map(&Text)),
]);

const DNS_CONFIG: Kind =
    Object(&[must("nameServers", List(&Text)), may("searchDomains", Text), may("options", Text)]);

const ENCRYPTION: Kind = Object(&[
    must("vaultBaseUrl", Text),
    must("keyName", Text),
    must("keyVersion", Text),
    may("identity", Text),
]);

const EXTENSION: Kind = Object(&[
    must("name", Text),
    may(
        "properties",
        Object(&[
            must("extensionType", Text),
            must("version", Text),
            may("settings", Any),
            may("protectedSettings", Any),
        ]),
    ),
]);

const IDENTITY_ACLS: Kind = Object(&[
    may("defaultAccess", Choice(&["All", "System", "User"])),
    may("acls", List(&Object(&[may("access", Choice(&["All", "System", "User"])), may("identity", Text)]))),
]);

const SECRET_REFERENCE: Kind =
    Object(&[must("name", Text), must("identity", Text), must("secretReferenceUri", Text)]);
