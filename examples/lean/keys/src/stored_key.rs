//! A validator's key as stored on disk: in this program's own format, or in the format shared by
//! lean clients.

use std::path::Path;
use std::sync::Arc;

use crate::file::{self, FileError, FileKind};
use crate::{KeyError, KeyFile};
use xmss::{PublicKey, Scheme, SecretKey, TreeKey};

/// A signing key read from its file, not yet able to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredKey {
    /// The seed of a tree, from a TOML file of this program.
    Seed(KeyFile),
    /// The specification's `SecretKey`, from an SSZ file readable by any lean client.
    Trees(Arc<TreeKey>),
}

impl StoredKey {
    /// Reads a key in the format shared by lean clients.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read, is above 64 MiB, or is not such a key.
    pub fn load_ssz(path: &Path) -> Result<Self, FileError> {
        let bytes = file::read_bytes(FileKind::LeanKey, path)?;
        let key = TreeKey::from_ssz(&bytes)
            .map_err(|error| file::malformed(FileKind::LeanKey, path, error.to_string()))?;
        Ok(Self::Trees(Arc::new(key)))
    }

    /// Writes the key in its own format, with access for its owner only. Does not overwrite an
    /// existing file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        match self {
            Self::Seed(key) => key.save(path),
            Self::Trees(key) => file::write_bytes(FileKind::LeanKey, path, &key.to_ssz()),
        }
    }

    /// Returns the public key for verifying this key's signatures.
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Seed(key) => key.public_key,
            Self::Trees(key) => key.public_key(),
        }
    }

    /// Returns the key's signature scheme.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Seed(key) => key.scheme.scheme(),
            Self::Trees(key) => key.scheme(),
        }
    }

    /// Returns the key in a form able to sign. Grows the tree of a seed; copies stored trees.
    ///
    /// The returned key has no record of slots used before. After a restart, the caller must call
    /// [`SecretKey::retire_through`] with the newest slot possibly used before the restart.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError`] if a seed does not produce the public key in its file.
    pub fn secret_key(&self) -> Result<SecretKey, KeyError> {
        match self {
            Self::Seed(key) => key.secret_key(),
            Self::Trees(key) => Ok(TreeKey::clone(key).into()),
        }
    }
}

impl From<KeyFile> for StoredKey {
    fn from(key: KeyFile) -> Self {
        Self::Seed(key)
    }
}

impl From<TreeKey> for StoredKey {
    fn from(key: TreeKey) -> Self {
        Self::Trees(Arc::new(key))
    }
}
