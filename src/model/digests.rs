//! Digests of secret values, by which a secret that Azure never shows is still seen to have changed.
//!
//! With a key that a person gives a digest is an HMAC-SHA256, and without the key nothing can be told from it. Without
//! a key a project may ask for salted ones, made with Argon2id: whoever can read the tags can try values against them,
//! slowly. By default there are none.
//!
//! Invariant: neither a key nor a value is in any `Debug`, and nothing here serialises.

use std::collections::BTreeMap;
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::model::name::Owner;
use crate::model::secret::Secret;

/// The shortest key, in bytes.
const SHORTEST: usize = 16;
/// The characters of a digest: 36 bits tell a change, and too little to tell a value.
const CHARACTERS: usize = 6;
/// The hexadecimal digits of a key's id.
const ID_DIGITS: usize = 6;
/// What Argon2id costs: 19 MiB and two passes, as OWASP's "Password Storage Cheat Sheet" asks for at least.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// A key that is too short to keep anybody from guessing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key for the digests of secrets has {0} bytes, and {SHORTEST} are the least")]
pub struct ShortKey(usize);

/// How the secrets of a stack are digested.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Digests(Way);

#[derive(Clone, Default, PartialEq, Eq)]
enum Way {
    /// Not at all: only that there is a secret is told.
    #[default]
    None,
    /// With a key, which has an id.
    Keyed { id: String, key: Vec<u8> },
    /// By the slow hash of each value, which is made once for equal ones; they are known by their SHA-256.
    Salted(BTreeMap<[u8; 32], [u8; 32]>),
}

impl Digests {
    /// With a key.
    ///
    /// # Errors
    /// It is too short.
    pub fn keyed(key: &Secret) -> Result<Self, ShortKey> {
        let key = key.expose().as_bytes().to_vec();
        if key.len() < SHORTEST {
            return Err(ShortKey(key.len()));
        }
        let id = mac(&key, "acitask key id", b"").unwrap_or_default();
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self(Way::Keyed { id: id.get(..ID_DIGITS).unwrap_or_default().to_owned(), key }))
    }

    /// Without a key, of these values: slow for each that differs from the others.
    pub fn salted<'v>(owner: &Owner, values: impl IntoIterator<Item = &'v Secret>) -> Self {
        let mut stretched = BTreeMap::new();
        for value in values {
            let known = Sha256::digest(value.expose()).into();
            if !stretched.contains_key(&known)
                && let Some(slow) = stretch(owner, value)
            {
                stretched.insert(known, slow);
            }
        }
        Self(Way::Salted(stretched))
    }

    /// The word for how they are made: digests of another word cannot be compared with these.
    pub fn way(&self) -> String {
        match &self.0 {
            Way::None => "names".to_owned(),
            Way::Keyed { id, .. } => format!("key-{id}"),
            Way::Salted(_) => "salt".to_owned(),
        }
    }

    /// The digest of a value at a place; absent where none is made.
    pub fn of(&self, place: &str, value: &Secret) -> Option<String> {
        let mac = match &self.0 {
            Way::None => return None,
            Way::Keyed { id: _, key } => mac(key, place, value.expose().as_bytes())?,
            Way::Salted(stretched) => {
                let known: [u8; 32] = Sha256::digest(value.expose()).into();
                mac(stretched.get(&known)?, place, b"")?
            }
        };
        let text = URL_SAFE_NO_PAD.encode(mac);
        text.get(..CHARACTERS).map(str::to_owned)
    }
}

/// The HMAC of a place and a value, which cannot be taken for another place and value.
fn mac(key: &[u8], place: &str, value: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(&place.len().to_be_bytes());
    mac.update(place.as_bytes());
    mac.update(value);
    Some(mac.finalize().into_bytes().into())
}

/// The slow hash. The salt is the owner's, so that equal secrets of two projects look different.
fn stretch(owner: &Owner, value: &Secret) -> Option<[u8; 32]> {
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).ok()?;
    let salt = Sha256::digest(format!("acitask secret salt {owner}"));
    let mut slow = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    argon.hash_password_into(value.expose().as_bytes(), &salt, &mut slow).ok()?;
    Some(slow)
}

/// Shows how they are made, and neither key nor digest.
impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.way())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name::Name;

    const KEY: &str = "a key of sixteen bytes and more";

    fn owner(name: &str) -> Owner {
        Owner::new(&Name::from(name), None)
    }

    #[test]
    fn a_digest_tells_place_value_key_and_nothing_else() -> Result<(), ShortKey> {
        let (one, other) = (Secret::new("one"), Secret::new("other"));
        let keyed = Digests::keyed(&Secret::new(KEY))?;
        let rekeyed = Digests::keyed(&Secret::new(format!("{KEY}!")))?;
        let salted = Digests::salted(&owner("pets"), [&one, &other, &one]);
        for digests in [&keyed, &salted] {
            assert_eq!(digests.of("a", &one), digests.of("a", &one));
            assert_eq!(digests.of("a", &one).map(|digest| digest.len()), Some(CHARACTERS));
            assert_ne!(digests.of("a", &one), digests.of("b", &one));
            assert_ne!(digests.of("a", &one), digests.of("a", &other));
        }
        // Golden: digests that stand in tags must be made the same way by every later version.
        assert_eq!((keyed.way().as_str(), keyed.of("a", &one).as_deref()), (GOLDEN_WAY, Some(GOLDEN)));
        assert_eq!(salted.of("a", &one).as_deref(), Some(GOLDEN_SALTED));
        assert_ne!(keyed.of("a", &one), rekeyed.of("a", &one));
        assert_ne!(keyed.way(), rekeyed.way());
        assert_ne!(salted.of("a", &one), Digests::salted(&owner("cats"), [&one]).of("a", &one));
        assert_eq!(Digests::default().of("a", &one), None);
        Ok(())
    }

    const GOLDEN_WAY: &str = "key-534d29";
    const GOLDEN: &str = "Wg5pT5";
    const GOLDEN_SALTED: &str = "qcEMc8";

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() -> Result<(), ShortKey> {
        assert_eq!(Digests::keyed(&Secret::new("short")), Err(ShortKey(5)));
        let keyed = Digests::keyed(&Secret::new(KEY))?;
        assert!(!format!("{keyed:?}").contains("sixteen"));
        Ok(())
    }

    #[test]
    fn the_slow_hash_is_made_once_for_equal_secrets() {
        let values: Vec<Secret> = (0..1000).map(|number| Secret::new(format!("{}", number % 2))).collect();
        let Digests(Way::Salted(stretched)) = Digests::salted(&owner("pets"), &values) else { return };
        assert_eq!(stretched.len(), 2);
    }
}
