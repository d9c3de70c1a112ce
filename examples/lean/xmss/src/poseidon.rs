//! The Poseidon1 permutations over KoalaBear, and the scheme's two ways of hashing with them.

use std::sync::LazyLock;

use p3_field::{PrimeCharacteristicRing, PrimeField32};
use p3_koala_bear::{
    KoalaBear, Poseidon1KoalaBear, default_koalabear_poseidon1_16, default_koalabear_poseidon1_24,
};
use p3_symmetric::Permutation;

use crate::field::{Digest, element, limbs};
use crate::scheme::Scheme;

// Building a permutation computes its matrices. The constants never change, so build each one once.
static WIDTH_16: LazyLock<Poseidon1KoalaBear<16>> = LazyLock::new(default_koalabear_poseidon1_16);
static WIDTH_24: LazyLock<Poseidon1KoalaBear<24>> = LazyLock::new(default_koalabear_poseidon1_24);

/// The capacity of a sponge, in elements: the part of its state never overwritten by input.
pub(crate) const CAPACITY: usize = 9;

const RATE: usize = 24 - CAPACITY;

/// Applies the Poseidon1 permutation of width 16 to canonical numbers below the field's order.
///
/// Numbers at or above [`ORDER`](crate::ORDER) are reduced modulo the order.
pub fn permute_16(state: [u32; 16]) -> [u32; 16] {
    WIDTH_16.permute(state.map(element)).map(|element| element.as_canonical_u32())
}

/// Applies the Poseidon1 permutation of width 24 to canonical numbers below the field's order.
///
/// Numbers at or above [`ORDER`](crate::ORDER) are reduced modulo the order.
pub fn permute_24(state: [u32; 24]) -> [u32; 24] {
    WIDTH_24.permute(state.map(element)).map(|element| element.as_canonical_u32())
}

/// Compresses at most 16 elements to a digest: the first outputs of `permute(x) + x`.
pub(crate) fn compress_16(parts: &[&[KoalaBear]]) -> Digest {
    let input = fill::<16>(parts);
    let output = WIDTH_16.permute(input);
    std::array::from_fn(|index| output[index] + input[index])
}

/// Compresses at most 24 elements to `N`: the first outputs of `permute(x) + x`.
pub(crate) fn compress_24<const N: usize>(parts: &[&[KoalaBear]]) -> [KoalaBear; N] {
    let input = fill::<24>(parts);
    let output = WIDTH_24.permute(input);
    std::array::from_fn(|index| output[index] + input[index])
}

/// Computes the initial capacity of a leaf's sponge from the sizes of its input, so leaves of
/// different shapes never share a starting state.
pub(crate) fn leaf_capacity(scheme: Scheme) -> [KoalaBear; CAPACITY] {
    let sizes = [5u32, 2, scheme.dimension() as u32, 8];
    let number = sizes.iter().fold(0u128, |number, size| (number << 32) | u128::from(*size));
    compress_24(&[&limbs::<24>(number)])
}

/// Hashes any number of elements to a digest, with a sponge starting from `capacity`.
///
/// Each block of 15 elements overwrites the rate. The last block is padded with zeros.
pub(crate) fn sponge(capacity: &[KoalaBear; CAPACITY], input: &[KoalaBear]) -> Digest {
    let mut state = [KoalaBear::ZERO; 24];
    state[..CAPACITY].copy_from_slice(capacity);
    for block in input.chunks(RATE) {
        let rate = &mut state[CAPACITY..];
        rate.fill(KoalaBear::ZERO);
        rate[..block.len()].copy_from_slice(block);
        WIDTH_24.permute_mut(&mut state);
    }
    std::array::from_fn(|index| state[CAPACITY + index])
}

/// Concatenates the parts and pads them with zeros.
fn fill<const N: usize>(parts: &[&[KoalaBear]]) -> [KoalaBear; N] {
    let mut filled = [KoalaBear::ZERO; N];
    for (slot, element) in filled.iter_mut().zip(parts.iter().flat_map(|part| part.iter())) {
        *slot = *element;
    }
    filled
}
