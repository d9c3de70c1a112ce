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
/// Returns the error of the operating system. The error for a directory, a device, a socket, a named
/// pipe or a longer file describes the fault in words.
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::process::Command;

    use super::*;

    fn fault(path: impl AsRef<Path>) -> String {
        read_at_most(path.as_ref(), 8).expect_err("it must not be read").to_string()
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_refused_beyond_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "12345678").expect("it can be written");
        assert_eq!(read_at_most(&file, 8).expect("it has 8 bytes"), b"12345678");
        fs::write(&file, "123456789").expect("it can be written");
        assert!(fault(&file).contains("more than 8 bytes"));
    }

    #[test]
    fn only_files_and_open_pipes_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        assert!(fault(&pipe).contains("named pipe"));
        assert!(fault(folder.path()).contains("directory"));
        assert!(fault("/dev/zero").contains("device"));
        assert!(fault("/dev/null").contains("device"));
        let missing = read_at_most(&folder.path().join("missing"), 8).expect_err("it is missing");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn an_open_pipe_is_read_up_to_the_limit() {
        for (text, is_read) in [("12345678", true), ("123456789", false)] {
            let (read, mut write) = io::pipe().expect("a pipe");
            write.write_all(text.as_bytes()).expect("it fits into the pipe");
            drop(write);
            let path = format!("/dev/fd/{}", read.as_raw_fd());
            assert_eq!(read_at_most(Path::new(&path), 8).is_ok(), is_read, "{text}");
        }
    }
}
