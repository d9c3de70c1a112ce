//! Secret keys in the specification's storage format (`SecretKey` in `xmss/containers.py`): a
//! secret, and the trees needed for signing.

use std::fmt;
use std::ops::Range;

use libssz::{SszDecode as _, SszEncode as _};
use libssz_derive::{SszDecode, SszEncode};

use crate::field::{Digest, NonCanonical, append_elements, elements_from_bytes};
use crate::hash_tree::{HashSubTree, HashSubTreeContainer};
use crate::prf::PrfKey;
use crate::public_key::PublicKey;
use crate::scheme::Scheme;
use crate::secret_key::{GenerateError, expand};
use crate::tweak::{Parameter, Tweaked};

/// The number of bytes in the public parameter.
const PARAMETER_BYTES: usize = 20;

/// A secret key with its trees, in the file format of lean clients: one *top tree* over the roots
/// of many *bottom trees*, with two bottom trees in memory.
///
/// Each bottom tree covers a number of epochs equal to the square root of the scheme's lifetime.
/// The other bottom trees are grown again from the secret when needed.
///
/// This type does not sign, because it keeps no record of used epochs. Convert it with
/// [`SecretKey::from`](crate::SecretKey) to sign. `Debug` does not show the secret.
///
/// # Examples
///
/// ```
/// use xmss::{Scheme, SecretKey, TreeKey, verify};
///
/// let stored = TreeKey::generate(Scheme::TEST, [7; 32], 0, 32)
///     .expect("two bottom trees of 16 epochs each");
/// let read = TreeKey::from_ssz(&stored.to_ssz()).expect("it was just written");
/// let mut key = SecretKey::from(read);
/// let signature = key.sign(17, &[1; 32]).expect("epoch 17 is active");
/// assert_eq!(verify(Scheme::TEST, &stored.public_key(), 17, &[1; 32], &signature), Ok(()));
/// ```
#[derive(Clone)]
pub struct TreeKey {
    prf: PrfKey,
    hashes: Tweaked,
    active: Range<u64>,
    root: Digest,
    top: HashSubTree,
    /// The index of the first of the two bottom trees. The second has the next index.
    left: u64,
    bottoms: [HashSubTree; 2],
}

/// The container as encoded in a file.
#[derive(SszEncode, SszDecode)]
struct SecretKeyContainer {
    prf_key: [u8; 32],
    parameter: [u8; PARAMETER_BYTES],
    activation_slot: u64,
    num_active_slots: u64,
    top_tree: HashSubTreeContainer,
    left_bottom_tree_index: u64,
    left_bottom_tree: HashSubTreeContainer,
    right_bottom_tree: HashSubTreeContainer,
}

/// The reason why bytes are not a valid secret key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeKeyError {
    /// The bytes are not an SSZ encoding of the container.
    #[error("it is not the SSZ of an XMSS secret key ({0})")]
    NotSsz(String),
    /// No known scheme has trees of this height.
    #[error(
        "its tree has {0} levels, but the known schemes have 8 (test), 18 (long) or 32 (production)"
    )]
    UnknownScheme(u64),
    /// A number is not below the field's order.
    #[error(transparent)]
    NonCanonical(#[from] NonCanonical),
    /// A tree's position or size contradicts the key's other fields.
    #[error("{0} is not what the key's other fields say it is")]
    Misplaced(&'static str),
    /// A tree's hashes do not match the rest of the key.
    #[error("{0} does not belong to the rest of the key: the file is damaged")]
    Inconsistent(&'static str),
}

impl TreeKey {
    /// Creates the key derived from a seed, for `active_epochs` epochs starting at `first_epoch`.
    ///
    /// Costs about as much as [`SecretKey::generate`](crate::SecretKey::generate), but
    /// results in a different key.
    ///
    /// # Errors
    ///
    /// Returns [`GenerateError`] unless the range consists of two or more whole bottom trees within
    /// the scheme's lifetime.
    pub fn generate(
        scheme: Scheme,
        seed: [u8; 32],
        first_epoch: u64,
        active_epochs: u64,
    ) -> Result<Self, GenerateError> {
        let width = scheme.epochs_per_bottom_tree();
        let refused =
            GenerateError { scheme, first_epoch, active_epochs, epochs_a_tree: Some(width) };
        let end = first_epoch
            .checked_add(active_epochs)
            .filter(|end| *end <= scheme.lifetime())
            .ok_or(refused)?;
        if !first_epoch.is_multiple_of(width)
            || !active_epochs.is_multiple_of(width)
            || active_epochs < 2 * width
        {
            return Err(refused);
        }
        let prf = PrfKey::new(seed);
        let hashes = Tweaked::new(scheme, expand(&seed, b"parameter", &[]));
        let left = first_epoch / width;
        let bottoms = [left, left + 1].map(|index| grow_bottom_tree(&prf, &hashes, index));
        let grown = (left + 2..end / width).map(|index| grow_bottom_tree(&prf, &hashes, index));
        let roots = bottoms.iter().map(root_of).chain(grown.map(|tree| root_of(&tree))).collect();
        let half = scheme.log_lifetime() / 2;
        let mut padded = 0;
        let padding = || {
            padded += 1;
            expand(&seed, b"padding", &[padded])
        };
        let top = HashSubTree::grow(&hashes, half, scheme.log_lifetime(), left, roots, padding);
        Ok(Self { prf, hashes, active: first_epoch..end, root: root_of(&top), top, left, bottoms })
    }

    /// Decodes a key from its SSZ bytes and checks the consistency of its parts.
    ///
    /// Recomputes all hashes of the stored trees, and one leaf of each stored bottom tree. This
    /// costs about 100 permutations in the test scheme and about 150,000 in the production scheme.
    ///
    /// # Errors
    ///
    /// Returns [`TreeKeyError`] with the problem. An accepted key can sign in all its active
    /// epochs.
    pub fn from_ssz(bytes: &[u8]) -> Result<Self, TreeKeyError> {
        let container = SecretKeyContainer::from_ssz_bytes(bytes)
            .map_err(|error| TreeKeyError::NotSsz(error.to_string()))?;
        let key = Self::from_container(&container)?;
        key.check()?;
        Ok(key)
    }

    fn from_container(container: &SecretKeyContainer) -> Result<Self, TreeKeyError> {
        let depth = container.top_tree.depth;
        let scheme = Scheme::KNOWN
            .into_iter()
            .find(|scheme| scheme.log_lifetime() as u64 == depth)
            .ok_or(TreeKeyError::UnknownScheme(depth))?;
        if container.left_bottom_tree.depth != depth || container.right_bottom_tree.depth != depth {
            return Err(TreeKeyError::Misplaced("the depth of a bottom tree"));
        }
        let width = scheme.epochs_per_bottom_tree();
        let (first, left) = (container.activation_slot, container.left_bottom_tree_index);
        let end = first
            .checked_add(container.num_active_slots)
            .filter(|end| {
                *end <= scheme.lifetime()
                    && first.is_multiple_of(width)
                    && end.is_multiple_of(width)
            })
            .ok_or(TreeKeyError::Misplaced("the range of active slots"))?;
        if left < first / width || left.checked_add(2).is_none_or(|after| after > end / width) {
            return Err(TreeKeyError::Misplaced("left_bottom_tree_index"));
        }
        let parameter: Parameter = elements_from_bytes(&container.parameter)?;
        let top = container.top_tree.tree()?;
        let root = *top.root().ok_or(TreeKeyError::Misplaced("the top tree"))?;
        Ok(Self {
            prf: PrfKey::new(container.prf_key),
            hashes: Tweaked::new(scheme, parameter),
            active: first..end,
            root,
            top,
            left,
            bottoms: [container.left_bottom_tree.tree()?, container.right_bottom_tree.tree()?],
        })
    }

    fn check(&self) -> Result<(), TreeKeyError> {
        let scheme = self.scheme();
        let (half, width) = (scheme.log_lifetime() / 2, scheme.epochs_per_bottom_tree());
        if self.top.lowest_layer() != half || self.top.layers() != half + 1 {
            return Err(TreeKeyError::Misplaced("the top tree"));
        }
        if (self.active.start / width..self.active.end / width)
            .any(|index| self.top.path(index).is_none())
        {
            return Err(TreeKeyError::Misplaced("the top tree"));
        }
        if !self.top.is_consistent(&self.hashes) {
            return Err(TreeKeyError::Inconsistent("the top tree"));
        }
        for (index, tree) in (self.left..).zip(&self.bottoms) {
            let mut epochs = index * width..(index + 1) * width;
            if tree.lowest_layer() != 0
                || tree.layers() != half + 1
                || epochs.clone().any(|epoch| tree.path(epoch).is_none())
            {
                return Err(TreeKeyError::Misplaced("a bottom tree"));
            }
            if !tree.is_consistent(&self.hashes) || tree.root() != self.top.leaf(index) {
                return Err(TreeKeyError::Inconsistent("a bottom tree"));
            }
            if epochs
                .next()
                .is_some_and(|epoch| tree.leaf(epoch) != Some(&self.prf.leaf(&self.hashes, epoch)))
            {
                return Err(TreeKeyError::Inconsistent("prf_key"));
            }
        }
        Ok(())
    }

    /// Returns the key in SSZ, the format read by other lean clients.
    pub fn to_ssz(&self) -> Vec<u8> {
        let depth = self.scheme().log_lifetime();
        let [left, right] = &self.bottoms;
        let container = SecretKeyContainer {
            prf_key: *self.prf.as_bytes(),
            parameter: parameter_bytes(self.hashes.parameter()),
            activation_slot: self.active.start,
            num_active_slots: self.active.end - self.active.start,
            top_tree: HashSubTreeContainer::new(depth, &self.top),
            left_bottom_tree_index: self.left,
            left_bottom_tree: HashSubTreeContainer::new(depth, left),
            right_bottom_tree: HashSubTreeContainer::new(depth, right),
        };
        container.to_ssz()
    }

    /// Returns the public key for verifying this key's signatures.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_parts(&self.root, self.hashes.parameter())
    }

    /// Returns the key's signature scheme.
    pub fn scheme(&self) -> Scheme {
        self.hashes.scheme()
    }

    /// Returns the epochs with a one-time key.
    pub fn active_epochs(&self) -> Range<u64> {
        self.active.clone()
    }

    pub(crate) fn prf(&self) -> &PrfKey {
        &self.prf
    }

    pub(crate) fn hashes(&self) -> &Tweaked {
        &self.hashes
    }

    /// Collects the siblings from an active epoch's leaf up to the root.
    ///
    /// If no bottom tree in memory covers the epoch, grows it first and drops the older tree
    /// (`advance_preparation`).
    pub(crate) fn path(&mut self, epoch: u64) -> Vec<Digest> {
        let width = self.scheme().epochs_per_bottom_tree();
        let index = epoch / width;
        if !(self.left..self.left + 2).contains(&index) {
            self.prepare(index);
        }
        let bottom = &self.bottoms[(index - self.left) as usize];
        let mut path = bottom.path(epoch).expect("a bottom tree at hand has all of its epochs");
        path.extend(
            self.top.path(index).expect("the top tree has a leaf for every active bottom tree"),
        );
        path
    }

    /// Loads bottom tree `index` and the next one, or the last two at the end of the active range.
    fn prepare(&mut self, index: u64) {
        let last = self.active.end / self.scheme().epochs_per_bottom_tree() - 2;
        if index == self.left + 2 {
            // The usual case: the epochs are used in order, so only one tree must be grown.
            let next = grow_bottom_tree(&self.prf, &self.hashes, index);
            self.bottoms.swap(0, 1);
            self.bottoms[1] = next;
            self.left += 1;
        } else {
            self.left = index.min(last);
            self.bottoms = [self.left, self.left + 1]
                .map(|index| grow_bottom_tree(&self.prf, &self.hashes, index));
        }
    }
}

impl fmt::Debug for TreeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret must not reach a log.
        f.debug_struct("TreeKey")
            .field("public_key", &self.public_key())
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl PartialEq for TreeKey {
    fn eq(&self, other: &Self) -> bool {
        self.prf == other.prf
            && self.public_key() == other.public_key()
            && self.active == other.active
    }
}

impl Eq for TreeKey {}

fn parameter_bytes(parameter: &Parameter) -> [u8; PARAMETER_BYTES] {
    let mut bytes = Vec::with_capacity(PARAMETER_BYTES);
    append_elements(parameter, &mut bytes);
    bytes.try_into().expect("5 elements of 4 bytes are 20 bytes")
}

fn grow_bottom_tree(prf: &PrfKey, hashes: &Tweaked, index: u64) -> HashSubTree {
    let width = hashes.scheme().epochs_per_bottom_tree();
    let leaves =
        (index * width..(index + 1) * width).map(|epoch| prf.leaf(hashes, epoch)).collect();
    // The number of leaves is a power of two, so no padding is needed.
    let no_padding = Digest::default;
    HashSubTree::grow(
        hashes,
        0,
        hashes.scheme().log_lifetime() / 2,
        index * width,
        leaves,
        no_padding,
    )
}

fn root_of(tree: &HashSubTree) -> Digest {
    *tree.root().expect("a tree that was grown has a root")
}
