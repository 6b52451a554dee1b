//! The https port: who trusts it, and that whatever holds on the plain port holds there.

use std::net::Ipv4Addr;
use std::sync::Arc;

use acitask_emulator::home::Home;
use acitask_emulator::pki::Pki;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Outcome;
use super::served::{ask, begin};
use super::wire::GROUP;

type Failure = Box<dyn std::error::Error>;

/// A running server, and what it takes to reach it.
struct Site {
    home: Home,
    _folder: tempfile::TempDir,
    _server: JoinHandle<Result<(), acitask_emulator::serve::ServeError>>,
    _end: DropGuard,
}

impl Site {
    fn new() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let home = Home::open(folder.path())?;
        let end = CancellationToken::new();
        let (_, server) = begin(&home, end.clone())?;
        Ok(Self { home, _folder: folder, _server: server, _end: end.drop_guard() })
    }

    async fn plain(&self) -> Result<TcpStream, Failure> {
        Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, self.home.https_port()?)).await?)
    }

    /// Connects as a client that trusts the emulator's authority and nothing else.
    async fn secure(&self, name: &'static str) -> Result<TlsStream<TcpStream>, Failure> {
        let pem = std::fs::read(Pki::open(&self.home.certificates())?.authority_file())?;
        self.trusting(&pem, name).await
    }

    async fn trusting(&self, pem: &[u8], name: &'static str) -> Result<TlsStream<TcpStream>, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem)?)?;
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(connector.connect(ServerName::try_from(name)?, self.plain().await?).await?)
    }

    /// A bearer token, had over https.
    async fn token(&self) -> Result<String, Failure> {
        let secret = self.home.secret()?;
        let form = format!("grant_type=client_credentials&client_id=me&client_secret={}", secret.reveal());
        let mut stream = self.secure("localhost").await?;
        let (_, answer) = ask(&mut stream, "POST /t/oauth2/v2.0/token", "", &form).await?;
        Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
    }
}

#[tokio::test]
async fn its_authority_is_trusted_under_each_name_and_nobody_elses_is() -> Outcome {
    let site = Site::new()?;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut stream = site.secure(name).await?;
        let (status, health) = ask(&mut stream, "GET /_emulator/health", "", "").await?;
        assert_eq!(status, "200");
        assert_eq!(health["ports"]["https"], json!(site.home.https_port()?));
    }
    let other = tempfile::tempdir()?;
    let stranger = std::fs::read(Pki::open(other.path())?.authority_file())?;
    assert!(site.trusting(&stranger, "localhost").await.is_err());
    assert!(site.secure("management.azure.com").await.is_err());
    Ok(())
}

#[tokio::test]
async fn clients_that_never_shake_hands_hold_nobody_back() -> Outcome {
    let site = Site::new()?;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(site.plain().await?);
    }
    let mut stream = timeout(Duration::from_secs(5), site.secure("localhost")).await??;
    let (status, _) = ask(&mut stream, "GET /_emulator/health", "", "").await?;
    assert_eq!(status, "200");
    Ok(())
}

#[tokio::test]
async fn strangers_reach_nothing_there_either() -> Outcome {
    let site = Site::new()?;
    let rows = [
        ("Host: localhost", "401"),
        ("Host: evil.example", "421"),
        ("Host: localhost.evil.example", "421"),
        ("Host: 127.0.0.1.nip.io", "421"),
        ("Host: 10.0.0.1", "421"),
        ("Host: localhost\r\nOrigin: https://evil.example", "403"),
        ("Host: localhost\r\nOrigin: null", "403"),
        ("Host: localhost\r\nOrigin: https://localhost", "401"),
    ];
    for (headers, wanted) in rows {
        let mut stream = site.secure("localhost").await?;
        let target = "GET /subscriptions?api-version=2022-12-01";
        let answer = super::served::exchange(&mut stream, target, headers, "").await?;
        assert_eq!(answer.split(' ').nth(1), Some(wanted), "{headers}: {answer}");
        let challenge = "www-authenticate: Bearer authorization_uri=\"https://localhost/";
        assert_eq!(answer.contains(challenge), wanted == "401", "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn what_it_gives_out_leads_back_to_it() -> Outcome {
    let site = Site::new()?;
    let token = site.token().await?;
    let header = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let mut stream = site.secure("localhost").await?;
    let version = "?api-version=2025-09-01";
    let group = format!("PUT /subscriptions/s/resourceGroups/rg{version}");
    ask(&mut stream, &group, &header, r#"{"location": "eastus"}"#).await?;
    let body = json!({"location": "eastus", "properties": {"osType": "Linux", "containers": [{
        "name": "c",
        "properties": {"image": "simulated/run:forever", "resources": {"requests": {"cpu": 1.0, "memoryInGB": 1.0}}},
    }]}});
    let target = format!("PUT {GROUP}{version}");
    let answer = super::served::exchange(
        &mut stream,
        &target,
        &format!("Host: localhost\r\n{header}"),
        &body.to_string(),
    )
    .await?;
    assert!(answer.to_ascii_lowercase().contains("azure-asyncoperation: https://localhost/"), "{answer}");
    for _ in 0..100 {
        let (_, seen) = ask(&mut stream, &format!("GET {GROUP}{version}"), &header, "").await?;
        if seen["properties"]["provisioningState"] == "Succeeded" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let wanted = json!({"command": "cat", "terminalSize": {"rows": 24, "cols": 80}}).to_string();
    let target = format!("POST {GROUP}/containers/c/exec{version}");
    let (_, exec) = ask(&mut stream, &target, &header, &wanted).await?;
    let text = |name: &str| exec[name].as_str().map(str::to_owned).ok_or(format!("no {name}: {exec}"));
    let uri = text("webSocketUri")?;
    assert!(uri.starts_with("wss://localhost/execstream/"), "{uri}");
    let (mut socket, _) =
        tokio_tungstenite::client_async(uri.as_str(), site.secure("localhost").await?).await?;
    socket.send(Message::text(text("password")?)).await?;
    socket.send(Message::text("hello")).await?;
    let heard = timeout(Duration::from_secs(10), socket.next()).await?.ok_or("closed")??;
    assert_eq!(heard.into_data(), "hello");
    Ok(())
}

/// What a scheme in the request line says counts for nothing.
#[tokio::test]
async fn a_request_line_cannot_change_the_scheme() -> Outcome {
    let site = Site::new()?;
    let mut stream = site.secure("localhost").await?;
    let target = "GET http://localhost/subscriptions?api-version=2022-12-01";
    let answer = super::served::exchange(&mut stream, target, "Host: localhost", "").await?;
    assert!(answer.contains("authorization_uri=\"https://localhost/"), "{answer}");
    Ok(())
}
