//! Reading of files with a limit. A path on the command line or in a configuration can name
//! anything: a device without an end, a pipe without a writer, or a file larger than the memory.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Reads a regular file, or a pipe that is already open (`/dev/stdin`, or `<(…)` in a shell), of at
/// most `most` bytes.
///
/// Blocks until the writer of a pipe closes it or the limit is reached.
///
/// # Errors
///
/// Returns the error of the operating system. The error for a directory, a device, a socket, a
/// named pipe or a longer file describes the fault in words.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?.file_type();
    let refused = |fault: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, fault));
    if kind.is_dir() {
        return refused("it is a directory");
    }
    // Opening a named pipe blocks until a writer comes. A pipe without a name is open already: the
    // link in /proc to such a pipe leads to no path.
    if kind.is_fifo() && fs::canonicalize(path).is_ok() {
        return refused("it is a named pipe: name a regular file, or /dev/stdin");
    }
    if !kind.is_file() && !kind.is_fifo() {
        return refused("it is a device or a socket: name a regular file");
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes"),
        ));
    }
    Ok(bytes)
}
