//! What a PUT of a container group must fulfil, before anything of it is kept.
//!
//! The types are right already (`fit`); here are the rules about values and about what belongs together. The words of
//! each refusal, and which of them are known from the service, stand in [`words`].

mod container;
mod network;
mod storage;
mod words;

use std::collections::BTreeSet;

use serde_json::Value;

use self::words::Words;
use super::body::{Object, Wish};
use super::refusal::Refusal;

/// What a PUT is checked against beside its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// The container group's name.
    pub(crate) group: &'a str,
    /// Its region.
    pub(crate) location: &'a str,
    /// Whether the runtime takes containers of Windows.
    pub(crate) windows: bool,
    /// Whether there are GPUs: versions of the API before their retirement in 2025 have them (azure-sdk-for-js,
    /// containerGroups create test).
    pub(crate) gpus: bool,
}

/// Checks the wish of a PUT as a whole.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check(scene: Scene<'_>, wish: &Wish) -> Result<(), Refusal> {
    let properties = &wish.properties;
    let words = Words { group: scene.group };
    // Capital letters were recorded in the name of a group (azure-sdk-for-js, containerinstance), never in a container's.
    if scene.group.len() > 63 || !is_label(scene.group, |c| c.is_ascii_alphanumeric()) {
        return Err(words.group_name());
    }
    if !properties.contains_key("osType") {
        let (property, allowed) = ("osType".to_owned(), "Windows,Linux".to_owned());
        return Err(Refusal::InvalidChoice { property, allowed });
    }
    let windows = properties.get("osType").is_some_and(|os| os == "Windows");
    if windows && !scene.windows {
        return Err(Refusal::NotImplemented(
            "properties.osType Windows under this runtime, which runs Linux; the simulated runtime takes it"
                .to_owned(),
        ));
    }
    let containers = items(properties, "containers");
    let inits = items(properties, "initContainers");
    if containers.is_empty() {
        return Err(Refusal::InvalidContent(
            "properties.containers must be a list that is not empty".to_owned(),
        ));
    }
    for (what, list, most) in [("containers", containers, 60), ("init containers", inits, 59)] {
        if list.len() > most {
            return Err(words.too_many(what, list.len(), most));
        }
    }
    if windows && containers.len() + inits.len() > 1 {
        return Err(
            words.rule("InvalidContainerGroup", "Windows container groups can have one container only.")
        );
    }
    let mut names = BTreeSet::new();
    for container in containers.iter().chain(inits) {
        let name = text(&container["name"]);
        if !is_name(name, 1) {
            return Err(words.container_name(name));
        }
        if !names.insert(name) {
            return Err(words.duplicate("container name", name));
        }
        container::check(words, name, &container["properties"])?;
    }
    container::check_resources(scene, words, properties)?;
    network::check(words, wish)?;
    storage::check(words, properties)?;
    network::check_kind(words, wish)
}

/// The items of a list of the properties; none where it is absent.
fn items<'a>(owner: &'a Object, name: &str) -> &'a [Value] {
    owner.get(name).map_or(&[], list)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_name(name: &str, shortest: usize) -> bool {
    (shortest..=63).contains(&name.len()) && is_label(name, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Whether it is not empty, made of such characters and inner hyphens.
fn is_label(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| allowed(c) || c == '-')
}
