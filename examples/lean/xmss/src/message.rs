//! Messages as digits. Each digit is the position of a revealed value in its chain.

use p3_field::PrimeField32;
use p3_koala_bear::KoalaBear;

use crate::field::message_limbs;
use crate::scheme::{DIGITS_PER_ELEMENT, QUOTIENT, RHO_ELEMENTS};
use crate::tweak::Tweaked;

/// The number of hash elements needed by the largest scheme: 46 digits, eight per element.
const MOST_ELEMENTS: usize = 6;

/// Converts a message to one base-8 digit per chain. Returns `None` when this randomness does not
/// produce a codeword.
///
/// All codewords have the same sum. A forger can only move values forward along their chains. Every
/// such step increases the sum, so no codeword can be reached from another.
pub(crate) fn codeword(
    hashes: &Tweaked,
    epoch: u64,
    message: &[u8; 32],
    rho: &[KoalaBear; RHO_ELEMENTS],
) -> Option<Vec<u8>> {
    let scheme = hashes.scheme();
    let hashed = hashes.message::<MOST_ELEMENTS>(epoch, &message_limbs(message), rho);
    let elements = &hashed[..scheme.dimension().div_ceil(DIGITS_PER_ELEMENT)];

    let mut digits = Vec::with_capacity(elements.len() * DIGITS_PER_ELEMENT);
    for element in elements {
        let number = element.as_canonical_u32();
        // Exclude the highest value: with it, the digits would not be uniform.
        if number >= QUOTIENT << 24 {
            return None;
        }
        let quotient = number / QUOTIENT;
        digits.extend((0..DIGITS_PER_ELEMENT).map(|place| ((quotient >> (3 * place)) & 7) as u8));
    }
    digits.truncate(scheme.dimension());

    let sum: u32 = digits.iter().map(|digit| u32::from(*digit)).sum();
    (sum == scheme.target_sum()).then_some(digits)
}
