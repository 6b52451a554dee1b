//! Which items of an array have succeeded: a bit an item, dense enough for a tag.
//!
//! The bits belong to a list of items by its digest, so that bits of another list are never taken for this one's. A list
//! that was made longer keeps the bits of the items that it had, because the digest is that of the items before the end.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

use super::Unreadable;

/// How many hexadecimal digits of the digest are kept.
const DIGITS: usize = 6;

/// Which items have succeeded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done {
    count: u32,
    digest: String,
    bits: Vec<u8>,
}

impl Done {
    /// None of so many items with this digest has.
    pub fn new(count: u32, digest: &str) -> Self {
        let bytes = usize::try_from(count.div_ceil(8)).unwrap_or_default();
        let digest = digest.get(..DIGITS).unwrap_or(digest).to_owned();
        Self { count, digest, bits: vec![0; bytes] }
    }

    /// How many items there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether these are the bits of items with this digest.
    pub fn is_of(&self, digest: &str) -> bool {
        !self.digest.is_empty() && digest.starts_with(&self.digest)
    }

    /// Whether the item, counted from 0, has succeeded.
    pub fn get(&self, item: u32) -> bool {
        let byte = usize::try_from(item / 8).ok().and_then(|place| self.bits.get(place));
        item < self.count && byte.is_some_and(|byte| byte >> (item % 8) & 1 == 1)
    }

    /// Says that the item has succeeded.
    pub fn set(&mut self, item: u32) {
        if item < self.count
            && let Some(byte) = usize::try_from(item / 8).ok().and_then(|place| self.bits.get_mut(place))
        {
            *byte |= 1 << (item % 8);
        }
    }

    /// How many items have succeeded.
    pub fn succeeded(&self) -> u32 {
        self.bits.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Whether all have.
    pub fn is_whole(&self) -> bool {
        self.succeeded() == self.count
    }
}

/// `count.digest.bits`; `all` and nothing in the place of bits that are all alike.
impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, digest, bits } = self;
        let bits = match self.succeeded() {
            0 => String::new(),
            all if all == *count => "all".to_owned(),
            _ => URL_SAFE_NO_PAD.encode(bits),
        };
        write!(f, "{count}.{digest}.{bits}")
    }
}

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Done {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(Unreadable);
        let (count, digest, bits) = (part()?.parse().map_err(|_| Unreadable)?, part()?, part()?);
        // A count that no list has would only cost memory.
        if count > u32::from(u16::MAX) {
            return Err(Unreadable);
        }
        let mut done = Self::new(count, digest);
        match bits {
            "" => {}
            "all" => (0..count).for_each(|item| done.set(item)),
            bits => {
                let bits = URL_SAFE_NO_PAD.decode(bits).map_err(|_| Unreadable)?;
                if bits.len() != done.bits.len() {
                    return Err(Unreadable);
                }
                done.bits = bits;
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_trip_and_are_golden() -> Result<(), Unreadable> {
        let mut done = Done::new(10, "0123456789");
        assert_eq!(done.to_string(), "10.012345.");
        done.set(0);
        done.set(9);
        done.set(10);
        assert_eq!((done.to_string(), done.succeeded()), ("10.012345.AQI".to_owned(), 2));
        assert_eq!(done.to_string().parse::<Done>()?, done);
        assert!(done.get(9) && !done.get(1) && !done.get(10));
        (0..10).for_each(|item| done.set(item));
        assert_eq!((done.to_string().as_str(), done.is_whole()), ("10.012345.all", true));
        assert_eq!("10.012345.all".parse::<Done>()?, done);
        for text in ["", "10", "10.x", "x.y.", "10.x.AQ", "70000.x."] {
            assert_eq!(text.parse::<Done>(), Err(Unreadable), "{text}");
        }
        Ok(())
    }

    #[test]
    fn bits_belong_to_their_items() {
        assert!(Done::new(1, "0123456789").is_of("0123456789"));
        assert!(!Done::new(1, "0123456789").is_of("1123456789"));
        assert!(!Done::new(1, "").is_of("1"));
    }
}
