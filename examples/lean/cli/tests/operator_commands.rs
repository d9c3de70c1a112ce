//! The commands and options for operators: the log, colours, completions, the manual page, and the
//! check of a configuration.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use tempfile::TempDir;

fn node(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.args(arguments);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command
}

fn output(arguments: &[&str]) -> Output {
    node(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files of a network with one node, and the text of the path of its configuration.
fn network(form: &[&str]) -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().display().to_string();
    let sizes = ["--validators", "2", "--scheme", "test", "--first-port", "1"];
    let written = output(&[&["genesis", form[0], &path], &form[1..], &sizes].concat());
    assert!(written.status.success(), "{}", text(&written.stderr));
    (directory, path)
}

/// Returns all files below a folder, with their contents and times of change.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("it is ours") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let changed = path.metadata().and_then(|it| it.modified()).expect("Linux has times");
            found.insert(path.clone(), (fs::read(&path).expect("it is ours"), changed));
        }
    }
    found
}

/// Runs a node that logs a warning, finds its port taken and ends. Returns its log.
fn log(options: &[&str], environment: &[(&str, &str)]) -> String {
    let (directory, path) = network(&["--dir", "--nodes", "1"]);
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let config = format!("{path}/node-0.toml");
    let written = fs::read_to_string(&config).expect("it was written");
    fs::write(&config, written.replace("/udp/1/", &format!("/udp/{port}/"))).expect("it is ours");
    let mut command = node(&[&["run", "--config", &config], options].concat());
    let output = command.envs(environment.iter().copied()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    drop(directory);
    text(&output.stderr)
}

#[test]
fn the_log_has_the_requested_level_and_the_command_line_overrides_the_environment() {
    let mocks = "aggregation proofs are MOCKS";
    assert!(log(&[], &[]).contains(mocks));
    assert!(!log(&["--log-level", "error"], &[]).contains(mocks));
    assert!(!log(&[], &[("RUST_LOG", "error")]).contains(mocks));
    assert!(log(&["--log-level", "warn"], &[("RUST_LOG", "error")]).contains(mocks));
    let invalid = log(&[], &[("RUST_LOG", "chain=loud")]);
    assert!(invalid.contains("RUST_LOG is no log filter") && invalid.contains(mocks), "{invalid}");
}

#[test]
fn every_line_of_a_json_log_is_an_object_with_a_level_and_a_message() {
    let log = log(&["--log-format", "json"], &[("CLICOLOR_FORCE", "1")]);
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str()).collect();
    assert!(levels.contains(&Some("WARN")), "{log}");
    assert_eq!(
        levels.last(),
        Some(&Some("ERROR")),
        "the program's last error is in the log: {log}"
    );
    assert!(lines.iter().all(|line| line["message"].is_string()), "{log}");
}

#[test]
fn colours_follow_the_option_and_then_the_environment() {
    let is_coloured =
        |options: &[&str], environment: &[(&str, &str)]| log(options, environment).contains('\x1b');
    assert!(!is_coloured(&[], &[]), "the output is no terminal");
    assert!(is_coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn help_and_usage_errors_follow_the_colour_option() {
    let help = |when| output(&["--color", when, "--help"]).stdout;
    assert!(text(&help("always")).contains('\x1b') && !text(&help("never")).contains('\x1b'));
    let error = |when| output(&["--color", when, "run", "--confg"]).stderr;
    assert!(text(&error("always")).contains('\x1b') && !text(&error("never")).contains('\x1b'));
}

#[test]
fn a_mistyped_option_is_answered_with_a_similar_one() {
    let output = output(&["run", "--confg", "node-0.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'--config'"), "{}", text(&output.stderr));
}

#[test]
fn completions_exist_for_every_shell_and_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = output(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
        let script = text(&output.stdout);
        assert!(script.contains("check-config") && script.contains("genesis-delay-s"), "{shell}");
    }
}

#[test]
fn manual_pages_are_printed_and_written_for_every_command() {
    let page = output(&["man"]);
    assert!(page.status.success() && text(&page.stdout).contains(".TH node 1"));
    let directory = tempfile::tempdir().expect("a temporary directory");
    let pages = directory.path().join("pages");
    assert!(output(&["man", "--dir", &pages.display().to_string()]).status.success());
    for command in ["", "-check-config", "-devnet", "-genesis", "-run"] {
        let page = pages.join(format!("node{command}.1"));
        assert!(fs::read_to_string(&page).is_ok_and(|text| text.contains(".SH")), "{page:?}");
    }
}

#[test]
fn results_for_a_reader_that_is_gone_are_no_panic() {
    for arguments in [&["completions", "bash"][..], &["man"]] {
        let (read, write) = io::pipe().expect("a pipe");
        drop(read);
        let mut command = node(arguments);
        let child = command.stdout(write).stderr(Stdio::piped()).spawn().expect("the program runs");
        drop(command);
        let output = child.wait_with_output().expect("it is ours");
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn check_config_reads_both_forms_and_writes_nothing() {
    for form in [&["--dir", "--nodes", "1"][..], &["--lean", "--names", "ours"]] {
        let (directory, path) = network(form);
        let before = files(directory.path());
        let config = format!("{path}/node-0.toml");
        let arguments = match form[0] {
            "--dir" => vec!["check-config", "--config", &config],
            _ => vec!["check-config", "--genesis", &path, "--node-id", "ours"],
        };
        let output = output(&arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let found = text(&output.stdout);
        for part in ["/ip4/127.0.0.1/udp/1/", "2 validators", "1: votes in the slots 0 to 255"] {
            assert!(found.contains(part), "{part} is missing: {found}");
        }
        assert_eq!(files(directory.path()), before);
    }
}

#[test]
fn check_config_refuses_what_run_would_refuse() {
    let (directory, path) = network(&["--dir", "--nodes", "1"]);
    let config = format!("{path}/node-0.toml");
    let check = |spoilt: &str, from: &str, to: &str| {
        let file = directory.path().join(spoilt);
        let good = fs::read_to_string(&file).expect("it was written");
        assert!(good.contains(from), "{spoilt} has no {from}");
        fs::write(&file, good.replacen(from, to, 1)).expect("it is ours");
        let output = output(&["check-config", "--config", &config]);
        fs::write(&file, good).expect("it is ours");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    let key = "keys/validator-0-attestation.toml";
    // The file names the registered public key, so only the growth of the tree shows the fault.
    let seed = check(key, "seed = \"", "seed = \"ff\" #");
    assert!(seed.contains("seed"), "{seed}");
    let slots = check(key, "active_slots = 256", "active_slots = 128");
    assert!(slots.contains("cannot run with these files"), "{slots}");
    let listen = check("node-0.toml", "/ip4/127.0.0.1/udp/1/quic-v1", "nowhere");
    assert!(listen.contains("no address to listen on"), "{listen}");
    let runtime = check("node-0.toml", "name = ", "runtime = \"fibers\"\nname = ");
    assert!(runtime.contains("no runtime \"fibers\""), "{runtime}");
    let core = check("node-0.toml", "name = ", "chain_core = 100000\nname = ");
    assert!(core.contains("cannot run with these files"), "{core}");
}

#[test]
fn run_ends_with_the_exit_code_of_wrong_input_for_faults_found_at_its_start() {
    let (directory, path) = network(&["--dir", "--nodes", "1"]);
    let spoil = |file: &str, from: &str, to: &str| {
        let file = directory.path().join(file);
        let good = fs::read_to_string(&file).expect("it was written");
        fs::write(&file, good.replacen(from, to, 1)).expect("it is ours");
    };
    spoil("node-0.toml", "/udp/1/", "/udp/0/");
    let config = format!("{path}/node-0.toml");
    let run = |options: &[&str], part: &str| {
        let output = output(&[&["run", "--config", &config], options].concat());
        let error = text(&output.stderr);
        assert!(error.contains(part), "{part:?} is not in: {error}");
        output.status.code()
    };
    assert_eq!(run(&["--checkpoint-sync-url", "nowhere"], "no checkpoint source"), Some(2));
    assert_eq!(run(&["--import-signing-history", &config], "no exported"), Some(2));
    let history = format!("{config}/history");
    assert_eq!(run(&["--signing-history", &history], "cannot create the folder"), Some(1));
    spoil("keys/validator-0-attestation.toml", "seed = \"", "seed = \"00\" #");
    assert_eq!(run(&[], "seed"), Some(2));
}

#[test]
fn check_config_warns_about_a_taken_port_used_up_keys_and_readable_keys() {
    let (directory, path) = network(&["--dir", "--nodes", "1"]);
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    for (file, from, to) in [
        ("node-0.toml", "/udp/1/".to_owned(), format!("/udp/{port}/")),
        ("genesis.toml", "genesis_time = ".to_owned(), "genesis_time = 1000 # ".to_owned()),
    ] {
        let file = directory.path().join(file);
        let written = fs::read_to_string(&file).expect("it was written");
        fs::write(&file, written.replacen(&from, &to, 1)).expect("it is ours");
    }
    let key = directory.path().join("keys/validator-1-proposal.toml");
    fs::set_permissions(&key, Permissions::from_mode(0o640)).expect("it is ours");
    let output = output(&["check-config", "--config", &format!("{path}/node-0.toml")]);
    let found = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(found.contains(&format!("warning: UDP port {port} is in use now")), "{found}");
    assert!(found.contains("warning: the keys of validator 1 are used up"), "{found}");
    let readable = format!("chmod 600 {}", key.display());
    assert!(found.contains(&readable), "{found}");
}

#[test]
fn a_configuration_without_an_end_is_refused() {
    for path in ["/dev/zero", "/dev"] {
        let output = output(&["check-config", "--config", path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("cannot read the configuration file"));
    }
}
