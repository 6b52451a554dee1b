//! Digests of what is wanted and seen: short, stable, and the same on every machine.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The first `digits` hexadecimal digits of the SHA-256 of a value's JSON.
///
/// The value must serialise in a told order: structs, vectors and `BTreeMap`s, never a hash map.
pub fn hex(value: &impl Serialize, digits: usize) -> String {
    hexadecimal(&sha256(value)).take(digits).map(char::from).collect()
}

/// The same, of a number of digits that is known, as ASCII.
pub fn digits<const DIGITS: usize>(value: &impl Serialize) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    digits.iter_mut().zip(hexadecimal(&sha256(value))).for_each(|(digit, byte)| *digit = byte);
    digits
}

fn sha256(value: &impl Serialize) -> [u8; 32] {
    // Serialising our own plain structs to memory cannot fail; an error would digest as its own text.
    let json = serde_json::to_vec(value).unwrap_or_else(|error| error.to_string().into_bytes());
    Sha256::digest(&json).into()
}

fn hexadecimal(bytes: &[u8]) -> impl Iterator<Item = u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| DIGITS[usize::from(half)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_golden() {
        assert_eq!(hex(&("a", 1), 16), "135f17a475a61afd");
        assert_eq!(hex(&"a", 8).len(), 8);
        assert_ne!(hex(&"a", 8), hex(&"b", 8));
        assert_eq!(&digits::<16>(&("a", 1)), b"135f17a475a61afd");
    }
}
