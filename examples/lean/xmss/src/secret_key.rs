//! Secret keys, derived from a seed. A key never signs two messages in one epoch.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use p3_koala_bear::KoalaBear;
use sha2::{Digest as _, Sha256};

use crate::field::{ORDER, element};
use crate::message::codeword;
use crate::prf::PrfKey;
use crate::public_key::PublicKey;
use crate::scheme::Scheme;
use crate::signature::Signature;
use crate::subtree::Subtree;
use crate::tree_key::TreeKey;
use crate::tweak::Tweaked;

/// The limit on attempts with fresh randomness per signature (`MAX_TRIES`). In the test schemes
/// about one attempt in 50 succeeds.
const MAX_TRIES: u32 = 100_000;

/// A signing key. It signs at most one message per epoch.
///
/// A key has one-time keys only for a range of *active* epochs. The cost of creating it, and its
/// memory of 64 bytes per epoch, grow with this range and not with the scheme's lifetime. The rest
/// of the tree is filled with pseudo-random nodes. Verifiers cannot distinguish them from real
/// nodes.
///
/// Two signatures in one epoch reveal two sets of chain values, enough for anyone to forge more
/// signatures. [`sign`](Self::sign) therefore takes `&mut self` and remembers the newest epoch
/// used. It refuses every other message in that epoch, and every message in earlier epochs. A key
/// is not `Clone` for the same reason. A caller regenerating a key after a restart must call
/// [`retire_through`](Self::retire_through) with an epoch at or above the newest epoch used before.
///
/// # Examples
///
/// ```
/// use xmss::{Scheme, SecretKey, SignError, verify};
///
/// let mut key = SecretKey::generate(Scheme::LONG, [7; 32], 0, 16)
///     .expect("the range fits the scheme");
/// let signature = key.sign(3, &[1; 32]).expect("epoch 3 is active and unused");
/// assert_eq!(verify(Scheme::LONG, key.public_key(), 3, &[1; 32], &signature), Ok(()));
/// assert!(matches!(key.sign(3, &[2; 32]), Err(SignError::EpochAlreadyUsed { .. })));
/// ```
pub struct SecretKey {
    prf: PrfKey,
    hashes: Tweaked,
    active: Range<u64>,
    tree: Tree,
    public_key: PublicKey,
    /// The newest epoch used or retired. If a message was signed in it here, that message may be
    /// signed again.
    newest: Option<(u64, Option<[u8; 32]>)>,
}

/// The source of the Merkle paths in signatures.
enum Tree {
    /// A tree over only the active epochs, complete in memory.
    Grown(Subtree),
    /// The specification's trees, partly in memory.
    Stored(TreeKey),
}

impl SecretKey {
    /// Creates the key derived from a seed, with one-time keys for `active_epochs` epochs starting
    /// at `first_epoch`.
    ///
    /// Equal arguments produce equal keys. A different range of the same seed results in a
    /// different key. Costs about 32 permutations per active epoch in the test schemes.
    ///
    /// # Errors
    ///
    /// Returns [`GenerateError`] unless `active_epochs` is a power of two, `first_epoch` is a
    /// multiple of it, and the range is within the scheme's lifetime.
    pub fn generate(
        scheme: Scheme,
        seed: [u8; 32],
        first_epoch: u64,
        active_epochs: u64,
    ) -> Result<Self, GenerateError> {
        let end = first_epoch.checked_add(active_epochs).filter(|end| *end <= scheme.lifetime());
        let (true, Some(end)) = (active_epochs.is_power_of_two(), end) else {
            return Err(GenerateError { scheme, first_epoch, active_epochs, epochs_a_tree: None });
        };
        if !first_epoch.is_multiple_of(active_epochs) {
            return Err(GenerateError { scheme, first_epoch, active_epochs, epochs_a_tree: None });
        }

        let prf = PrfKey::new(seed);
        let hashes = Tweaked::new(scheme, expand(&seed, b"parameter", &[]));
        let leaves = (first_epoch..end).map(|epoch| prf.leaf(&hashes, epoch));
        let height = active_epochs.trailing_zeros() as usize;
        let above =
            (height..scheme.log_lifetime()).map(|level| expand(&seed, b"above", &[level as u64]));
        let tree = Subtree::new(&hashes, first_epoch, leaves.collect(), above.collect());
        let public_key = PublicKey::from_parts(&tree.root(&hashes), hashes.parameter());
        Ok(Self {
            prf,
            hashes,
            active: first_epoch..end,
            tree: Tree::Grown(tree),
            public_key,
            newest: None,
        })
    }

    /// Returns the public key for verifying this key's signatures.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Returns the key's signature scheme.
    pub fn scheme(&self) -> Scheme {
        self.hashes.scheme()
    }

    /// Returns the epochs with a one-time key.
    pub fn active_epochs(&self) -> Range<u64> {
        self.active.clone()
    }

    /// Returns the newest epoch used or retired, or `None` if there is none.
    pub fn newest_used_epoch(&self) -> Option<u64> {
        self.newest.map(|(epoch, _)| epoch)
    }

    /// Retires every epoch up to and including `epoch`, used or not.
    ///
    /// After a restart, a node calls this with an upper bound on the epochs used before it.
    /// The call has no effect if the same epoch or a newer one is already used or retired.
    pub fn retire_through(&mut self, epoch: u64) {
        if self.newest.is_none_or(|(newest, _)| newest < epoch) {
            self.newest = Some((epoch, None));
        }
    }

    /// Checks that the key has a one-time key for an epoch, used or not.
    ///
    /// # Errors
    ///
    /// Returns [`SignError::KeyExhausted`] outside the active epochs.
    pub fn check_active(&self, epoch: u64) -> Result<(), SignError> {
        if self.active.contains(&epoch) {
            Ok(())
        } else {
            Err(SignError::KeyExhausted { epoch, active: self.active.clone() })
        }
    }

    /// Returns the signature of a 32-byte message in an epoch.
    ///
    /// The signature is a function of the key, the epoch and the message. Signing the same message
    /// again in the same epoch is safe and returns the same bytes. Costs about 100 permutations in
    /// the test schemes.
    ///
    /// # Errors
    ///
    /// * [`SignError::KeyExhausted`] outside the active epochs.
    /// * [`SignError::EpochAlreadyUsed`] if the epoch or a later one was used for another message.
    /// * [`SignError::NoCodeword`] if no randomness produces a codeword. This does not happen in
    ///   practice.
    ///
    /// After an error the key is unchanged.
    pub fn sign(&mut self, epoch: u64, message: &[u8; 32]) -> Result<Signature, SignError> {
        self.check_active(epoch)?;
        if let Some((newest, signed)) = self.newest
            && (epoch < newest || (epoch == newest && signed.as_ref() != Some(message)))
        {
            return Err(SignError::EpochAlreadyUsed { epoch, newest });
        }

        let (rho, digits) = (0..MAX_TRIES)
            .find_map(|attempt| {
                let rho = self.prf.randomness(epoch, message, u64::from(attempt));
                codeword(&self.hashes, epoch, message, &rho).map(|digits| (rho, digits))
            })
            .ok_or(SignError::NoCodeword { epoch })?;
        let revealed: Vec<_> = digits
            .iter()
            .enumerate()
            .map(|(chain, digit)| {
                self.hashes.chain(epoch, chain, 0, *digit, self.prf.chain_start(epoch, chain))
            })
            .collect();

        self.newest = Some((epoch, Some(*message)));
        let path = match &mut self.tree {
            Tree::Grown(tree) => tree.path(epoch),
            Tree::Stored(key) => key.path(epoch),
        };
        Ok(Signature::from_parts(self.scheme(), &path, &rho, &revealed))
    }
}

impl From<TreeKey> for SecretKey {
    /// Creates a signing key from a stored key.
    ///
    /// The new key has no record of epochs used before: see
    /// [`retire_through`](SecretKey::retire_through).
    fn from(key: TreeKey) -> Self {
        Self {
            prf: key.prf().clone(),
            hashes: key.hashes().clone(),
            active: key.active_epochs(),
            public_key: key.public_key(),
            tree: Tree::Stored(key),
            newest: None,
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed must not reach a log.
        f.debug_struct("SecretKey")
            .field("public_key", &self.public_key)
            .field("active", &self.active)
            .field("newest_used_epoch", &self.newest_used_epoch())
            .finish_non_exhaustive()
    }
}

/// Expands the seed to `N` field elements, determined by `purpose` and `numbers`. Used only for
/// values never recomputed by other programs: the parameter, and pseudo-random nodes.
///
/// Each element is 64 bits of SHA-256 modulo p, so it is uniform to within 2^−33.
pub(crate) fn expand<const N: usize>(
    seed: &[u8; 32],
    purpose: &[u8],
    numbers: &[u64],
) -> [KoalaBear; N] {
    let mut block = [0u8; 32];
    std::array::from_fn(|index| {
        if index % 4 == 0 {
            let mut hasher = Sha256::new();
            hasher.update(b"lean-xmss-key/");
            hasher.update(seed);
            hasher.update([purpose.len() as u8]);
            hasher.update(purpose);
            numbers.iter().for_each(|number| hasher.update(number.to_le_bytes()));
            hasher.update((index as u64).to_le_bytes());
            block = hasher.finalize().into();
        }
        let at = (index % 4) * 8;
        let word = u64::from_le_bytes(std::array::from_fn(|byte| block[at + byte]));
        element((word % u64::from(ORDER)) as u32)
    })
}

/// The error for a range of epochs not allowed for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateError {
    /// The scheme of the key.
    pub scheme: Scheme,
    /// The first epoch requested.
    pub first_epoch: u64,
    /// The number of epochs requested.
    pub active_epochs: u64,
    /// The number of epochs in a bottom tree, for a key of two or more bottom trees. `None` for a
    /// key of one tree of any size.
    pub epochs_a_tree: Option<u64>,
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, first_epoch, active_epochs, epochs_a_tree } = self;
        write!(f, "a key cannot sign in {active_epochs} slots from slot {first_epoch} on: ")?;
        match epochs_a_tree {
            None => {
                f.write_str("their number must be a power of two, the first a multiple of it,")?
            }
            Some(tree) => {
                let least = 2 * tree;
                write!(
                    f,
                    "their number must be a multiple of {tree}, {least} or more, the first a multiple of {tree},"
                )?;
            }
        }
        write!(f, " and the last below {}", scheme.lifetime())
    }
}

impl Error for GenerateError {}

/// The reason why a key does not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The epoch is not one of the key's active epochs.
    KeyExhausted {
        /// The epoch requested.
        epoch: u64,
        /// The key's active epochs.
        active: Range<u64>,
    },
    /// The epoch or a later one was used for another message.
    EpochAlreadyUsed {
        /// The epoch requested.
        epoch: u64,
        /// The newest epoch used or retired.
        newest: u64,
    },
    /// No randomness produced a codeword.
    NoCodeword {
        /// The epoch requested.
        epoch: u64,
    },
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyExhausted { epoch, active } => write!(
                f,
                "the key signs in slots {} to {} and slot {epoch} is outside of them: make new keys, for more slots, \
                 for a new network; with these, even a later genesis time would sign in used slots again",
                active.start,
                active.end - 1
            ),
            Self::EpochAlreadyUsed { epoch, newest } => write!(
                f,
                "the key has been used up through slot {newest} and must not sign another message in slot {epoch}: a \
                 second signature would give the key away"
            ),
            Self::NoCodeword { epoch } => {
                write!(
                    f,
                    "no randomness out of {MAX_TRIES} gave a codeword for the message in slot {epoch}"
                )
            }
        }
    }
}

impl Error for SignError {}
