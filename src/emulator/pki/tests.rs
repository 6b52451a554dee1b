//! The authority and its certificates over the years.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TODAY: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn days_later(days: i64) -> Result<Timestamp, jiff::Error> {
    TODAY.checked_add(SignedDuration::from_hours(24 * days))
}

fn leaf(certificate: &Arc<CertifiedKey>) -> Option<CertificateDer<'static>> {
    certificate.cert.first().cloned()
}

#[test]
fn the_authority_is_made_once_and_its_key_is_private() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("pki");
    let pki = Pki::open(&path)?;
    let authority = std::fs::read(pki.authority_file())?;
    pki.certificate(TODAY)?;
    Pki::open(&path)?.certificate(days_later(3650)?)?;
    assert_eq!(std::fs::read(pki.authority_file())?, authority);
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    assert_eq!(mode(&path)?, 0o700);
    assert_eq!(mode(&pki.authority_key())?, 0o600);
    assert_eq!(mode(&pki.server_file())?, 0o600);
    Ok(())
}

#[test]
fn the_servers_certificate_is_kept_until_thirty_days_before_its_end() -> Outcome {
    let folder = tempfile::tempdir()?;
    let pki = Pki::open(folder.path())?;
    let first = leaf(&pki.certificate(TODAY)?);
    for (days, same) in [(0, true), (59, true), (61, false)] {
        let now = leaf(&Pki::open(folder.path())?.certificate(days_later(days)?)?);
        assert_eq!(now == first, same, "after {days} days");
    }
    Ok(())
}

#[test]
fn a_certificate_of_no_use_is_replaced() -> Outcome {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let pki = Pki::open(folder.path())?;
    let stranger = Pki::open(other.path())?;
    stranger.certificate(TODAY)?;
    let foreign = std::fs::read(stranger.server_file())?;
    for kept in [b"".as_slice(), b"nonsense", &foreign] {
        std::fs::write(pki.server_file(), kept)?;
        pki.certificate(TODAY)?;
        assert_ne!(std::fs::read(pki.server_file())?, kept);
    }
    Ok(())
}

#[test]
fn an_authority_that_is_damaged_is_named_and_left() -> Outcome {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let pki = Pki::open(folder.path())?;
    let stranger = std::fs::read(Pki::open(other.path())?.authority_file())?;
    std::fs::write(pki.authority_file(), &stranger)?;
    assert!(matches!(pki.certificate(TODAY), Err(PkiError::Torn { .. })));
    std::fs::write(pki.authority_file(), "nonsense")?;
    assert!(matches!(Pki::open(folder.path()), Err(PkiError::Home(HomeError::Damaged { .. }))));
    std::fs::write(pki.authority_key(), "nonsense")?;
    assert!(matches!(Pki::open(folder.path()), Err(PkiError::Home(HomeError::Damaged { .. }))));
    Ok(())
}

#[test]
fn a_lost_certificate_of_the_authority_is_made_again_from_its_key() -> Outcome {
    let folder = tempfile::tempdir()?;
    let pki = Pki::open(folder.path())?;
    let before = leaf(&pki.certificate(TODAY)?);
    std::fs::remove_file(pki.authority_file())?;
    assert_eq!(leaf(&Pki::open(folder.path())?.certificate(TODAY)?), before);
    Ok(())
}

#[test]
fn the_authority_vouches_for_loopback_names_only() -> Outcome {
    let folder = tempfile::tempdir()?;
    let pki = Pki::open(folder.path())?;
    let rows = [
        ("localhost", true),
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("::1", true),
        ("management.azure.com", false),
        ("10.0.0.1", false),
        ("::2", false),
    ];
    for (name, vouched) in rows {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new([name.to_owned()])?;
        let certificate = params.signed_by(&key, &Issuer::new(authority(), pki.key()?))?;
        let mut roots = RootCertStore::empty();
        roots.add(pki.authority()?)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build()?;
        let at = UnixTime::since_unix_epoch(elapsed(TODAY).ok_or("no time")?);
        let name = ServerName::try_from(name)?;
        let outcome = verifier.verify_server_cert(certificate.der(), &[], &name, &[], at);
        assert_eq!(outcome.is_ok(), vouched, "{name:?}: {outcome:?}");
    }
    Ok(())
}

#[test]
fn a_running_server_replaces_its_certificate() -> Outcome {
    use std::sync::atomic::{AtomicI64, Ordering};
    static SECONDS: AtomicI64 = AtomicI64::new(1_800_000_000);
    fn wall() -> Timestamp {
        Timestamp::from_second(SECONDS.load(Ordering::Relaxed)).unwrap_or(TODAY)
    }
    let folder = tempfile::tempdir()?;
    let shown = Shown::new(Pki::open(folder.path())?, wall)?;
    let first = leaf(&shown.current());
    SECONDS.fetch_add(59 * 24 * 3600, Ordering::Relaxed);
    assert_eq!(leaf(&shown.current()), first);
    SECONDS.fetch_add(2 * 24 * 3600, Ordering::Relaxed);
    let second = leaf(&shown.current());
    assert_ne!(second, first);
    // What cannot be looked after is shown as long as it lasts.
    drop(folder);
    SECONDS.fetch_add(365 * 24 * 3600, Ordering::Relaxed);
    assert_eq!(leaf(&shown.current()), second);
    Ok(())
}
