//! `node db` as an operator sees it: what each command prints, what it writes, and its exit codes.

mod support;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lean_node::report::ReportLine;
use support::{Network, RunningNode};

const FAILURE: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);

/// The user `nobody`.
const NOBODY: u32 = 65_534;

fn db(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.arg("db").args(arguments).arg("--data-dir").arg(folder);
    command
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Runs a command that succeeds, and returns what it prints.
fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let (out, errors) = said(&output);
    assert!(output.status.success(), "{command:?}: {errors}");
    assert_eq!(errors, "", "no progress of a short operation");
    out
}

/// Runs a command that is refused, and returns its error.
fn refused(command: &mut Command, code: Option<i32>) -> String {
    let output = command.output().expect("the program runs");
    let (out, errors) = said(&output);
    assert_eq!(output.status.code(), code, "{command:?}: {out}{errors}");
    assert!(errors.starts_with("error: ") && errors.lines().count() == 1, "{errors}");
    errors
}

/// Returns all files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("there is a folder");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.map(|path| (path.clone(), fs::read(&path).expect("it can be read"))).collect()
}

fn keeping(network: &Network, folder: &Path) -> Command {
    let mut command = network.run(0);
    command.arg("--data-dir").arg(folder);
    command
}

/// Runs a node with a folder until it has finalized a slot, and stops it.
fn run_until(network: &Network, folder: &Path, slot: u64) {
    let node = RunningNode::start(keeping(network, folder));
    node.until(|line| matches!(line, ReportLine::Status(status) if status.finalized_slot >= slot));
    node.terminate();
    assert!(node.end().0.success());
}

/// Returns a line of `node db inspect`.
fn line<'a>(inspected: &'a str, name: &str) -> &'a str {
    let line = inspected.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name}: {inspected}")).trim()
}

#[test]
fn a_chain_is_exported_imported_pruned_and_goes_on_and_each_wrong_use_is_refused() {
    let network = Network::write(2);
    // Each node needs the votes of the other.
    let _other = RunningNode::start(network.run(1));
    let path = |name: &str| network.directory().join(name);
    let text = |path: &Path| path.display().to_string();
    let (folder, new, file) = (path("chain"), path("new"), path("chain.lean"));

    let node = RunningNode::start(keeping(&network, &folder));
    node.until(|line| matches!(line, ReportLine::Status(status) if status.finalized_slot >= 4));
    let to = text(&file);
    for arguments in [&["inspect"][..], &["verify"], &["prune"], &["export", "--to", &to]] {
        let error = refused(&mut db(arguments, &folder), FAILURE);
        assert!(error.contains("is in use by process ") && error.contains("stop that"), "{error}");
    }
    assert!(!file.exists());
    node.terminate();
    assert!(node.end().0.success());

    let before = files(&folder);
    let inspected = printed(&mut db(&["inspect"], &folder));
    let verified = printed(&mut db(&["verify"], &folder));
    assert!(verified.starts_with("intact: all ") && verified.contains(" blocks, "), "{verified}");
    let exported = printed(&mut db(&["export", "--to", &to], &folder));
    assert!(exported.starts_with("exported: "), "{exported}");
    assert!(files(&folder) == before, "a look has changed the folder");

    let imported = printed(&mut db(&["import", "--from", &to], &new));
    assert!(imported.starts_with("imported: "), "{imported}");
    let again = printed(&mut db(&["inspect"], &new));
    for name in ["genesis time", "validators", "fork", "scheme", "finalized", "blocks", "votes"] {
        assert_eq!(line(&again, name), line(&inspected, name), "{name}");
    }
    let other_file = path("again.lean");
    printed(&mut db(&["export", "--to", &text(&other_file)], &new));
    assert!(fs::read(&other_file).expect("it is there") == fs::read(&file).expect("it is there"));

    // A node goes on with the imported chain, and the folder is pruned afterwards.
    let finalized = line(&inspected, "finalized");
    let slot = finalized.split([' ', ',']).nth(1).and_then(|slot| slot.parse::<u64>().ok());
    run_until(&network, &new, slot.expect("a slot") + 2);
    let pruned = printed(&mut db(&["prune", "--keep-slots", "2"], &new));
    assert!(pruned.starts_with("pruned: ") && pruned.contains(" bytes before, "), "{pruned}");
    let inspected = printed(&mut db(&["inspect"], &new));
    let oldest: u64 = line(&inspected, "oldest block").parse().expect("a slot");
    assert!(oldest > slot.expect("a slot") - 2, "{inspected}");
    run_until(&network, &new, oldest + 4);

    wrong_uses(&network, &folder, &file);
}

fn wrong_uses(network: &Network, folder: &Path, file: &Path) {
    let path = |name: &str| network.directory().join(name);
    let text = |path: &Path| path.display().to_string();
    let (to, other) = (text(file), path("other"));
    let before = (files(folder), fs::read(file).expect("it is there"));
    let error = refused(&mut db(&["export", "--to", &to], folder), USAGE);
    assert!(error.contains("is not overwritten: name another file with --to"), "{error}");
    let far = ["export", "--to", &text(&other), "--from-slot", "1000000"];
    let error = refused(&mut db(&far, folder), USAGE);
    assert!(error.contains("choose --from-slot "), "{error}");
    let error = refused(&mut db(&["import", "--from", &to], folder), USAGE);
    assert!(error.contains("has a chain already"), "{error}");
    let error = refused(&mut db(&["import", "--from", &text(&path("none"))], &other), FAILURE);
    assert!(error.contains("cannot read "), "{error}");
    let config = path("net").join("node-0.toml");
    let error = refused(&mut db(&["import", "--from", &text(&config)], &other), USAGE);
    assert!(error.contains("is not an exported chain"), "{error}");
    let cut = path("cut");
    fs::write(&cut, &before.1[..before.1.len() - 7]).expect("it is writable");
    let error = refused(&mut db(&["import", "--from", &text(&cut)], &other), USAGE);
    assert!(error.contains("ends in record ") && error.contains("Copy it again"), "{error}");
    let mut damaged = before.1.clone();
    damaged[before.1.len() / 2] ^= 1;
    fs::write(&cut, &damaged).expect("it is writable");
    let error = refused(&mut db(&["import", "--from", &text(&cut)], &other), USAGE);
    assert!(error.contains("is damaged in record "), "{error}");
    assert!(!other.exists(), "a refusal creates nothing");
    for arguments in [&["inspect"][..], &["verify"], &["prune"], &["export", "--to", "x"]] {
        let error = refused(&mut db(arguments, &other), USAGE);
        assert!(error.contains("has no chain: name the right folder"), "{error}");
        let error = refused(&mut db(arguments, &config), USAGE);
        assert!(error.contains("is not a folder") || error.contains("exists"), "{error}");
    }
    assert!(!other.exists(), "a refusal creates nothing");
    assert!((files(folder), fs::read(file).expect("it is there")) == before);
}

#[test]
fn a_folder_that_the_user_may_not_write_is_refused_by_a_node_and_can_be_looked_at() {
    let network = Network::write(2);
    // Each node needs the votes of the other.
    let _other = RunningNode::start(network.run(1));
    let folder = network.directory().join("chain");
    run_until(&network, &folder, 1);
    let before = files(&folder);
    // Another user runs the commands, because root may write everywhere.
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| {
        use std::os::unix::fs::MetadataExt as _;
        me.uid() == 0
    });
    let program = network.directory().join("node");
    fs::copy(env!("CARGO_BIN_EXE_node"), &program).expect("there is room");
    for open in [network.directory(), &program] {
        fs::set_permissions(open, Permissions::from_mode(0o755)).expect("it is ours");
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("it is ours");
    for path in before.keys() {
        fs::set_permissions(path, Permissions::from_mode(0o444)).expect("it is ours");
    }
    let as_other = |from: &Command| {
        let mut command = Command::new(&program);
        command.args(from.get_args());
        if is_root {
            command.uid(NOBODY);
        }
        command
    };
    let inspected = printed(&mut as_other(&db(&["inspect"], &folder)));
    assert!(line(&inspected, "finalized").starts_with("slot "), "{inspected}");
    printed(&mut as_other(&db(&["verify"], &folder)));
    let error = refused(&mut as_other(&db(&["prune"], &folder)), FAILURE);
    assert!(error.contains("name a writable folder"), "{error}");
    // A node with files of its own, and this folder.
    for path in files_below(&network.directory().join("net")) {
        fs::set_permissions(&path, Permissions::from_mode(0o777)).expect("it is ours");
    }
    let output = as_other(&keeping(&network, &folder)).output().expect("the program runs");
    let (_, log) = said(&output);
    assert_eq!(output.status.code(), FAILURE, "{log}");
    assert!(log.contains("name a writable folder on a local disk with --data-dir"), "{log}");
    assert!(files(&folder) == before);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
}

/// Checks the configuration of a node with this folder.
fn check_config(network: &Network, folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    let config = network.directory().join("net/node-0.toml");
    command.arg("check-config").arg("--config").arg(config).arg("--data-dir").arg(folder);
    command.output().expect("the program runs")
}

#[test]
fn a_check_of_a_configuration_refuses_the_folders_that_a_node_refuses_and_writes_nothing() {
    let network = Network::write(1);
    let folder = network.directory().join("chain");
    let checked = check_config(&network, &folder);
    assert!(checked.status.success() && !folder.exists(), "{checked:?}");

    let node = RunningNode::start(keeping(&network, &folder));
    let (_, warned) = (node.http(), check_config(&network, &folder));
    let (out, errors) = said(&warned);
    assert!(warned.status.success() && (out + &errors).contains("is in use by process"));
    node.terminate();
    assert!(node.end().0.success());

    let before = files(&folder);
    assert!(check_config(&network, &folder).status.success());
    let other = Network::write(1);
    let refused = check_config(&other, &folder);
    assert_eq!(refused.status.code(), USAGE, "{refused:?}");
    assert!(said(&refused).1.contains("the chain of another network"), "{refused:?}");
    let refused = check_config(&network, &network.directory().join("net/node-0.toml"));
    assert_eq!(refused.status.code(), USAGE, "{refused:?}");
    assert!(said(&refused).1.contains("is not a folder"), "{refused:?}");
    assert!(files(&folder) == before);
}

#[test]
fn a_failed_fetch_of_a_checkpoint_leaves_no_folder_to_begin_at_genesis_with() {
    let network = Network::write(1);
    let folder = network.directory().join("chain");
    let mut command = keeping(&network, &folder);
    // Nothing listens at this port.
    command.args(["--checkpoint-sync-url", "http://127.0.0.1:1"]);
    command.args(["--checkpoint-sync-deadline-s", "1"]);
    let output = command.output().expect("the program runs");
    assert!(!output.status.success() && !folder.exists(), "{output:?}");
}

/// Returns a folder and everything in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("there is a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}
