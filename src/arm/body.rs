//! From a deployment to the JSON that Azure Resource Manager takes.
//!
//! Invariant: the only place where a secret's value is exposed, and only into the bytes of a body.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::fault::{Fault, FaultKind};
use super::levels;
use crate::model::group::Group;
use crate::model::secret::{Mark, Secret, SecretRef, SecretSource};
use crate::model::tag::Tags;
use crate::plan::Deployment;

/// A secret on its way into a body; it can be written there and nowhere else.
struct Exposed(Secret);

impl Serialize for Exposed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// The body of a PUT.
///
/// # Errors
/// [`Refused`](FaultKind::Refused) with the code `SecretNotAvailable` where a secret has no value.
pub(super) fn write(deployment: &Deployment) -> Result<Bytes, Fault> {
    let Deployment { location, tags, group } = deployment;
    let exposed: Group<Exposed> = coded(group.clone()).map(&mut expose)?;
    let group = serde_json::to_value(&exposed).map_err(|error| Fault::own(FaultKind::Protocol, error))?;
    let body = envelope(location, tags, group);
    serde_json::to_vec(&body).map(Bytes::from).map_err(|error| Fault::own(FaultKind::Protocol, error))
}

/// The body of a PUT as a person may see it, with `***` in the place of every secret.
pub fn shown(deployment: &Deployment) -> Value {
    let Deployment { location, tags, group } = deployment;
    let Ok(group) = group.clone().map(&mut |_: SecretSource| Ok::<_, Infallible>(Mark));
    // Our own structs serialise without fail; what did not would show as nothing.
    envelope(location, tags, serde_json::to_value(&group).unwrap_or_default())
}

/// A resource's body around the properties of a group.
fn envelope(location: &str, tags: &Tags, mut group: Value) -> Value {
    let mut beside = |key: &str| group.as_object_mut().and_then(|group| group.remove(key));
    let (identity, zones, arm) = (beside("identity"), beside("zones"), beside("arm"));
    levels::sink(&mut group);
    let mut body = json!({"location": location, "tags": tags, "properties": group});
    for (key, value) in [("identity", identity), ("zones", zones)] {
        if let Some(value) = value {
            body[key] = value;
        }
    }
    if let Some(arm) = arm {
        merge(&mut body, arm);
    }
    body
}

/// Puts what the model does not know into a body: mappings by key, lists of things with names by name.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if named(into) && named(&from) => {
            for item in from {
                match into.iter_mut().find(|known| known["name"] == item["name"]) {
                    Some(known) => merge(known, item),
                    None => into.push(item),
                }
            }
        }
        (into, from) => *into = from,
    }
}

fn named(list: &[Value]) -> bool {
    list.iter().all(|item| item["name"].is_string())
}

/// A group whose secret volumes hold base64, as Azure wants it. Source: Microsoft's page "Mount a secret volume in Azure
/// Container Instances".
fn coded(mut group: Group<SecretSource>) -> Group<SecretSource> {
    for volume in &mut group.volumes {
        for source in volume.secret.iter_mut().flat_map(|files| files.values_mut()) {
            source.value = source.value.take().map(|value| Secret::new(STANDARD.encode(value.expose())));
        }
    }
    group
}

/// Checks that a body could be made now: every secret has a value.
///
/// # Errors
/// As [`write`].
pub(super) fn check(deployment: &Deployment) -> Result<(), Fault> {
    deployment.group.clone().map(&mut |source| expose(source).map(drop)).map(drop)
}

fn expose(source: SecretSource) -> Result<Exposed, Fault> {
    let SecretSource { reference, value } = source;
    value.map(Exposed).ok_or_else(|| missing(&reference))
}

/// A secret that has no value, named by its reference.
pub(super) fn missing(reference: &SecretRef) -> Fault {
    let SecretRef { from_variable, from_file } = reference;
    let name = match (from_variable, from_file) {
        (Some(variable), _) => format!("the variable {variable}"),
        (None, Some(file)) => format!("the file {file}"),
        (None, None) => "a secret".to_owned(),
    };
    let mut fault = Fault::own(FaultKind::Refused, format!("{name} has no value, and a request needs it"));
    fault.code = "SecretNotAvailable".into();
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn deployment(value: Option<&str>) -> Result<Deployment, serde_json::Error> {
        let group: Group<SecretRef> = serde_json::from_value(json!({
            "osType": "Linux", "restartPolicy": "Never",
            "containers": [{
                "name": "job", "image": "i:1", "command": ["/post", "--name", "cat"],
                "environmentVariables": [
                    {"name": "URL", "value": "http://x"},
                    {"name": "TOKEN", "secureValue": {"fromVariable": "API_TOKEN"}},
                ],
                "ports": [{"port": 80}],
                "resources": {"requests": {"cpu": 0.5, "memoryInGB": 1}},
            }],
            "ipAddress": {"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "label"},
        }))?;
        let mut source = |reference| Ok(SecretSource { reference, value: value.map(Secret::new) });
        let group = group.map::<_, serde_json::Error>(&mut source)?;
        Ok(Deployment { location: "westeurope".into(), tags: [("a".into(), "b".into())].into(), group })
    }

    #[test]
    fn properties_stand_where_the_service_wants_them() -> Outcome {
        let body: Value = serde_json::from_slice(&write(&deployment(Some("s3cret"))?)?)?;
        let expected = json!({
            "location": "westeurope",
            "tags": {"a": "b"},
            "properties": {
                "osType": "Linux", "restartPolicy": "Never",
                "containers": [{"name": "job", "properties": {
                    "image": "i:1", "command": ["/post", "--name", "cat"],
                    "environmentVariables": [
                        {"name": "URL", "value": "http://x"},
                        {"name": "TOKEN", "secureValue": "s3cret"},
                    ],
                    "ports": [{"port": 80, "protocol": "TCP"}],
                    "resources": {"requests": {"cpu": 0.5, "memoryInGB": 1}},
                }}],
                "ipAddress": {
                    "type": "Public", "ports": [{"port": 80, "protocol": "TCP"}], "dnsNameLabel": "label",
                },
            },
        });
        assert_eq!(body, expected);
        Ok(())
    }

    #[test]
    fn the_other_properties_go_where_the_service_wants_them() -> Outcome {
        let group: Group<SecretRef> = serde_json::from_value(json!({
            "containers": [{
                "name": "job", "image": "i:1",
                "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
                "livenessProbe": {"exec": {"command": ["true"]}},
            }],
            "initContainers": [{"name": "first", "image": "i:1"}],
            "volumes": [
                {"name": "share", "azureFile": {
                    "shareName": "s", "storageAccountName": "a", "storageAccountKey": {"fromVariable": "K"},
                }},
                {"name": "files", "secret": {"token": {"fromVariable": "K"}}},
            ],
            "imageRegistryCredentials": [{"server": "r", "username": "u", "password": {"fromVariable": "K"}}],
            "identity": {"type": "SystemAssigned"},
            "zones": ["1"],
            "extensions": [{"name": "proxy", "extensionType": "kube-proxy", "version": "1.0"}],
            "arm": {"properties": {
                "novelty": 1,
                "containers": [{"name": "job", "properties": {"shape": "round"}}, {"name": "new", "properties": {}}],
            }},
        }))?;
        let mut source = |reference| Ok(SecretSource { reference, value: Some(Secret::new("s3cret")) });
        let group = group.map::<_, serde_json::Error>(&mut source)?;
        let deployment = Deployment { location: "westeurope".into(), tags: Tags::new(), group };
        let body: Value = serde_json::from_slice(&write(&deployment)?)?;
        let expected = json!({
            "location": "westeurope",
            "tags": {},
            "identity": {"type": "SystemAssigned"},
            "zones": ["1"],
            "properties": {
                "osType": "Linux", "restartPolicy": "Always", "novelty": 1,
                "containers": [
                    {"name": "job", "properties": {
                        "image": "i:1", "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
                        "livenessProbe": {"exec": {"command": ["true"]}}, "shape": "round",
                    }},
                    {"name": "new", "properties": {}},
                ],
                "initContainers": [{"name": "first", "properties": {"image": "i:1"}}],
                "volumes": [
                    {"name": "share", "azureFile": {
                        "shareName": "s", "storageAccountName": "a", "storageAccountKey": "s3cret",
                    }},
                    {"name": "files", "secret": {"token": "czNjcmV0"}},
                ],
                "imageRegistryCredentials": [{"server": "r", "username": "u", "password": "s3cret"}],
                "extensions": [{"name": "proxy", "properties": {"extensionType": "kube-proxy", "version": "1.0"}}],
            },
        });
        assert_eq!(body, expected);
        let shown = shown(&deployment).to_string();
        assert!(!shown.contains("s3cret") && !shown.contains("czNjcmV0") && shown.contains("***"), "{shown}");
        Ok(())
    }

    #[test]
    fn a_secret_without_value_is_named() -> Outcome {
        let deployment = deployment(None)?;
        for outcome in [write(&deployment).map(drop), check(&deployment)] {
            let fault = outcome.err().ok_or("it was written")?;
            assert_eq!(fault.code, "SecretNotAvailable");
            assert!(fault.message.contains("API_TOKEN"), "{fault}");
        }
        Ok(())
    }
}
