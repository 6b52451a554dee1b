//! From a deployment to the JSON that Azure Resource Manager takes.
//!
//! Invariant: the only place where a secret's value is exposed, and only into the bytes of a body.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fault::{Fault, FaultKind};
use crate::model::group::Group;
use crate::model::secret::{Secret, SecretRef, SecretSource};
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
    let exposed: Group<Exposed> = group.clone().map(&mut expose)?;
    let properties =
        serde_json::to_value(&exposed).map_err(|error| Fault::own(FaultKind::Protocol, error))?;
    let body = json!({"location": location, "tags": tags, "properties": sink(properties)});
    serde_json::to_vec(&body).map(Bytes::from).map_err(|error| Fault::own(FaultKind::Protocol, error))
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

/// Puts back the `properties` level that the model leaves out: in a container all but its name stands below it.
fn sink(mut group: Value) -> Value {
    let containers = group.get_mut("containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Value::Object(mut properties) = container.take() {
            let name = properties.remove("name").unwrap_or_default();
            *container = Value::Object(Map::from_iter([
                ("name".to_owned(), name),
                ("properties".to_owned(), Value::Object(properties)),
            ]));
        }
    }
    group
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
