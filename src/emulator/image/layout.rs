//! The documents of an OCI image layout, as far as they concern running an image.
//!
//! Unknown fields are left alone: the documents come from other people's tools, and only those fields
//! that decide what runs are read. Source: the OCI image specification 1.1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ImageError;

/// The annotation that names an image in a layout; often only a tag.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation in which containerd and docker keep the full name.
pub(crate) const FULL_NAME: &str = "io.containerd.image.name";
/// The annotation of ours with the digest under which a registry announced an image that was pulled from it.
pub(crate) const PULLED: &str = "acitask.pulled";
/// The media type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a configuration.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of an uncompressed layer.
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// The media type of a layer packed with gzip.
pub(crate) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The file that says that a folder is a layout, and its content.
pub(crate) const MARK: (&str, &str) = ("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);

/// Points to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<Platform>,
}

/// What a variant of an image is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    pub(crate) os: String,
    pub(crate) architecture: String,
}

/// `index.json`, or an index over the platforms of one image.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u32,
    #[serde(default)]
    pub(crate) manifests: Vec<Descriptor>,
}

/// An image: its configuration and its layers, the lowest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
}

/// The configuration document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) config: Option<Settings>,
    #[serde(default)]
    pub(crate) rootfs: RootFs,
}

/// The digests of the uncompressed layers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RootFs {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) diff_ids: Vec<String>,
}

/// How an image wants to be run. Docker writes `null` for what is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Settings {
    /// The program and its first arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Further arguments, or the program where there is no entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// `NAME=value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The working directory; empty: `/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// `user[:group]`, names or numbers; empty: root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
}

/// The full name of a described image; none where the layout gives a tag only.
pub(crate) fn full_name(descriptor: &Descriptor) -> Option<&str> {
    let is_full = |name: &&String| name.contains(['/', ':']);
    [FULL_NAME, REF_NAME]
        .iter()
        .filter_map(|key| descriptor.annotations.get(*key))
        .find(is_full)
        .map(String::as_str)
}

/// The variant for this machine. One whose platform is not told is taken on trust.
pub(crate) fn variant(index: &Index) -> Result<&Descriptor, ImageError> {
    let ours = |descriptor: &&Descriptor| {
        descriptor
            .platform
            .as_ref()
            .is_none_or(|platform| platform.os == "linux" && platform.architecture == architecture())
    };
    index.manifests.iter().find(ours).ok_or(ImageError::Platform { architecture: architecture() })
}

/// Whether the blob is an index over platforms and not a manifest.
pub(crate) fn is_index(descriptor: &Descriptor) -> bool {
    matches!(
        descriptor.media_type.as_str(),
        "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json"
    )
}

/// This machine's architecture in OCI's words.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(annotations: &[(&str, &str)], platform: Option<(&str, &str)>) -> Descriptor {
        let text = |text: &&str| (*text).to_owned();
        Descriptor {
            media_type: MANIFEST.to_owned(),
            digest: String::new(),
            size: 0,
            annotations: annotations.iter().map(|(key, value)| (text(key), text(value))).collect(),
            platform: platform.map(|(os, arch)| Platform { os: text(&os), architecture: text(&arch) }),
        }
    }

    #[test]
    fn a_tag_alone_is_no_name() {
        for (annotations, name) in [
            (vec![(REF_NAME, "1")], None),
            (vec![(REF_NAME, "acitask/weak:1")], Some("acitask/weak:1")),
            (vec![(REF_NAME, "1"), (FULL_NAME, "docker.io/a/b:1")], Some("docker.io/a/b:1")),
            (vec![], None),
        ] {
            assert_eq!(full_name(&described(&annotations, None)), name, "{annotations:?}");
        }
    }

    #[test]
    fn the_variant_of_this_machine_is_taken() {
        let here = described(&[("here", "yes")], Some(("linux", architecture())));
        let index = |manifests| Index { schema_version: 2, manifests };
        let other = || described(&[], Some(("windows", "amd64")));
        assert_eq!(variant(&index(vec![other(), here.clone()])).ok(), Some(&here));
        assert!(variant(&index(vec![other()])).is_err());
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let read = serde_json::from_str::<Config>(
            r#"{"config":{"Entrypoint":null,"Env":["A=1"],"Cmd":["x"],"Labels":{}}}"#,
        );
        let settings = read.ok().and_then(|config| config.config);
        assert_eq!(
            settings,
            Some(Settings {
                env: Some(vec!["A=1".into()]),
                cmd: Some(vec!["x".into()]),
                ..Settings::default()
            })
        );
    }
}
