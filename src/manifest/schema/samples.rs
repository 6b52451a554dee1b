//! What the schemas say beside types and words: an example of every free text and number, and what absent means.
//!
//! Examples are JSON texts. Where a default stands here, Azure's API or acitask takes it where the key is absent.

use serde_json::Value;

/// A definition, a property of it, and an example of its value.
const EXAMPLES: [(&str, &str, &str); 101] = [
    ("Metadata", "name", r#""worker""#),
    ("ProjectSpec", "subscription", r#""${SUBSCRIPTION_ID}""#),
    ("ProjectSpec", "tenant", r#""11111111-2222-3333-4444-555555555555""#),
    ("ProjectSpec", "location", r#""westeurope""#),
    ("ProjectSpec", "tags", r#"{"team": "ops"}"#),
    ("ProjectSpec", "limits", r#"{"maxReplace": 5, "maxDelete": 5}"#),
    (
        "ProjectSpec",
        "variables",
        r#"{"ENDPOINT_URL": {"description": "where tasks post"}, "API_TOKEN": {"secret": true}}"#,
    ),
    ("Limits", "maxReplace", "5"),
    ("Limits", "maxDelete", "5"),
    ("Variable", "description", r#""where tasks post""#),
    ("Variable", "default", r#""https://example.com""#),
    ("ResourceGroupSpec", "name", r#""rg-nightly-prod""#),
    ("ResourceGroupSpec", "location", r#""westeurope""#),
    ("ResourceGroupSpec", "tags", r#"{"cost": "c-17"}"#),
    ("EnvironmentSpec", "variables", r#"{"ENDPOINT_URL": "https://test.example.com"}"#),
    (
        "EnvironmentSpec",
        "patches",
        r#"[{"target": {"kind": "ResourceGroup", "name": "nightly"}, "spec": {"protect": true}}]"#,
    ),
    (
        "Patch",
        "spec",
        r#"{"containers": [{"name": "worker", "resources": {"requests": {"cpu": 2, "memoryInGB": 4}}}]}"#,
    ),
    ("PatchTarget", "name", r#""worker""#),
    ("ContainerGroupSpec", "name", r#""worker-prod""#),
    ("ContainerGroupSpec", "resourceGroup", r#""nightly""#),
    ("ContainerGroupSpec", "location", r#""westeurope""#),
    ("ContainerGroupSpec", "tags", r#"{"cost": "c-17"}"#),
    ("ContainerGroupSpec", "dependsOn", r#"["database"]"#),
    ("ContainerGroupSpec", "zones", r#"["1"]"#),
    ("ContainerGroupSpec", "arm", r#"{"properties": {"somethingNew": true}}"#),
    ("Lifecycle", "ignoreChanges", r#"["tags.owner"]"#),
    ("Container", "name", r#""worker""#),
    ("Container", "environmentVariables", r#"[{"name": "MODE", "value": "fast"}]"#),
    ("Container", "ports", r#"[{"port": 80}]"#),
    ("Container", "volumeMounts", r#"[{"name": "cache", "mountPath": "/cache"}]"#),
    ("InitContainer", "name", r#""prepare""#),
    ("InitContainer", "image", r#""docker.io/library/alpine:3.22""#),
    ("InitContainer", "command", r#"["/bin/sh", "-c", "echo ready"]"#),
    ("EnvironmentVariable", "name", r#""MODE""#),
    ("EnvironmentVariable", "value", r#""fast""#),
    ("EnvironmentVariable", "secureValue", r#"{"fromVariable": "API_TOKEN"}"#),
    ("EnvironmentVariable", "secureValueReference", r#""api-token""#),
    ("SecretRef", "fromVariable", r#""API_TOKEN""#),
    ("SecretRef", "fromFile", r#""secrets/token""#),
    ("ResourceLimits", "cpu", "2"),
    ("ResourceLimits", "memoryInGB", "3.5"),
    ("Gpu", "count", "1"),
    ("Port", "port", "80"),
    ("ConfigMap", "keyValuePairs", r#"{"greeting": "hello"}"#),
    ("Probe", "initialDelaySeconds", "5"),
    ("Probe", "periodSeconds", "10"),
    ("Probe", "failureThreshold", "3"),
    ("Probe", "successThreshold", "1"),
    ("Probe", "timeoutSeconds", "2"),
    ("ProbeExec", "command", r#"["test", "-f", "/tmp/ready"]"#),
    ("HttpGet", "path", r#""/healthz""#),
    ("HttpGet", "port", "80"),
    ("HttpHeader", "name", r#""X-Probe""#),
    ("HttpHeader", "value", r#""liveness""#),
    ("SecurityContext", "runAsUser", "1000"),
    ("SecurityContext", "runAsGroup", "1000"),
    ("SecurityContext", "seccompProfile", r#""eyJkZWZhdWx0QWN0aW9uIjoiU0NNUF9BQ1RfRVJSTk8ifQ==""#),
    ("Capabilities", "add", r#"["NET_BIND_SERVICE"]"#),
    ("Capabilities", "drop", r#"["ALL"]"#),
    ("Volume", "name", r#""cache""#),
    ("Volume", "secret", r#"{"tls.key": {"fromVariable": "CERTIFICATE"}}"#),
    ("Volume", "secretReference", r#"{"token": "api-token"}"#),
    ("VolumeMount", "name", r#""cache""#),
    ("AzureFile", "shareName", r#""reports""#),
    ("AzureFile", "storageAccountName", r#""examplereports""#),
    ("AzureFile", "storageAccountKeyReference", r#""storage-key""#),
    ("AzureFile", "userAssignedIdentityClientId", r#""11111111-2222-3333-4444-555555555555""#),
    ("GitRepo", "repository", r#""https://github.com/Azure-Samples/aci-helloworld""#),
    ("GitRepo", "directory", r#"".""#),
    ("GitRepo", "revision", r#""v1""#),
    ("IpAddress", "ports", r#"[{"port": 80}]"#),
    ("IpAddress", "dnsNameLabel", r#""shop-web""#),
    ("SubnetId", "name", r#""aci""#),
    ("DnsConfig", "nameServers", r#"["10.0.0.10"]"#),
    ("DnsConfig", "searchDomains", r#""corp.example""#),
    ("DnsConfig", "options", r#""ndots:2""#),
    ("RegistryCredential", "username", r#""robot""#),
    ("RegistryCredential", "passwordReference", r#""pull-password""#),
    ("RegistryCredential", "identity", IDENTITY),
    ("RegistryCredential", "identityUrl", r#""https://identity.example""#),
    ("Identity", "userAssignedIdentities", USERS),
    ("IdentityAcl", "identity", IDENTITY),
    ("SecretReference", "name", r#""api-token""#),
    ("SecretReference", "identity", IDENTITY),
    ("LogAnalytics", "workspaceId", r#""11111111-2222-3333-4444-555555555555""#),
    ("LogAnalytics", "metadata", r#"{"team": "web"}"#),
    ("Encryption", "vaultBaseUrl", r#""https://example.vault.azure.net""#),
    ("Encryption", "keyName", r#""disk-key""#),
    ("Encryption", "keyVersion", r#""0123456789abcdef0123456789abcdef""#),
    ("Encryption", "identity", IDENTITY),
    ("ProfileReference", "revision", "1"),
    ("Extension", "settings", r#"{"mode": "fast"}"#),
    ("TaskRunSpec", "containerGroup", r#""worker""#),
    ("TaskRunSpec", "command", r#"["/bin/job", "--fast"]"#),
    ("TaskRunSpec", "workingDirectory", r#""/srv""#),
    ("TaskRunSpec", "dependsOn", r#"["post-dog"]"#),
    ("TaskRunSpec", "container", r#""worker""#),
    ("Retries", "limit", "2"),
    ("RunArray", "items", r#"["january", "february"]"#),
    ("RunArray", "count", "10"),
    ("RunArray", "parallelism", "3"),
];

const IDENTITY: &str = r#""/subscriptions/0/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader""#;
const USERS: &str = r#"{"/subscriptions/0/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader": {}}"#;

/// A definition, a property of it, and what absent means.
const DEFAULTS: [(&str, &str, &str); 27] = [
    ("ContainerGroupSpec", "sku", r#""Standard""#),
    ("ContainerGroupSpec", "priority", r#""Regular""#),
    ("ContainerGroupSpec", "power", r#""unmanaged""#),
    ("Template", "sku", r#""Standard""#),
    ("Template", "priority", r#""Regular""#),
    ("Lifecycle", "protect", "false"),
    ("ResourceGroupSpec", "existing", "false"),
    ("ResourceGroupSpec", "records", "false"),
    ("ResourceGroupSpec", "protect", "false"),
    ("Variable", "secret", "false"),
    ("VolumeMount", "readOnly", "false"),
    ("AzureFile", "readOnly", "false"),
    ("HttpGet", "scheme", r#""http""#),
    ("SecurityContext", "privileged", "false"),
    ("StandbyPoolProfile", "failContainerGroupCreateOnReuseFailure", "false"),
    ("IpAddress", "autoGeneratedDomainNameLabelScope", r#""Unsecure""#),
    ("TaskRunSpec", "trigger", r#""onChange""#),
    ("TaskRunSpec", "lifetime", r#""ephemeral""#),
    ("TaskRunSpec", "interrupted", r#""fail""#),
    ("TaskRunSpec", "concurrency", r#""refuse""#),
    ("TaskRunSpec", "rerunFailed", "false"),
    ("Keep", "onSuccess", r#""delete""#),
    ("Keep", "onFailure", r#""keep""#),
    ("Retries", "backoff", r#""10s""#),
    ("ResourceGroupSpec", "tags", "{}"),
    ("ContainerGroupSpec", "tags", "{}"),
    ("ProjectSpec", "tags", "{}"),
];

/// Writes examples and defaults into a schema, as far as it has what they are of.
pub(super) fn tell(schema: &mut Value) {
    let mut write = |(definition, property, text): (&str, &str, &str), key: &str, list: bool| {
        let path = format!("/definitions/{definition}/properties/{property}");
        let (Some(property), Ok(value)) = (schema.pointer_mut(&path), serde_json::from_str::<Value>(text))
        else {
            return;
        };
        property[key] = if list { Value::Array(vec![value]) } else { value };
    };
    EXAMPLES.into_iter().for_each(|row| write(row, "examples", true));
    DEFAULTS.into_iter().for_each(|row| write(row, "default", false));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::schema;

    /// Free text whose example would say nothing that its description does not.
    const WITHOUT: [&str; 10] = [
        "Moved.from",
        "ConfidentialCompute.ccePolicy",
        "Extension.name",
        "Extension.extensionType",
        "Extension.version",
        "LogAnalytics.workspaceResourceId",
        "ProfileReference.id",
        "StandbyPoolProfile.id",
        "RunVariable.name",
        "RunVariable.value",
    ];

    #[test]
    fn rows_are_of_properties_and_fit_them() -> Result<(), Box<dyn std::error::Error>> {
        let whole = schema::manifest();
        for (definition, property, text) in EXAMPLES.into_iter().chain(DEFAULTS) {
            let path = format!("/definitions/{definition}/properties/{property}");
            assert!(whole.pointer(&path).is_some(), "{definition}.{property}");
            let mut of = whole.clone();
            let keep = ["$schema", "definitions"];
            of.as_object_mut().ok_or("an object")?.retain(|key, _| keep.contains(&key.as_str()));
            of["$ref"] = format!("#{path}").into();
            let value = serde_json::from_str(text)?;
            assert!(jsonschema::is_valid(&of, &value), "{definition}.{property}: {text}");
        }
        Ok(())
    }

    #[test]
    fn every_free_text_and_number_has_an_example() {
        let whole = schema::manifest();
        let definitions = whole["definitions"].as_object().into_iter().flatten();
        let mut missing = vec![];
        for (name, definition) in definitions {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                let place = format!("{name}.{key}");
                let is_free = matches!(property["type"].as_str(), Some("string" | "integer" | "number"))
                    && property.get("const").is_none()
                    && property.get("enum").is_none();
                let of_template = name == "Template";
                if is_free
                    && property.get("examples").is_none()
                    && !of_template
                    && !WITHOUT.contains(&place.as_str())
                {
                    missing.push(place);
                }
            }
        }
        assert_eq!(missing, [] as [String; 0]);
    }
}
