//! The program's commands from a script's point of view: exit codes, output, and no remaining
//! processes.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lean_node::report::ReportLine;
use tempfile::TempDir;

const ENOUGH: Duration = Duration::from_secs(120);

/// The polling interval for processes of other parents, because their end sends no signal to this
/// process.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

fn node(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    node(arguments).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running program, with its report as parsed lines. Dropping it kills the program.
struct Reporting {
    child: Child,
    lines: mpsc::Receiver<ReportLine>,
}

impl Reporting {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, lines) = mpsc::sync_channel(1024);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line =
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                // The test stops reading after the wanted line.
                let _ = sender.try_send(line);
            }
        });
        Self { child, lines }
    }

    fn until(&self, wanted: impl Fn(&ReportLine) -> bool) -> ReportLine {
        loop {
            let line = self.lines.recv_timeout(ENOUGH).expect("the program goes on reporting");
            if wanted(&line) {
                return line;
            }
        }
    }

    fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(killed.expect("kill is everywhere").success());
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn small_devnet(directory: &TempDir) -> Reporting {
    let arguments = [
        "devnet",
        "--nodes",
        "2",
        "--validators",
        "2",
        "--interval-ms",
        "100",
        "--scheme",
        "test",
        "--json",
    ];
    let mut command = node(&arguments);
    // Files left by a killed devnet are removed with the test's own directory.
    command.env("TMPDIR", directory.path());
    Reporting::start(command)
}

/// Returns the running processes with this parent.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("this is Linux").filter_map(|entry| {
        let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
        (parent_of(process)? == parent).then_some(process)
    });
    processes.collect()
}

/// Returns a running process's parent, or `None` if the process has ended, even if it is still a
/// zombie.
fn parent_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if field("State:")?.starts_with('Z') { None } else { field("PPid:")?.parse().ok() }
}

fn wait_for_the_end_of(process: u32) {
    let looks = ENOUGH.as_millis() / LOOK_AGAIN.as_millis();
    let has_ended = (0..looks).any(|_| {
        thread::park_timeout(LOOK_AGAIN);
        parent_of(process).is_none()
    });
    assert!(has_ended, "process {process} outlives the devnet that started it");
}

#[test]
fn no_node_outlives_a_devnet_that_is_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut devnet = small_devnet(&directory);
    devnet.until(|line| matches!(line, ReportLine::Status(_)));
    let nodes = children(devnet.child.id());
    assert_eq!(nodes.len(), 2);

    devnet.child.kill().expect("it runs");
    devnet.child.wait().expect("it is ours");
    nodes.into_iter().for_each(wait_for_the_end_of);
}

#[test]
fn a_signal_stops_a_devnet_in_order() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut devnet = small_devnet(&directory);
    devnet.until(|line| matches!(line, ReportLine::Status(status) if status.peers == 1 && status.head_slot >= 2));
    let nodes = children(devnet.child.id());
    assert_eq!(nodes.len(), 2);

    devnet.terminate();
    let status = devnet.child.wait().expect("it is ours");
    assert!(status.success(), "it had no other goal than to run: {status}");
    assert!(nodes.iter().all(|node| parent_of(*node).is_none()), "the devnet waits for its nodes");
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it is ours").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_devnet_that_keeps_going_reaches_its_goal_without_a_killed_node() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let goal = ["devnet", "--keep-going", "--until-finalized", "12", "--json"];
    let size = ["--nodes", "4", "--validators", "4", "--interval-ms", "100", "--scheme", "test"];
    let mut command = node(&[&goal[..], &size].concat());
    command.env("TMPDIR", directory.path()).stderr(Stdio::piped());
    let mut devnet = Reporting::start(command);
    let log = devnet.child.stderr.take().expect("it is piped");
    let log = thread::spawn(move || io::read_to_string(log).expect("it is text"));
    devnet.until(|line| matches!(line, ReportLine::Status(status) if status.head_slot >= 1));

    let killed = children(devnet.child.id())[1].to_string();
    let status = Command::new("kill").args(["-KILL", &killed]).status();
    assert!(status.expect("kill is everywhere").success());
    let status = devnet.child.wait().expect("it is ours");
    let log = log.join().expect("it only reads");
    assert!(status.success(), "{log}");
    assert!(log.contains("ended unexpectedly (signal: 9 (SIGKILL)); the others go on"), "{log}");
    assert!(log.contains("the other 3 nodes have finalized slot 12"), "{log}");
}

#[test]
fn the_files_of_a_killed_devnet_are_removed_by_the_next_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let folders = || -> Vec<_> {
        let entries = fs::read_dir(directory.path()).expect("it is ours");
        entries.map(|entry| entry.expect("readable").path()).collect()
    };
    let mut killed = small_devnet(&directory);
    killed.until(|line| matches!(line, ReportLine::Status(_)));
    let left = folders();
    assert_eq!(left.len(), 1, "{left:?}");
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("it is ours");

    let next = small_devnet(&directory);
    next.until(|line| matches!(line, ReportLine::Status(_)));
    let own = folders();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_ne!(own, left);
    let other = small_devnet(&directory);
    other.until(|line| matches!(line, ReportLine::Status(_)));
    assert_eq!(folders().len(), 2, "the files of a running devnet stay");
    for devnet in [next, other] {
        let mut devnet = devnet;
        devnet.terminate();
        assert!(devnet.child.wait().expect("it is ours").success());
    }
    assert!(folders().is_empty(), "{:?}", folders());
}

#[test]
fn one_node_runs_by_hand_and_stops_in_order() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_port();
    write_network(directory.path(), port, "1");
    let config = directory.path().join("node-0.toml");
    let mut running =
        Reporting::start(node(&["run", "--json", "--config", &config.display().to_string()]));
    let first = running.until(|_| true);
    assert!(
        matches!(&first, ReportLine::Ready(ready) if ready.listen.contains(&port.to_string())),
        "{first:?}"
    );
    running.until(|line| matches!(line, ReportLine::Status(status) if status.finalized_slot > 0));

    running.terminate();
    let last = running.until(|line| matches!(line, ReportLine::Stopped(_)));
    assert!(matches!(&last, ReportLine::Stopped(stopped) if stopped.left.is_empty()), "{last:?}");
    assert!(running.child.wait().expect("it is ours").success());
}

#[test]
fn a_node_with_stop_on_stdin_eof_stops_at_the_end_of_its_input() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_network(directory.path(), free_port(), "1");
    let config = directory.path().join("node-0.toml");
    let mut command =
        node(&["run", "--json", "--stop-on-stdin-eof", "--config", &config.display().to_string()]);
    command.stdin(Stdio::piped());
    let mut running = Reporting::start(command);
    running.until(|line| matches!(line, ReportLine::Ready(_)));
    drop(running.child.stdin.take());
    running.until(|line| matches!(line, ReportLine::Stopped(_)));
    assert!(running.child.wait().expect("it is ours").success());
}

#[test]
fn a_signal_ends_a_node_during_key_generation() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().display().to_string();
    let written = output(&[
        "genesis",
        "--dir",
        &path,
        "--nodes",
        "1",
        "--validators",
        "1",
        "--key-slots",
        "2",
    ]);
    assert!(written.status.success(), "{}", stderr(&written));
    // Keys with this many slots take minutes to generate. Only after that does the node find the
    // mismatch with its key files.
    for role in ["attestation", "proposal"] {
        let key = directory.path().join(format!("keys/validator-0-{role}.toml"));
        let text = fs::read_to_string(&key).expect("the key file was written");
        fs::write(&key, text.replace("active_slots = 2", "active_slots = 262144"))
            .expect("it is ours");
    }
    let config = directory.path().join("node-0.toml").display().to_string();
    let mut child = node(&["run", "--config", &config])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let log = BufReader::new(child.stderr.take().expect("it is piped"));
    assert!(
        log.lines().map_while(Result::ok).any(|line| line.contains("growing the validators' keys"))
    );
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is everywhere").success());
    assert_eq!(child.wait().expect("it is ours").code(), Some(130));
}

#[test]
fn a_taken_port_has_an_exit_code_of_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    write_network(directory.path(), port, "1");
    let config = directory.path().join("node-0.toml");
    let output = output(&["run", "--config", &config.display().to_string()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains(&format!("UDP port {port} of 127.0.0.1 is in use")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_malformed_configuration_is_refused_with_its_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = directory.path().join("node.toml");
    fs::write(&config, "name = \"node\"\nlisten 127.0.0.1:9000\n")
        .expect("the file can be written");
    let output = output(&["run", "--config", &config.display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("node.toml is malformed") && stderr(&output).contains("line 2"),
        "{}",
        stderr(&output)
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn an_unknown_runtime_is_refused_with_a_list_of_the_known_ones() {
    let output = output(&["devnet", "--runtime", "fibers"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(message.contains("no runtime \"fibers\""), "{message}");
    for runtime in lean_node::runtime::all() {
        assert!(message.contains(runtime.name()), "{message}");
    }
}

#[test]
fn impossible_numbers_are_refused_before_anything_starts() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("network").display().to_string();
    let genesis = ["genesis", "--key-slots", "2", "--dir", &path];
    for (arguments, says) in [
        (vec!["devnet", "--nodes", "0"], "0 nodes"),
        (vec!["devnet", "--validators", "5000", "--key-slots", "2"], "5000 validators"),
        (vec!["devnet", "--key-slots", "3"], "3 slots from slot 0"),
        (vec!["devnet", "--scheme", "test", "--until-finalized", "253"], "keys for 256 slots"),
        (vec!["devnet", "--key-slots", "2", "--interval-ms", "1"], "1 is not in 10..=60000"),
        ([&genesis[..], &["--first-port", "65534"]].concat(), "2 addresses for 4 nodes"),
        ([&genesis[..], &["--interval-ms", "99999"]].concat(), "99999 is not in 10..=60000"),
    ] {
        let output =
            node(&arguments).env("TMPDIR", directory.path()).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_missed_goal_is_reported_with_the_progress_of_the_nodes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let arguments = [
        "devnet",
        "--nodes",
        "1",
        "--validators",
        "1",
        "--scheme",
        "test",
        "--until-finalized",
        "200",
        "--timeout-s",
        "1",
    ];
    let output =
        node(&arguments).env("TMPDIR", directory.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(message.contains("finalized slot 200") && message.contains("node-0"), "{message}");
    assert!(message.contains("logs are in") && message.contains("devnet-"), "{message}");
}

#[test]
fn a_network_is_never_written_over_another() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_network(directory.path(), 9000, "2");
    let output =
        output(&["genesis", "--key-slots", "2", "--dir", &directory.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("not overwritten"), "{}", stderr(&output));
}

/// Writes a network with one validator per node, short intervals and an early start.
fn write_network(directory: &Path, first_port: u16, nodes: &str) {
    let directory = directory.display().to_string();
    let port = first_port.to_string();
    let output = output(&[
        "genesis",
        "--dir",
        &directory,
        "--nodes",
        nodes,
        "--validators",
        nodes,
        "--scheme",
        "test",
        "--interval-ms",
        "100",
        "--genesis-delay-s",
        "3",
        "--first-port",
        &port,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Returns a currently unused port. Another test on this machine may still take it.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a free port")
        .port()
}
