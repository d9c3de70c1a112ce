//! Tests of running nodes with a part that panics: a worker goes on with its next message. A part
//! with a state, or a worker that panics again and again, ends the process, in bounded time and
//! with a reason.

mod support;

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use lean_node::report::{FailedLine, ReportLine};
use support::{Network, RunningNode};

/// A part of each kind.
const PARTS: [&str; 8] =
    ["network", "decoder", "verifier-0", "prover", "chain", "signer", "reporter", "api"];

/// The exit code for the abnormal end of a part.
const PART_ENDED: i32 = 70;

/// Asks a node for a panic. The file appears at once, so that no node reads half of it.
fn ask(file: &Path, text: &str) {
    let half = file.with_extension("half");
    fs::write(&half, text).expect("the file can be written");
    fs::rename(&half, file).expect("it is in the same folder");
}

#[test]
fn a_worker_that_panics_goes_on_with_its_next_message() {
    let network = Network::write(2);
    let file = network.directory().join("once.fault");
    let healthy = RunningNode::start(network.run(0));
    let mut command = network.run(1);
    command.env("LEAN_NODE_FAULT_FILE", &file);
    let node = RunningNode::start(command);
    let until_head = |least: u64| {
        let line = node.until(|line| match line {
            ReportLine::Status(status) => status.head_slot >= least && !file.exists(),
            ReportLine::Failed(failed) => panic!("{failed:?}"),
            _ => false,
        });
        let ReportLine::Status(status) = line else { unreachable!("it was waited for") };
        status.head_slot
    };
    let mut head = until_head(2);
    let workers = ["decoder", "verifier-0", "prover"];
    for part in workers {
        ask(&file, &format!("{part} once"));
        // Once more than the panic may cost: the other node's next blocks come through.
        head = until_head(head + 4);
    }
    node.terminate();
    let (status, log) = node.end();
    assert!(status.success(), "{log}");
    let panics = log.matches("a test asked for this").count();
    assert_eq!(panics, workers.len(), "{log}");
    healthy.terminate();
    assert!(healthy.end().0.success());
}

#[test]
fn a_stuck_part_is_named_in_the_log_and_noted_in_the_report_while_it_is_stuck() {
    let network = Network::write(2);
    let file = network.directory().join("stuck.fault");
    let healthy = RunningNode::start(network.run(0));
    let mut command = network.run(1);
    command.env("LEAN_NODE_FAULT_FILE", &file);
    let node = RunningNode::start(command);
    let until_noted = |wanted: bool| {
        node.until(|line| match line {
            ReportLine::Status(status) => {
                let is_noted = status.notes.iter().any(|note| note.contains("the watchdog"));
                is_noted == wanted && status.head_slot >= 2
            }
            ReportLine::Failed(failed) => panic!("{failed:?}"),
            _ => false,
        })
    };
    until_noted(false);
    ask(&file, "decoder stuck");
    until_noted(true);
    fs::remove_file(&file).expect("it was written");
    until_noted(false);
    node.terminate();
    let (status, log) = node.end();
    assert!(status.success(), "{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("node: /decoder")).collect();
    assert!(lines.len() >= 2, "{log}");
    assert!(lines[0].contains("WARN") && lines[0].contains("exceeds its budget"), "{log}");
    assert!(lines[1].contains("INFO"), "{log}");
    healthy.terminate();
    assert!(healthy.end().0.success());
}

#[test]
fn a_panic_of_any_part_ends_the_process_with_its_own_code_and_the_reason() {
    // One node more than parts: it goes on, so that the others receive messages.
    let network = Network::write(PARTS.len() + 1);
    let file = |part: &str| network.directory().join(format!("{part}.fault"));
    let healthy = RunningNode::start(network.run(PARTS.len()));
    let nodes: Vec<_> = PARTS
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let mut command = network.run(index);
            command.env("LEAN_NODE_FAULT_FILE", file(part));
            RunningNode::start(command)
        })
        .collect();
    for node in &nodes {
        node.until(|line| matches!(line, ReportLine::Status(status) if status.head_slot >= 2));
    }
    PARTS.into_iter().for_each(|part| ask(&file(part), part));
    for (part, node) in PARTS.iter().zip(nodes) {
        if *part == "api" {
            drop(TcpStream::connect(node.http()).expect("the API listens"));
        }
        let failed =
            node.until(|line| matches!(line, ReportLine::Failed(_) | ReportLine::Stopped(_)));
        let reason = "panicked: a test asked for this; and for a second line";
        let ReportLine::Failed(FailedLine { part: named, reason: given, .. }) = &failed else {
            panic!("{part}: {failed:?}");
        };
        assert_eq!((named.as_str(), given.as_str()), (*part, reason));
        node.until(|line| matches!(line, ReportLine::Stopped(_)));
        let (status, log) = node.end();
        assert_eq!(status.code(), Some(PART_ENDED), "{part}: {log}");
        let last = log.lines().last().expect("there is a log");
        let said = format!("error: the node has stopped, because its part {part} ended: {reason}");
        assert_eq!(last, said);
    }
    healthy.until(|line| matches!(line, ReportLine::Status(_)));
    healthy.terminate();
    let (status, log) = healthy.end();
    assert!(status.success(), "{log}");
}
