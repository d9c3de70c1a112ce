//! A folder whose files appear all at once or not at all.
//!
//! The files are written into a draft folder, and moved to their place when all of them are
//! complete. After a failure or a signal, the draft is removed. Nothing is ever overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::command::CommandError;
use lean_node::exit_code::INTERRUPTED;

/// No draft exists yet.
const IDLE: u8 = 0;
/// The draft is being written.
const DRAFT: u8 = 1;
/// The draft is being moved to its place. A signal comes too late to stop that.
const PUBLISHING: u8 = 2;
/// A signal has arrived, and its handler removes the draft.
const ABANDONED: u8 = 3;

/// The number of attempts to remove a draft while another thread may still write into it.
const ATTEMPTS: u32 = 100;

/// Removes a draft when a signal arrives. Every clone does so.
#[derive(Clone, Debug, Default)]
pub(super) struct OnSignal {
    state: Arc<AtomicU8>,
    made: Arc<OnceLock<Made>>,
}

/// The folders made for a draft.
#[derive(Debug)]
struct Made {
    draft: PathBuf,
    /// The new folders above the draft, from the outermost to the innermost.
    parents: Vec<PathBuf>,
}

/// A folder under construction. Dropping it removes everything written so far.
#[derive(Debug)]
pub(super) struct NewFolder {
    target: PathBuf,
    draft: PathBuf,
    /// Whether the target exists already, as an empty folder.
    is_target_there: bool,
    on_signal: OnSignal,
}

impl OnSignal {
    /// Ends the program on Ctrl-C, SIGTERM and SIGHUP, after the removal of the draft.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when a handler cannot be set.
    pub(super) fn install() -> Result<Self, CommandError> {
        let on_signal = Self::default();
        let handler = on_signal.clone();
        ctrlc::set_handler(move || {
            if handler.abandon() {
                process::exit(i32::from(INTERRUPTED));
            }
        })?;
        Ok(on_signal)
    }

    /// Removes the draft, if there is one. Returns false if it is complete and being published.
    fn abandon(&self) -> bool {
        let abandoned = |state| (state != PUBLISHING).then_some(ABANDONED);
        // The state's change publishes the paths in `made`, which are set before it.
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, abandoned).is_err() {
            return false;
        }
        if let Some(made) = self.made.get() {
            made.remove();
        }
        true
    }

    /// Changes the state, or waits for the end of the program if a signal has arrived.
    fn advance(&self, from: u8, to: u8) {
        if self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_err() {
            loop {
                // The handler ends the process.
                thread::park();
            }
        }
    }
}

impl Made {
    fn remove(&self) {
        for _ in 0..ATTEMPTS {
            // A file made meanwhile by another thread fails the removal of its folder.
            if fs::remove_dir_all(&self.draft).is_ok() || !self.draft.exists() {
                break;
            }
        }
        for parent in self.parents.iter().rev() {
            // Fails for a folder with other files, which must stay.
            let _ = fs::remove_dir(parent);
        }
    }
}

/// Checks that a folder can be created or is empty.
///
/// # Errors
///
/// [`CommandError`] when the path leads to a file or to a folder with files.
pub(super) fn check_new(target: &Path) -> Result<bool, CommandError> {
    let failed = |error| failed(target, error);
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(_) => Err(CommandError::NotEmpty(target.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && target.file_name().is_some() => {
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}

impl NewFolder {
    /// Begins a draft for a folder. The folder must not exist, or be empty.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when the folder exists with files in it, or the draft cannot be created.
    pub(super) fn begin(target: &Path, on_signal: OnSignal) -> Result<Self, CommandError> {
        let is_target_there = check_new(target)?;
        // A draft beside a new folder, or within an existing one: a move never leaves the file
        // system.
        let home = match target.parent() {
            _ if is_target_there => target,
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let mut parents: Vec<_> =
            home.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        parents.reverse();
        // The number of the process does not suffice: two containers can share a folder.
        #[expect(clippy::disallowed_methods, reason = "a part of a name, and no time")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let draft = home.join(format!(".genesis-{}-{now}", process::id()));
        let _ = on_signal.made.set(Made { draft: draft.clone(), parents });
        on_signal.advance(IDLE, DRAFT);
        let folder = Self { target: target.to_owned(), draft, is_target_there, on_signal };
        let created = fs::create_dir_all(home).and_then(|()| fs::create_dir(&folder.draft));
        created.map_err(|error| failed(target, error))?;
        Ok(folder)
    }

    /// Returns the draft, to write the files into.
    pub(super) fn path(&self) -> &Path {
        &self.draft
    }

    /// Moves the files to their place.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when the folder has received files meanwhile, or a move fails. No file is
    /// left in the folder then.
    pub(super) fn publish(self) -> Result<(), CommandError> {
        self.on_signal.advance(DRAFT, PUBLISHING);
        let published = if self.is_target_there {
            self.fill_target()
        } else {
            fs::rename(&self.draft, &self.target)
        };
        published.map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                CommandError::NotEmpty(self.target.clone())
            }
            _ => failed(&self.target, error),
        })
    }

    /// Moves the draft's entries into the existing folder, all of them or none.
    fn fill_target(&self) -> io::Result<()> {
        let names = fs::read_dir(&self.draft)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        for (place, name) in names.iter().enumerate() {
            let moved = match self.target.join(name) {
                taken if taken.symlink_metadata().is_ok() => {
                    Err(io::ErrorKind::AlreadyExists.into())
                }
                free => fs::rename(self.draft.join(name), free),
            };
            if let Err(error) = moved {
                for name in &names[..place] {
                    fs::rename(self.target.join(name), self.draft.join(name))?;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        let state = &self.on_signal.state;
        // After a signal, its handler removes the draft and ends the process.
        if state.load(Ordering::Acquire) == ABANDONED {
            self.on_signal.advance(IDLE, IDLE);
        }
        if let Some(made) = self.on_signal.made.get() {
            made.remove();
        }
    }
}

fn failed(target: &Path, error: io::Error) -> CommandError {
    CommandError::Folder { path: target.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn draft(target: &Path) -> NewFolder {
        let draft = NewFolder::begin(target, OnSignal::default()).expect("a draft");
        fs::create_dir(draft.path().join("keys")).expect("writable");
        fs::write(draft.path().join("keys/a"), "a").expect("writable");
        fs::write(draft.path().join("b"), "b").expect("writable");
        draft
    }

    #[test]
    fn all_files_appear_in_a_new_or_an_empty_folder() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let empty = home.path().join("empty");
        fs::create_dir(&empty).expect("writable");
        for target in [empty, home.path().join("new"), home.path().join("deep/er/new")] {
            draft(&target).publish().expect("published");
            assert_eq!(names(&target), ["b", "keys"]);
            assert_eq!(names(&target.join("keys")), ["a"]);
        }
        assert_eq!(names(home.path()), ["deep", "empty", "new"]);
    }

    #[test]
    fn a_dropped_draft_leaves_nothing() {
        let home = tempfile::tempdir().expect("a temporary folder");
        drop(draft(home.path()));
        drop(draft(&home.path().join("new")));
        drop(draft(&home.path().join("deep/er/new")));
        assert!(names(home.path()).is_empty(), "{:?}", names(home.path()));
    }

    #[test]
    fn a_signal_removes_the_draft_but_not_a_published_folder() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let target = home.path().join("new");
        let interrupted = draft(&target);
        assert!(interrupted.on_signal.clone().abandon());
        assert!(names(home.path()).is_empty(), "{:?}", names(home.path()));
        // Its drop waits for the end of the process.
        std::mem::forget(interrupted);

        let complete = draft(&target);
        let on_signal = complete.on_signal.clone();
        complete.publish().expect("published");
        assert!(!on_signal.abandon());
        assert_eq!(names(&target), ["b", "keys"]);
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_is_added_to_other_files() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let target = home.path().join("net");
        for is_there in [false, true] {
            if is_there {
                fs::create_dir(&target).expect("writable");
            }
            let draft = draft(&target);
            fs::create_dir_all(&target).expect("writable");
            fs::write(target.join("keys"), "of somebody else").expect("writable");
            assert!(matches!(draft.publish(), Err(CommandError::NotEmpty(_))));
            assert_eq!(names(&target), ["keys"]);
            assert_eq!(fs::read(target.join("keys")).expect("it is there"), b"of somebody else");
            assert!(matches!(check_new(&target), Err(CommandError::NotEmpty(_))));
            assert_eq!(names(home.path()), ["net"]);
            fs::remove_dir_all(&target).expect("it is ours");
        }
        fs::write(&target, "a file").expect("writable");
        assert!(matches!(check_new(&target), Err(CommandError::Folder { .. })));
    }
}
