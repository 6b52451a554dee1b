//! One try to post, over http or https.
//!
//! Invariant: a try always comes back, within its time-out, as one of the cases of [`Try`]; no
//! redirect is followed, since a POST that turns into a GET is not what was asked for. Whether to
//! try again is not decided here.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, Timeout};

use super::arguments::Errand;

/// The most of an answer's body that is read and shown, in bytes.
const MOST_SHOWN: u64 = 64 << 10;

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Try {
    /// The endpoint answered.
    Answered(Answer),
    /// There was no connection, or it broke before the answer.
    NoConnection(String),
    /// The endpoint could not prove who it is.
    NoTrust(String),
    /// The request was sent, but what came back is no answer, or nothing came in time.
    NoAnswer(String),
}

/// What the endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Its body.
    pub body: Shown,
}

/// A body as it is shown: text, cut where it is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text, with a mark where something is missing.
    pub text: String,
    /// Why it could not be read to its end.
    pub fault: Option<String>,
}

/// Why no try can be made at all.
#[derive(Debug, thiserror::Error)]
pub enum NoAuthorities {
    /// The file cannot be read.
    #[error("SSL_CERT_FILE cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// It holds something that is not PEM.
    #[error("SSL_CERT_FILE is no PEM file")]
    Pem,
    /// It holds no certificate.
    #[error("SSL_CERT_FILE holds no certificate")]
    Empty,
}

/// A client with the errand's time-outs and the authorities it trusts.
pub fn agent(errand: &Errand) -> Result<Agent, NoAuthorities> {
    // Plain http asks nobody for trust, so that a file that is not there does no harm.
    let roots = match &errand.authorities {
        Some(path) if errand.address.secure() => authorities(&std::fs::read(path)?)?,
        _ => RootCerts::WebPki,
    };
    Ok(Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(errand.timeout))
        // Half, so that a connection that never stood can be told from an answer that never came.
        .timeout_resolve(Some(errand.timeout / 2))
        .timeout_connect(Some(errand.timeout / 2))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("acitask-post/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent())
}

/// The certificates of a PEM file.
fn authorities(pem: &[u8]) -> Result<RootCerts, NoAuthorities> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| NoAuthorities::Pem)? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(NoAuthorities::Empty);
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// Posts once.
#[must_use]
pub fn post(agent: &Agent, errand: &Errand) -> Try {
    let sent = agent
        .post(errand.address.exposed())
        .header("content-type", "application/json")
        .send(errand.body.to_string());
    match sent {
        Ok(response) => Try::Answered(answer(response)),
        Err(error) => unanswered(&error, errand.timeout),
    }
}

fn answer(response: Response<Body>) -> Answer {
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| retry_after(text, SystemTime::now()));
    Answer {
        status: response.status().as_u16(),
        retry_after,
        body: shown(response.into_body().into_reader()),
    }
}

/// Seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    text.parse().ok().map(Duration::from_secs).or_else(|| {
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    })
}

fn shown(body: impl Read) -> Shown {
    let mut bytes = Vec::new();
    let read = body.take(MOST_SHOWN + 1).read_to_end(&mut bytes);
    let most = usize::try_from(MOST_SHOWN).unwrap_or(usize::MAX);
    let cut = bytes.len() > most;
    bytes.truncate(most);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if cut {
        text.push_str("… (cut)");
    }
    Shown { text, fault: read.err().map(|error| error.kind().to_string()) }
}

/// What an error of the client means. Only the system's own texts are shown: some of the client's
/// hold the address.
fn unanswered(error: &Error, timeout: Duration) -> Try {
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Try::NoConnection(format!("none within {:?}", timeout / 2))
        }
        Error::Timeout(_) => Try::NoAnswer(format!("none within {timeout:?}")),
        Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Try::NoTrust(error.to_string())
        }
        Error::Io(error) => Try::NoConnection(error.to_string()),
        Error::HostNotFound => Try::NoConnection("no such host".to_owned()),
        Error::ConnectionFailed => Try::NoConnection("refused".to_owned()),
        Error::Tls(why) => Try::NoTrust((*why).to_owned()),
        Error::Rustls(error) => Try::NoTrust(error.to_string()),
        Error::Pem(_) => Try::NoTrust("a certificate is malformed".to_owned()),
        Error::InvalidProxyUrl => Try::NoConnection("the proxy's address is invalid".to_owned()),
        _ => Try::NoAnswer("it is not HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", Some(3)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_long_body_is_cut() {
        let long = vec![b'x'; 70_000];
        let body = shown(long.as_slice());
        assert!(body.text.ends_with("x… (cut)"));
        assert_eq!(body.text.len(), 65_536 + "… (cut)".len());
        let short = Shown { text: "a\u{fffd}".to_owned(), fault: None };
        assert_eq!(shown([b'a', 0xff].as_slice()), short);
    }

    #[test]
    fn authorities_must_be_certificates() {
        assert!(matches!(authorities(b""), Err(NoAuthorities::Empty)));
        let torn = b"-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n";
        assert!(matches!(authorities(torn), Err(NoAuthorities::Pem)));
    }
}
