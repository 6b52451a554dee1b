//! Image references as people write them, in one comparable form.
//!
//! `ubuntu`, `docker.io/ubuntu` and `docker.io/library/ubuntu:latest` are one image. The rules are those of
//! `distribution/reference`: the first part is a registry if it has a dot, a colon, or is `localhost`.

use std::fmt;
use std::str::FromStr;

use super::ImageError;

/// A normalised reference: registry, repository, and a tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    version: Version,
}

/// Which image of a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// A name that may move.
    Tag(String),
    /// `sha256:…` of the manifest; a tag beside it says nothing and is dropped.
    Digest(String),
}

impl Reference {
    /// The repository with its registry, without tag or digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The registry: a host, and a port where it is not the usual one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository without its registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or the digest.
    pub fn version(&self) -> &Version {
        &self.version
    }
}

impl FromStr for Reference {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let wrong = |reason| ImageError::Reference { text: text.to_owned(), reason };
        let (rest, digest) = match text.split_once('@') {
            Some((_, digest)) if !is_digest(digest) => {
                return Err(wrong("a digest is sha256: and 64 hexadecimal digits in lower case"));
            }
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("a tag has at most 128 letters, digits, _ . and -"));
        }
        let (registry, repository) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => ("docker.io", path),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        let official = registry == "docker.io" && !repository.contains('/');
        let repository = if official { format!("library/{repository}") } else { repository.to_owned() };
        if !is_registry(registry) {
            return Err(wrong("a registry is a host name, with a port or without"));
        }
        if !repository.split('/').all(is_component) {
            return Err(wrong("a name has lower-case letters and digits, with . _ - and / between"));
        }
        let version =
            digest.map_or_else(|| Version::Tag(tag.unwrap_or("latest").to_owned()), Version::Digest);
        Ok(Self { registry: registry.to_owned(), repository, version })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, repository, version } = self;
        match version {
            Version::Tag(tag) => write!(f, "{registry}/{repository}:{tag}"),
            Version::Digest(digest) => write!(f, "{registry}/{repository}@{digest}"),
        }
    }
}

/// Whether the text is a digest that we can check.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn is_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= 128
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_registry(host: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    edge(host.bytes().next())
        && edge(host.bytes().last())
        && host.bytes().all(|b| edge(Some(b)) || matches!(b, b'.' | b':' | b'-'))
}

fn is_component(part: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(part.bytes().next())
        && edge(part.bytes().last())
        && part.bytes().all(|b| edge(Some(b)) || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_form() {
        let hex = "0123456789abcdef".repeat(4);
        let by_digest = format!("docker.io/acitask/strong@sha256:{hex}");
        for (text, full) in [
            ("ubuntu", "docker.io/library/ubuntu:latest"),
            ("docker.io/ubuntu", "docker.io/library/ubuntu:latest"),
            ("index.docker.io/library/ubuntu", "docker.io/library/ubuntu:latest"),
            ("acitask/strong:1", "docker.io/acitask/strong:1"),
            ("docker.io/acitask/strong:1", "docker.io/acitask/strong:1"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/x/y", "localhost:5000/x/y:latest"),
            ("localhost:5000/x:2", "localhost:5000/x:2"),
            (
                "mcr.microsoft.com/azuredocs/aci-helloworld",
                "mcr.microsoft.com/azuredocs/aci-helloworld:latest",
            ),
            (&format!("acitask/strong@sha256:{hex}"), &by_digest),
            (&format!("acitask/strong:1@sha256:{hex}"), &by_digest),
        ] {
            let found = text.parse::<Reference>().map(|reference| reference.to_string());
            assert_eq!(found.ok().as_deref(), Some(full), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            ":",
            "a:",
            "UPPER",
            "a//b",
            "../a",
            "a b",
            "a@sha256:12",
            "a@md5:00",
            "-a",
            "a/-b",
            "a:-x",
            "example.com/",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
