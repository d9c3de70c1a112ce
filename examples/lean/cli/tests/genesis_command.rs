//! `node genesis` writes a whole network or nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn genesis(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.arg("genesis").args(arguments).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the names in a folder, hidden ones included.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is ours");
    entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into()).collect()
}

const SMALL: [&str; 4] = ["--scheme", "test", "--validators", "1"];

#[test]
fn a_failure_between_two_files_leaves_no_file() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let empty = home.path().join("empty");
    fs::create_dir(&empty).expect("writable");
    // The file of this node's key has a name too long for the file system. Three lists are written
    // before it.
    let long = "a".repeat(255);
    for target in [empty.clone(), home.path().join("new"), home.path().join("deep/er/new")] {
        let target = target.display().to_string();
        let output = genesis(&[&["--lean", &target, "--names", &long], &SMALL[..]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("cannot write the network key file"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(names(home.path()), ["empty"]);
    assert!(names(&empty).is_empty());
}

#[test]
fn a_directory_with_other_files_is_refused_and_not_changed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::write(home.path().join("notes"), "mine").expect("writable");
    for form in ["--dir", "--lean"] {
        let target = home.path().display().to_string();
        let output = genesis(&[&[form, &target], &SMALL[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("not overwritten"), "{}", stderr(&output));
    }
    assert_eq!(names(home.path()), ["notes"]);
}

#[test]
fn a_signal_during_the_growth_of_the_keys_leaves_no_file() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let target = home.path().join("net");
    // The growth of these keys takes minutes.
    let mut child = Command::new(env!("CARGO_BIN_EXE_node"))
        .args(["genesis", "--validators", "1", "--key-slots", "262144", "--dir"])
        .arg(&target)
        .spawn()
        .expect("the program runs");
    // The handler is set before the growth begins. Before that, the signal ends the program, too.
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.expect("kill is everywhere").success());
    let status = child.wait().expect("it is ours");
    assert!(matches!(status.code(), Some(130) | None), "{status}");
    assert!(names(home.path()).is_empty(), "{:?}", names(home.path()));
}

#[test]
fn addresses_that_no_peer_can_dial_are_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let target = home.path().join("net").display().to_string();
    for (form, options) in [
        ("--dir", &["--address", "0.0.0.0"][..]),
        ("--dir", &["--address", "::"]),
        ("--dir", &["--address", "ff02::1"]),
        ("--dir", &["--address", "255.255.255.255"]),
        ("--dir", &["--first-port", "0"]),
        ("--lean", &["--address", "0.0.0.0"]),
        ("--lean", &["--address", "224.0.0.1"]),
        ("--lean", &["--address", "::1"]),
        ("--lean", &["--first-port", "65534"]),
    ] {
        let output = genesis(&[&[form, &target], options, &SMALL[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
    }
    assert!(names(home.path()).is_empty());
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let target = home.path().join("net").display().to_string();
    let most = u64::MAX.to_string();
    for (form, options, says) in [
        ("--dir", ["--genesis-delay-s", &most], "0..=31536000"),
        ("--lean", ["--genesis-delay-s", &most], "0..=31536000"),
        ("--lean", ["--validators", &most], "1 to 4096"),
        ("--lean", ["--nodes", &most], "1 to 4096"),
        ("--dir", ["--nodes", &most], "1 to 4096"),
        ("--dir", ["--key-slots", &most], "a key cannot sign"),
        ("--lean", ["--key-slots", &most], "a key cannot sign"),
    ] {
        let output = genesis(&[&[form, &target], &options[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{options:?}: {}", stderr(&output));
    }
    assert!(names(home.path()).is_empty());
}
