//! The sizes of a signature scheme, as a value chosen by the network at run time.

use crate::field::{DIGEST_BYTES, ELEMENT_BYTES};

/// The number of steps in a chain after its start. Digits are in base 8, so the highest digit is 7.
pub(crate) const CHAIN_STEPS: u8 = 7;

/// The number of base-8 digits taken from one field element of the message hash.
pub(crate) const DIGITS_PER_ELEMENT: usize = 8;

/// The divisor in the digit decomposition: p − 1 = 127 · 8^8.
pub(crate) const QUOTIENT: u32 = 127;

/// The number of field elements in the signer's randomness.
pub(crate) const RHO_ELEMENTS: usize = 7;

/// The number of bytes in the signer's randomness.
pub(crate) const RHO_BYTES: usize = RHO_ELEMENTS * ELEMENT_BYTES;

/// The byte offset of the path in a signature: after two offsets and the randomness.
pub(crate) const PATH_START: usize = 4 + RHO_BYTES + 4;

/// The sizes of one XMSS scheme. The algorithms are the same for all schemes.
///
/// All nodes of a network must use one scheme. The length of a signature identifies its scheme (see
/// [`Scheme::of_signature_length`]), so decoding needs no setting. The node must check separately
/// whether a decoded signature uses the network's scheme.
///
/// # Examples
///
/// ```
/// use xmss::Scheme;
///
/// assert_eq!(Scheme::TEST.signature_length(), 424);
/// assert_eq!(Scheme::LONG.lifetime(), 262_144);
/// assert_eq!(Scheme::of_signature_length(2_536), Some(Scheme::PRODUCTION));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheme {
    log_lifetime: u8,
    dimension: u8,
    target_sum: u16,
}

impl Scheme {
    /// The specification's test scheme: 256 epochs, 424-byte signatures, no real security.
    pub const TEST: Self = Self { log_lifetime: 8, dimension: 4, target_sum: 6 };

    /// The test scheme with 262,144 epochs and 744-byte signatures, for networks running longer
    /// than 256 slots.
    pub const LONG: Self = Self { log_lifetime: 18, ..Self::TEST };

    /// The specification's production scheme: 2^32 epochs, 2,536-byte signatures.
    pub const PRODUCTION: Self = Self { log_lifetime: 32, dimension: 46, target_sum: 200 };

    /// All schemes accepted for signatures.
    pub const KNOWN: [Self; 3] = [Self::TEST, Self::LONG, Self::PRODUCTION];

    /// Returns the scheme with signatures of `length` bytes, or `None` if no known scheme has them.
    pub fn of_signature_length(length: usize) -> Option<Self> {
        Self::KNOWN.into_iter().find(|scheme| scheme.signature_length() == length)
    }

    /// Returns the height of the Merkle tree (`LOG_LIFETIME`).
    pub fn log_lifetime(self) -> usize {
        usize::from(self.log_lifetime)
    }

    /// Returns the number of epochs of a key pair (`LIFETIME`). Valid epochs are below it.
    pub fn lifetime(self) -> u64 {
        1 << self.log_lifetime
    }

    /// Returns the number of epochs in one bottom tree of a key (`LEAVES_PER_BOTTOM_TREE`): the
    /// square root of the lifetime.
    pub fn epochs_per_bottom_tree(self) -> u64 {
        1 << (self.log_lifetime / 2)
    }

    /// Returns the number of hash chains in a signature (`DIMENSION`).
    pub fn dimension(self) -> usize {
        usize::from(self.dimension)
    }

    /// Returns the required sum of a signed message's digits (`TARGET_SUM`).
    pub fn target_sum(self) -> u32 {
        u32::from(self.target_sum)
    }

    /// Returns the number of bytes in a signature (`SIGNATURE_LENGTH_BYTES`).
    pub fn signature_length(self) -> usize {
        self.hashes_start() + self.dimension() * DIGEST_BYTES
    }

    /// Returns the specification's limit on the lists in a signature (`NODE_LIST_LIMIT`). The
    /// signature's hash tree root depends on it.
    pub(crate) fn node_list_limit(self) -> usize {
        2 << (self.log_lifetime / 2)
    }

    /// Returns the byte offset of the chain values in a signature.
    pub(crate) fn hashes_start(self) -> usize {
        PATH_START + 4 + self.log_lifetime() * DIGEST_BYTES
    }
}
