//! Where Azure Resource Manager answers, and who may be spoken to on its behalf.
//!
//! Invariant: a token goes to the endpoint's own origin and nowhere else, and over plain http only on this machine.

use url::{Host, Url};

use super::fault::{Fault, FaultKind};
use crate::model::stack::{AZURE_API_VERSION, Cloud};

/// Where Azure Resource Manager answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    audience: String,
    groups: String,
}

impl Endpoint {
    /// An endpoint at the root of a host, and the audience that its tokens are for.
    ///
    /// # Errors
    /// [`Refused`](FaultKind::Refused) where the URL is none, has a path, or is plain http to another machine.
    pub fn new(url: &str, audience: impl Into<String>) -> Result<Self, Fault> {
        let refused = |what: &str| Fault::own(FaultKind::Refused, format!("{what}: {url}"));
        let parsed: Url = url.parse().map_err(|_| refused("not a URL"))?;
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || !parsed.username().is_empty() {
            return Err(refused("an endpoint is a host and nothing more"));
        }
        if !confidential(&parsed) {
            return Err(refused("plain http is only for this machine"));
        }
        let audience = audience.into().trim_end_matches('/').to_owned();
        Ok(Self { url: parsed, audience, groups: AZURE_API_VERSION.to_owned() })
    }

    /// A cloud of Azure (Azure's pages "Azure China developer guide" and "Azure Government developer guide").
    ///
    /// # Errors
    /// Never, in truth; the address is parsed like any other.
    pub fn of(cloud: Cloud) -> Result<Self, Fault> {
        let url = match cloud {
            Cloud::Public => "https://management.azure.com",
            Cloud::UsGov => "https://management.usgovcloudapi.net",
            Cloud::China => "https://management.chinacloudapi.cn",
        };
        Self::new(url, url)
    }

    /// The same endpoint, spoken to in another version of the API for Container Instances, where one is wanted.
    #[must_use]
    pub fn in_version(self, version: Option<&str>) -> Self {
        let groups = version.map_or(self.groups, str::to_owned);
        Self { groups, ..self }
    }

    /// The version of the API for Container Instances.
    pub fn groups_version(&self) -> &str {
        &self.groups
    }

    /// The URL, a path of `/` and no query.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The scope of its tokens.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience)
    }

    /// Reads an address that the service named, and takes it only if it is of the endpoint's own origin.
    ///
    /// # Errors
    /// [`Protocol`](FaultKind::Protocol) for any other.
    pub fn own(&self, address: &str) -> Result<Url, Fault> {
        let url = self.url.join(address).map_err(|_| foreign())?;
        self.check(&url)?;
        Ok(url)
    }

    /// Takes an address only if it is of the endpoint's own origin.
    ///
    /// # Errors
    /// [`Protocol`](FaultKind::Protocol) for any other.
    pub(super) fn check(&self, url: &Url) -> Result<(), Fault> {
        if url.origin() == self.url.origin() { Ok(()) } else { Err(foreign()) }
    }
}

fn foreign() -> Fault {
    Fault::own(FaultKind::Protocol, "the service names an address that is not its own; it is not followed")
}

/// Whether what is sent there cannot be read on the way: TLS, or this machine.
pub(super) fn confidential(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    match url.scheme() {
        "https" | "wss" => true,
        "http" | "ws" => loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_only_for_this_machine() {
        for (url, taken) in [
            ("https://management.azure.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost:1", true),
            ("http://[::1]:1/", true),
            ("http://management.azure.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://host/path", false),
            ("https://user@host", false),
            ("ftp://127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(Endpoint::new(url, "x").is_ok(), taken, "{url}");
        }
    }

    #[test]
    fn each_cloud_has_its_address_and_its_tokens() -> Result<(), Fault> {
        for (cloud, host) in [
            (Cloud::Public, "management.azure.com"),
            (Cloud::UsGov, "management.usgovcloudapi.net"),
            (Cloud::China, "management.chinacloudapi.cn"),
        ] {
            let endpoint = Endpoint::of(cloud)?;
            assert_eq!(endpoint.url().host_str(), Some(host));
            assert_eq!(endpoint.scope(), format!("https://{host}/.default"));
        }
        Ok(())
    }

    #[test]
    fn only_own_addresses_are_followed() -> Result<(), Fault> {
        let endpoint = Endpoint::of(Cloud::Public)?;
        for (address, own) in [
            ("https://management.azure.com/next?page=2", true),
            ("https://management.azure.com:443/next", true),
            ("/next?page=2", true),
            ("http://management.azure.com/next", false),
            ("https://management.azure.com.evil.example/next", false),
            ("//evil.example/next", false),
            ("https://management.azure.com:8443/next", false),
        ] {
            assert_eq!(endpoint.own(address).is_ok(), own, "{address}");
        }
        assert_eq!(endpoint.scope(), "https://management.azure.com/.default");
        Ok(())
    }
}
