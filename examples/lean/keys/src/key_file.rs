//! One validator key as a file: the seed that the tree grows from, not the tree.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::file::{self, FileError, FileKind};
use crate::{SchemeName, Seed};
use xmss::{GenerateError, PublicKey, SecretKey};

/// What is kept of one signing key. The file is for its owner's eyes only (mode 0600).
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
    /// The scheme that the key signs in.
    pub scheme: SchemeName,
    /// What the tree grows from: whoever has it can sign.
    pub seed: Seed,
    /// The first slot that the key can sign in.
    pub first_slot: u64,
    /// How many slots it can sign in: a power of two.
    pub active_slots: u64,
    /// The public key that the tree must have.
    pub public_key: PublicKey,
}

/// Says why a key file gives no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key of the scheme can have these slots.
    #[error(transparent)]
    Slots(#[from] GenerateError),
    /// The tree that grew from the seed has another public key than the file says.
    #[error("the seed grows into {grown}, but the key file says {expected}: restore the file from a copy")]
    WrongPublicKey {
        /// What the file says.
        expected: PublicKey,
        /// What the seed gives.
        grown: PublicKey,
    },
}

impl KeyFile {
    /// Grows a new key from a seed, and keeps what is needed to grow it again.
    ///
    /// # Errors
    ///
    /// [`KeyError::Slots`] unless `active_slots` is a power of two, `first_slot` a multiple of it, and all of them
    /// within the scheme's lifetime.
    pub fn generate(scheme: SchemeName, seed: Seed, first_slot: u64, active_slots: u64) -> Result<Self, KeyError> {
        let key = SecretKey::generate(scheme.scheme(), *seed.as_bytes(), first_slot, active_slots)?;
        Ok(Self { scheme, seed, first_slot, active_slots, public_key: *key.public_key() })
    }

    /// Grows the key again and checks that it is the same one. Costs what making it cost.
    ///
    /// The key knows nothing of the slots that it signed in before: whoever starts a node again must call
    /// [`SecretKey::retire_through`] with the newest slot that its former self can have signed in.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the file's slots are impossible, or its seed does not belong to its public key.
    pub fn secret_key(&self) -> Result<SecretKey, KeyError> {
        let key = SecretKey::generate(self.scheme.scheme(), *self.seed.as_bytes(), self.first_slot, self.active_slots)?;
        if *key.public_key() == self.public_key {
            Ok(key)
        } else {
            Err(KeyError::WrongPublicKey { expected: self.public_key, grown: *key.public_key() })
        }
    }

    /// Reads a key file. The tree is not grown.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read or is not a key file.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        file::read_toml(FileKind::ValidatorKey, path)
    }

    /// Writes the file for its owner's eyes only; one that exists is not overwritten.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write_toml(FileKind::ValidatorKey, path, self)
    }
}
