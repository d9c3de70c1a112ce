//! One node's process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use crate::event::{Event, Happening};

/// The maximum number of bytes of a failed node's log in an error message.
const TAIL_BYTES: u64 = 4096;

/// The size limit of a line in a node's report, in bytes. A usual line has about 2 KB.
const LINE_BYTES: u64 = 1 << 20;

/// The maximum number of lines of a failed node's log in an error message.
const TAIL_LINES: usize = 20;

/// The process of a node. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct NodeProcess {
    child: Child,
    /// Open while the node should run. The kernel closes it when this process ends for any reason.
    stdin: Option<ChildStdin>,
    /// Distinguishes this process's events from those of its predecessor.
    pub(super) run: u64,
}

/// The process to start, and the channel for its events.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) config: &'a Path,
    pub(super) log: &'a Path,
    pub(super) node: usize,
    pub(super) run: u64,
    pub(super) events: SyncSender<Event>,
}

impl NodeProcess {
    pub(super) fn start(launch: Launch<'_>) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(launch.log)?;
        let mut child = Command::new(launch.program)
            .args(["run", "--json", "--stop-on-stdin-eof"])
            .args(launch.arguments)
            .arg("--config")
            .arg(launch.config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Uses its own process group. The terminal's Ctrl-C then reaches only the parent, and
            // the parent stops the nodes cleanly.
            .process_group(0)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let process = Self { child, stdin, run: launch.run };
        let Launch { node, run, events, .. } = launch;
        let output = stdout.ok_or_else(|| io::Error::other("the process has no output"))?;
        thread::Builder::new()
            .name(format!("watch-{node}"))
            .spawn(move || watch(output, node, run, &events))?;
        Ok(process)
    }

    /// Requests a clean stop of the node.
    pub(super) fn ask_to_stop(&mut self) {
        self.stdin = None;
    }

    /// Kills the process immediately with SIGKILL, and waits for its end.
    pub(super) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Waits for the end of a process after it has closed its output.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // Both calls fail only if the process has already ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch(output: ChildStdout, node: usize, run: u64, events: &SyncSender<Event>) {
    let mut output = BufReader::new(output);
    loop {
        let (what, is_last) = match next_line(&mut output) {
            Ok(Some(line)) => (
                serde_json::from_str(&line)
                    .map_or_else(|_| Happening::Unreadable(line), Happening::Line),
                false,
            ),
            Ok(None) => break,
            Err(error) => (Happening::Unreadable(error.to_string()), true),
        };
        if events.send(Event { node, run, what }).is_err() {
            return;
        }
        if is_last {
            // The rest is discarded, so that the node does not wait for a reader.
            let _ = io::copy(&mut output, &mut io::sink());
            break;
        }
    }
    // Without a receiver, the event is not needed.
    let _ = events.send(Event { node, run, what: Happening::Ended });
}

/// Reads a line of at most `LINE_BYTES`. Returns `None` at the end of the output.
fn next_line(output: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if output.take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 == LINE_BYTES {
        return Err(io::Error::other(format!("(a line of more than {LINE_BYTES} bytes)")));
    }
    String::from_utf8(line).map(Some).map_err(io::Error::other)
}

/// Returns the last lines of a node's log, or less if it is shorter.
pub(super) fn log_tail(path: &PathBuf) -> String {
    let read = |path| -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = fs::metadata(path)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match read(path) {
        Ok(text) => {
            let lines: Vec<_> = text.lines().collect();
            lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
        }
        Err(error) => format!("(its log cannot be read: {error})"),
    }
}
