//! Cheap random bytes, different in each run and for each identity.

use std::time::{SystemTime, UNIX_EPOCH};

/// A generator of random numbers (splitmix64). It is not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Creates a generator for this number of an identity. Two runs have different sequences.
    pub fn new(number: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a seed, and no time")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut dice = Self(now.as_nanos() as u64 ^ (number as u64).rotate_left(48));
        dice.roll();
        dice
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, or 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() as usize).checked_rem(bound).unwrap_or(0)
    }

    /// Returns this many random bytes.
    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend_from_slice(&self.roll().to_le_bytes());
        }
        bytes.truncate(size);
        bytes
    }

    /// Returns a random root.
    pub fn root(&mut self) -> [u8; 32] {
        let mut root = [0; 32];
        for part in root.chunks_exact_mut(8) {
            part.copy_from_slice(&self.roll().to_le_bytes());
        }
        root
    }
}
