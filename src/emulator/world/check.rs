//! What a PUT of a container group must fulfil, before anything of it is kept.
//!
//! First what the service refuses, with its words (public error reports; they stand in `refusal`), then what the
//! emulator does not run yet.

use serde_json::Value;

use super::body::Object;
use super::refusal::Refusal;
use super::undone;

/// Checks the kept form of a body's properties, and its other fields.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check(group: &str, body: &Object, properties: &Object) -> Result<(), Refusal> {
    let is_name =
        |name: &str| name.len() <= 63 && is_label(name, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
    const GROUP_NAME: &str =
        "It must have 1 to 63 letters, numbers and hyphens, and must start and end with a letter or number.";
    const NAME: &str = "It must have 1 to 63 lowercase letters, numbers and hyphens, and must start and end with a letter or number.";
    let invalid = |what, value: &str, rule| Refusal::Invalid {
        what,
        value: value.to_owned(),
        group: group.to_owned(),
        rule,
    };
    // Capital letters were recorded in the name of a group (azure-sdk-for-js, containerinstance), never in a container's.
    if group.len() > 63 || !is_label(group, |c| c.is_ascii_alphanumeric()) {
        return Err(invalid("name", group, GROUP_NAME));
    }
    choice(properties, "osType", &["Linux", "Windows"], "Windows,Linux", true)?;
    let policies = ["Always", "OnFailure", "Never"];
    choice(properties, "restartPolicy", &policies, "Always,OnFailure,Never", false)?;
    let skus = ["Standard", "Dedicated", "Confidential"];
    choice(properties, "sku", &skus, "Standard,Dedicated,Confidential", false)?;
    choice(properties, "priority", &["Regular", "Spot"], "Regular,Spot", false)?;

    let containers = properties.get("containers").and_then(Value::as_array);
    let containers = containers.filter(|list| !list.is_empty()).ok_or_else(|| {
        Refusal::InvalidContent("properties.containers must be a list that is not empty".to_owned())
    })?;
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        if !is_name(name) {
            return Err(invalid("container name", name, NAME));
        }
        check_container(group, name, &container["properties"])?;
    }
    check_address(group, properties.get("ipAddress").unwrap_or(&Value::Null))?;
    undone::refuse(body, properties, containers)
}

fn check_container(group: &str, name: &str, properties: &Value) -> Result<(), Refusal> {
    let invalid = |what, value: &str, rule| Refusal::Invalid {
        what,
        value: value.to_owned(),
        group: group.to_owned(),
        rule,
    };
    let image = properties["image"].as_str().unwrap_or_default();
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(invalid("image", image, "An image reference is required."));
    }
    if let Some(command) = properties.get("command") {
        let texts = command.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        if !texts {
            return Err(Refusal::InvalidContent("command must be a list of strings".to_owned()));
        }
    }
    check_ports(group, &properties["ports"])?;
    for variable in list(&properties["environmentVariables"])? {
        let name = variable["name"].as_str().unwrap_or_default();
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > 63 || !name.chars().all(known) {
            const RULE: &str = "It must be a string of 1 to 63 alphanumeric characters or '_'.";
            return Err(invalid("environment variable name", name, RULE));
        }
        for field in ["value", "secureValue"] {
            if variable.get(field).is_some_and(|value| !value.is_string() && !value.is_null()) {
                let text = format!("the {field} of environment variable {name} is not a string");
                return Err(Refusal::InvalidContent(text));
            }
        }
    }
    check_resources(group, name, &properties["resources"])
}

fn check_resources(group: &str, container: &str, resources: &Value) -> Result<(), Refusal> {
    for (what, field) in [("Cpu", "cpu"), ("MemoryInGB", "memoryInGB")] {
        let request = resources["requests"][field].as_f64().filter(|amount| *amount > 0.0);
        let Some(request) = request else {
            let (container, group) = (container.to_owned(), group.to_owned());
            return Err(Refusal::ResourceRequestsNotSpecified { container, group });
        };
        if resources["limits"][field].as_f64().is_some_and(|limit| limit < request) {
            let requirement = resources.to_string();
            let (container, group) = (container.to_owned(), group.to_owned());
            return Err(Refusal::LimitsLessThanRequests { requirement, container, group, what });
        }
    }
    Ok(())
}

fn check_address(group: &str, address: &Value) -> Result<(), Refusal> {
    let Some(fields) = address.as_object() else {
        return Ok(());
    };
    choice(fields, "type", &["Public", "Private"], "Public,Private", true)?;
    check_ports(group, &address["ports"])?;
    if list(&address["ports"])?.is_empty() {
        return Err(Refusal::Invalid {
            what: "ipAddress",
            value: "ports".to_owned(),
            group: group.to_owned(),
            rule: "At least one port is required.",
        });
    }
    let Some(label) = address.get("dnsNameLabel").filter(|label| !label.is_null()) else {
        return Ok(());
    };
    let label = label.as_str().unwrap_or_default();
    let known = is_label(label, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let first = label.starts_with(|c: char| c.is_ascii_lowercase());
    if known && first && (5..=63).contains(&label.len()) {
        return Ok(());
    }
    Err(Refusal::InvalidDnsNameLabel { label: label.to_owned(), group: group.to_owned() })
}

fn check_ports(group: &str, ports: &Value) -> Result<(), Refusal> {
    for port in list(ports)? {
        let number = port["port"].as_u64().unwrap_or_default();
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("TCP");
        if !(1..=65535).contains(&number) || !["TCP", "UDP"].contains(&protocol) {
            return Err(Refusal::Invalid {
                what: "port",
                value: port.to_string(),
                group: group.to_owned(),
                rule: "The port must be between 1 and 65535 and its protocol TCP or UDP.",
            });
        }
    }
    Ok(())
}

fn choice(
    owner: &Object,
    property: &'static str,
    choices: &[&str],
    allowed: &'static str,
    required: bool,
) -> Result<(), Refusal> {
    let fits = match owner.get(property) {
        None => !required,
        Some(value) => value.as_str().is_some_and(|value| choices.contains(&value)),
    };
    if fits { Ok(()) } else { Err(Refusal::InvalidChoice { property, allowed }) }
}

fn list(value: &Value) -> Result<&[Value], Refusal> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(Refusal::InvalidContent("a list is expected".to_owned())),
    }
}

/// Whether it is not empty, made of such characters and inner hyphens.
fn is_label(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| allowed(c) || c == '-')
}
