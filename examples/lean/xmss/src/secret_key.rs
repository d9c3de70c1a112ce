//! Secret keys: made from a seed, and unable to sign two messages in one epoch.

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

/// How often signing tries fresh randomness (`MAX_TRIES`); one try in about 50 succeeds in the test schemes.
const MAX_TRIES: u32 = 100_000;

/// Signs messages, at most one in each epoch.
///
/// A key has one-time keys for a range of *active* epochs only: the cost of making it, and its memory of 64 bytes an
/// epoch, grow with that range and not with the scheme's lifetime. What lies outside is filled with pseudo-random
/// nodes, which no verifier can tell from real ones.
///
/// Two signatures in one epoch reveal two sets of chain values, out of which anyone can sign more. So
/// [`sign`](Self::sign) takes the key by `&mut`, remembers the newest epoch that it has signed in, and refuses every
/// other message there and everything before. Whoever makes the same key again, after a restart, must call
/// [`retire_through`](Self::retire_through) with an epoch that is at least the newest used before. A key is not `Clone`
/// for the same reason.
///
/// # Examples
///
/// ```
/// use xmss::{Scheme, SecretKey, SignError, verify};
///
/// let mut key = SecretKey::generate(Scheme::LONG, [7; 32], 0, 16).expect("the range fits the scheme");
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
    /// The newest epoch that must not be signed in again, and the message that may be, if it was signed here.
    newest: Option<(u64, Option<[u8; 32]>)>,
}

/// Where the paths of signatures come from.
enum Tree {
    /// A tree over the active epochs alone, all of it at hand.
    Grown(Subtree),
    /// The specification's trees, of which a part is at hand.
    Stored(TreeKey),
}

impl SecretKey {
    /// Makes the key that belongs to a seed, with one-time keys for `active_epochs` epochs from `first_epoch` on.
    ///
    /// The same arguments give the same key; another range of the same seed is another key. Costs about 32
    /// permutations for each active epoch in the test schemes.
    ///
    /// # Errors
    ///
    /// [`GenerateError`] unless `active_epochs` is a power of two, `first_epoch` a multiple of it, and the range within
    /// the scheme's lifetime.
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
        let above = (height..scheme.log_lifetime()).map(|level| expand(&seed, b"above", &[level as u64]));
        let tree = Subtree::new(&hashes, first_epoch, leaves.collect(), above.collect());
        let public_key = PublicKey::from_parts(&tree.root(&hashes), hashes.parameter());
        Ok(Self { prf, hashes, active: first_epoch..end, tree: Tree::Grown(tree), public_key, newest: None })
    }

    /// Returns the public key that verifies this key's signatures.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Returns the scheme that the key signs in.
    pub fn scheme(&self) -> Scheme {
        self.hashes.scheme()
    }

    /// Returns the epochs that the key has one-time keys for.
    pub fn active_epochs(&self) -> Range<u64> {
        self.active.clone()
    }

    /// Returns the newest epoch that is used up, if there is one.
    pub fn newest_used_epoch(&self) -> Option<u64> {
        self.newest.map(|(epoch, _)| epoch)
    }

    /// Gives up every epoch up to and including `epoch`, used or not.
    ///
    /// A node that starts again calls this with an epoch that its former self cannot have gone beyond. Going backwards
    /// does nothing.
    pub fn retire_through(&mut self, epoch: u64) {
        if self.newest.is_none_or(|(newest, _)| newest < epoch) {
            self.newest = Some((epoch, None));
        }
    }

    /// Signs a 32-byte message in an epoch.
    ///
    /// The signature is a function of the key, the epoch and the message, so signing the same message in the same epoch
    /// again is harmless and gives the same bytes. Costs about 100 permutations in the test schemes.
    ///
    /// # Errors
    ///
    /// [`SignError::KeyExhausted`] outside of the active epochs; [`SignError::EpochAlreadyUsed`] when the epoch, or a
    /// later one, has been used for another message; [`SignError::NoCodeword`] when no randomness fits, which does not
    /// happen in practice. After an error the key is as it was.
    pub fn sign(&mut self, epoch: u64, message: &[u8; 32]) -> Result<Signature, SignError> {
        if !self.active.contains(&epoch) {
            return Err(SignError::KeyExhausted { epoch, active: self.active.clone() });
        }
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
            .map(|(chain, digit)| self.hashes.chain(epoch, chain, 0, *digit, self.prf.chain_start(epoch, chain)))
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
    /// Takes a stored key to sign with.
    ///
    /// It knows nothing of what was signed with it before: see [`retire_through`](SecretKey::retire_through).
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

/// Expands the seed to `N` field elements that depend on the purpose and the numbers, for what nobody else computes again:
/// the parameter, and nodes of which only a hash is ever seen.
///
/// Each element is 64 bits of SHA-256 modulo p, so it is uniform to within 2^−33.
pub(crate) fn expand<const N: usize>(seed: &[u8; 32], purpose: &[u8], numbers: &[u64]) -> [KoalaBear; N] {
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

/// Says that a range of epochs is none that a key can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateError {
    /// The scheme of the key.
    pub scheme: Scheme,
    /// The first epoch asked for.
    pub first_epoch: u64,
    /// How many epochs were asked for.
    pub active_epochs: u64,
    /// The epochs of a tree of which a key has two or more; `None` where a key is one tree of any size.
    pub epochs_a_tree: Option<u64>,
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, first_epoch, active_epochs, epochs_a_tree } = self;
        write!(f, "a key cannot sign in {active_epochs} slots from slot {first_epoch} on: ")?;
        match epochs_a_tree {
            None => f.write_str("their number must be a power of two, the first a multiple of it,")?,
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

/// Says why a key does not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The epoch is outside of the epochs that the key has one-time keys for.
    KeyExhausted {
        /// The epoch asked for.
        epoch: u64,
        /// The epochs that the key can sign in.
        active: Range<u64>,
    },
    /// The epoch, or a later one, has been used for another message.
    EpochAlreadyUsed {
        /// The epoch asked for.
        epoch: u64,
        /// The newest epoch that is used up.
        newest: u64,
    },
    /// No randomness gave a codeword.
    NoCodeword {
        /// The epoch asked for.
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
                write!(f, "no randomness out of {MAX_TRIES} gave a codeword for the message in slot {epoch}")
            }
        }
    }
}

impl Error for SignError {}
