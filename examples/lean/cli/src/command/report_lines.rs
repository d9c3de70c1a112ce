//! The report on standard output. A separate thread writes it, because a write to standard output
//! can block.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::command::CommandError;
use crate::command::stop_signal::Stopper;
use lean_node::report::{ReportLine, StatusLine};

/// The maximum number of report lines in the queue. Lines beyond it are dropped, so that a slow
/// reader never blocks the node.
const WAITING_LINES: usize = 64;

/// The time limit for writing the last lines.
const LAST_LINES_PATIENCE: Duration = Duration::from_secs(2);

/// Sends lines to the report's writer thread.
#[derive(Debug)]
pub(super) struct ReportLines {
    lines: SyncSender<ReportLine>,
    /// A separate channel for the last line. A full queue must neither lose this line nor keep the
    /// program from ending.
    last: SyncSender<ReportLine>,
    /// Receives a message after the last line is written.
    written: Receiver<()>,
}

impl ReportLines {
    /// Starts the writer thread for standard output. It requests a stop through `stopper` when
    /// standard output is closed.
    pub(super) fn start(json: bool, stopper: Stopper) -> Result<Self, CommandError> {
        Self::start_to(io::stdout(), json, stopper)
    }

    fn start_to(
        output: impl Write + Send + 'static,
        json: bool,
        stopper: Stopper,
    ) -> Result<Self, CommandError> {
        let (lines, waiting) = sync_channel(WAITING_LINES);
        let (last, waiting_last) = sync_channel(1);
        let (done, written) = sync_channel(1);
        thread::Builder::new()
            .name("report".to_owned())
            .spawn(move || {
                // The last line is sent before the first channel closes, or never. Chaining the
                // receivers therefore loses no line.
                let all = waiting.into_iter().chain(waiting_last);
                if write_all(all, output, json).is_err() {
                    stopper.stop();
                }
                let _ = done.try_send(());
            })
            .map_err(|error| CommandError::System { doing: "start a thread", error })?;
        Ok(Self { lines, last, written })
    }

    /// Returns the function for the node to call with each status.
    pub(super) fn statuses(&self) -> impl FnMut(StatusLine) + Send + use<> {
        let lines = self.lines.clone();
        // A status is dropped if the queue is full. The next one has newer values.
        move |line| drop(lines.try_send(ReportLine::Status(Box::new(line))))
    }

    /// Sends a line to the writer, or drops it if the queue is full.
    pub(super) fn say(&self, line: ReportLine) {
        drop(self.lines.try_send(line));
    }

    /// Sends the last line to the writer, and waits up to `LAST_LINES_PATIENCE` for it to be
    /// written. A blocked reader must not keep the program from ending.
    pub(super) fn finish(self, last: ReportLine) {
        let Self { lines, last: way, written } = self;
        drop(way.try_send(last));
        drop((lines, way));
        let _ = written.recv_timeout(LAST_LINES_PATIENCE);
    }
}

fn write_all(
    lines: impl Iterator<Item = ReportLine>,
    mut output: impl Write,
    json: bool,
) -> io::Result<()> {
    for line in lines {
        let text = if json { in_json(&line) } else { in_words(&line) };
        writeln!(output, "{text}")?;
        output.flush()?;
    }
    Ok(())
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
        ReportLine::Stopped(stopped) => format!("{} has stopped", stopped.node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::stop_signal::stop_signal;
    use lean_node::report::StoppedLine;

    /// A writer that blocks until its reader is dropped.
    struct Blocked(Receiver<()>);

    impl Write for Blocked {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stopped() -> ReportLine {
        ReportLine::Stopped(StoppedLine { node: "node-0".to_owned(), left: Vec::new() })
    }

    #[test]
    fn a_blocked_reader_does_not_keep_the_program_from_ending() {
        let (reader, gone) = sync_channel(1);
        let (stopper, _signal) = stop_signal();
        let report = ReportLines::start_to(Blocked(gone), true, stopper).expect("a thread starts");
        let mut status = report.statuses();
        // One line is being written, and the queue is full.
        (0..2 * WAITING_LINES).for_each(|_| status(StatusLine::default()));
        report.finish(stopped());
        drop(reader);
    }

    #[test]
    fn the_last_line_comes_last() {
        let (stopper, _signal) = stop_signal();
        let (read, write) = io::pipe().expect("a pipe");
        let report = ReportLines::start_to(write, true, stopper).expect("a thread starts");
        report.statuses()(StatusLine::default());
        report.finish(stopped());
        let text = io::read_to_string(read).expect("it is text");
        let is_last: Vec<_> = text.lines().map(|line| line.contains("stopped")).collect();
        assert_eq!(is_last, [false, true]);
    }
}
