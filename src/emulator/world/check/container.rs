//! The rules of a container, and of the resources of all of them.

use serde_json::Value;

use super::words::Words;
use super::{Scene, items, list, text};
use crate::world::body::Object;
use crate::world::refusal::Refusal;

/// Checks a container or an init container, but for its resources.
pub(super) fn check(words: Words<'_>, name: &str, properties: &Value) -> Result<(), Refusal> {
    let image = text(&properties["image"]);
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(words.invalid("image", image, "An image reference is required."));
    }
    for port in list(&properties["ports"]) {
        check_port(words, port)?;
    }
    for variable in list(&properties["environmentVariables"]) {
        check_variable(words, variable)?;
    }
    for probe in ["livenessProbe", "readinessProbe"] {
        if let Some(wish) = properties.get(probe) {
            check_probe(words, name, probe, wish)?;
        }
    }
    for id in ["runAsUser", "runAsGroup"] {
        let value = &properties["securityContext"][id];
        if value.as_i64().is_some_and(|id| u32::try_from(id).is_err()) {
            return Err(words.invalid(id, &value.to_string(), "It must be between 0 and 4294967295."));
        }
    }
    Ok(())
}

/// Checks a port of a container or of the group's address.
pub(super) fn check_port(words: Words<'_>, port: &Value) -> Result<(), Refusal> {
    let number = port["port"].as_i64().unwrap_or_default();
    if (1..=65535).contains(&number) {
        return Ok(());
    }
    Err(words.invalid("port", &number.to_string(), "The port must be between 1 and 65535."))
}

fn check_variable(words: Words<'_>, variable: &Value) -> Result<(), Refusal> {
    let name = text(&variable["name"]);
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > 63 || !name.chars().all(known) {
        const RULE: &str = "It must be a string of 1 to 63 alphanumeric characters or '_'.";
        return Err(words.invalid("environment variable name", name, RULE));
    }
    let given = ["value", "secureValue", "secureValueReference"];
    if given.iter().filter(|field| variable.get(**field).is_some()).count() > 1 {
        const RULE: &str = "It can have one of value, secureValue and secureValueReference.";
        return Err(words.invalid("environment variable", name, RULE));
    }
    Ok(())
}

fn check_probe(words: Words<'_>, container: &str, probe: &str, wish: &Value) -> Result<(), Refusal> {
    let command = !list(&wish["exec"]["command"]).is_empty();
    let port = &wish["httpGet"]["port"];
    if command == port.is_i64() {
        return Err(words.invalid(probe, container, "It must have either an exec command or an httpGet."));
    }
    if port.is_i64() {
        check_port(words, &wish["httpGet"])?;
    }
    let numbers =
        ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"];
    for name in numbers {
        let value = &wish[name];
        if value.as_i64().is_some_and(|number| !(0..=86_400).contains(&number)) {
            return Err(words.invalid(name, &value.to_string(), "It must be between 0 and 86400."));
        }
    }
    Ok(())
}

/// Checks the resources of all containers; init containers have none of their own.
pub(super) fn check_resources(
    scene: Scene<'_>,
    words: Words<'_>,
    properties: &Object,
) -> Result<(), Refusal> {
    let containers = items(properties, "containers");
    let mut totals = [0.0, 0.0];
    let amounts = [("Cpu", "cpu"), ("MemoryInGB", "memoryInGB")];
    for container in containers {
        let name = text(&container["name"]);
        let resources = &container["properties"]["resources"];
        for ((what, field), total) in amounts.into_iter().zip(&mut totals) {
            let request = resources["requests"][field].as_f64().filter(|amount| *amount > 0.0);
            let Some(request) = request else {
                let (container, group) = (name.to_owned(), scene.group.to_owned());
                return Err(Refusal::ResourceRequestsNotSpecified { container, group });
            };
            *total += request;
            if resources["limits"][field].as_f64().is_some_and(|limit| limit < request) {
                let requirement = resources.to_string();
                let (container, group) = (name.to_owned(), scene.group.to_owned());
                return Err(Refusal::LimitsLessThanRequests { requirement, container, group, what });
            }
        }
    }
    for container in containers {
        let limits = &container["properties"]["resources"]["limits"];
        for ((what, field), total) in amounts.into_iter().zip(totals) {
            // Amounts have two decimals at most; what is less than a thousandth is the sum's own error.
            if let Some(limit) = limits[field].as_f64().filter(|limit| *limit > total + 0.001) {
                return Err(words.limit_above_total(what, limit, text(&container["name"]), total));
            }
        }
        let gpu = ["requests", "limits"].map(|kind| &container["properties"]["resources"][kind]["gpu"]);
        if let Some(gpu) = gpu.into_iter().find(|gpu| gpu.is_object() && !scene.gpus) {
            let count = gpu["count"].as_i64().unwrap_or_default();
            return Err(words.gpu(text(&gpu["sku"]), scene.location, count));
        }
    }
    check_size(scene, words, properties, totals)
}

/// The largest group of each kind (Azure's page "Resource availability and quota limits").
fn check_size(
    scene: Scene<'_>,
    words: Words<'_>,
    properties: &Object,
    [cpu, memory]: [f64; 2],
) -> Result<(), Refusal> {
    let is = |name: &str, value: &str| properties.get(name).is_some_and(|it| it == value);
    let (most_cpu, most_memory) = if is("priority", "Spot") {
        (4.0, 16.0)
    } else if is("sku", "Confidential") {
        (31.0, 180.0)
    } else {
        (31.0, 240.0)
    };
    if cpu <= most_cpu && memory <= most_memory {
        return Ok(());
    }
    let os = properties.get("osType").map_or("Linux", text);
    let network = if items(properties, "subnetIds").is_empty() { "" } else { " virtual network" };
    Err(words.unavailable(scene.location, cpu, memory, os, network))
}
