//! The wire over sockets: one pooled HTTP client and one TLS configuration for calls, tokens and websockets alike.
//!
//! Invariant: no redirect is followed, so a token never travels where it was not sent; every wait has an end.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::fault::{Fault, FaultKind};
use super::wire::{Answer, Request, Stream};

const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(60);
/// More bytes than an answer of the service has: lists come in pages, and a log has a few megabytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// Creating a container group may take the service more than a minute to accept.
const WHOLE: Duration = Duration::from_secs(180);

/// Which certificates are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system trusts; the system's proxy settings hold too.
    System,
    /// None: for plain http to this machine, where a system without certificate files must do.
    Nothing,
}

/// A wire over sockets.
#[derive(Clone, Debug)]
pub struct Net {
    http: reqwest::Client,
    tls: Arc<ClientConfig>,
    calls: Arc<AtomicU64>,
}

impl Net {
    /// A wire that trusts what it is told to trust.
    ///
    /// # Errors
    /// [`Protocol`](FaultKind::Protocol) where TLS cannot be set up.
    pub fn new(trust: Trust) -> Result<Self, Fault> {
        let tls = tls(trust)?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .timeout(WHOLE);
        let builder = match trust {
            Trust::System => builder,
            Trust::Nothing => builder.no_proxy(),
        };
        let http = builder.build().map_err(|error| fault(&error))?;
        Ok(Self { http, tls: Arc::new(tls), calls: Arc::default() })
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Request { method, url, headers, body } = request;
        let method = reqwest::Method::from_bytes(method.as_bytes())
            .map_err(|_| Fault::own(FaultKind::Protocol, format!("{method:?} is no HTTP method")))?;
        let mut builder = self.http.request(method, url);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let answer = builder.body(body).send().await.map_err(|error| fault(&error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let body = whole(answer, LARGEST).await?;
        Ok(Answer { status, headers, body })
    }

    pub(super) async fn dial(&self, url: &Url) -> Result<Box<dyn Stream>, Fault> {
        let dialled = tokio::time::timeout(CONNECT, self.connect(url)).await;
        dialled.unwrap_or_else(|_| Err(Fault::own(FaultKind::Transient, "no connection in 10 s")))
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, Fault> {
        let refused = |what: &str| Fault::own(FaultKind::Protocol, what);
        let host = url.host_str().ok_or_else(|| refused("an address without a host"))?.to_owned();
        let encrypted = matches!(url.scheme(), "wss" | "https");
        let port = url.port().unwrap_or(if encrypted { 443 } else { 80 });
        let bare = host.trim_matches(['[', ']']).to_owned();
        let io = |error: std::io::Error| Fault::own(FaultKind::Transient, format!("{host}:{port}: {error}"));
        let tcp = TcpStream::connect((bare.as_str(), port)).await.map_err(io)?;
        if !encrypted {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(bare).map_err(|_| refused("a host that has no valid name"))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, tcp).await.map_err(io)?;
        Ok(Box::new(stream))
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// The body of an answer, which is not read further than so many bytes.
async fn whole(mut answer: reqwest::Response, most: usize) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| fault(&error))? {
        if body.len() + chunk.len() > most {
            return Err(Fault::own(FaultKind::Protocol, format!("the answer is longer than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn tls(trust: Trust) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    if trust == Trust::System {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(Fault::own(
                FaultKind::Protocol,
                "this system has no certificate authorities; install ca-certificates or set SSL_CERT_FILE",
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::own(FaultKind::Protocol, error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The innermost cause says what happened; the address is left out because a query may hold a signature.
fn fault(error: &reqwest::Error) -> Fault {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let innermost = cause.to_string();
    let text = if error.source().is_some() {
        innermost
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection failed".to_owned()
    };
    let kind = if text.contains("certificate") { FaultKind::Protocol } else { FaultKind::Transient };
    Fault::own(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit() -> Result<(), Box<dyn std::error::Error>> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let serving = std::thread::spawn(move || -> std::io::Result<()> {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept()?;
                // The request fits into one packet; what it says does not matter.
                let _ = std::io::Read::read(&mut stream, &mut [0; 4096])?;
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\n";
                std::io::Write::write_all(&mut stream, format!("{head}0123456789").as_bytes())?;
            }
            Ok(())
        });
        let wire = Net::new(Trust::Nothing)?;
        for (most, read) in [(10, Ok(10)), (9, Err(FaultKind::Protocol))] {
            let answer = wire.http.get(&url).send().await?;
            let body = whole(answer, most).await;
            assert_eq!(body.map(|body| body.len()).map_err(|fault| fault.kind), read, "{most}");
        }
        serving.join().map_err(|_| "the server fell over")??;
        Ok(())
    }

    #[test]
    fn loopback_needs_no_certificate_files() {
        assert!(Net::new(Trust::Nothing).is_ok());
    }

    #[tokio::test]
    async fn a_closed_port_is_a_transient_fault_without_the_address() -> Result<(), Box<dyn std::error::Error>>
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        drop(listener);
        let url: Url = format!("http://127.0.0.1:{port}/x?sig=canary").parse()?;
        let wire = Net::new(Trust::Nothing)?;
        let request = Request {
            method: "GET".into(),
            url: url.clone(),
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        let sent = wire.send(request).await.err().map(|fault| (fault.kind, fault.to_string()));
        assert!(
            sent.as_ref()
                .is_some_and(|(kind, text)| *kind == FaultKind::Transient && !text.contains("canary"))
        );
        assert_eq!(wire.dial(&url).await.err().map(|fault| fault.kind), Some(FaultKind::Transient));
        assert_eq!(wire.calls(), 1);
        Ok(())
    }
}
