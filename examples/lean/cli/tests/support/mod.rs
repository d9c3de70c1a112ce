//! Running nodes as processes, for the tests of the command line.

#![allow(dead_code, reason = "each test uses some of it")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lean_node::config::quic_address;
use lean_node::report::ReportLine;
use network::Multiaddr;
use tempfile::TempDir;

pub(crate) const ENOUGH: Duration = Duration::from_secs(180);

/// The files of a network with one validator per node.
pub(crate) struct Network {
    directory: TempDir,
    first_port: u16,
}

/// A running node, with its report as parsed lines. Dropping it kills the node.
pub(crate) struct RunningNode {
    child: Child,
    lines: Receiver<ReportLine>,
    log: Option<JoinHandle<String>>,
    http: Option<SocketAddr>,
}

impl Network {
    /// Writes the files of this many nodes. Slot 0 begins soon.
    pub(crate) fn write(nodes: usize) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let nodes = nodes.to_string();
        let first_port = free_ports(nodes.parse().expect("a number"));
        let port = first_port.to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_node"))
            .args(["genesis", "--dir"])
            .arg(directory.path().join("net"))
            .args(["--nodes", &nodes, "--validators", &nodes, "--first-port", &port])
            .args(["--scheme", "test", "--interval-ms", "100", "--genesis-delay-s", "3"])
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { directory, first_port }
    }

    /// Returns the address where a node listens for peers.
    pub(crate) fn listen(&self, index: usize) -> Multiaddr {
        let port = self.first_port + u16::try_from(index).expect("a network of a test is small");
        quic_address((Ipv4Addr::LOCALHOST, port).into())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the command of a node with an HTTP API at any port.
    pub(crate) fn run(&self, index: usize) -> Command {
        self.run_at(index, 0)
    }

    /// Returns the command of a node with an HTTP API at this port.
    pub(crate) fn run_at(&self, index: usize, http: u16) -> Command {
        let mut config = String::new();
        write!(config, "node-{index}.toml").expect("a String takes it");
        let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
        command
            .args(["run", "--json", "--http-address", &format!("127.0.0.1:{http}"), "--config"])
            .arg(self.directory.path().join("net").join(config))
            .stdin(Stdio::null());
        command
    }
}

impl RunningNode {
    /// Starts a node, and waits until it is ready.
    pub(crate) fn start(command: Command) -> Self {
        let mut node = Self::spawn(command);
        let ReportLine::Ready(ready) = node.until(|line| matches!(line, ReportLine::Ready(_)))
        else {
            unreachable!("it was waited for")
        };
        node.http = ready.http;
        node
    }

    /// Starts a node, and does not wait for it.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let stdout = child.stdout.take().expect("it is piped");
        let mut stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = mpsc::sync_channel(4096);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line =
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                // The test stops reading after the wanted line.
                let _ = sender.try_send(line);
            }
        });
        let log = thread::spawn(move || {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).expect("a pipe can be read");
            String::from_utf8_lossy(&log).into_owned()
        });
        Self { child, lines, log: Some(log), http: None }
    }

    /// Starts a node with outputs chosen by the test.
    pub(crate) fn silent(mut command: Command) -> Self {
        let child = command.spawn().expect("it runs");
        Self { child, lines: mpsc::sync_channel(1).1, log: None, http: None }
    }

    /// Returns the address of the HTTP API.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http.expect("the node has an API")
    }

    /// Waits for a line of the report.
    pub(crate) fn until(&self, wanted: impl Fn(&ReportLine) -> bool) -> ReportLine {
        loop {
            let line = self.lines.recv_timeout(ENOUGH).expect("the program goes on reporting");
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Returns the number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(killed.expect("kill is everywhere").success());
    }

    /// Kills the node. Returns its status, the lines that nobody has waited for, and its log.
    pub(crate) fn kill(mut self) -> (ExitStatus, Vec<ReportLine>, String) {
        self.child.kill().expect("it was not waited for");
        let status = self.child.wait().expect("it is ours");
        let lines = self.lines.iter().collect();
        let log = self.log.take().map(|log| log.join().expect("the log can be read"));
        (status, lines, log.unwrap_or_default())
    }

    /// Waits for the end of the process, and returns its status and its log.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it is ours");
        let log = self.log.take().map(|log| log.join().expect("the log can be read"));
        (status, log.unwrap_or_default())
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests a path, and returns the whole answer.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the API listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers");
    answer
}

/// Waits until a node without a readable output serves its API.
pub(crate) fn wait_for_api(address: SocketAddr) {
    let serves = (0..2400).any(|_| {
        thread::park_timeout(Duration::from_millis(50));
        TcpStream::connect(address).is_ok()
    });
    assert!(serves, "nobody serves at {address}");
}

/// Returns a currently unused port. Another test on this machine may still take it.
pub(crate) fn free_tcp_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Returns the first of this many currently unused UDP ports in a row.
fn free_ports(count: u16) -> u16 {
    let bind = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
    loop {
        let first = bind(0).and_then(|socket| socket.local_addr()).expect("a free port").port();
        let all = (first..=u16::MAX).take(usize::from(count)).map(bind);
        if all.filter_map(Result::ok).count() == usize::from(count) {
            return first;
        }
    }
}
