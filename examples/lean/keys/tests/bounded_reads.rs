//! Reading of files with a limit.

use std::fs;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::Command;

use keys::read_at_most;

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
