//! What the credentials need to know, and their names.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::model::secret::Secret;
use crate::model::stack::Cloud;

/// What the credentials need to know, as Azure's tools name it in the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// `AZURE_CLIENT_ID`: of a service principal, a federated identity or a user-assigned managed identity.
    pub client: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<Secret>,
    /// `AZURE_FEDERATED_TOKEN_FILE`, as Kubernetes mounts it.
    pub token_file: Option<PathBuf>,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`, where a job of GitHub Actions gets its assertion.
    pub github_url: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub github_token: Option<Secret>,
    /// `AZURE_AUTHORITY_HOST`; absent: that of the cloud.
    pub authority: Option<String>,
    /// The subscription whose account the Azure CLI is asked for.
    pub subscription: Option<String>,
}

impl Settings {
    /// Reads the settings by their names in the environment; an empty value is none.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| variable(name).filter(|text| !text.is_empty());
        Self {
            tenant: value("AZURE_TENANT_ID"),
            client: value("AZURE_CLIENT_ID"),
            client_secret: value("AZURE_CLIENT_SECRET").map(Secret::new),
            token_file: value("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            github_url: value("ACTIONS_ID_TOKEN_REQUEST_URL"),
            github_token: value("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(Secret::new),
            authority: value("AZURE_AUTHORITY_HOST"),
            subscription: value("AZURE_SUBSCRIPTION_ID"),
        }
    }

    /// The settings for a cloud, whose tokens come from its own authority unless the environment names another.
    #[must_use]
    pub fn within(self, cloud: Cloud) -> Self {
        let host = match cloud {
            Cloud::Public => "https://login.microsoftonline.com",
            Cloud::UsGov => "https://login.microsoftonline.us",
            Cloud::China => "https://login.chinacloudapi.cn",
        };
        Self { authority: self.authority.or_else(|| Some(host.to_owned())), ..self }
    }
}

/// A source of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A service principal with a client secret.
    ServicePrincipal,
    /// A federated identity: an assertion from a file or from GitHub Actions.
    WorkloadIdentity,
    /// The managed identity of the machine that this runs on.
    ManagedIdentity,
    /// The Azure CLI's login.
    AzureCli,
    /// The Azure Developer CLI's login.
    AzureDeveloperCli,
}

impl Source {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 5] = [
        Self::ServicePrincipal,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::AzureDeveloperCli,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "service-principal",
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::AzureCli => "az",
            Self::AzureDeveloperCli => "azd",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no source of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of service-principal, workload-identity, managed-identity, az, azd was expected")]
pub struct NoSource;

impl FromStr for Source {
    type Err = NoSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|source| source.as_str() == text).ok_or(NoSource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_stronger_than_the_cloud() {
        let read = |host: &'static str| {
            Settings::read(move |name| (name == "AZURE_AUTHORITY_HOST").then(|| host.to_owned()))
        };
        for (settings, authority) in [
            (Settings::default().within(Cloud::Public), "https://login.microsoftonline.com"),
            (Settings::default().within(Cloud::UsGov), "https://login.microsoftonline.us"),
            (read("").within(Cloud::China), "https://login.chinacloudapi.cn"),
            (read("https://localhost:1").within(Cloud::UsGov), "https://localhost:1"),
        ] {
            assert_eq!(settings.authority.as_deref(), Some(authority));
        }
    }
}
