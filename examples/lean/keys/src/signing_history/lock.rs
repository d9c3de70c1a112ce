//! Locks of the operating system on files. The end of a process releases its locks, whatever ended
//! it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};

/// The longest identity read from a lock file, in bytes.
const LONGEST_IDENTITY: u64 = 1024;

/// The number of attempts to take a lock held during the start of another process only.
const ATTEMPTS: u32 = 600;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// A locked file. Dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Lock(File);

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The number of the process.
    pub pid: u32,
    /// The start of the process, in seconds since 1970.
    pub started: u64,
    /// The name of its node.
    pub node: String,
}

impl Owner {
    /// Returns the identity of this process.
    pub(super) fn this(node: &str) -> Self {
        Self { pid: process::id(), started: seconds_now(), node: node.to_owned() }
    }

    fn encode(&self) -> String {
        let node: String = self.node.chars().filter(|c| !c.is_control()).take(200).collect();
        format!("{} {} {node}\n", self.pid, self.started)
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.trim_end().splitn(3, ' ');
        Some(Self {
            pid: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            node: parts.next()?.to_owned(),
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, started, node } = self;
        write!(f, "process {pid} (node \"{node}\", started at Unix time {started}")?;
        match seconds_now().checked_sub(*started) {
            Some(ago) => write!(f, ", {ago} s ago)"),
            None => f.write_str(")"),
        }
    }
}

impl Lock {
    /// Takes the lock of a file, which is created if it does not exist, or returns `None` if
    /// another process holds it.
    pub(super) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(try_lock(&file, FlockOperation::NonBlockingLockExclusive)?.then_some(Self(file)))
    }

    /// Takes the lock of a file like [`try_take`](Self::try_take), and waits up to 30 s for it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(Some(lock));
            }
            // Nothing unparks this thread. A spurious wake-up only shortens the pause.
            thread::park_timeout(PAUSE);
        }
        Ok(None)
    }

    /// Writes the identity of the lock's holder into the file.
    pub(super) fn name(&mut self, owner: &Owner) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(owner.encode().as_bytes())
    }
}

/// Returns whether another open file holds the lock of a file. Needs no right to write.
pub(super) fn is_taken(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => Ok(!try_lock(&file, FlockOperation::NonBlockingLockShared)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the identity in a lock file, if there is one.
pub(super) fn owner(path: &Path) -> Option<Owner> {
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST_IDENTITY).read_to_string(&mut text).ok()?;
    Owner::decode(&text)
}

fn try_lock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a lock file says since when it is held")]
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_names_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("node.lock");
        assert!(!is_taken(&path).expect("there is no file yet"));
        let mut lock = Lock::try_take(&path).expect("the directory is writable").expect("free");
        let owner_now = Owner { pid: 12, started: 34, node: "a node".to_owned() };
        lock.name(&owner_now).expect("it is open for writing");
        assert!(Lock::try_take(&path).expect("it can be opened").is_none());
        assert!(is_taken(&path).expect("it can be opened"));
        assert_eq!(owner(&path), Some(owner_now));
        drop(lock);
        assert!(Lock::try_take(&path).expect("it can be opened").is_some());
    }
}
