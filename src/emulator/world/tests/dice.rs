//! Chance that is the same in each run of a test.

/// A small generator of pseudo-random numbers (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    /// One that throws what this seed gives.
    pub(crate) fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ seed)
    }

    /// A number below this.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}
