//! The keys of this process in one file, and their reserved slots.

use std::io;

use super::error::NotReserved;
use super::journal::Journal;
use super::table::Record;
use crate::KeyRole;
use consensus::Slot;

/// One file, and the slots reserved in it by this process.
#[derive(Debug)]
pub(super) struct HeldKeys {
    pub(super) journal: Journal,
    /// The slot of each record that this process has reserved and written.
    reserved: Vec<Option<Slot>>,
    /// The newest slot that could not be written, and the reason.
    failed: Option<(Slot, String)>,
}

impl HeldKeys {
    pub(super) fn new(journal: Journal) -> Self {
        let reserved = vec![None; journal.table.records.len()];
        Self { journal, reserved, failed: None }
    }

    /// Reserves a slot for the key of a record: see `SigningHistory::reserve`.
    pub(super) fn reserve(&mut self, record: usize, slot: Slot) -> Result<(), NotReserved> {
        if self.reserved[record] == Some(slot) {
            return Ok(());
        }
        if let Some((failed, error)) = &self.failed
            && *failed == slot
        {
            return Err(NotReserved::NotWritten(error.clone()));
        }
        let Record { role, newest, .. } = self.journal.table.records[record];
        if let Some(newest) = newest
            && newest >= slot
        {
            return Err(NotReserved::NotNewer { newest, slot });
        }
        let raised = match role {
            KeyRole::Attestation => self.all_voters_before(slot),
            KeyRole::Proposal => vec![record],
        };
        for &record in &raised {
            self.journal.table.records[record].newest = Some(slot);
        }
        if let Err(error) = self.journal.commit() {
            // The raised slots stay in memory: some of them may have reached the disk.
            self.failed = Some((slot, error.to_string()));
            return Err(NotReserved::NotWritten(error.to_string()));
        }
        for record in raised {
            self.reserved[record] = Some(slot);
        }
        Ok(())
    }

    pub(super) fn copy(&mut self) -> io::Result<()> {
        self.journal.copy()
    }

    pub(super) fn newest_slot(&self) -> Option<Slot> {
        let held = self.journal.table.records.iter().filter(|record| record.is_held);
        held.filter_map(|record| record.newest).max()
    }

    /// Returns the attestation keys of this process that may still sign in a slot.
    fn all_voters_before(&self, slot: Slot) -> Vec<usize> {
        let may_sign = |record: &Record| {
            record.is_held
                && record.role == KeyRole::Attestation
                && record.newest.is_none_or(|newest| newest < slot)
        };
        let records = self.journal.table.records.iter().enumerate();
        records.filter(|(_, record)| may_sign(record)).map(|(place, _)| place).collect()
    }
}
