//! The sizes of a signature scheme, as a value that a network chooses at run time.

use crate::field::{DIGEST_BYTES, ELEMENT_BYTES};

/// How many steps a chain has after its start: digits are in base 8.
pub(crate) const CHAIN_STEPS: u8 = 7;

/// How many base-8 digits one field element of the message hash gives.
pub(crate) const DIGITS_PER_ELEMENT: usize = 8;

/// The quotient of the digit decomposition: p − 1 = 127 · 8^8.
pub(crate) const QUOTIENT: u32 = 127;

/// How many elements the signer's randomness has.
pub(crate) const RHO_ELEMENTS: usize = 7;

/// How many bytes the signer's randomness takes.
pub(crate) const RHO_BYTES: usize = RHO_ELEMENTS * ELEMENT_BYTES;

/// Where the path starts in a signature: after two offsets and the randomness.
pub(crate) const PATH_START: usize = 4 + RHO_BYTES + 4;

/// The sizes of one XMSS scheme; the algorithms are the same for all.
///
/// All nodes of a network must use one scheme. A signature's length tells its scheme (see
/// [`Scheme::of_signature_length`]), so decoding needs no setting; whether a decoded signature is of the network's own
/// scheme is for the node to check.
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
    /// The specification's test scheme: 256 epochs, 424-byte signatures, no security to speak of.
    pub const TEST: Self = Self { log_lifetime: 8, dimension: 4, target_sum: 6 };

    /// The test scheme with 262,144 epochs and 744-byte signatures, for networks that run for longer than 256 slots.
    pub const LONG: Self = Self { log_lifetime: 18, ..Self::TEST };

    /// The specification's production scheme: 2^32 epochs, 2,536-byte signatures.
    pub const PRODUCTION: Self = Self { log_lifetime: 32, dimension: 46, target_sum: 200 };

    /// Every scheme that a signature may be of.
    pub const KNOWN: [Self; 3] = [Self::TEST, Self::LONG, Self::PRODUCTION];

    /// Finds the scheme whose signatures have this many bytes.
    pub fn of_signature_length(length: usize) -> Option<Self> {
        Self::KNOWN.into_iter().find(|scheme| scheme.signature_length() == length)
    }

    /// Returns the height of the Merkle tree (`LOG_LIFETIME`).
    pub fn log_lifetime(self) -> usize {
        usize::from(self.log_lifetime)
    }

    /// Returns how many epochs a key pair spans (`LIFETIME`): valid epochs are below this.
    pub fn lifetime(self) -> u64 {
        1 << self.log_lifetime
    }

    /// Returns how many epochs one bottom tree of a key covers (`LEAVES_PER_BOTTOM_TREE`): the lifetime's square root.
    pub fn epochs_per_bottom_tree(self) -> u64 {
        1 << (self.log_lifetime / 2)
    }

    /// Returns how many hash chains a signature reveals (`DIMENSION`).
    pub fn dimension(self) -> usize {
        usize::from(self.dimension)
    }

    /// Returns what the digits of a signed message must add up to (`TARGET_SUM`).
    pub fn target_sum(self) -> u32 {
        u32::from(self.target_sum)
    }

    /// Returns how many bytes a signature has (`SIGNATURE_LENGTH_BYTES`).
    pub fn signature_length(self) -> usize {
        self.hashes_start() + self.dimension() * DIGEST_BYTES
    }

    /// Returns the specification's bound on the lists of a signature (`NODE_LIST_LIMIT`), which its hash tree root uses.
    pub(crate) fn node_list_limit(self) -> usize {
        2 << (self.log_lifetime / 2)
    }

    /// Returns where the chain values start in a signature.
    pub(crate) fn hashes_start(self) -> usize {
        PATH_START + 4 + self.log_lifetime() * DIGEST_BYTES
    }
}
