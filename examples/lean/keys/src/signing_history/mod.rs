//! The signing history: the newest slot of each key, on disk before a signature leaves.
//!
//! A key that signs two messages in one slot can be forged. So before a signature leaves, its slot
//! is on disk, and no later process signs in that slot or in an earlier one with the key. The
//! first vote of a slot reserves the slot for all validators of the node, so the votes of a slot
//! cost one write and one wait for the disk.
//!
//! * `table`: the content, and its form in bytes, with a checksum.
//! * `journal`: two copies of the table in a file, and what a crash leaves of them.
//! * `folder`: a file for each node, its writer, and the reading at a start.
//! * `lock`: the operating system's locks, and the identity of a lock's holder.
//! * `interchange`: export and import.
//!
//! The operator's guide is in `docs/signing.md`.

mod error;
#[cfg(test)]
mod fault_tests;
mod folder;
mod held;
mod interchange;
mod journal;
mod lock;
mod open;
mod table;

use std::collections::HashMap;
use std::io;

pub use error::{HistoryError, NotReserved};
pub use interchange::{ImportError, Interchange, KeyHistory, Metadata};
pub use lock::Owner;
pub use open::{HeldKey, HistoryPlan};
pub use table::GenesisIdentity;

use crate::{KeyRole, ValidatorKeyFiles};
use consensus::{Slot, ValidatorIndex};
use held::HeldKeys;
use journal::{Journal, NoDisk};
use lock::Lock;
use table::{Origin, Record, Table};

/// The newest slots of the keys of this process. Every signature asks it first.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
/// use keys::signing_history::{GenesisIdentity, HeldKey, HistoryPlan, SigningHistory};
/// use keys::KeyRole;
///
/// let directory = tempfile::tempdir()?;
/// let held = HeldKey {
///     validator: 3,
///     role: KeyRole::Attestation,
///     public_key: xmss::PublicKey::new([1; 52]),
/// };
/// let plan = HistoryPlan {
///     node: "node-0".to_owned(),
///     genesis: GenesisIdentity { time: 1_770_407_233, validators_root: Default::default() },
///     folders: BTreeMap::from([(directory.path().join("signing-history"), vec![held])]),
///     also_read: Vec::new(),
///     accept_copy: false,
///     import: None,
/// };
/// let mut history = SigningHistory::open(&plan)?;
/// history.reserve(3, KeyRole::Attestation, 7)?;
/// drop(history);
///
/// let mut history = SigningHistory::open(&plan)?;
/// assert!(history.reserve(3, KeyRole::Attestation, 7).is_err());
/// assert!(history.reserve(3, KeyRole::Attestation, 8).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SigningHistory {
    genesis: GenesisIdentity,
    files: Vec<HeldKeys>,
    /// The file and the record of each key.
    places: HashMap<(ValidatorIndex, KeyRole), (usize, usize)>,
    remarks: Vec<String>,
    _locks: Vec<Lock>,
}

impl SigningHistory {
    /// Creates a history that ends with this process, for keys without files.
    pub fn volatile(genesis: GenesisIdentity, keys: &[ValidatorKeyFiles]) -> Self {
        let held: Vec<HeldKey> = keys.iter().flat_map(HeldKey::both).collect();
        let record = |key: &HeldKey| Record {
            public_key: key.public_key,
            role: key.role,
            newest: None,
            is_held: true,
        };
        let records = held.iter().map(record).collect();
        let table = Table { sequence: 0, genesis, origin: Origin::default(), records };
        let place = |(record, key): (usize, &HeldKey)| ((key.validator, key.role), (0, record));
        Self {
            genesis,
            places: held.iter().enumerate().map(place).collect(),
            files: vec![HeldKeys::new(Journal::new(table, Box::new(NoDisk)))],
            remarks: Vec::new(),
            _locks: Vec::new(),
        }
    }

    /// Reserves a slot for a key. After a success, the key may sign one message in this slot.
    ///
    /// The first vote of a slot reserves it for all attestation keys of the node, with one write
    /// and one wait for each file. The other votes of the slot then wait for nothing. Blocks the
    /// thread for the disk: some milliseconds.
    ///
    /// # Errors
    ///
    /// Returns [`NotReserved`] if the key must not sign in this slot, or if the history could not
    /// be written. A later slot may succeed again.
    pub fn reserve(
        &mut self,
        validator: ValidatorIndex,
        role: KeyRole,
        slot: Slot,
    ) -> Result<(), NotReserved> {
        let (file, record) = *self.places.get(&(validator, role)).ok_or(NotReserved::UnknownKey)?;
        self.files[file].reserve(record, slot)
    }

    /// Repeats the last writes in the second copies, so that damage to one copy loses nothing.
    /// Belongs after the signatures of a slot have left.
    ///
    /// # Errors
    ///
    /// Returns the error of the disk. The first copies are intact then.
    pub fn copy(&mut self) -> io::Result<()> {
        self.files.iter_mut().try_for_each(HeldKeys::copy)
    }

    /// Returns the newest slot in which one of this process's keys may have signed.
    pub fn newest_slot(&self) -> Option<Slot> {
        self.files.iter().filter_map(HeldKeys::newest_slot).max()
    }

    /// Returns what the operator should read about the files found at the start.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Returns the history of all keys in this process's files, to move them.
    pub fn export(&self) -> Interchange {
        let mut newest: HashMap<_, (KeyRole, Slot)> = HashMap::new();
        for record in self.files.iter().flat_map(|file| &file.journal.table.records) {
            if let Some(slot) = record.newest {
                let known = newest.entry(record.public_key).or_insert((record.role, slot));
                known.1 = known.1.max(slot);
            }
        }
        let entry =
            |(public_key, (role, newest_slot))| KeyHistory { public_key, role, newest_slot };
        let mut data: Vec<_> = newest.into_iter().map(entry).collect();
        data.sort_by_key(|entry| entry.public_key);
        Interchange::new(self.genesis, data)
    }
}
