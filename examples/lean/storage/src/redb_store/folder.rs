//! A folder: its lock, a new file, and the checks of an existing one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use redb::{Builder, Database};

use super::fault::Fault;
use super::schema;
use crate::error::StorageError;
use crate::identity::ChainIdentity;

/// The first bytes of each database of redb.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// The longest identity read from a lock file, in bytes.
const LONGEST_OWNER: u64 = 256;

/// The memory for pages of the file, in bytes. The usual reads are of the newest slots.
const CACHE: usize = 32 << 20;

/// Files up to this size are checked as a whole at each start. A larger one is checked after a
/// crash, if its last commit asks for it.
const CHECKED: u64 = 1 << 30;

/// A folder locked against other processes. Dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates a folder if it does not exist, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self, StorageError> {
        if !path.is_dir() {
            fs::create_dir_all(path).map_err(StorageError::io("create the folder", path))?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            sync(parent.unwrap_or(Path::new(".")))?;
        }
        let lock_path = path.join("chain.lock");
        let failed = || StorageError::io("lock", &lock_path);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&lock_path).map_err(failed())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = owner(&lock);
                return Err(StorageError::InUse { path: path.to_owned(), owner });
            }
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        let identity = format!("process {}\n", process::id());
        lock.set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| lock.write_all(identity.as_bytes()))
            .map_err(StorageError::io("write", &lock_path))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Returns the path of the database.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("chain.redb")
    }

    /// Opens the database of a network, or creates it.
    pub(super) fn open_or_create(
        &self,
        identity: &ChainIdentity,
    ) -> Result<Database, StorageError> {
        let path = self.database();
        // The rest of an interrupted creation. Nothing in it was ever reported as durable.
        let new = self.path.join("chain.redb.new");
        remove_if_there(&new)?;
        if !path.try_exists().map_err(StorageError::io("find", &path))? {
            self.create(&new, &path, identity)?;
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

    /// Writes a complete database under another name, and renames it. A crash leaves no half of one
    /// under the right name.
    fn create(
        &self,
        new: &Path,
        path: &Path,
        identity: &ChainIdentity,
    ) -> Result<(), StorageError> {
        let created = builder().create(new).map_err(Fault::from).and_then(|database| {
            schema::create(&database, identity)?;
            Ok(database.close()?)
        });
        created.map_err(Fault::at("create", new))?;
        File::open(new)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(new, path))
            .map_err(StorageError::io("create", path))?;
        sync(&self.path)
    }
}

/// Returns a builder with the settings of all databases.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// Opens a file, and checks its pages.
fn open(path: &Path) -> Result<Database, StorageError> {
    let length = check_start(path)?;
    let mut builder = builder();
    let database = builder.set_check_integrity_on_open(length <= CHECKED).open(path);
    database.map_err(Fault::from).map_err(Fault::at("open", path))
}

/// Checks that a file begins as a database does, and returns its length.
fn check_start(path: &Path) -> Result<u64, StorageError> {
    let failed = || StorageError::io("open", path);
    let file = File::open(path).map_err(failed())?;
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

fn owner(lock: &File) -> Option<String> {
    let mut text = String::new();
    lock.take(LONGEST_OWNER).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
