//! A table in two copies on a disk. Each write replaces one copy and leaves the other intact.
//!
//! The order of the steps, for a slot in which keys sign:
//!
//! 1. [`Journal::commit`] writes the new table over one copy and waits for the disk.
//! 2. The signatures leave.
//! 3. [`Journal::copy`] writes the same table over the other copy and waits for the disk.
//!
//! A crash in step 1 leaves that copy old, new or damaged, and the other copy old: no signature has
//! left. A crash in step 2 or later leaves the first copy new. So if one copy is damaged, the other
//! one has every slot of a signature that left. A write that fails is repeated over the same copy,
//! never over the intact one.

use std::fmt;
use std::io;

use super::table::Table;

/// The disk below a journal.
pub(super) trait Disk: Send {
    /// Writes bytes, which may reach the disk at any later time.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Waits until all bytes written before have reached the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// Accepts everything and keeps nothing: for keys that exist in this process only.
#[derive(Debug)]
pub(super) struct NoDisk;

impl Disk for NoDisk {
    fn write_at(&mut self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The two copies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    First,
    Second,
}

/// A table, and its two copies.
pub(super) struct Journal {
    pub(super) table: Table,
    disk: Box<dyn Disk>,
    /// The copy with the newest table written completely.
    intact: Copy,
    /// Whether the other copy has the same table.
    is_copied: bool,
}

/// A table read from its two copies.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) table: Table,
    /// What is wrong with one of the copies.
    pub(super) damage: Option<&'static str>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("records", &self.table.records.len())
            .field("sequence", &self.table.sequence)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Creates a journal over a disk that has the table in both copies.
    pub(super) fn new(table: Table, disk: Box<dyn Disk>) -> Self {
        Self { table, disk, intact: Copy::First, is_copied: true }
    }

    /// Returns the bytes of a new file: the table in both copies.
    pub(super) fn new_file(table: &Table) -> Vec<u8> {
        table.encode().repeat(2)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns the fault if neither copy is intact.
    pub(super) fn recover(file: &[u8]) -> Result<Recovered, &'static str> {
        if !file.len().is_multiple_of(2) {
            return Err("it is not two copies of one length");
        }
        let (first, second) = file.split_at(file.len() / 2);
        match (Table::decode(first), Table::decode(second)) {
            (Ok(first), Ok(second)) => {
                let table = if first.sequence < second.sequence { second } else { first };
                Ok(Recovered { table, damage: None })
            }
            (Ok(table), Err(damage)) | (Err(damage), Ok(table)) => {
                Ok(Recovered { table, damage: Some(damage) })
            }
            (Err(damage), Err(_)) => Err(damage),
        }
    }

    /// Writes the table with one write, and waits for the disk once.
    ///
    /// # Errors
    ///
    /// Returns the error of the disk. The file then still has the table of the last success, and
    /// the call may be repeated.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        self.table.sequence += 1;
        let target = match self.intact {
            Copy::First => Copy::Second,
            Copy::Second => Copy::First,
        };
        self.write(target)?;
        self.intact = target;
        self.is_copied = false;
        Ok(())
    }

    /// Repeats the last committed table in the other copy, unless that has been done.
    ///
    /// # Errors
    ///
    /// Returns the error of the disk. The committed copy is intact then.
    pub(super) fn copy(&mut self) -> io::Result<()> {
        if self.is_copied {
            return Ok(());
        }
        self.write(match self.intact {
            Copy::First => Copy::Second,
            Copy::Second => Copy::First,
        })?;
        self.is_copied = true;
        Ok(())
    }

    fn write(&mut self, target: Copy) -> io::Result<()> {
        let bytes = self.table.encode();
        let offset = match target {
            Copy::First => 0,
            Copy::Second => bytes.len() as u64,
        };
        self.disk.write_at(offset, &bytes)?;
        self.disk.sync()
    }
}
