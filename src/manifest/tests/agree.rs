//! The schemas and our parser agree: what the schema can express is refused by both, and nothing else is by the schema.
//!
//! The schema is asked through a JSON Schema validator of another making than the one that our parser uses.

use serde_yaml::Value;

use super::{Outcome, codes, resolve};
use crate::manifest::{Values, schema};

/// What the samples lean on.
const PROJECT: &str = include_str!("../../../tests/data/valid/project.yaml");

const GROUP: &str = "apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: group}
spec:
  resourceGroup: home
  containers:
    - {name: main, image: \"i:1\", resources: {requests: {cpu: 1, memoryInGB: 1}}}
";
const RUN: &str = "apiVersion: acitask/v1
kind: TaskRun
metadata: {name: run}
spec: {type: strong, containerGroup: live, command: [x]}
";
const HOME: &str = "apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: other}
spec: {location: westeurope}
";
const ENVIRONMENT: &str = "apiVersion: acitask/v1
kind: Environment
metadata: {name: test}
spec: {}
";

/// What is laid over a good manifest: where, and what. `-` as the value takes the key away.
const EDITS: [(&str, &str, &str); 85] = [
    (GROUP, "apiVersion", "acitask/v2"),
    (GROUP, "apiVersion", "-"),
    (GROUP, "metadata", "-"),
    (GROUP, "metadata.name", "-"),
    (GROUP, "metadata.name", "7"),
    (GROUP, "metadata.labels", "{}"),
    (GROUP, "spec", "-"),
    (GROUP, "spec", "[]"),
    (GROUP, "status", "{}"),
    (GROUP, "spec.resourceGroup", "-"),
    (GROUP, "spec.resourceGroup", "[home]"),
    (GROUP, "spec.location", "7"),
    (GROUP, "spec.osType", "Linus"),
    (GROUP, "spec.osType", "linux"),
    (GROUP, "spec.restartPolicy", "Sometimes"),
    (GROUP, "spec.restart_policy", "Always"),
    (GROUP, "spec.power", "on"),
    (GROUP, "spec.sku", "Basic"),
    (GROUP, "spec.priority", "Low"),
    (GROUP, "spec.zones", "1"),
    (GROUP, "spec.zones", "[1]"),
    (GROUP, "spec.tags", "[a]"),
    (GROUP, "spec.tags", "{a: 1}"),
    (GROUP, "spec.containers", "-"),
    (GROUP, "spec.containers", "[]"),
    (GROUP, "spec.containers", "{}"),
    (GROUP, "spec.containers.0", "main"),
    (GROUP, "spec.containers.0.name", "-"),
    (GROUP, "spec.containers.0.image", "-"),
    (GROUP, "spec.containers.0.imagee", "x"),
    (GROUP, "spec.containers.0.resources", "-"),
    (GROUP, "spec.containers.0.resources.requests", "-"),
    (GROUP, "spec.containers.0.resources.requests.cpu", "-"),
    (GROUP, "spec.containers.0.resources.requests.cpu", "one"),
    (GROUP, "spec.containers.0.resources.requests.cpu", "0"),
    (GROUP, "spec.containers.0.resources.requests.cpu", "-1"),
    (GROUP, "spec.containers.0.resources.requests.memoryInGB", "1Gi"),
    (GROUP, "spec.containers.0.resources.requests.gpu", "{count: 1}"),
    (GROUP, "spec.containers.0.resources.requests.gpu", "{count: 1, sku: H100}"),
    (GROUP, "spec.containers.0.resources.limits", "{disk: 1}"),
    (GROUP, "spec.containers.0.command", "run"),
    (GROUP, "spec.containers.0.command", "[1]"),
    (GROUP, "spec.containers.0.ports", "[80]"),
    (GROUP, "spec.containers.0.ports", "[{port: 0}]"),
    (GROUP, "spec.containers.0.ports", "[{port: 65536}]"),
    (GROUP, "spec.containers.0.ports", "[{port: 80, protocol: SCTP}]"),
    (GROUP, "spec.containers.0.ports", "[{protocol: TCP}]"),
    (GROUP, "spec.containers.0.environmentVariables", "{A: b}"),
    (GROUP, "spec.containers.0.environmentVariables", "[{value: b}]"),
    (GROUP, "spec.containers.0.environmentVariables", "[{name: A, value: 1}]"),
    (GROUP, "spec.containers.0.environmentVariables", "[{name: A, secureValue: b}]"),
    (GROUP, "spec.containers.0.volumeMounts", "[{name: cache}]"),
    (GROUP, "spec.containers.0.volumeMounts", "[{name: cache, mountPath: /c, readOnly: sometimes}]"),
    (GROUP, "spec.containers.0.livenessProbe", "{exec: {command: []}}"),
    (GROUP, "spec.containers.0.livenessProbe", "{httpGet: {path: /}}"),
    (GROUP, "spec.containers.0.livenessProbe", "{httpGet: {port: 80, scheme: ftp}}"),
    (GROUP, "spec.containers.0.livenessProbe", "{exec: {command: [x]}, periodSeconds: 0}"),
    (GROUP, "spec.containers.0.readinessProbe", "{tcpSocket: {port: 80}}"),
    (GROUP, "spec.containers.0.securityContext", "{runAsUser: root}"),
    (GROUP, "spec.containers.0.securityContext", "{capabilities: {add: NET_ADMIN}}"),
    (GROUP, "spec.containers.0.configMap", "{data: {}}"),
    (GROUP, "spec.initContainers", "[{image: x}]"),
    (GROUP, "spec.initContainers", "[{name: first, image: x, ports: []}]"),
    (GROUP, "spec.volumes", "[{emptyDir: {}}]"),
    (GROUP, "spec.volumes", "[{name: cache, emptyDir: {sizeLimit: 1}}]"),
    (GROUP, "spec.volumes", "[{name: cache, azureFile: {shareName: s}}]"),
    (GROUP, "spec.volumes", "[{name: cache, secret: {a: b}}]"),
    (GROUP, "spec.volumes", "[{name: cache, hostPath: /}]"),
    (GROUP, "spec.ipAddress", "{type: Public}"),
    (GROUP, "spec.ipAddress", "{type: Shared, ports: []}"),
    (GROUP, "spec.ipAddress", "{ports: []}"),
    (GROUP, "spec.subnetIds", "[/subnet]"),
    (GROUP, "spec.dnsConfig", "{searchDomains: x}"),
    (GROUP, "spec.imageRegistryCredentials", "[{username: x}]"),
    (GROUP, "spec.identity", "{type: Managed}"),
    (GROUP, "spec.diagnostics", "{logAnalytics: {workspaceId: x}}"),
    (RUN, "spec.type", "medium"),
    (RUN, "spec.type", "-"),
    (RUN, "spec.timeout", "soon"),
    (RUN, "spec.idleTimeout", "soon"),
    (RUN, "spec.trigger", "hourly"),
    (HOME, "spec.existing", "sometimes"),
    (HOME, "spec.owner", "me"),
    (ENVIRONMENT, "spec.patches", "[{spec: {}}]"),
    (ENVIRONMENT, "spec.variables", "{A: 1}"),
];

fn edited(text: &str, path: &str, value: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let mut document: Value = serde_yaml::from_str(text)?;
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut at = &mut document;
    for step in parent.split('.').filter(|step| !step.is_empty()) {
        at = match step.parse::<usize>() {
            Ok(place) => at.get_mut(place).ok_or("no item")?,
            Err(_) => at.get_mut(step).ok_or("no key")?,
        };
    }
    match (at, value) {
        (Value::Mapping(mapping), "-") => drop(mapping.remove(last)),
        (Value::Mapping(mapping), value) => drop(mapping.insert(last.into(), serde_yaml::from_str(value)?)),
        (Value::Sequence(items), value) => {
            let place: usize = last.parse()?;
            *items.get_mut(place).ok_or("no item")? = serde_yaml::from_str(value)?;
        }
        _ => return Err("nothing to edit".into()),
    }
    Ok(document)
}

#[test]
fn what_the_schema_refuses_our_parser_refuses_and_the_reverse() -> Outcome {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let url = "http://schemas.example/any";
    compiler.add_resource(url, schema::manifest()).map_err(|error| error.to_string())?;
    let any = compiler.compile(url, &mut schemas).map_err(|error| error.to_string())?;
    let taken = |document: &Value| -> Result<bool, serde_json::Error> {
        Ok(schemas.validate(&serde_json::to_value(document)?, any).is_ok())
    };
    let structural = |document: &Value| -> Result<Vec<&str>, serde_yaml::Error> {
        let text = serde_yaml::to_string(document)?;
        let mut codes = codes(&resolve(&[("a.yaml", &text), ("p.yaml", PROJECT)], &Values::new()));
        codes.retain(|code| ("ACI005".."ACI015").contains(code));
        Ok(codes)
    };
    for text in [GROUP, RUN, HOME, ENVIRONMENT] {
        let document: Value = serde_yaml::from_str(text)?;
        assert!(taken(&document)?, "{text}");
        assert_eq!(structural(&document)?, <[&str; 0]>::default(), "{text}");
    }
    for (text, path, value) in EDITS {
        let document = edited(text, path, value).map_err(|error| format!("{path}: {error}"))?;
        assert!(!taken(&document)?, "the schema takes {path}: {value}");
        assert!(!structural(&document)?.is_empty(), "the parser takes {path}: {value}");
    }
    Ok(())
}
