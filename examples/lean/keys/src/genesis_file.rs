//! The genesis file: what all nodes of a network must agree on before its first block.

use std::ops::RangeInclusive;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::SchemeName;
use crate::file::{self, FileError, FileKind};
use consensus::{MILLISECONDS_PER_INTERVAL, VALIDATOR_REGISTRY_LIMIT, Validators};
use xmss::PublicKey;

/// The intervals that a network may have, in milliseconds.
pub const INTERVALS_MS: RangeInclusive<u64> = 10..=60_000;

/// A network's beginning: its clock, its signature scheme, its name in topics and its validators.
///
/// Every node of a network reads the same file; two networks that differ in any field cannot talk to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisFile {
    /// When slot 0 begins, in seconds since 1970 (`GENESIS_TIME`).
    pub genesis_time: u64,
    /// How long an interval lasts, in milliseconds: 800 in the specification, less in a devnet in a hurry.
    #[serde(default = "specified_interval")]
    pub interval_ms: u64,
    /// The signature scheme that all validators sign in.
    pub scheme: SchemeName,
    /// The network's name in gossip topics (`GOSSIP_DIGEST`): 8 hexadecimal digits.
    #[serde(default = "specified_fork_digest")]
    pub fork_digest: String,
    /// The validators' public keys (`GENESIS_VALIDATORS`); a validator's place is its index.
    pub validators: Vec<GenesisValidator>,
}

/// One validator's public keys, each written as `0x` and 104 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    /// Verifies its votes.
    pub attestation_public_key: PublicKey,
    /// Verifies the blocks that it proposes.
    pub proposal_public_key: PublicKey,
}

impl GenesisFile {
    /// Reads and checks a genesis file.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read, is not such a file, has no validators or more than
    /// [`VALIDATOR_REGISTRY_LIMIT`], has an interval outside of 10 to 60,000 ms, or a fork digest that is not 8
    /// hexadecimal digits.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let genesis: Self = file::read_toml(FileKind::Genesis, path)?;
        genesis.check(path)?;
        Ok(genesis)
    }

    /// Writes the file; one that exists is not overwritten.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file exists or cannot be written, or [`load`](Self::load) would refuse it.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        self.check(path)?;
        file::write_toml(FileKind::Genesis, path, self)
    }

    /// Returns the registry that the genesis state holds.
    ///
    /// # Panics
    ///
    /// When there are more than [`VALIDATOR_REGISTRY_LIMIT`] validators, which [`load`](Self::load) does not let pass.
    pub fn registry(&self) -> Validators {
        Validators::new(
            self.validators.iter().map(|validator| (validator.attestation_public_key, validator.proposal_public_key)),
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
            return Some(format!("it names {validators} validators; at most {VALIDATOR_REGISTRY_LIMIT} are possible"));
        }
        if !INTERVALS_MS.contains(&self.interval_ms) {
            return Some(format!(
                "interval_ms is {}; choose {} to {} (the specification's is {MILLISECONDS_PER_INTERVAL})",
                self.interval_ms,
                INTERVALS_MS.start(),
                INTERVALS_MS.end()
            ));
        }
        if self.fork_digest.len() != 8 || !self.fork_digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(format!("fork_digest is \"{}\"; it must be 8 hexadecimal digits", self.fork_digest));
        }
        None
    }
}

fn specified_interval() -> u64 {
    MILLISECONDS_PER_INTERVAL
}

/// Returns the specification's `GOSSIP_DIGEST`.
pub fn specified_fork_digest() -> String {
    "12345678".to_owned()
}
