//! Logins for image registries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A login for a registry: a user name with a password or a reference to one, or an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "RegistryCredential", deny_unknown_fields)]
pub struct RegistryCredential<S> {
    /// The registry, without a protocol.
    #[schemars(extend("examples" = ["example.azurecr.io"]))]
    pub server: String,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password, which Azure never shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<S>,
    /// The name of one of the group's `secretReferences`, which holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_reference: Option<String>,
    /// The resource id of a user-assigned identity that may pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The URL of the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_url: Option<String>,
}

impl<S> RegistryCredential<S> {
    pub(super) fn map<T, E>(
        self,
        stage: &mut impl FnMut(S) -> Result<T, E>,
    ) -> Result<RegistryCredential<T>, E> {
        let Self { server, username, password, password_reference, identity, identity_url } = self;
        let password = password.map(stage).transpose()?;
        Ok(RegistryCredential { server, username, password, password_reference, identity, identity_url })
    }
}
