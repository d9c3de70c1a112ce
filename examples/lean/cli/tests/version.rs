//! The commit in `node --version`.

#[path = "../build/commit.rs"]
mod commit;

use std::fs;
use std::path::Path;
use std::process::Command;

use commit::{Checkout, DEPTH};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it has a parent")).expect("writable");
    fs::write(path, text).expect("writable");
}

fn commit(root: &Path) -> Option<String> {
    Checkout::at(root)?.commit()
}

#[test]
fn the_version_names_a_commit_if_the_program_was_built_in_a_checkout() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_node")).arg("--version").output().expect("it runs");
    let version = String::from_utf8(output.stdout).expect("it is text");
    let rest =
        version.strip_prefix(concat!("node ", env!("CARGO_PKG_VERSION"))).expect("its version");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(DEPTH).expect("the workspace");
    // The checkout may have moved on since the build, so any commit is right.
    let digits = rest.trim_end().strip_prefix(" (commit ").and_then(|it| it.strip_suffix(')'));
    let is_commit = digits.map(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
    assert_eq!(is_commit, commit(root).map(|_| true), "{version}");
}

#[test]
fn a_branch_is_found_as_a_file_and_in_the_packed_list() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let git = root.path().join(".git");
    write(&git.join("HEAD"), "ref: refs/heads/main\n");
    assert_eq!(commit(root.path()), None, "the branch has no commit yet");
    write(
        &git.join("packed-refs"),
        &format!("# pack-refs with: peeled\n{COMMIT} refs/heads/main\n"),
    );
    assert_eq!(commit(root.path()).as_deref(), Some("0123456789ab"));
    write(&git.join("refs/heads/main"), &format!("f{}\n", &COMMIT[1..]));
    assert_eq!(commit(root.path()).as_deref(), Some("f123456789ab"), "the file is newer");
    write(&git.join("HEAD"), &format!("{COMMIT}\n"));
    assert_eq!(commit(root.path()).as_deref(), Some("0123456789ab"), "no branch is checked out");
}

#[test]
fn a_worktree_has_the_branches_of_its_repository() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let own = root.path().join("main/.git/worktrees/other");
    write(&own.join("HEAD"), "ref: refs/heads/other\n");
    write(&own.join("commondir"), "../..\n");
    write(&root.path().join("main/.git/refs/heads/other"), COMMIT);
    write(&root.path().join("other/.git"), &format!("gitdir: {}\n", own.display()));
    assert_eq!(commit(&root.path().join("other")).as_deref(), Some("0123456789ab"));
}

#[test]
fn only_existing_files_are_watched() {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(&root.path().join(".git/HEAD"), "ref: refs/heads/main\n");
    let watched = |root: &Path| Checkout::at(root).expect("a checkout").watched();
    assert_eq!(watched(root.path()), [root.path().join(".git/HEAD")]);
    write(&root.path().join(".git/refs/heads/main"), COMMIT);
    assert_eq!(watched(root.path()).len(), 2);
}

#[test]
fn a_folder_without_git_has_no_commit() {
    let root = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(commit(root.path()), None);
    write(&root.path().join(".git"), "gitdir: /nowhere\n");
    assert_eq!(commit(root.path()), None);
}
