//! `config.yaml`: the genesis time and the validators of a chain.

use std::fmt;
use std::path::Path;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::lean_files::public_key_text::PublicKeyText;
use crate::lean_files::yaml;
use consensus::MILLISECONDS_PER_INTERVAL;
use keys::SchemeName;
use keys::file::{self, FileError, FileKind};
use keys::genesis_file::{GenesisFile, GenesisValidator, specified_fork_digest};

/// The content of `config.yaml` (`GenesisConfig` in the specification's `node/genesis.py`). Other
/// keys in the file are ignored, as in the specification.
///
/// # Examples
///
/// ```
/// use lean_node::lean_files::ChainConfig;
///
/// let (votes, proposals) = ("ab".repeat(52), "cd".repeat(52));
/// let text = format!(
///     "GENESIS_TIME: 1770407233\nVALIDATOR_COUNT: 1\nGENESIS_VALIDATORS:\n\
///      - attestation_public_key: \"0x{votes}\"\n  proposal_public_key: {proposals}\n"
/// );
/// let config = ChainConfig::parse(&text).expect("both forms of a key are read");
/// assert_eq!((config.genesis_time, config.validators.len()), (1_770_407_233, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// The start of slot 0, in seconds since 1970 (`GENESIS_TIME`).
    pub genesis_time: u64,
    /// The validators' public keys (`GENESIS_VALIDATORS`). A validator's position is its index.
    pub validators: Vec<GenesisValidator>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "GENESIS_TIME")]
    genesis_time: u64,
    #[serde(rename = "GENESIS_VALIDATORS")]
    validators: Option<Vec<Validator>>,
}

struct Validator(GenesisValidator);

#[derive(Deserialize)]
struct ValidatorDocument {
    #[serde(alias = "attestation_pubkey")]
    attestation_public_key: PublicKeyText,
    #[serde(alias = "proposal_pubkey")]
    proposal_public_key: PublicKeyText,
}

impl<'de> Deserialize<'de> for Validator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValidatorVisitor)
    }
}

/// Reads a validator's two keys. The error for the older form with one key explains the difference.
struct ValidatorVisitor;

impl<'de> Visitor<'de> for ValidatorVisitor {
    type Value = Validator;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a mapping of attestation_public_key and proposal_public_key (one key for a validator is an older form: this \
             chain needs two, because a key signs once in a slot)",
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<Validator, A::Error> {
        let keys = ValidatorDocument::deserialize(MapAccessDeserializer::new(keys))?;
        Ok(Validator(GenesisValidator {
            attestation_public_key: keys.attestation_public_key.0,
            proposal_public_key: keys.proposal_public_key.0,
        }))
    }
}

impl ChainConfig {
    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// Returns a description of the fault with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::from_document(yaml::parse(text)?)
    }

    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read or is not a `config.yaml`.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let document = yaml::read(FileKind::LeanConfig, path)?;
        Self::from_document(document)
            .map_err(|flaw| file::malformed(FileKind::LeanConfig, path, flaw))
    }

    fn from_document(document: Document) -> Result<Self, String> {
        let validators = document.validators.ok_or(
            "it has no GENESIS_VALIDATORS: that is an older form, in which nobody could know the validators' keys; write \
             the folder anew with a generator of today",
        )?;
        let config = Self {
            genesis_time: document.genesis_time,
            validators: validators.into_iter().map(|Validator(keys)| keys).collect(),
        };
        match config.genesis(SchemeName::Production).flaw() {
            Some(flaw) => Err(flaw),
            None => Ok(config),
        }
    }

    /// Returns the genesis file of this chain. The caller supplies the scheme, because
    /// `config.yaml` does not name it.
    pub fn genesis(&self, scheme: SchemeName) -> GenesisFile {
        GenesisFile {
            genesis_time: self.genesis_time,
            interval_ms: MILLISECONDS_PER_INTERVAL,
            scheme,
            fork_digest: specified_fork_digest(),
            validators: self.validators.clone(),
        }
    }
}
