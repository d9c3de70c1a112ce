//! One validator key as a file. The file holds the seed of the tree, not the tree itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::file::{self, FileError, FileKind};
use crate::{SchemeName, Seed};
use xmss::{GenerateError, PublicKey, SecretKey};

/// The contents of a signing key's file. Only the owner can read the file (mode 0600).
///
/// # Examples
///
/// ```
/// use keys::{KeyFile, SchemeName, Seed};
///
/// let file = KeyFile::generate(SchemeName::Long, Seed::new([7; 32]), 0, 8)?;
/// assert_eq!(file.secret_key()?.public_key(), &file.public_key);
/// # Ok::<(), keys::KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The key's signature scheme.
    pub scheme: SchemeName,
    /// The seed of the tree. Anyone with the seed can sign.
    pub seed: Seed,
    /// The first active slot.
    pub first_slot: u64,
    /// The number of active slots, a power of two.
    pub active_slots: u64,
    /// The expected public key of the tree.
    pub public_key: PublicKey,
}

/// The reason why a key file does not produce a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The slots are not valid for a key of the scheme.
    #[error(transparent)]
    Slots(#[from] GenerateError),
    /// A validator has the same key for votes and for proposals.
    #[error(
        "the attestation key and the proposal key are the same: a key signs once in a slot, so give the validator two \
         different keys"
    )]
    SameKeys,
    /// The public key of the tree grown from the seed differs from the one in the file.
    #[error(
        "the seed grows into {grown}, but the key file says {expected}: restore the file from a copy"
    )]
    WrongPublicKey {
        /// The public key in the file.
        expected: PublicKey,
        /// The public key of the tree grown from the seed.
        grown: PublicKey,
    },
}

impl KeyFile {
    /// Returns the key file of a new key, grown from a seed.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::Slots`] unless `active_slots` is a power of two, `first_slot` is a
    /// multiple of it, and all slots are within the scheme's lifetime.
    pub fn generate(
        scheme: SchemeName,
        seed: Seed,
        first_slot: u64,
        active_slots: u64,
    ) -> Result<Self, KeyError> {
        let key = SecretKey::generate(scheme.scheme(), *seed.as_bytes(), first_slot, active_slots)?;
        Ok(Self { scheme, seed, first_slot, active_slots, public_key: *key.public_key() })
    }

    /// Returns the key regenerated from the seed, after checking its public key.
    ///
    /// Costs as much as [`generate`](Self::generate).
    ///
    /// The returned key has no record of slots used before. After a restart, the caller must call
    /// [`SecretKey::retire_through`] with the newest slot possibly used before the restart.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError`] if the slots in the file are not valid, or the seed does not match the
    /// public key.
    pub fn secret_key(&self) -> Result<SecretKey, KeyError> {
        let key = SecretKey::generate(
            self.scheme.scheme(),
            *self.seed.as_bytes(),
            self.first_slot,
            self.active_slots,
        )?;
        if *key.public_key() == self.public_key {
            Ok(key)
        } else {
            Err(KeyError::WrongPublicKey { expected: self.public_key, grown: *key.public_key() })
        }
    }

    /// Reads a key file without growing the tree.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or is not a key file.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        file::read_toml(FileKind::ValidatorKey, path)
    }

    /// Writes the file with access for its owner only. Does not overwrite an existing file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write_toml(FileKind::ValidatorKey, path, self)
    }
}
