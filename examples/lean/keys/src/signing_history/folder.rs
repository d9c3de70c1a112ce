//! The histories in one folder: a file for each node, with a lock, and a lock of the folder for the
//! time of a start.
//!
//! Nodes with different validators may share a folder. Each has its own file, and reads the files
//! of the others at its start, because a validator may have belonged to another node before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::error::HistoryError;
use super::journal::{Disk, Journal};
use super::lock::{self, Lock, Owner};
use super::table::{GenesisIdentity, MOST_RECORDS, Origin, Record, Table, longest_file};

/// The number of attempts to read a file while another process writes it.
const ATTEMPTS: u32 = 20;

/// The longest part of a node's name in a file's name.
const LONGEST_NAME: usize = 100;

/// The file locked for the time of a start. No node's lock has this name, because a node's name has
/// no dot in a file's name.
const START_LOCK: &str = "folder.start.lock";

/// A folder of histories, locked for the time of a start.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _starting: Lock,
}

/// The place of one node's history.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

/// A history found in a folder.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) lock_path: PathBuf,
    pub(super) table: Table,
    /// Whether a running process writes it.
    pub(super) is_live: bool,
    /// Whether it is the copy of another file.
    pub(super) is_copy: bool,
    /// What is wrong with one of its two copies of the table.
    pub(super) damage: Option<&'static str>,
}

/// A history open for writing.
#[derive(Debug)]
struct HistoryFile(File);

impl Disk for HistoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        // Another process would not find a removed file. On a network file system that has lost
        // this process's lock, it is another process that has replaced the file.
        if self.0.metadata()?.nlink() == 0 {
            return Err(io::Error::other("its file was removed or replaced while the node runs"));
        }
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Creates a folder if it does not exist, and returns its path without links.
pub(super) fn create(path: &Path) -> Result<PathBuf, HistoryError> {
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(HistoryError::io("create the folder", path))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))?;
    }
    path.canonicalize().map_err(HistoryError::io("find the folder", path))
}

impl Folder {
    /// Locks a folder against other processes that start.
    pub(super) fn lock(path: PathBuf) -> Result<Self, HistoryError> {
        let lock_path = path.join(START_LOCK);
        let taken = Lock::take(&lock_path).map_err(HistoryError::io("lock", &lock_path))?;
        let starting = taken.ok_or(HistoryError::Starting(lock_path))?;
        Ok(Self { path, _starting: starting })
    }

    /// Returns the place of a node's history in this folder.
    pub(super) fn place(&self, node: &str) -> Place {
        Place { folder: self.path.clone(), name: file_name(node) }
    }

    /// Reads all histories in this folder. The one at `own` counts as not running, because this
    /// process has its lock.
    pub(super) fn scan(&self, own: &Place) -> Result<Vec<Found>, HistoryError> {
        scan(&self.path, Some(own))
    }
}

/// Reads all histories in a folder.
pub(super) fn scan(folder: &Path, own: Option<&Place>) -> Result<Vec<Found>, HistoryError> {
    let failed = || HistoryError::io("read the folder", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == "history") {
            let is_own = own.is_some_and(|own| own.path() == path);
            found.push(read(path, is_own)?);
        }
    }
    Ok(found)
}

fn read(path: PathBuf, is_own: bool) -> Result<Found, HistoryError> {
    let lock_path = path.with_extension("lock");
    let is_live =
        !is_own && lock::is_taken(&lock_path).map_err(HistoryError::io("lock", &lock_path))?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let (bytes, here) = read_file(&path).map_err(HistoryError::io("read", &path))?;
        match Journal::recover(&bytes) {
            Ok(recovered) => {
                let is_copy = !recovered.table.origin.may_be(&here);
                let (table, damage) = (recovered.table, recovered.damage);
                return Ok(Found { path, lock_path, table, is_live, is_copy, damage });
            }
            // A running process writes one copy at a time, so another attempt will succeed.
            Err(_) if is_live && attempts < ATTEMPTS => {}
            Err(what) => return Err(HistoryError::Damaged { path, what }),
        }
    }
}

fn read_file(path: &Path) -> io::Result<(Vec<u8>, Origin)> {
    let file = File::open(path)?;
    let origin = origin(&file)?;
    let mut bytes = Vec::new();
    file.take(longest_file() + 1).read_to_end(&mut bytes)?;
    Ok((bytes, origin))
}

fn origin(file: &File) -> io::Result<Origin> {
    let metadata = file.metadata()?;
    let since = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Ok(Origin { inode: metadata.ino(), born })
}

impl Place {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.history", self.name))
    }

    /// Takes the lock of this history for as long as the process signs.
    pub(super) fn lock(&self, owner: &Owner) -> Result<Lock, HistoryError> {
        let path = self.folder.join(format!("{}.lock", self.name));
        let mut lock = Lock::try_take(&path)
            .map_err(HistoryError::io("lock", &path))?
            .ok_or_else(|| HistoryError::InUse { owner: lock::owner(&path), path: path.clone() })?;
        lock.name(owner).map_err(HistoryError::io("write", &path))?;
        Ok(lock)
    }

    /// Writes the history as a new file in place of an old one, and opens it. A crash leaves the
    /// old file or the new one.
    pub(super) fn write(
        &self,
        genesis: GenesisIdentity,
        sequence: u64,
        records: Vec<Record>,
    ) -> Result<Journal, HistoryError> {
        let path = self.path();
        if records.len() > MOST_RECORDS {
            return Err(HistoryError::TooManyKeys { path, most: MOST_RECORDS });
        }
        let new = self.folder.join(format!("{}.history.new", self.name));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(HistoryError::io("remove", &new)(error));
            }
            _ => {}
        }
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
        let mut file = created.map_err(HistoryError::io("create", &new))?;
        let origin = origin(&file).map_err(HistoryError::io("examine", &new))?;
        let table = Table { sequence, genesis, origin, records };
        file.write_all(&Journal::new_file(&table))
            .and_then(|()| file.sync_all())
            .map_err(HistoryError::io("write", &new))?;
        fs::rename(&new, &path).map_err(HistoryError::io("replace", &path))?;
        sync_folder(&self.folder)?;
        Ok(Journal::new(table, Box::new(HistoryFile(file))))
    }
}

fn sync_folder(path: &Path) -> Result<(), HistoryError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(HistoryError::io("write the folder", path))
}

/// Returns the part of a file's name for a node's name. Two names with the same part cannot run at
/// the same time in one folder.
fn file_name(node: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let name: String = node.chars().map(plain).take(LONGEST_NAME).collect();
    if name.is_empty() { "node".to_owned() } else { name }
}
