//! What references to secrets resolve to.
//!
//! The emulator has no Key Vault. A reference resolves to a placeholder that is made of its name and its URI by the switch
//! `secret-reference.value`, at every deployment, as the service reads the vault then. Only declared references are ever
//! resolved; the checks refuse the others.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::Object;
use super::switches::Switches;

/// The values of a group's references, by their names.
pub(crate) fn resolved(properties: &Object, switches: &Switches) -> BTreeMap<String, String> {
    let references = properties.get("secretReferences").and_then(Value::as_array);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    references
        .into_iter()
        .flatten()
        .map(|reference| {
            let (name, uri) = (text(&reference["name"]), text(&reference["secretReferenceUri"]));
            let value = switches.secret_value.replace("{uri}", &uri).replace("{name}", &name);
            (name, value)
        })
        .collect()
}
