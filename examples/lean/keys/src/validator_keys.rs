//! A validator's two keys, as files and in a form able to sign.

use crate::{KeyError, KeyFile, SchemeName, Seed, StoredKey, all_cores};
use consensus::{Slot, ValidatorIndex};
use xmss::{SecretKey, TreeKey};

/// The contents of one validator's two key files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorKeyFiles {
    /// The validator's index in the registry.
    pub index: ValidatorIndex,
    /// The key for signing votes.
    pub attestation: StoredKey,
    /// The key for signing proposals.
    pub proposal: StoredKey,
}

impl ValidatorKeyFiles {
    /// Refuses a validator with one key for both duties.
    fn check(&self) -> Result<(), ValidatorKeyError> {
        if self.attestation.public_key() == self.proposal.public_key() {
            return Err(ValidatorKeyError { index: self.index, error: KeyError::SameKeys });
        }
        Ok(())
    }
}

/// The two keys of one validator, able to sign.
#[derive(Debug)]
pub struct ValidatorKeys {
    /// The validator's index in the registry.
    pub index: ValidatorIndex,
    /// The key for signing votes.
    pub attestation: SecretKey,
    /// The key for signing proposals.
    pub proposal: SecretKey,
}

impl ValidatorKeys {
    /// Retires every slot up to and including `slot` in both keys, used or not.
    pub fn retire_through(&mut self, slot: Slot) {
        self.attestation.retire_through(slot);
        self.proposal.retire_through(slot);
    }
}

/// The error for a key of one validator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("validator {index}: {error}")]
pub struct ValidatorKeyError {
    /// The validator's index in the registry.
    pub index: ValidatorIndex,
    /// The problem with the key.
    pub error: KeyError,
}

/// Creates two keys per validator, in parallel on all CPU cores.
///
/// Each pair of seeds (attestation, proposal) belongs to one validator. Validators are numbered in
/// the order of the pairs. All keys sign in slots 0 to `active_slots` − 1.
///
/// # Errors
///
/// Returns [`ValidatorKeyError`] if the slots are not valid for a key of the scheme, or if the two
/// seeds of a validator are the same.
pub fn generate(
    scheme: SchemeName,
    seeds: &[(Seed, Seed)],
    active_slots: u64,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    grow(seeds, |seed| Ok(KeyFile::generate(scheme, seed.clone(), 0, active_slots)?.into()))
}

/// Creates keys like [`generate`], in the format shared by lean clients.
///
/// # Errors
///
/// Returns [`ValidatorKeyError`] unless `active_slots` is two or more whole bottom trees of the
/// scheme (16 slots each in the test scheme), or if the two seeds of a validator are the same.
pub fn generate_trees(
    scheme: SchemeName,
    seeds: &[(Seed, Seed)],
    active_slots: u64,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    grow(seeds, |seed| {
        Ok(TreeKey::generate(scheme.scheme(), *seed.as_bytes(), 0, active_slots)?.into())
    })
}

fn grow(
    seeds: &[(Seed, Seed)],
    key: impl Fn(&Seed) -> Result<StoredKey, KeyError> + Sync,
) -> Result<Vec<ValidatorKeyFiles>, ValidatorKeyError> {
    let numbered: Vec<_> = (0..).zip(seeds).collect();
    let grow = |(index, (attestation, proposal)): &(ValidatorIndex, &(Seed, Seed))| {
        let key =
            |seed: &Seed| key(seed).map_err(|error| ValidatorKeyError { index: *index, error });
        let files = ValidatorKeyFiles {
            index: *index,
            attestation: key(attestation)?,
            proposal: key(proposal)?,
        };
        files.check()?;
        Ok(files)
    };
    all_cores::map(&numbered, grow).into_iter().collect()
}

/// Regenerates the keys of all validators of a node, in parallel on all CPU cores.
///
/// A key of 256 slots takes about 40 ms of one core in a release build. The time grows with the
/// number of slots.
///
/// # Errors
///
/// Returns [`ValidatorKeyError`] for the first key not matching its file, and for a validator with
/// the same key for both duties.
pub fn regenerate(files: &[ValidatorKeyFiles]) -> Result<Vec<ValidatorKeys>, ValidatorKeyError> {
    let grow = |file: &ValidatorKeyFiles| {
        file.check()?;
        let failed = |error| ValidatorKeyError { index: file.index, error };
        Ok(ValidatorKeys {
            index: file.index,
            attestation: file.attestation.secret_key().map_err(failed)?,
            proposal: file.proposal.secret_key().map_err(failed)?,
        })
    };
    all_cores::map(files, grow).into_iter().collect()
}
