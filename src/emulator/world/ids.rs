//! Where ids come from: a seed and a counter, so that a test of the same seed sees the same ids.
//!
//! The counter is kept, so that no id returns after a restart.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::contract::SandboxId;
use crate::hex::hex;

/// The seeded counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: u64,
    last: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, last: 0 }
    }

    /// These ids, but none that the others gave already.
    pub(crate) fn beyond(self, others: &Self) -> Self {
        Self { last: self.last.max(others.last), ..self }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn sandbox(&mut self) -> SandboxId {
        SandboxId(self.number())
    }

    /// A GUID of version 4's form.
    pub(crate) fn guid(&mut self) -> String {
        guid_of(self.digest("guid"))
    }

    /// The password of an exec session. It guards a loopback socket for the moment between two requests of one client.
    pub(crate) fn password(&mut self, now: Timestamp) -> String {
        hex(&self.digest(&format!("password {now}"))[..20])
    }

    /// An address of the ranges set aside for documentation (RFC 5737), so that none is anybody's.
    pub(crate) fn address(&mut self) -> String {
        const NETS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
        let number = self.number();
        let host = number % 254 + 1;
        let net = NETS.into_iter().cycle().nth((number / 254 % 3) as usize).unwrap_or(NETS[0]);
        format!("{net}.{host}")
    }

    /// An address of a subnet that is nobody's: the emulator knows no subnet's own range.
    pub(crate) fn private_address(&mut self) -> String {
        let number = self.number();
        format!("10.0.{}.{}", number / 250 % 256, number % 250 + 4)
    }

    fn digest(&mut self, purpose: &str) -> [u8; 32] {
        let number = self.number();
        let seed = self.seed;
        Sha256::digest(format!("{purpose} {seed} {number}").as_bytes()).into()
    }
}

/// A GUID that is the same for the same text.
pub(crate) fn guid_for(text: &str) -> String {
    guid_of(Sha256::digest(text.as_bytes()).into())
}

/// 64 hexadecimal digits that are the same for the same text.
pub(crate) fn hash_for(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Sixteen letters and digits that are the same for the same text, as the service puts them behind a DNS label.
pub(crate) fn label_for(text: &str) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest[..16].iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn guid_of(mut bytes: [u8; 32]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes[..16]);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}
