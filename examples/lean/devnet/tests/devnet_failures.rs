//! A devnet reports the failures of its nodes. The nodes are shell scripts here, so that they can
//! fail on purpose.

use std::fs;
use std::process::Command;
use std::time::Duration;

use devnet::{Condition, Devnet, DevnetError, DevnetOptions, Problem};
use tempfile::TempDir;

const ENOUGH: Duration = Duration::from_secs(60);

/// A program for two nodes. In its text, `$node` is the number of the node.
struct Script {
    directory: TempDir,
}

impl Script {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("node");
        // The last argument is the configuration file: …/node-0.toml.
        let text = format!(
            "#!/bin/sh\nfor last; do :; done\nnode=${{last##*node-}}\nnode=${{node%.toml}}\nready='{READY}'\n{text}\n"
        );
        // A separate process writes the file. If this process had it open for writing, a child
        // started by another test at the same time would inherit the descriptor. The kernel then
        // refuses to run the file ("text file busy").
        let mut shell = Command::new("sh");
        let written =
            shell.args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""]).arg(path).arg(text);
        assert!(written.status().expect("there is a shell").success());
        Self { directory }
    }

    fn start(&self) -> Result<Devnet, DevnetError> {
        Devnet::start(self.options())
    }

    fn options(&self) -> DevnetOptions {
        let program = self.directory.path().join("node");
        DevnetOptions { nodes: 2, validators: 1, key_slots: 2, ..DevnetOptions::new(program) }
    }
}

const READY: &str = r#"{"kind":"ready","node":"n","listen":"l","peer_id":"p","runtime":"r"}"#;

/// Removes the directory of a failed devnet.
fn cleaned(error: DevnetError) -> Box<Problem> {
    fs::remove_dir_all(error.directory.expect("the files were written")).expect("it is ours");
    error.problem
}

#[test]
fn the_start_is_repeated_with_other_ports_if_a_port_is_taken() {
    // The first process to create the directory finds its port taken. Later processes listen.
    let script = Script::new(
        "if mkdir \"$0.taken\" 2>/dev/null; then echo \"$last\" > \"$0.first\"; exit 3; fi\n\
         echo \"$ready\"; cat > /dev/null",
    );
    let devnet = script.start().unwrap_or_else(|error| panic!("{error}"));
    let first = fs::read_to_string(script.directory.path().join("node.first"))
        .expect("a process found its port taken");
    assert!(
        !first.starts_with(&devnet.directory().display().to_string()),
        "the second attempt has files of its own"
    );
    assert!(
        !fs::exists(first.trim()).expect("its directory can be read"),
        "the first attempt's files are removed"
    );
    devnet.stop().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_start_fails_if_ports_are_taken_in_every_attempt() {
    let error = Script::new("exit 3").start().expect_err("no node ever listens");
    let problem = cleaned(error);
    assert!(
        matches!(*problem, Problem::Died { status, .. } if status.code() == Some(3)),
        "{problem}"
    );
}

#[test]
fn a_node_that_dies_is_named_with_the_end_of_its_log() {
    let script = Script::new(
        "echo \"$ready\"\nif [ $node = 1 ]; then read line; fi\n\
         i=0; while [ $i -lt 30 ]; do echo \"line $i of node $node\" >&2; i=$((i+1)); done; exit 7",
    );
    let mut devnet = match script.start() {
        // Node 0 may end before node 1 has reported its readiness.
        Err(error) => return assert_names_node_0(error),
        Ok(devnet) => devnet,
    };
    assert_names_node_0(
        devnet.wait_until("nothing", ENOUGH, |_| false).expect_err("node 0 has ended"),
    );
}

#[test]
fn a_devnet_that_keeps_going_fails_only_with_its_last_node() {
    // Each node ends when the test creates a file.
    let script = Script::new(
        "echo \"$ready\"; while [ ! -e \"$0.end-$node\" ]; do sleep 0.02; done; exit 7",
    );
    let options = DevnetOptions { keep_going: true, ..script.options() };
    let mut devnet = Devnet::start(options).unwrap_or_else(|error| panic!("{error}"));
    let end = |node: usize| {
        let path = script.directory.path().join(format!("node.end-{node}"));
        fs::write(path, "").expect("it is ours");
    };
    end(1);
    let is_ended = |devnet: &Devnet| {
        matches!(
            devnet.view(1).condition,
            Condition::Ended(status) if status.code() == Some(7)
        )
    };
    devnet
        .wait_until("node-1 did not end", ENOUGH, is_ended)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(devnet.view(0).condition, Condition::Running);

    end(0);
    let error = devnet.wait_until("nothing", ENOUGH, |_| false).expect_err("no node is left");
    let problem = cleaned(error);
    assert!(matches!(&*problem, Problem::Died { node, .. } if node == "node-0"), "{problem}");
}

#[test]
fn a_node_with_an_endless_line_is_reported() {
    let script = Script::new("echo \"$ready\"; cat /dev/zero");
    let error = script
        .start()
        .and_then(|mut devnet| devnet.wait_until("nothing", ENOUGH, |_| false))
        .expect_err("that is no report");
    let problem = cleaned(error);
    assert!(problem.to_string().contains("more than 1048576 bytes"), "{problem}");
}

fn assert_names_node_0(error: DevnetError) {
    let problem = cleaned(error);
    let message = problem.to_string();
    assert!(message.contains("node-0 ended unexpectedly") && message.contains("7"), "{message}");
    assert!(
        message.contains("line 29 of node 0") && !message.contains("line 9 of node 0"),
        "{message}"
    );
}

#[test]
fn different_finalized_chains_are_reported_immediately() {
    let root = |digit: &str| format!("0x{}", digit.repeat(64));
    let status = serde_json::to_string(&lean_node::report::ReportLine::Status(Box::default()))
        .expect("it serializes");
    let status = status.replace(r#""finalized_slot":0"#, r#""finalized_slot":5"#).replacen(
        &format!(r#""finalized_root":"{}""#, root("0")),
        r#""finalized_root":"ROOT""#,
        1,
    );
    let script = Script::new(&format!(
        "echo \"$ready\"\necho '{status}' | sed \"s/ROOT/0x$(printf %064d $((node+1)))/\"\ncat > /dev/null"
    ));
    let error = script
        .start()
        .and_then(|mut devnet| devnet.wait_until("nothing", ENOUGH, |_| false))
        .expect_err("the two name different blocks");
    let problem = cleaned(error);
    assert!(
        matches!(*problem, Problem::Disagreement(disagreement) if disagreement.slot == 5),
        "{problem}"
    );
}

#[test]
fn an_unreadable_output_line_is_reported() {
    let script = Script::new("echo \"$ready\"; echo hello from $node; cat > /dev/null");
    let error = script
        .start()
        .and_then(|mut devnet| devnet.wait_until("nothing", ENOUGH, |_| false))
        .expect_err("that is no report");
    let problem = cleaned(error);
    assert!(
        matches!(&*problem, Problem::Unreadable { line, .. } if line.starts_with("hello from")),
        "{problem}"
    );
}

#[test]
fn a_timeout_is_reported_with_the_progress_of_the_nodes() {
    let script = Script::new("echo \"$ready\"; cat > /dev/null");
    let mut devnet = script.start().unwrap_or_else(|error| panic!("{error}"));
    let error = devnet
        .wait_until("no node reported", Duration::from_millis(1), |_| false)
        .expect_err("none does");
    let message = error.to_string();
    assert!(
        message.contains("no node reported within") && message.contains("node-1 has not reported"),
        "{message}"
    );
    devnet.stop().unwrap_or_else(|error| panic!("{error}"));
    cleaned(error);
}

#[test]
fn a_node_failing_during_the_stop_is_reported() {
    let script = Script::new("echo \"$ready\"; cat > /dev/null; echo cannot flush >&2; exit 1");
    let devnet = script.start().unwrap_or_else(|error| panic!("{error}"));
    let error = devnet.stop().expect_err("both fail");
    let problem = cleaned(error);
    let message = problem.to_string();
    assert!(message.contains("node-0 failed") && message.contains("node-1 failed"), "{message}");
    assert!(message.contains("cannot flush"), "{message}");
}

#[test]
fn an_interrupt_ends_every_wait() {
    let script = Script::new("echo \"$ready\"; cat > /dev/null");
    let mut devnet = script.start().unwrap_or_else(|error| panic!("{error}"));
    let interrupter = devnet.interrupter();
    let interrupting = std::thread::spawn(move || interrupter.interrupt());
    let error = devnet.wait_until("nothing", ENOUGH, |_| false).expect_err("someone interrupts");
    assert!(matches!(*error.problem, Problem::Interrupted), "{error}");
    interrupting.join().expect("it only interrupts");
    devnet.stop().unwrap_or_else(|error| panic!("{error}"));
    cleaned(error);
}

#[test]
fn impossible_sizes_are_refused_before_anything_starts() {
    for (nodes, validators) in [(0, 1), (1, 0)] {
        let options =
            DevnetOptions { nodes, validators, key_slots: 2, ..DevnetOptions::new("/nonexistent") };
        let error = Devnet::start(options).expect_err("that is no network");
        assert!(matches!(*error.problem, Problem::Plan(_)) && error.directory.is_none(), "{error}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let options = DevnetOptions {
        nodes: 1,
        validators: 1,
        key_slots: 2,
        ..DevnetOptions::new("/nonexistent/node")
    };
    let problem = cleaned(Devnet::start(options).expect_err("there is no such program"));
    assert!(problem.to_string().contains("/nonexistent/node"), "{problem}");
}
