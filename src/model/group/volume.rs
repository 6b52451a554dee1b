//! Volumes of a group, and where containers mount them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::each_value;

/// A volume of a group; exactly one of its kinds is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "Volume", deny_unknown_fields)]
pub struct Volume<S> {
    /// Its name, by which containers mount it: 5 to 63 lower-case letters, digits and single inner hyphens.
    pub name: String,
    /// A share of Azure Files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_file: Option<AzureFile<S>>,
    /// An empty folder that lives as long as the group runs: `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_dir: Option<EmptyDir>,
    /// Secret files, by name. What a reference gives is the file's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<BTreeMap<String, S>>,
    /// Secret files whose content is in a Key Vault: by file name, the name of one of the group's `secretReferences`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_reference: Option<BTreeMap<String, String>>,
    /// A git repository, cloned when the group starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_repo: Option<GitRepo>,
}

/// A share of Azure Files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "AzureFile", deny_unknown_fields)]
pub struct AzureFile<S> {
    /// The share.
    pub share_name: String,
    /// The storage account of the share.
    pub storage_account_name: String,
    /// Whether nothing may be written to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// The storage account's key, which Azure never shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_account_key: Option<S>,
    /// The name of one of the group's `secretReferences`, which holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_account_key_reference: Option<String>,
    /// The client id of a user-assigned identity that may use the share in place of a key; since API 2026-07-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_assigned_identity_client_id: Option<String>,
}

/// An empty folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EmptyDir {}

/// A git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GitRepo {
    /// Its URL, which everybody who may read the group can see.
    pub repository: String,
    /// The folder that it is cloned into; `.` for the volume itself, a folder of the repository's name where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// A volume in a container's file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct VolumeMount {
    /// The volume's name.
    pub name: String,
    /// The folder; it has no colon.
    #[schemars(extend("examples" = ["/mnt/data"]))]
    pub mount_path: String,
    /// Whether the container may not write to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
}

impl<S> Volume<S> {
    pub(super) fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Volume<T>, E> {
        let Self { name, azure_file, empty_dir, secret, secret_reference, git_repo } = self;
        let azure_file = azure_file.map(|file| file.map(stage)).transpose()?;
        let secret = secret.map(|files| each_value(files, &mut *stage)).transpose()?;
        Ok(Volume { name, azure_file, empty_dir, secret, secret_reference, git_repo })
    }
}

impl<S> AzureFile<S> {
    fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<AzureFile<T>, E> {
        let Self {
            share_name,
            storage_account_name,
            read_only,
            storage_account_key,
            storage_account_key_reference,
            user_assigned_identity_client_id,
        } = self;
        Ok(AzureFile {
            share_name,
            storage_account_name,
            read_only,
            storage_account_key: storage_account_key.map(stage).transpose()?,
            storage_account_key_reference,
            user_assigned_identity_client_id,
        })
    }
}
