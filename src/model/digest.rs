//! Digests of what is wanted and seen: short, stable, and the same on every machine.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The first `digits` hexadecimal digits of the SHA-256 of a value's JSON.
///
/// The value must serialise in a told order: structs, vectors and `BTreeMap`s, never a hash map.
pub fn hex(value: &impl Serialize, digits: usize) -> String {
    // Serialising our own plain structs to memory cannot fail; an error would digest as its own text.
    let json = serde_json::to_vec(value).unwrap_or_else(|error| error.to_string().into_bytes());
    let digest = Sha256::digest(&json);
    let halves = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.take(digits).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_golden() {
        assert_eq!(hex(&("a", 1), 16), "135f17a475a61afd");
        assert_eq!(hex(&"a", 8).len(), 8);
        assert_ne!(hex(&"a", 8), hex(&"b", 8));
    }
}
