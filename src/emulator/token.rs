//! The secret of a state folder, and the bearer tokens that are had for it.
//!
//! Tokens are JSON web tokens signed with HS256 (RFC 7519, RFC 7515) under a key derived from the secret; so they
//! outlive a restart of the emulator and nothing needs to be kept. Which request needs one is `http`'s business.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// How long a token is good for, in seconds.
pub const LIFETIME_SECONDS: i64 = 3600;

/// The one header that is issued and taken: naming another algorithm in a token changes nothing here.
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness(#[source] std::io::Error);

/// What a client shows to get a token; 64 hexadecimal digits.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new one from the system's randomness.
    ///
    /// # Errors
    /// The system gives none.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 32];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())
                .map_err(|error| NoRandomness(error.into()))?;
        }
        Ok(Self(hex(&bytes)))
    }

    /// The secret written as text; none where the text is not 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hexadecimal.then(|| Self(text.to_owned()))
    }

    /// The text, for the one who must show it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether somebody showed the right text; takes as long for a wrong one.
    pub fn matches(&self, shown: &str) -> bool {
        same(&self.0, shown)
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let key = Sha256::digest(format!("acitask emulator token key {}", self.0));
        // A key of 32 bytes is never refused; if it were, the empty signature would verify nothing.
        Hmac::<Sha256>::new_from_slice(&key)
            .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let differences = Sha256::digest(one)
        .iter()
        .zip(Sha256::digest(other))
        .fold(0, |differences, (left, right)| differences | (left ^ right));
    differences == 0
}

/// Who a token speaks for; the claims that Entra ID puts in an access token and clients of ARM read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The resource that the token is for.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// The tenant.
    pub tid: String,
    /// The object id of the service principal.
    pub oid: String,
    /// The subject, the same as `oid` for a service principal.
    pub sub: String,
    /// The client id that asked.
    pub appid: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when on it is good, in seconds since 1970.
    pub nbf: i64,
    /// Until when it is good, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// The claims of a service principal's token that is good from `now` for [`LIFETIME_SECONDS`].
    pub fn new(origin: &str, tenant: &str, client: &str, audience: &str, now: Timestamp) -> Self {
        let issued = now.as_second();
        Self {
            aud: audience.to_owned(),
            iss: format!("{origin}/{tenant}/"),
            tid: tenant.to_owned(),
            oid: client.to_owned(),
            sub: client.to_owned(),
            appid: client.to_owned(),
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add(LIFETIME_SECONDS),
        }
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is no token, or not signed here.
    #[error("the access token is invalid")]
    Invalid,
    /// It was good once.
    #[error("the access token expired")]
    Expired {
        /// Until when, in seconds since 1970.
        at: i64,
    },
}

/// Writes and signs a token.
pub fn issue(secret: &Secret, claims: &Claims) -> String {
    // Claims are strings and whole numbers: they always have a JSON form.
    let body = serde_json::to_vec(claims).unwrap_or_default();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(body));
    let signature = URL_SAFE_NO_PAD.encode(secret.sign(&signed));
    format!("{signed}.{signature}")
}

/// Reads a token that was issued under this secret and is still good.
///
/// # Errors
/// It was not, or is no longer.
pub fn verify(secret: &Secret, token: &str, now: Timestamp) -> Result<Claims, Rejection> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Rejection::Invalid)?;
    let (header, body) = signed.split_once('.').ok_or(Rejection::Invalid)?;
    if !same(signature, &URL_SAFE_NO_PAD.encode(secret.sign(signed)))
        || header != URL_SAFE_NO_PAD.encode(HEADER)
    {
        return Err(Rejection::Invalid);
    }
    let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| Rejection::Invalid)?;
    let claims: Claims = serde_json::from_slice(&body).map_err(|_| Rejection::Invalid)?;
    if claims.exp <= now.as_second() { Err(Rejection::Expired { at: claims.exp }) } else { Ok(claims) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn claims() -> Claims {
        let audience = "https://management.azure.com/";
        Claims::new("http://localhost", "tenant", "client", audience, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_token_is_good_until_it_expires() -> Outcome {
        let secret = Secret::random()?;
        let token = issue(&secret, &claims());
        let after = |seconds| Timestamp::from_second(seconds);
        assert_eq!(verify(&secret, &token, after(LIFETIME_SECONDS - 1)?), Ok(claims()));
        assert_eq!(
            verify(&secret, &token, after(LIFETIME_SECONDS)?),
            Err(Rejection::Expired { at: LIFETIME_SECONDS })
        );
        Ok(())
    }

    #[test]
    fn no_changed_byte_is_taken() -> Outcome {
        let secret = Secret::random()?;
        let token = issue(&secret, &claims());
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            if let Some(byte) = bytes.get_mut(index) {
                *byte = if *byte == b'A' { b'B' } else { b'A' };
            }
            let changed = String::from_utf8(bytes)?;
            let outcome = verify(&secret, &changed, Timestamp::UNIX_EPOCH);
            assert_eq!(outcome, Err(Rejection::Invalid), "byte {index}");
        }
        Ok(())
    }

    #[test]
    fn other_secrets_other_algorithms_and_nonsense_are_refused() -> Outcome {
        let secret = Secret::random()?;
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims())?);
        let tokens = [
            issue(&Secret::random()?, &claims()),
            format!("{unsigned}.{body}."),
            String::new(),
            "..".to_owned(),
            "one".to_owned(),
        ];
        for token in tokens {
            let outcome = verify(&secret, &token, Timestamp::UNIX_EPOCH);
            assert_eq!(outcome, Err(Rejection::Invalid), "{token}");
        }
        Ok(())
    }

    #[test]
    fn a_secret_has_one_form_and_no_debug_text() -> Outcome {
        let secret = Secret::random()?;
        assert_eq!(format!("{secret:?}"), "***");
        assert!(secret.matches(secret.reveal()));
        assert!(!secret.matches("other"));
        assert!(Secret::parse(secret.reveal()).is_some());
        assert!(Secret::parse(&"g".repeat(64)).is_none());
        assert!(Secret::parse("ab").is_none());
        Ok(())
    }
}
