//! A validator's key as it lies on disk: in this program's own form, or in the one that lean clients share.

use std::path::Path;
use std::sync::Arc;

use crate::file::{self, FileError, FileKind};
use crate::{KeyError, KeyFile};
use xmss::{PublicKey, Scheme, SecretKey, TreeKey};

/// The largest key file that is read, in bytes: a key of the production scheme has about 8.5 MB.
const MOST_BYTES: u64 = 64 << 20;

/// A signing key, read from its file and not yet able to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredKey {
    /// The seed of a tree, in a TOML file of this program.
    Seed(KeyFile),
    /// The specification's `SecretKey`, in an SSZ file that any lean client reads.
    Trees(Arc<TreeKey>),
}

impl StoredKey {
    /// Reads a key in the form that lean clients share.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read, is above 64 MiB, or is no such key.
    pub fn load_ssz(path: &Path) -> Result<Self, FileError> {
        let bytes = file::read_bytes(FileKind::LeanKey, path, MOST_BYTES)?;
        let key =
            TreeKey::from_ssz(&bytes).map_err(|error| file::malformed(FileKind::LeanKey, path, error.to_string()))?;
        Ok(Self::Trees(Arc::new(key)))
    }

    /// Writes the file in its own form, for its owner's eyes only; one that exists is not overwritten.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        match self {
            Self::Seed(key) => key.save(path),
            Self::Trees(key) => file::write_bytes(FileKind::LeanKey, path, &key.to_ssz()),
        }
    }

    /// Returns the public key that verifies what this key signs.
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Seed(key) => key.public_key,
            Self::Trees(key) => key.public_key(),
        }
    }

    /// Returns the scheme that the key signs in.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Seed(key) => key.scheme.scheme(),
            Self::Trees(key) => key.scheme(),
        }
    }

    /// Makes the key that signs. A seed's tree is grown; stored trees are taken as they are.
    ///
    /// The key knows nothing of the slots that it signed in before: whoever starts a node again must call
    /// [`SecretKey::retire_through`] with the newest slot that its former self can have signed in.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when a seed does not give the key that its file names.
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
