//! The pseudo-random function of the specification's keys (`xmss/prf.py`), for deriving all signing
//! material of a key from one secret.

use p3_koala_bear::KoalaBear;
use shake::Shake128;
use shake::digest::{ExtendableOutput, Update, XofReader};

use crate::field::{Digest, ORDER, element};
use crate::scheme::{CHAIN_STEPS, RHO_ELEMENTS};
use crate::tweak::Tweaked;

/// The prefix of every input (`PRF_DOMAIN_SEP`).
const DOMAIN: [u8; 16] = [
    0xae, 0xae, 0x22, 0xff, 0x00, 0x01, 0xfa, 0xff, 0x21, 0xaf, 0x12, 0x00, 0x01, 0x11, 0xff, 0x00,
];

/// Purpose byte for the start of a chain (`PRF_DOMAIN_SEP_DOMAIN_ELEMENT`).
const CHAIN_START: u8 = 0;

/// Purpose byte for the randomness of a signature (`PRF_DOMAIN_SEP_RANDOMNESS`).
const RANDOMNESS: u8 = 1;

/// The number of SHAKE128 bytes per element (`PRF_BYTES_PER_FIELD_ELEMENT`). With 16 bytes the bias
/// is below 2^−97.
const BYTES_PER_ELEMENT: usize = 16;

/// The secret from which every one-time key of a tree is derived (`PRFKey`).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PrfKey([u8; 32]);

impl PrfKey {
    pub(crate) const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives the secret start of one chain (`derive_chain_start`).
    pub(crate) fn chain_start(&self, epoch: u64, chain: usize) -> Digest {
        self.expand(CHAIN_START, epoch, &[&(chain as u64).to_be_bytes()])
    }

    /// Derives the randomness of one signing attempt (`derive_randomness`).
    pub(crate) fn randomness(
        &self,
        epoch: u64,
        message: &[u8; 32],
        attempt: u64,
    ) -> [KoalaBear; RHO_ELEMENTS] {
        self.expand(RANDOMNESS, epoch, &[message, &attempt.to_be_bytes()])
    }

    /// Computes an epoch's leaf: the hash of the ends of all its chains.
    pub(crate) fn leaf(&self, hashes: &Tweaked, epoch: u64) -> Digest {
        let ends: Vec<_> = (0..hashes.scheme().dimension())
            .map(|chain| hashes.chain(epoch, chain, 0, CHAIN_STEPS, self.chain_start(epoch, chain)))
            .collect();
        hashes.leaf(epoch, &ends)
    }

    fn expand<const N: usize>(&self, purpose: u8, epoch: u64, rest: &[&[u8]]) -> [KoalaBear; N] {
        // Four bytes hold every epoch, because the lifetime is at most 2^32 in every scheme.
        debug_assert!(epoch <= u64::from(u32::MAX));
        let mut hasher = Shake128::default();
        hasher.update(&DOMAIN);
        hasher.update(&[purpose]);
        hasher.update(&self.0);
        hasher.update(&(epoch as u32).to_be_bytes());
        rest.iter().for_each(|part| hasher.update(part));
        let mut output = hasher.finalize_xof();
        std::array::from_fn(|_| {
            let mut bytes = [0; BYTES_PER_ELEMENT];
            output.read(&mut bytes);
            element((u128::from_be_bytes(bytes) % u128::from(ORDER)) as u32)
        })
    }
}
