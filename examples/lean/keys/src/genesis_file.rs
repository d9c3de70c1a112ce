//! The genesis file: the common parameters of a network's nodes before its first block.

use std::ops::RangeInclusive;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::SchemeName;
use crate::file::{self, FileError, FileKind};
use consensus::{MILLISECONDS_PER_INTERVAL, VALIDATOR_REGISTRY_LIMIT, ValidatorIndex, Validators};
use xmss::PublicKey;

/// The allowed lengths of an interval, in milliseconds.
pub const INTERVALS_MS: RangeInclusive<u64> = 10..=60_000;

/// The parameters of a network: its clock, its signature scheme, its name in topics and its
/// validators.
///
/// Every node of a network reads the same file. Nodes whose files differ in any field cannot
/// communicate with each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisFile {
    /// The start of slot 0, in seconds since 1970 (`GENESIS_TIME`).
    pub genesis_time: u64,
    /// The length of an interval in milliseconds: 800 in the specification, less in a fast devnet.
    #[serde(default = "specified_interval")]
    pub interval_ms: u64,
    /// The signature scheme of all validators.
    pub scheme: SchemeName,
    /// The network's name in gossip topics (`GOSSIP_DIGEST`): 8 hexadecimal digits.
    #[serde(default = "specified_fork_digest")]
    pub fork_digest: String,
    /// The validators' public keys (`GENESIS_VALIDATORS`). A validator's position is its index.
    pub validators: Vec<GenesisValidator>,
}

/// One validator's public keys, each written as `0x` and 104 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    /// The key to verify the validator's votes.
    pub attestation_public_key: PublicKey,
    /// The key to verify the validator's proposals.
    pub proposal_public_key: PublicKey,
}

impl GenesisValidator {
    /// Returns whether the two keys are the same one, which no genesis file may have.
    fn has_one_key(&self) -> bool {
        self.attestation_public_key == self.proposal_public_key
    }
}

impl GenesisFile {
    /// Reads and checks a genesis file.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read, is not a genesis file, has no validators
    /// or more than [`VALIDATOR_REGISTRY_LIMIT`], has a validator whose two keys are the same, has an
    /// interval outside of 10 to 60,000 ms, or
    /// has a fork digest other than 8 hexadecimal digits.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let genesis: Self = file::read_toml(FileKind::Genesis, path)?;
        genesis.check(path)?;
        Ok(genesis)
    }

    /// Writes the file without overwriting an existing one.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file exists, cannot be written, or would be refused by
    /// [`load`](Self::load).
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        self.check(path)?;
        file::write_toml(FileKind::Genesis, path, self)
    }

    /// Returns the registry of the genesis state.
    ///
    /// # Panics
    ///
    /// Panics if there are more than [`VALIDATOR_REGISTRY_LIMIT`] validators; [`load`](Self::load)
    /// refuses such a file.
    pub fn registry(&self) -> Validators {
        Validators::new(
            self.validators
                .iter()
                .map(|validator| (validator.attestation_public_key, validator.proposal_public_key)),
        )
        .expect("load refuses a file with more validators than a registry can hold")
    }

    fn check(&self, path: &Path) -> Result<(), FileError> {
        match self.flaw() {
            Some(flaw) => Err(file::malformed(FileKind::Genesis, path, flaw)),
            None => Ok(()),
        }
    }

    /// Returns what is wrong with the values, if something is.
    pub fn flaw(&self) -> Option<String> {
        let validators = self.validators.len();
        if validators == 0 {
            return Some("it names no validators, so nobody could ever propose a block".to_owned());
        }
        if validators > VALIDATOR_REGISTRY_LIMIT {
            return Some(format!(
                "it names {validators} validators; at most {VALIDATOR_REGISTRY_LIMIT} are possible"
            ));
        }
        if let Some(index) = self.validators.iter().position(GenesisValidator::has_one_key) {
            return Some(one_key_for_two_duties(index as u64));
        }
        if !INTERVALS_MS.contains(&self.interval_ms) {
            return Some(format!(
                "interval_ms is {}; choose {} to {} (the specification's is {MILLISECONDS_PER_INTERVAL})",
                self.interval_ms,
                INTERVALS_MS.start(),
                INTERVALS_MS.end()
            ));
        }
        if self.fork_digest.len() != 8
            || !self.fork_digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return Some(format!(
                "fork_digest is \"{}\"; it must be 8 hexadecimal digits",
                self.fork_digest
            ));
        }
        None
    }
}

/// Returns the fault of a validator with the same key for votes and for proposals.
pub fn one_key_for_two_duties(index: ValidatorIndex) -> String {
    format!(
        "the attestation key and the proposal key of validator {index} are the same: a key signs once in a slot, so \
         give the validator two different keys"
    )
}

fn specified_interval() -> u64 {
    MILLISECONDS_PER_INTERVAL
}

/// Returns the specification's `GOSSIP_DIGEST`.
pub fn specified_fork_digest() -> String {
    "12345678".to_owned()
}
