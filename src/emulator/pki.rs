//! The emulator's own certificate authority, and the certificate that its https port shows.
//!
//! Invariant: the authority of a state folder is made once and never changes, so that a client that was told to trust
//! it goes on trusting; it can vouch for names of this machine's loopback and for nothing else (RFC 5280, 4.2.1.10),
//! so that trusting it gives nobody else's name away. The server's certificate is replaced in time.
//! Which socket shows it is `serve`'s business.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::home::{HomeError, at, put, remembered};

/// Under which names the server is reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How long a server's certificate is good for.
const LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How long before its end it is replaced.
const MARGIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long before now certificates begin, for clocks that are behind.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// How often a running server looks at its certificate.
const LOOK: SignedDuration = SignedDuration::from_hours(1);

/// What keeps certificates from being made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file of the state folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A certificate cannot be made.
    #[error("no certificate can be made")]
    Make(#[from] rcgen::Error),
    /// A certificate that was just made cannot be shown.
    #[error("a certificate cannot be shown")]
    Show(#[from] tokio_rustls::rustls::Error),
    /// The kept authority does not vouch for what its own key signed.
    #[error("{} does not belong to {}; delete both, and have clients trust the new one", authority.display(), key.display())]
    Torn {
        /// The authority's certificate.
        authority: PathBuf,
        /// The authority's key.
        key: PathBuf,
    },
    /// Today is beyond the calendar.
    #[error("the clock shows no date that a certificate can have")]
    Date,
}

/// The certificates of a state folder.
#[derive(Clone, Debug)]
pub struct Pki {
    folder: PathBuf,
}

impl Pki {
    /// Opens the certificates in a folder (mode 0700), making the authority where there is none.
    ///
    /// # Errors
    /// The folder or a file of it cannot be used.
    pub fn open(folder: &Path) -> Result<Self, PkiError> {
        let pki = Self { folder: folder.to_owned() };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        pki.authority()?;
        Ok(pki)
    }

    /// The authority's certificate (PEM), which clients are told to trust.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// What a server shows: the certificate of the folder, looked at every hour and replaced in time.
    ///
    /// # Errors
    /// There is none, and none can be made.
    pub fn server(&self) -> Result<Arc<ServerConfig>, PkiError> {
        let shown = Shown::new(self.clone(), Timestamp::now)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The certificate to show now, with its key: the kept one where it is good for long enough, else a new one.
    fn certificate(&self, now: Timestamp) -> Result<Arc<CertifiedKey>, PkiError> {
        let authority = self.authority()?;
        let until = now.checked_add(MARGIN).map_err(|_| PkiError::Date)?;
        if let Some(kept) = self.kept(&authority, until) {
            return Ok(kept);
        }
        self.issue(now)?;
        self.kept(&authority, until)
            .ok_or_else(|| PkiError::Torn { authority: self.authority_file(), key: self.authority_key() })
    }

    fn authority_key(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    /// Key and certificate of the server, in one file so that they are replaced together.
    fn server_file(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// The authority's certificate. The key is made first: a certificate for it can be made again.
    fn authority(&self) -> Result<CertificateDer<'static>, PkiError> {
        let path = self.authority_file();
        let key = self.key()?;
        let pem = remembered::<PkiError>(&path, || Ok(authority().self_signed(&key)?.pem()))?;
        CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| HomeError::Damaged { path, expected: "a certificate" }.into())
    }

    fn key(&self) -> Result<KeyPair, PkiError> {
        let path = self.authority_key();
        let pem = remembered::<PkiError>(&path, || Ok(KeyPair::generate()?.serialize_pem()))?;
        KeyPair::from_pem(&pem).map_err(|_| HomeError::Damaged { path, expected: "a private key" }.into())
    }

    /// Makes a new certificate for the server.
    fn issue(&self, now: Timestamp) -> Result<(), PkiError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let since = |time: Result<Timestamp, jiff::Error>| time.ok().and_then(elapsed).ok_or(PkiError::Date);
        params.not_before = date_time_ymd(1970, 1, 1) + since(now.checked_sub(BEFORE))?;
        params.not_after = date_time_ymd(1970, 1, 1) + since(now.checked_add(LIFETIME))?;
        let certificate = params.signed_by(&key, &Issuer::new(authority(), self.key()?))?;
        let path = self.server_file();
        let fresh = path.with_extension("new");
        let text = format!("{}{}", key.serialize_pem(), certificate.pem());
        put(&fresh, text.as_bytes()).map_err(at(&fresh))?;
        std::fs::rename(&fresh, &path).map_err(at(&path))?;
        Ok(())
    }

    /// The server's certificate, where it is there, of this authority, and still good at that time under each name.
    fn kept(&self, authority: &CertificateDer<'static>, until: Timestamp) -> Option<Arc<CertifiedKey>> {
        let pem = std::fs::read(self.server_file()).ok()?;
        let certificate = CertificateDer::from_pem_slice(&pem).ok()?;
        let key = PrivateKeyDer::from_pem_slice(&pem).ok()?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).ok()?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let verifier = verifier.ok()?;
        let at = UnixTime::since_unix_epoch(elapsed(until)?);
        for name in NAMES {
            let name = ServerName::try_from(name).ok()?;
            verifier.verify_server_cert(&certificate, &[], &name, &[], at).ok()?;
        }
        CertifiedKey::from_der(vec![certificate], key, &provider).ok().map(Arc::new)
    }
}

/// The authority as it is made each time: only its key tells one from another.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "acitask emulator authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    params.not_before = date_time_ymd(2020, 1, 1);
    // What RFC 5280, 4.1.2.5, has for a certificate without an end.
    params.not_after = date_time_ymd(9999, 12, 31) + Duration::from_secs(24 * 60 * 60 - 1);
    params
}

/// How long after 1970 began; none before.
fn elapsed(time: Timestamp) -> Option<Duration> {
    time.duration_since(Timestamp::UNIX_EPOCH).try_into().ok()
}

/// The certificate that a running server shows.
#[derive(Debug)]
struct Shown {
    pki: Pki,
    /// What a wall clock shows: clients have their own, whatever the emulator's says.
    wall: fn() -> Timestamp,
    /// The certificate, and when it was looked at.
    current: Mutex<(Arc<CertifiedKey>, Timestamp)>,
}

impl Shown {
    fn new(pki: Pki, wall: fn() -> Timestamp) -> Result<Self, PkiError> {
        let now = wall();
        let current = Mutex::new((pki.certificate(now)?, now));
        Ok(Self { pki, wall, current })
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let now = (self.wall)();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(current.1) >= LOOK {
            current.1 = now;
            match self.pki.certificate(now) {
                Ok(fresh) => current.0 = fresh,
                Err(error) => tracing::warn!(%error, "the https certificate cannot be looked after"),
            }
        }
        current.0.clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

#[cfg(test)]
mod tests;
