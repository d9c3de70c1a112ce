//! The temporary folder of a devnet, and the removal of the folders of killed devnets.
//!
//! A running devnet holds a lock on a file in its folder. The operating system releases the lock
//! when the process ends for any reason. So a folder with an unlocked file belongs to a devnet that
//! was killed. A folder to be kept for the operator has no such file.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use tempfile::TempDir;

/// The beginning of the folders' names, in the system's directory for temporary files.
const PREFIX: &str = "devnet-";

/// The locked file. It contains the number of the devnet's process.
const LOCK: &str = "devnet.lock";

/// The folder of a running devnet. Dropping it removes the folder, unless it is kept.
#[derive(Debug)]
pub(super) struct Folder {
    directory: TempDir,
    /// Locked until the drop.
    _lock: File,
}

impl Folder {
    /// Creates a folder for the current user alone.
    pub(super) fn create() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        // Locked before it has its name, so that another devnet never finds it unlocked.
        let unnamed = directory.path().join(".lock");
        let mut lock = OpenOptions::new().write(true).create_new(true).open(&unnamed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        writeln!(lock, "{}", process::id())?;
        fs::rename(&unnamed, directory.path().join(LOCK))?;
        Ok(Self { directory, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Keeps the folder for the operator, also after the end of the program.
    pub(super) fn keep(&mut self) {
        self.directory.disable_cleanup(true);
        // Without the file, no later devnet takes the folder for one of a killed devnet.
        let _ = fs::remove_file(self.directory.path().join(LOCK));
    }

    /// Removes the folder, even if it was to be kept.
    pub(super) fn discard(mut self) {
        self.directory.disable_cleanup(false);
    }
}

/// Removes the folders of killed devnets of the current user, and returns their paths.
///
/// Folders of running devnets, of other users and kept folders stay. A folder that cannot be read
/// or removed stays as well.
pub(super) fn remove_leftovers() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else { return Vec::new() };
    let is_named = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(PREFIX);
    let folders = entries.flatten().filter(is_named).map(|entry| entry.path());
    folders.filter(|folder| remove_if_dead(folder).is_some()).collect()
}

fn remove_if_dead(folder: &Path) -> Option<()> {
    // No link is followed: only a folder of this user can hold such a lock.
    let found = fs::symlink_metadata(folder).ok()?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() {
        return None;
    }
    let path = folder.join(LOCK);
    if !fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let lock = File::open(&path).ok()?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    fs::remove_dir_all(folder).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unlocked_folder_is_taken_for_one_of_a_killed_devnet() {
        let running = Folder::create().expect("a folder");
        assert_eq!(remove_if_dead(running.path()), None);
        assert!(running.path().is_dir());

        let mut kept = Folder::create().expect("a folder");
        kept.keep();
        let kept_path = kept.path().to_owned();
        drop(kept);
        assert_eq!(remove_if_dead(&kept_path), None);
        fs::remove_dir_all(&kept_path).expect("it was kept");

        // As after a kill: the folder stays, and the lock is gone with the process.
        let Folder { mut directory, _lock } = Folder::create().expect("a folder");
        directory.disable_cleanup(true);
        let dead = directory.path().to_owned();
        drop((directory, _lock));
        assert_eq!(remove_if_dead(&dead), Some(()));
        assert!(!dead.exists());
    }

    #[test]
    fn a_link_to_a_folder_is_not_followed_and_not_removed() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let dead = home.path().join("dead");
        fs::create_dir(&dead).expect("writable");
        fs::write(dead.join(LOCK), "1\n").expect("writable");
        let link = home.path().join("devnet-link");
        std::os::unix::fs::symlink(&dead, &link).expect("a link");
        assert_eq!(remove_if_dead(&link), None);
        assert!(dead.is_dir());
    }

    #[test]
    fn a_kept_folder_can_still_be_discarded() {
        let mut folder = Folder::create().expect("a folder");
        folder.keep();
        let path = folder.path().to_owned();
        folder.discard();
        assert!(!path.exists());
    }
}
