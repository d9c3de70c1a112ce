//! The tweaked hashes of one key pair: every hash includes its position, so no hash can be used in
//! place of another.

use p3_koala_bear::KoalaBear;

use crate::field::{Digest, limbs};
use crate::poseidon::{CAPACITY, compress_16, compress_24, leaf_capacity, sponge};
use crate::scheme::{CHAIN_STEPS, Scheme};

/// The last byte of a tweak: the purpose of the hash.
const TREE: u128 = 1;
const MESSAGE: u128 = 2;

/// A key pair's public parameter, mixed into each of its hashes.
pub(crate) type Parameter = [KoalaBear; 5];

/// The hashes of one key pair.
#[derive(Clone)]
pub(crate) struct Tweaked {
    scheme: Scheme,
    parameter: Parameter,
    /// Depends only on the scheme. Cached because computing it costs a permutation.
    capacity: [KoalaBear; CAPACITY],
}

impl Tweaked {
    pub(crate) fn new(scheme: Scheme, parameter: Parameter) -> Self {
        Self { scheme, parameter, capacity: leaf_capacity(scheme) }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn parameter(&self) -> &Parameter {
        &self.parameter
    }

    /// Hashes a message with the signer's randomness to `N` elements, the source of the digits.
    pub(crate) fn message<const N: usize>(
        &self,
        epoch: u64,
        message: &[KoalaBear; 9],
        rho: &[KoalaBear],
    ) -> [KoalaBear; N] {
        let tweak = limbs::<2>((u128::from(epoch) << 8) | MESSAGE);
        compress_24(&[message, &self.parameter, &tweak, rho])
    }

    /// Walks a chain from the value after step `from` to the value after step `to`.
    pub(crate) fn chain(
        &self,
        epoch: u64,
        chain: usize,
        from: u8,
        to: u8,
        start: Digest,
    ) -> Digest {
        debug_assert!(to <= CHAIN_STEPS);
        (from + 1..=to).fold(start, |value, step| {
            let place =
                (u128::from(epoch) << 24) | ((chain as u128) << 16) | (u128::from(step) << 8);
            compress_16(&[&value, &self.parameter, &limbs::<2>(place)])
        })
    }

    /// Hashes the ends of an epoch's chains to the epoch's leaf.
    pub(crate) fn leaf(&self, epoch: u64, chain_ends: &[Digest]) -> Digest {
        let tweak = limbs::<2>((u128::from(epoch) << 8) | TREE);
        let mut input =
            Vec::with_capacity(self.parameter.len() + tweak.len() + chain_ends.len() * 8);
        input.extend_from_slice(&self.parameter);
        input.extend_from_slice(&tweak);
        input.extend(chain_ends.iter().flatten());
        sponge(&self.capacity, &input)
    }

    /// Hashes two nodes to their parent at `position` in `level`. A leaf's parent is at level 1.
    pub(crate) fn node(
        &self,
        level: usize,
        position: u64,
        left: &Digest,
        right: &Digest,
    ) -> Digest {
        let tweak = limbs::<2>(((level as u128) << 40) | (u128::from(position) << 8) | TREE);
        compress_24(&[&self.parameter, &tweak, left, right])
    }
}
