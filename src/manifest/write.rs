//! Manifests → YAML text.

use serde::Serialize;

/// The YAML text of a manifest.
///
/// # Errors
/// The value is nothing that YAML can say; no struct of [`super::kind`] is such a value.
pub fn to_yaml(manifest: &impl Serialize) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(manifest)
}
