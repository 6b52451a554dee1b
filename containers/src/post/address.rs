//! Where to post: an http or https address, and how it may be shown. Pure.
//!
//! Invariant: neither `Display` nor `Debug` shows credentials, the query or the fragment: webhook
//! addresses carry their secrets there.

use std::fmt;

use ureq::http::Uri;

/// An address that can be posted to.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Uri);

/// Why a text is no such address. The text itself is not shown: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It cannot be read at all.
    #[error("is no address")]
    Malformed,
    /// It is neither http nor https.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It names no host.
    #[error("names no host")]
    Host,
}

impl Address {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let uri: Uri = text.parse().map_err(|_| BadAddress::Malformed)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(BadAddress::Scheme);
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(BadAddress::Host);
        }
        Ok(Self(uri))
    }

    /// Whether it is https.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The whole address, for the request alone.
    #[must_use]
    pub fn exposed(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        write!(f, "{scheme}://{host}{}", self.0.path())?;
        if self.0.query().is_some() { f.write_str("?…") } else { Ok(()) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_an_address_are_not_shown() {
        let cases = [
            ("http://sink:8080/post", "http://sink:8080/post"),
            ("https://host", "https://host/"),
            ("https://user:geheim@host/a?sig=geheim#geheim", "https://host/a?…"),
            ("http://[::1]:80/", "http://[::1]:80/"),
        ];
        for (text, shown) in cases {
            let address = Address::parse(text);
            assert_eq!(address.as_ref().map(ToString::to_string), Ok(shown.to_owned()));
            assert!(!format!("{address:?}").contains("geheim"));
        }
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused() {
        let cases = [
            ("", BadAddress::Malformed),
            ("http://a b/", BadAddress::Malformed),
            ("sink/post", BadAddress::Malformed),
            ("/post", BadAddress::Scheme),
            ("ftp://host/", BadAddress::Scheme),
            ("sink:8080", BadAddress::Scheme),
        ];
        for (text, error) in cases {
            assert_eq!(Address::parse(text), Err(error), "{text:?}");
        }
    }
}
