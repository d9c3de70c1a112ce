//! A validator's two keys, as files and grown.

use crate::{KeyError, KeyFile, SchemeName, Seed, StoredKey, all_cores};
use consensus::{Slot, ValidatorIndex};
use xmss::{SecretKey, TreeKey};

/// The two key files of one validator, already read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorKeyFiles {
    /// The validator's place in the registry.
    pub index: ValidatorIndex,
    /// Signs its votes.
    pub attestation: StoredKey,
    /// Signs its proposals.
    pub proposal: StoredKey,
}

/// The two keys of one validator, ready to sign.
#[derive(Debug)]
pub struct ValidatorKeys {
    /// The validator's place in the registry.
    pub index: ValidatorIndex,
    /// Signs its votes.
    pub attestation: SecretKey,
    /// Signs its proposals.
    pub proposal: SecretKey,
}

impl ValidatorKeys {
    /// Gives up every slot up to and including `slot` in both keys, used or not.
    pub fn retire_through(&mut self, slot: Slot) {
        self.attestation.retire_through(slot);
        self.proposal.retire_through(slot);
    }
}

/// Says that one of a validator's keys did not come out as its file says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("validator {index}: {error}")]
pub struct ValidatorKeyError {
    /// The validator's place in the registry.
    pub index: ValidatorIndex,
    /// What is wrong.
    pub error: KeyError,
}

/// Makes two keys for each validator, numbered in order, out of a pair of seeds each (attestation, proposal), in parallel
/// over the CPU cores. All sign in slots 0 to `active_slots` − 1.
///
/// # Errors
///
/// [`ValidatorKeyError`] when no key of the scheme can have these slots.
pub fn generate(
    scheme: SchemeName,
    seeds: &[(Seed, Seed)],
    active_slots: u64,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    grow(seeds, |seed| Ok(KeyFile::generate(scheme, seed.clone(), 0, active_slots)?.into()))
}

/// Makes keys as [`generate`] does, in the form that lean clients share.
///
/// # Errors
///
/// [`ValidatorKeyError`] unless `active_slots` are two or more whole bottom trees of the scheme (16 slots each in the test
/// scheme).
pub fn generate_trees(
    scheme: SchemeName,
    seeds: &[(Seed, Seed)],
    active_slots: u64,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    grow(seeds, |seed| Ok(TreeKey::generate(scheme.scheme(), *seed.as_bytes(), 0, active_slots)?.into()))
}

fn grow(
    seeds: &[(Seed, Seed)],
    key: impl Fn(&Seed) -> Result<StoredKey, KeyError> + Sync,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    let numbered: Vec<_> = (0..).zip(seeds).collect();
    let grow = |(index, (attestation, proposal)): &(ValidatorIndex, &(Seed, Seed))| {
        let key = |seed: &Seed| key(seed).map_err(|error| ValidatorKeyError { index: *index, error });
        Ok(ValidatorKeyFiles { index: *index, attestation: key(attestation)?, proposal: key(proposal)? })
    };
    all_cores::map(&numbered, grow).into_iter().collect()
}

/// Grows the keys of all validators of a node, in parallel over the CPU cores.
///
/// A key of 256 slots takes about 40 ms of one core in a release build; the time grows with the slots.
///
/// # Errors
///
/// [`ValidatorKeyError`] for the first key that does not come out as its file says.
pub fn regenerate(files: &[ValidatorKeyFiles]) -> Result<Vec<ValidatorKeys>, ValidatorKeyError> {
    let grow = |file: &ValidatorKeyFiles| {
        let failed = |error| ValidatorKeyError { index: file.index, error };
        Ok(ValidatorKeys {
            index: file.index,
            attestation: file.attestation.secret_key().map_err(failed)?,
            proposal: file.proposal.secret_key().map_err(failed)?,
        })
    };
    all_cores::map(files, grow).into_iter().collect()
}
