//! A folder: its lock, a new file, and the checks of an existing one. A look comes first: a folder
//! that is refused stays as it was, byte for byte.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use redb::{Builder, Database};

use super::RedbStore;
use super::fault::Fault;
use super::overlay::Overlay;
use super::schema;
use crate::error::StorageError;
use crate::identity::ChainIdentity;
use crate::progress::Progress;

/// The names of the files in a folder.
pub(super) const DATABASE: &str = "chain.redb";
const LOCK: &str = "chain.lock";
const NEW: &str = "chain.redb.new";

/// The first bytes of each database of redb.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// The longest identity read from a lock file, in bytes.
const LONGEST_OWNER: u64 = 256;

/// The memory for pages of the file, in bytes. The usual reads are of the newest slots.
const CACHE: usize = 32 << 20;

/// Files up to this size are checked as a whole at each start. A larger one is checked after a
/// crash, if its last commit asks for it.
const CHECKED: u64 = 1 << 30;

/// The purpose of opening a folder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// A node of this network.
    Node(&'a ChainIdentity),
    /// A change of a chain of any network.
    Change,
    /// A new chain of this network, in place of an empty one.
    Import(&'a ChainIdentity),
}

/// A folder locked against other processes. Dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Absent if the folder is only read and has no lock, because it was copied without it.
    _lock: Option<File>,
}

impl Folder {
    /// Locks a folder for a purpose. Creates the folder if it does not exist. A refused folder
    /// stays as it was, with all its files.
    pub(super) fn lock(
        path: &Path,
        purpose: Purpose<'_>,
        progress: &Progress,
    ) -> Result<Self, StorageError> {
        let (lock_path, database) = (path.join(LOCK), path.join(DATABASE));
        check_is_folder(path)?;
        let mut is_checked = false;
        if is_there(&database)? && !is_there(&lock_path)? {
            // Without a lock no node has ever opened the folder, so a refusal adds none.
            match look(&database, purpose, progress) {
                Ok(_) => is_checked = true,
                // Another process has begun to use the folder at this moment.
                Err(_) if is_there(&lock_path)? => {}
                Err(error) => return Err(error),
            }
        }
        create_folder(path)?;
        let failed = || StorageError::io("lock", &lock_path);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&lock_path).map_err(failed())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &lock)),
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        let before = content(&lock).unwrap_or_default();
        write_owner(&mut lock, &format!("process {}\n", process::id()))
            .map_err(StorageError::io("write", &lock_path))?;
        if !is_checked
            && is_there(&database)?
            && let Err(error) = look(&database, purpose, progress)
        {
            // The refusal has its own error. The lock is released in any case.
            let _ = write_owner(&mut lock, &before);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), _lock: Some(lock) })
    }

    /// Opens the chain of a folder for reading, whatever its network is. Writes nothing into the
    /// folder, and keeps nodes from it until the value is dropped.
    pub(super) fn look(
        path: &Path,
        progress: &Progress,
    ) -> Result<(Self, Database, ChainIdentity), StorageError> {
        check_is_folder(path)?;
        let (lock_path, database) = (path.join(LOCK), path.join(DATABASE));
        if !is_there(&database)? {
            return Err(StorageError::NoChain { path: path.to_owned() });
        }
        let lock = match File::open(&lock_path) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StorageError::io("lock", &lock_path)(error)),
        };
        match lock.as_ref().map_or(Ok(()), File::try_lock_shared) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StorageError::InUse {
                    path: path.to_owned(),
                    owner: lock.as_ref().and_then(owner),
                });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StorageError::io("lock", &lock_path)(error));
            }
        }
        // An operator asks for it and can wait, so also a large file is checked.
        let opened = open_behind_overlay(&database, true, progress)?;
        let identity =
            schema::identity(&opened, &database).map_err(Fault::at("open", &database))?;
        Ok((Self { path: path.to_owned(), _lock: lock }, opened, identity))
    }

    /// Returns the path of the database.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Opens the database of a network, or creates it.
    pub(super) fn open_or_create(
        &self,
        identity: &ChainIdentity,
    ) -> Result<Database, StorageError> {
        let path = self.database();
        // The rest of an interrupted creation. Nothing in it was ever reported as durable.
        remove_if_there(&self.path.join(NEW))?;
        if !is_there(&path)? {
            self.create(identity, |_| Ok(()))?;
        }
        let database = open(&path)?;
        schema::check(&database, &path, identity, schema::MIGRATIONS)
            .map_err(Fault::at("open", &path))?;
        Ok(database)
    }

    /// Opens the database of any network. Returns it with its network.
    pub(super) fn open_any(&self) -> Result<(Database, ChainIdentity), StorageError> {
        let path = self.database();
        let database = open(&path)?;
        let identity = schema::identity(&database, &path).map_err(Fault::at("open", &path))?;
        Ok((database, identity))
    }

    /// Writes a complete database under another name, lets `fill` add to it, and renames it. A
    /// crash leaves no half of one under the right name.
    pub(super) fn create<E: From<StorageError>>(
        &self,
        identity: &ChainIdentity,
        fill: impl FnOnce(&mut RedbStore) -> Result<(), E>,
    ) -> Result<(), E> {
        let new = self.path.join(NEW);
        let created = self.create_at(&new, identity, fill);
        if created.is_err() {
            // The error of the creation has precedence. A rest is removed by the next start.
            let _ = fs::remove_file(&new);
        }
        created
    }

    fn create_at<E: From<StorageError>>(
        &self,
        new: &Path,
        identity: &ChainIdentity,
        fill: impl FnOnce(&mut RedbStore) -> Result<(), E>,
    ) -> Result<(), E> {
        remove_if_there(new)?;
        let path = self.database();
        let created = builder().create(new).map_err(Fault::from).and_then(|database| {
            schema::create(&database, identity)?;
            Ok(database)
        });
        let mut store = RedbStore::of(created.map_err(Fault::at("create", new))?, new, None);
        fill(&mut store)?;
        store.close()?;
        File::open(new)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(new, &path))
            .map_err(StorageError::io("create", &path))?;
        Ok(sync(&self.path)?)
    }
}

/// Returns a builder with the settings of all databases.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// Opens a file with checked pages.
fn open(path: &Path) -> Result<Database, StorageError> {
    builder().open(path).map_err(Fault::from).map_err(Fault::at("open", path))
}

/// Checks whether a database serves a purpose. Writes nothing.
fn look(path: &Path, purpose: Purpose<'_>, progress: &Progress) -> Result<(), StorageError> {
    let database = open_behind_overlay(path, false, progress)?;
    let found = schema::identity(&database, path);
    let checked = found.and_then(|found| match purpose {
        Purpose::Node(expected) => schema::check_identity(&found, path, expected),
        Purpose::Change => Ok(()),
        Purpose::Import(expected) => {
            schema::check_identity(&found, path, expected)?;
            schema::check_is_empty(&database, path)
        }
    });
    checked.map_err(Fault::at("open", path))
}

/// Opens a file behind a layer that keeps all writes in memory. Checks its pages, also those of a
/// large file if `checks_large` is set.
fn open_behind_overlay(
    path: &Path,
    checks_large: bool,
    progress: &Progress,
) -> Result<Database, StorageError> {
    let failed = || StorageError::io("open", path);
    let file = File::open(path).map_err(failed())?;
    let length = check_start(path, &file)?;
    let overlay = Overlay::new(file, progress.clone()).map_err(failed())?;
    let mut builder = builder();
    builder.set_check_integrity_on_open(checks_large || length <= CHECKED);
    let database = builder.create_with_backend(overlay);
    database.map_err(Fault::from).map_err(Fault::at("open", path))
}

/// Checks that a file begins as a database does, and returns its length.
fn check_start(path: &Path, file: &File) -> Result<u64, StorageError> {
    let failed = || StorageError::io("open", path);
    let length = file.metadata().map_err(failed())?.len();
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(failed())?;
    if start == MAGIC {
        Ok(length)
    } else if MAGIC.starts_with(&start) {
        Err(StorageError::Incomplete { path: path.to_owned(), what: "it has no header" })
    } else {
        Err(StorageError::NotAChain { path: path.to_owned() })
    }
}

fn remove_if_there(path: &Path) -> Result<(), StorageError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StorageError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable.
fn sync(path: &Path) -> Result<(), StorageError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(StorageError::io("write the folder", path))
}

fn check_is_folder(path: &Path) -> Result<(), StorageError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(StorageError::NotAFolder { path: path.to_owned() }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StorageError::io("find", path)(error)),
    }
}

fn create_folder(path: &Path) -> Result<(), StorageError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(StorageError::io("create the folder", path))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

pub(super) fn is_there(path: &Path) -> Result<bool, StorageError> {
    path.try_exists().map_err(StorageError::io("find", path))
}

/// Returns the error of a folder that another process has locked.
fn in_use(path: &Path, lock: &File) -> StorageError {
    // A look shares its lock, and does not write its process into the file.
    let owner = match lock.try_lock_shared() {
        Ok(()) => Some("a command that reads it".to_owned()),
        Err(_) => owner(lock),
    };
    StorageError::InUse { path: path.to_owned(), owner }
}

fn write_owner(lock: &mut File, text: &str) -> io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    lock.write_all(text.as_bytes())
}

fn content(lock: &File) -> Option<String> {
    let mut text = String::new();
    lock.take(LONGEST_OWNER).read_to_string(&mut text).ok()?;
    Some(text)
}

fn owner(lock: &File) -> Option<String> {
    let text = content(lock)?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
