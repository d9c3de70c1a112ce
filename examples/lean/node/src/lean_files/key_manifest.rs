//! `validator-keys-manifest.yaml`: every validator's public keys and key files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lean_files::public_key_text::PublicKeyText;
use crate::lean_files::yaml;
use consensus::ValidatorIndex;
use keys::file::{FileError, FileKind};
use keys::genesis_file::one_key_for_two_duties;
use xmss::PublicKey;

/// The content of the manifest (`ValidatorManifest` in the specification's
/// `node/validator/registry.py`). Other fields only describe the keys. They are ignored, because
/// the key files contain the same information.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KeyManifest {
    /// The number of slots in the lifetime of the scheme's keys (`lifetime`), if present. It
    /// identifies the scheme.
    pub lifetime: Option<u64>,
    /// The validators, in any order.
    pub validators: Vec<ManifestEntry>,
}

/// One validator's keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ManifestEntryDocument")]
pub struct ManifestEntry {
    /// The validator's index.
    pub index: ValidatorIndex,
    /// The key to verify the validator's votes.
    pub attestation_public_key: PublicKey,
    /// The key to verify the validator's proposals.
    pub proposal_public_key: PublicKey,
    /// The file with the key for signing votes, relative to the manifest.
    pub attestation_private_key_file: PathBuf,
    /// The file with the key for signing proposals, relative to the manifest.
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

impl TryFrom<ManifestEntryDocument> for ManifestEntry {
    type Error = String;

    fn try_from(document: ManifestEntryDocument) -> Result<Self, String> {
        let entry = Self {
            index: document.index,
            attestation_public_key: document.attestation_public_key_hex.0,
            proposal_public_key: document.proposal_public_key_hex.0,
            attestation_private_key_file: document.attestation_private_key_file,
            proposal_private_key_file: document.proposal_private_key_file,
        };
        if entry.attestation_public_key == entry.proposal_public_key {
            return Err(one_key_for_two_duties(entry.index));
        }
        Ok(entry)
    }
}

impl KeyManifest {
    /// Reads a manifest file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or is not a manifest.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        yaml::read(FileKind::LeanManifest, path)
    }

    /// Reads the text of a manifest file.
    ///
    /// # Errors
    ///
    /// Returns a description of the fault with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        yaml::parse(text)
    }

    /// Returns a validator's entry.
    pub fn of(&self, index: ValidatorIndex) -> Option<&ManifestEntry> {
        self.validators.iter().find(|entry| entry.index == index)
    }
}
