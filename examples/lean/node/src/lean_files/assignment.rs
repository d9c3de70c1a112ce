//! `validators.yaml` and `annotated_validators.yaml`: the assignment of validators to nodes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::KeyRole;
use crate::lean_files::public_key_text::PublicKeyText;
use crate::lean_files::yaml;
use consensus::ValidatorIndex;
use keys::file::{FileError, FileKind};
use xmss::PublicKey;

/// `validators.yaml`: each node's validators, by index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct NodeValidators(BTreeMap<String, Option<Vec<ValidatorIndex>>>);

/// `annotated_validators.yaml`: each node's validators, with a file for each of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct AnnotatedValidators(BTreeMap<String, Option<Vec<KeyFileEntry>>>);

/// One key of one validator. A validator has two entries, distinguished by their file names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "KeyFileDocument")]
pub struct KeyFileEntry {
    /// The validator's index.
    pub index: ValidatorIndex,
    /// The key's public half, if present.
    pub public_key: Option<PublicKey>,
    /// The file with the key, relative to the folder of keys.
    pub file: PathBuf,
}

#[derive(Deserialize)]
struct KeyFileDocument {
    index: ValidatorIndex,
    pubkey_hex: Option<PublicKeyText>,
    privkey_file: PathBuf,
}

impl From<KeyFileDocument> for KeyFileEntry {
    fn from(document: KeyFileDocument) -> Self {
        Self {
            index: document.index,
            public_key: document.pubkey_hex.map(|key| key.0),
            file: document.privkey_file,
        }
    }
}

impl KeyFileEntry {
    /// Returns the role of the key by its file name: `attester` for votes, `proposer` for
    /// proposals.
    ///
    /// Returns `None` if the name contains neither word or both.
    pub fn role(&self) -> Option<KeyRole> {
        let name = self.file.file_name()?.to_str()?;
        match (name.contains("attester"), name.contains("proposer")) {
            (true, false) => Some(KeyRole::Attestation),
            (false, true) => Some(KeyRole::Proposal),
            (false, false) | (true, true) => None,
        }
    }
}

impl NodeValidators {
    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or has another format.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        yaml::read(FileKind::LeanValidators, path)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// Returns a description of the fault with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        yaml::parse(text)
    }

    /// Returns a node's validators, or `None` if the file does not name the node.
    pub fn of(&self, node: &str) -> Option<&[ValidatorIndex]> {
        self.0.get(node).map(|indices| indices.as_deref().unwrap_or_default())
    }

    /// Returns an iterator over the nodes' names.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl AnnotatedValidators {
    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or has another format.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        yaml::read(FileKind::LeanValidators, path)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// Returns a description of the fault with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        yaml::parse(text)
    }

    /// Returns the keys of a node's validators, or `None` if the file does not name the node.
    pub fn of(&self, node: &str) -> Option<&[KeyFileEntry]> {
        self.0.get(node).map(|entries| entries.as_deref().unwrap_or_default())
    }

    /// Returns an iterator over the nodes' names.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
