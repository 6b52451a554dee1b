//! A small registry: one image, three ways in, and the faults that it can be told to have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use acitask_emulator::image::{Settings, Store};
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::bench::shell_image;

type Error = Box<dyn std::error::Error>;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// How the registry lets people in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Door {
    Open,
    Basic,
    Token,
}

/// What the registry does wrong.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    None,
    /// Every request is answered with this.
    Status(u16),
    /// Other bytes than the layer's, as many.
    Forged,
    /// The stream of the layer ends early.
    Cut,
    /// More bytes than were announced.
    Longer,
}

struct Held {
    documents: BTreeMap<String, (String, Vec<u8>)>,
    blobs: BTreeMap<String, Vec<u8>>,
    layer: String,
    door: Door,
    fault: Fault,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Held>>;

/// The registry, as long as it is held.
pub(super) struct Registry {
    held: Shared,
    /// Where it listens.
    pub(super) host: String,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl Registry {
    /// A registry with the tests' image as `test/shell:1`, an index over two platforms.
    pub(super) async fn start(door: Door) -> Result<Self, Error> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let host = listener.local_addr()?.to_string();
        let held = Held {
            documents: BTreeMap::new(),
            blobs: BTreeMap::new(),
            layer: String::new(),
            door,
            fault: Fault::None,
            asked: Vec::new(),
        };
        let held = Arc::new(Mutex::new(held));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&held));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let registry = Self { held, host, server };
        registry.publish("from the registry")?;
        Ok(registry)
    }

    /// Publishes the image anew, with a word by which it can be told.
    pub(super) fn publish(&self, word: &str) -> Result<(), Error> {
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("image.tar");
        shell_image(Settings::default())?
            .file("/word", 0o644, word.as_bytes().to_vec())
            .write(&"test/shell:1".parse()?, &archive)?;
        let store = Store::open(folder.path().join("store"))?;
        store.load(&archive)?;
        let image = store.resolve(&"test/shell:1".parse()?)?;
        let layer = std::fs::read(&image.layers[0].path)?;
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({
            "os": "linux",
            "architecture": architecture,
            "config": {"Cmd": ["cat", "/word"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        });
        let config = serde_json::to_vec(&config)?;
        let described = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(CONFIG, &config),
            "layers": [described(LAYER, &layer)],
        }))?;
        let with = |mut described: Value, os: &str, architecture: &str| {
            described["platform"] = json!({"os": os, "architecture": architecture});
            described
        };
        let index = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [
                with(described(MANIFEST, b"other"), "windows", "amd64"),
                with(described(MANIFEST, &manifest), "linux", architecture),
                with(described(MANIFEST, b"attestation"), "unknown", "unknown"),
            ],
        }))?;
        let mut held = self.held();
        held.layer = digest(&layer);
        held.blobs.insert(digest(&layer), layer);
        held.blobs.insert(digest(&config), config);
        for name in ["1".to_owned(), digest(&index)] {
            held.documents.insert(name, (INDEX.to_owned(), index.clone()));
        }
        held.documents.insert(digest(&manifest), (MANIFEST.to_owned(), manifest));
        Ok(())
    }

    /// The digest of the index.
    pub(super) fn index(&self) -> Option<String> {
        let held = self.held();
        let mut names = held.documents.iter();
        names
            .find(|(name, (kind, _))| name.starts_with("sha256:") && kind == INDEX)
            .map(|(name, _)| name.clone())
    }

    /// Whether it has a document of this digest.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.held().documents.contains_key(digest)
    }

    /// From now on it does this wrong.
    pub(super) fn set(&self, fault: Fault) {
        self.held().fault = fault;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn image(&self, version: &str) -> String {
        format!("{}/test/shell{version}", self.host)
    }

    /// What was asked for since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.held().asked)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": "what the registry says"}]});
    (status, body.to_string()).into_response()
}

async fn answer(
    State(held): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let path = request.uri().path().to_owned();
    held.asked.push(format!("{} {path}", request.method()));
    if let Fault::Status(code) = held.fault {
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return refusal(status, if code == 429 { "TOOMANYREQUESTS" } else { "UNKNOWN" });
    }
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let basic = format!("Basic {}", BASE64_STANDARD.encode("user:canary-password"));
    if path == "/token" {
        let scoped = query.get("scope").is_some_and(|scope| scope == "repository:test/shell:pull");
        return if shown == basic && scoped {
            json!({"token": "a-token"}).to_string().into_response()
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        };
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (entered, challenge) = match held.door {
        Door::Open => (true, String::new()),
        Door::Basic => (shown == basic, "Basic realm=\"test\"".to_owned()),
        Door::Token => (
            shown == "Bearer a-token",
            format!(
                "Bearer realm=\"http://{host}/token\",service=\"test\",scope=\"repository:test/shell:pull\""
            ),
        ),
    };
    if !entered {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    }
    if let Some(name) = path.strip_prefix("/v2/test/shell/manifests/") {
        return match held.documents.get(name) {
            Some((kind, bytes)) => (
                [(header::CONTENT_TYPE.as_str(), kind.clone()), ("docker-content-digest", digest(bytes))],
                bytes.clone(),
            )
                .into_response(),
            None => refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
        };
    }
    if let Some(name) = path.strip_prefix("/v2/test/shell/blobs/") {
        let Some(bytes) = held.blobs.get(name) else {
            return refusal(StatusCode::NOT_FOUND, "BLOB_UNKNOWN");
        };
        let mut bytes = bytes.clone();
        if name == held.layer {
            match held.fault {
                Fault::Forged => bytes[600] ^= 1,
                Fault::Longer => bytes.push(0),
                Fault::Cut => bytes.truncate(bytes.len() / 2),
                Fault::None | Fault::Status(_) => {}
            }
        }
        return Body::from(bytes).into_response();
    }
    if path == "/v2/" { StatusCode::OK.into_response() } else { StatusCode::NOT_FOUND.into_response() }
}
