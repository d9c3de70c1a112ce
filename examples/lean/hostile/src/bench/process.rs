//! One node's process, and the lines of its report.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use consensus::{Root, Slot};
use serde::Deserialize;

/// An event of a process.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) node: usize,
    pub(super) run: u64,
    pub(super) what: Happening,
}

#[derive(Debug)]
pub(super) enum Happening {
    Status(Status),
    Ended,
}

/// The part of a node's status line that this measurement reads. Older and newer programs have
/// further fields.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Status {
    pub(super) slot: Slot,
    pub(super) finalized_slot: Slot,
    pub(super) finalized_root: Root,
    pub(super) peers: u64,
}

/// A running node. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct NodeProcess {
    child: Child,
    pub(super) run: u64,
}

impl NodeProcess {
    /// Starts a node, with its log appended to a file.
    pub(super) fn start(
        program: &Path,
        config: &Path,
        log: File,
        (node, run): (usize, u64),
        events: SyncSender<Event>,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["run", "--json", "--config"])
            .arg(config)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        thread::Builder::new().name(format!("watch-{node}")).spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            for status in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                let what = Happening::Status(status);
                if events.send(Event { node, run, what }).is_err() {
                    return;
                }
            }
            // Without a receiver, the measurement is over.
            let _ = events.send(Event { node, run, what: Happening::Ended });
        })?;
        Ok(Self { child, run })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process and waits for its end.
    pub(super) fn kill(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
