//! Where logs go.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::word::LogType;

/// Where logs go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "Diagnostics", deny_unknown_fields)]
pub struct Diagnostics<S> {
    /// A workspace of Log Analytics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_analytics: Option<LogAnalytics<S>>,
}

/// A workspace of Log Analytics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(
    rename = "LogAnalytics",
    deny_unknown_fields,
    extend("required" = ["workspaceId", "workspaceKey"])
)]
pub struct LogAnalytics<S> {
    /// The workspace's id.
    pub workspace_id: String,
    /// The workspace's key, which Azure never shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<S>,
    /// The workspace's resource id, which Azure does not show either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_resource_id: Option<String>,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_type: Option<LogType>,
    /// What is added to each line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl<S> Diagnostics<S> {
    pub(super) fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Diagnostics<T>, E> {
        let Self { log_analytics } = self;
        Ok(Diagnostics { log_analytics: log_analytics.map(|one| one.map(stage)).transpose()? })
    }
}

impl<S> LogAnalytics<S> {
    fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<LogAnalytics<T>, E> {
        let Self { workspace_id, workspace_key, workspace_resource_id, log_type, metadata } = self;
        let workspace_key = workspace_key.map(stage).transpose()?;
        Ok(LogAnalytics { workspace_id, workspace_key, workspace_resource_id, log_type, metadata })
    }
}
