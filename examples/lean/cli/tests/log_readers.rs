//! Tests of running nodes with an output that cannot be written.

mod support;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use support::{Network, RunningNode, get};

/// The slot to be finalized by a node without a reader of its output.
const GOAL: u64 = 8;

/// The capacity of a pipe of Linux. A full pipe blocks the next write.
const PIPE_BYTES: usize = 65_536;

/// Waits until a lone node has finalized a slot.
///
/// The API is asked again and again, because a node without a readable output sends no signal.
fn until_finalized(address: std::net::SocketAddr, slot: u64) -> String {
    for _ in 0..2400 {
        let metrics = get(address, "/metrics");
        let finalized = metrics
            .lines()
            .find_map(|line| line.strip_prefix("lean_latest_finalized_slot "))
            .expect("the metric is there");
        if finalized.parse::<u64>().expect("a number") >= slot {
            return metrics;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("slot {slot} was not finalized");
}

fn lost_lines(metrics: &str) -> u64 {
    let lost = metrics.lines().find_map(|line| line.strip_prefix("node_lost_lines_total "));
    lost.expect("the metric is there").parse().expect("a number")
}

/// Runs a lone node with a log of every detail to `log`, and its report to `report`, up to its
/// stop. Returns its metrics.
fn runs_with(log: impl Into<Stdio>, report: impl Into<Stdio>) -> String {
    let network = Network::write(1);
    let port = support::free_tcp_port();
    let mut command = network.run_at(0, port);
    command.env("RUST_LOG", "trace").stderr(log).stdout(report);
    let node = RunningNode::silent(command);
    let address = ([127, 0, 0, 1], port).into();
    support::wait_for_api(address);
    let metrics = until_finalized(address, GOAL);
    assert!(get(address, "/lean/v0/health").starts_with("HTTP/1.1 200 "));
    node.terminate();
    assert!(node.end().0.success(), "it stops in order");
    metrics
}

#[test]
fn a_reader_that_is_gone_ends_no_node() {
    let (read, log) = io::pipe().expect("a pipe");
    let (_, report) = io::pipe().expect("a pipe");
    drop(read);
    assert!(lost_lines(&runs_with(log, report)) > 0);
}

#[test]
fn a_reader_that_never_reads_blocks_no_node() {
    let full = || {
        let (read, mut write) = io::pipe().expect("a pipe");
        write.write_all(&[b'x'; PIPE_BYTES]).expect("a pipe has as much room");
        (read, write)
    };
    let ((_log_reader, log), (_report_reader, report)) = (full(), full());
    runs_with(log, report);
}

#[test]
fn a_full_disk_ends_no_node() {
    let full =
        || -> File { OpenOptions::new().write(true).open("/dev/full").expect("Linux has it") };
    assert!(lost_lines(&runs_with(full(), full())) > 0);
}
