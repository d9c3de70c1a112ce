//! The path of a socket: where it is, how it comes there, and how it goes.
//!
//! The socket is bound in a new directory that only its user can enter, gets its permissions there,
//! and is then linked to its path. So nobody can connect before the permissions are set, and a link
//! never replaces a file.
//!
//! A file that is there already is moved aside if it is a socket. If nobody answers there, it is
//! left of a dead process, and removed. If somebody answers, it is linked back.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The begin and the end of the names of sockets.
const NAMES: (&str, &str) = ("actor-top-", ".sock");

/// The number of the next socket of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Returns the sockets in the default directory, those of dead processes included.
///
/// # Examples
///
/// ```
/// use actor_system::System;
///
/// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
/// let serving = actor_top::serve([&system])?;
/// assert!(actor_top::sockets().contains(&serving.path().to_owned()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn sockets() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(NAMES.0) && name.ends_with(NAMES.1)
    });
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths
}

/// Attempts at another name, if one is taken. Processes in containers may have the same number and
/// share a directory, and anybody may put files into that of temporary files.
const ATTEMPTS: usize = 16;

/// Returns a new path in the default directory: `$XDG_RUNTIME_DIR`, or that of temporary files.
fn default_path() -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let (begin, end) = NAMES;
    directory().join(format!("{begin}{process}-{number}{end}"))
}

fn directory() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime.filter(|path| path.is_dir()).unwrap_or_else(env::temp_dir)
}

/// A socket at its path. The drop removes it, unless another file is there by then.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// The device and the number of the file.
    file: (u64, u64),
}

impl Place {
    /// Binds a socket in the default directory.
    pub(crate) fn take_default() -> io::Result<(Self, UnixListener)> {
        until_free(|| Self::take(&default_path()))
    }

    /// Binds a socket.
    pub(crate) fn take(path: &Path) -> io::Result<(Self, UnixListener)> {
        // A link may have a longer path than a socket, and then nobody could connect.
        SocketAddr::from_pathname(path)?;
        let private = Private::new(path)?;
        let bound = private.path.join("s");
        let listener = UnixListener::bind(&bound)?;
        fs::set_permissions(&bound, Permissions::from_mode(0o600))?;
        remove_dead(path, &private)?;
        fs::hard_link(&bound, path)?;
        let file = file_at(path)?;
        Ok((Self { path: path.to_owned(), file }, listener))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the file at the path is still this socket.
    pub(crate) fn is_there(&self) -> bool {
        file_at(&self.path).is_ok_and(|file| file == self.file)
    }
}

/// Takes the first free one of several names.
fn until_free<T>(mut take: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let is_taken = |error: &io::Error| {
        use io::ErrorKind::{AddrInUse, AlreadyExists, PermissionDenied};
        matches!(error.kind(), AddrInUse | AlreadyExists | PermissionDenied)
    };
    for _ in 1..ATTEMPTS {
        match take() {
            Err(error) if is_taken(&error) => {}
            taken => return taken,
        }
    }
    take()
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_there() {
            _ = fs::remove_file(&self.path);
        }
    }
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let data = fs::symlink_metadata(path)?;
    Ok((data.dev(), data.ino()))
}

/// Removes the socket of a dead process. Any other file stays, and is an error.
fn remove_dead(path: &Path, private: &Private) -> io::Result<()> {
    let data = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if !data.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let aside = private.path.join("d");
    fs::rename(path, &aside)?;
    let is_dead = UnixStream::connect(&aside)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if !is_dead {
        fs::hard_link(&aside, path)?;
        return Err(io::ErrorKind::AddrInUse.into());
    }
    Ok(())
}

/// A new directory beside the path, for its user alone. The drop removes it with its files.
struct Private {
    path: PathBuf,
}

impl Private {
    fn new(beside: &Path) -> io::Result<Self> {
        let parent = beside.parent().unwrap_or(Path::new("."));
        let create = || {
            // Random, so that nobody can take the names before.
            let number = RandomState::new().hash_one(()) as u32;
            let path = parent.join(format!(".at-{number:08x}"));
            DirBuilder::new().mode(0o700).create(&path).map(|()| Self { path })
        };
        until_free(create)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.path);
    }
}
