//! `validator-keys-manifest.yaml`: every validator's public keys and key files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lean_files::public_key_text::PublicKeyText;
use crate::lean_files::yaml;
use consensus::ValidatorIndex;
use keys::file::{FileError, FileKind};
use xmss::PublicKey;

/// What the manifest says (`ValidatorManifest` in the specification's `node/validator/registry.py`). Fields that only
/// describe the keys are ignored: the key files say the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KeyManifest {
    /// How many slots the scheme's keys span (`lifetime`), if it is said: it tells the scheme.
    pub lifetime: Option<u64>,
    /// The validators, in any order.
    pub validators: Vec<ManifestEntry>,
}

/// One validator's keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "ManifestEntryDocument")]
pub struct ManifestEntry {
    /// The validator's index.
    pub index: ValidatorIndex,
    /// Verifies its votes.
    pub attestation_public_key: PublicKey,
    /// Verifies its proposals.
    pub proposal_public_key: PublicKey,
    /// The file with the key that signs its votes, seen from the manifest.
    pub attestation_private_key_file: PathBuf,
    /// The file with the key that signs its proposals, seen from the manifest.
    pub proposal_private_key_file: PathBuf,
}

#[derive(Deserialize)]
struct ManifestEntryDocument {
    index: ValidatorIndex,
    attestation_public_key_hex: PublicKeyText,
    proposal_public_key_hex: PublicKeyText,
    attestation_private_key_file: PathBuf,
    proposal_private_key_file: PathBuf,
}

impl From<ManifestEntryDocument> for ManifestEntry {
    fn from(document: ManifestEntryDocument) -> Self {
        Self {
            index: document.index,
            attestation_public_key: document.attestation_public_key_hex.0,
            proposal_public_key: document.proposal_public_key_hex.0,
            attestation_private_key_file: document.attestation_private_key_file,
            proposal_private_key_file: document.proposal_private_key_file,
        }
    }
}

impl KeyManifest {
    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read or is none.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        yaml::read(FileKind::LeanManifest, path)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// A text that says what is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        yaml::parse(text)
    }

    /// Finds a validator's entry.
    pub fn of(&self, index: ValidatorIndex) -> Option<&ManifestEntry> {
        self.validators.iter().find(|entry| entry.index == index)
    }
}
