//! The report on standard output. A separate thread writes it, because a write to standard output
//! can block or fail.

use std::io;
use std::time::Duration;

use crate::command::CommandError;
use crate::command::lines::{LastLine, Lines};
use lean_node::lost_lines::LostLines;
use lean_node::report::{ReportLine, StatusLine};

/// The maximum number of report lines in the queue. Lines beyond it are dropped and counted, so
/// that a slow reader never blocks the node.
const WAITING_LINES: usize = 64;

/// The time limit for writing the last lines.
const LAST_LINES_PATIENCE: Duration = Duration::from_secs(2);

/// Sends lines to the report's writer thread.
#[derive(Debug)]
pub(super) struct ReportLines {
    lines: Lines,
    last: LastLine,
    json: bool,
}

impl ReportLines {
    /// Starts the writer thread for standard output. Lines that cannot be written are counted.
    pub(super) fn start(json: bool, lost: LostLines) -> Result<Self, CommandError> {
        let started = Lines::start("report", io::stdout(), WAITING_LINES, lost);
        let (lines, last) = started
            .map_err(|error| CommandError::System { doing: "write to standard output", error })?;
        Ok(Self { lines, last, json })
    }

    /// Returns the function for the node to call with each status. A status is dropped if the queue
    /// is full. The next one has newer values.
    pub(super) fn statuses(&self) -> impl FnMut(StatusLine) + Send + use<> {
        let (lines, json) = (self.lines.clone(), self.json);
        move |line| lines.line(text(&ReportLine::Status(Box::new(line)), json))
    }

    /// Sends a line to the writer, or drops it if the queue is full.
    pub(super) fn say(&self, line: &ReportLine) {
        self.lines.line(text(line, self.json));
    }

    /// Sends the last line to the writer, and waits up to `LAST_LINES_PATIENCE` for it to be
    /// written. A blocked reader must not keep the program from ending.
    pub(super) fn finish(self, last: &ReportLine) {
        self.last.write(text(last, self.json), LAST_LINES_PATIENCE);
    }
}

/// Returns a line with its line break.
fn text(line: &ReportLine, json: bool) -> Vec<u8> {
    let text = if json { in_json(line) } else { in_words(line) };
    (text + "\n").into_bytes()
}

pub(super) fn in_json(line: &ReportLine) -> String {
    serde_json::to_string(line)
        .expect("a report's maps have strings for keys, and nothing in it fails to serialize")
}

fn in_words(line: &ReportLine) -> String {
    match line {
        ReportLine::Ready(ready) => {
            let http =
                ready.http.map(|address| format!(", serves http://{address}")).unwrap_or_default();
            format!(
                "{} listens on {}/p2p/{} ({}){http}",
                ready.node, ready.listen, ready.peer_id, ready.runtime
            )
        }
        ReportLine::Status(status) => {
            let notes: String = status.notes.iter().map(|note| format!("; {note}")).collect();
            format!(
                "slot {}: head {} {}, justified {}, finalized {}, {} peers, {} drops, ticks at most {} ms late{notes}",
                status.slot,
                status.head_slot,
                status.head_root,
                status.justified_slot,
                status.finalized_slot,
                status.peers,
                status.drops,
                status.tick_lateness_ms.max,
            )
        }
        ReportLine::Failed(failed) => {
            format!("{}: the part {} has ended: {}", failed.node, failed.part, failed.reason)
        }
        ReportLine::Stopped(stopped) => format!("{} has stopped", stopped.node),
    }
}
