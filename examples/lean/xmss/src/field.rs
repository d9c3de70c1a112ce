//! KoalaBear field elements: their byte encoding, and numbers written in base p.

use std::error::Error;
use std::fmt;

use p3_field::integers::QuotientMap;
use p3_field::{PrimeCharacteristicRing, PrimeField32};
use p3_koala_bear::KoalaBear;

/// The order of the KoalaBear field, p = 2^31 − 2^24 + 1.
pub const ORDER: u32 = 0x7f00_0001;

/// The number of bytes in one element, little-endian.
pub(crate) const ELEMENT_BYTES: usize = 4;

/// The number of elements in a digest.
pub(crate) const DIGEST_ELEMENTS: usize = 8;

/// The number of bytes in a digest.
pub(crate) const DIGEST_BYTES: usize = DIGEST_ELEMENTS * ELEMENT_BYTES;

/// A node of a tree, or a value of a chain.
pub(crate) type Digest = [KoalaBear; DIGEST_ELEMENTS];

/// The error for four bytes with a number at or above the field's order.
///
/// Without this check one signature would have many encodings, and a peer could derive new
/// encodings from an existing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonCanonical {
    /// The decoded number.
    pub value: u32,
}

impl fmt::Display for NonCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a canonical field element: it must be below {ORDER}", self.value)
    }
}

impl Error for NonCanonical {}

/// Decodes `N` elements from the front of `bytes`, which must hold at least that many.
pub(crate) fn elements_from_bytes<const N: usize>(
    bytes: &[u8],
) -> Result<[KoalaBear; N], NonCanonical> {
    let mut elements = [KoalaBear::ZERO; N];
    for (element, chunk) in elements.iter_mut().zip(bytes.chunks_exact(ELEMENT_BYTES)) {
        *element = element_from_bytes(chunk)?;
    }
    Ok(elements)
}

/// Checks for a canonical element in every four bytes of `bytes`.
pub(crate) fn check_elements(bytes: &[u8]) -> Result<(), NonCanonical> {
    bytes.chunks_exact(ELEMENT_BYTES).try_for_each(|chunk| element_from_bytes(chunk).map(drop))
}

/// Appends the elements' bytes to `bytes`.
pub(crate) fn append_elements(elements: &[KoalaBear], bytes: &mut Vec<u8>) {
    for element in elements {
        bytes.extend_from_slice(&element.as_canonical_u32().to_le_bytes());
    }
}

/// Returns the `N` lowest digits in base p of a number below 2^128, lowest first.
pub(crate) fn limbs<const N: usize>(number: u128) -> [KoalaBear; N] {
    let mut rest = number;
    std::array::from_fn(|_| {
        let digit = (rest % u128::from(ORDER)) as u32;
        rest /= u128::from(ORDER);
        element(digit)
    })
}

/// Returns the nine base-p digits of a 256-bit little-endian integer, lowest first.
///
/// Nine digits of almost 31 bits hold 256 bits, so no information is lost.
pub(crate) fn message_limbs(message: &[u8; 32]) -> [KoalaBear; 9] {
    let mut words: [u32; 8] = std::array::from_fn(|index| {
        let at = index * 4;
        u32::from_le_bytes([message[at], message[at + 1], message[at + 2], message[at + 3]])
    });
    std::array::from_fn(|_| element(divide_by_order(&mut words)))
}

/// Divides a little-endian number by p in place and returns the remainder.
fn divide_by_order(words: &mut [u32; 8]) -> u32 {
    let mut remainder = 0u64;
    for word in words.iter_mut().rev() {
        let value = (remainder << 32) | u64::from(*word);
        *word = (value / u64::from(ORDER)) as u32;
        remainder = value % u64::from(ORDER);
    }
    remainder as u32
}

/// Converts a number to an element, modulo the order.
pub(crate) fn element(number: u32) -> KoalaBear {
    KoalaBear::from_int(number)
}

fn element_from_bytes(chunk: &[u8]) -> Result<KoalaBear, NonCanonical> {
    let value = chunk.iter().rev().fold(0u32, |value, byte| (value << 8) | u32::from(*byte));
    if value < ORDER { Ok(element(value)) } else { Err(NonCanonical { value }) }
}
