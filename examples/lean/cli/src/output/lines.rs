//! A writer that never blocks its callers: lines go through a bounded queue to a thread of their
//! own.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use lean_node::lost_lines::LostLines;

/// The most bytes of one line. The rest is cut off.
const LINE_BYTES: usize = 8192;

/// Accepts lines without blocking. Cheap to clone.
///
/// A line is lost and counted if the queue is full, because its reader is slow, or if it cannot be
/// written, because the reader is gone or the disk is full. The thread goes on after a failed
/// write, so that a disk with room again receives the next lines.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    queue: SyncSender<Vec<u8>>,
    lost: LostLines,
}

/// Writes the last line, after the queued ones.
#[derive(Debug)]
pub(crate) struct LastLine {
    /// A separate place: a full queue does not lose the last line.
    last: SyncSender<Vec<u8>>,
    written: Receiver<()>,
}

impl Lines {
    /// Starts a thread with this name that writes to `output`. Up to `capacity` lines may wait.
    pub(crate) fn start(
        name: &str,
        output: impl Write + Send + 'static,
        capacity: usize,
        lost: LostLines,
    ) -> io::Result<(Self, LastLine)> {
        let (queue, waiting) = sync_channel(capacity);
        let (last, waiting_last) = sync_channel(1);
        let (done, written) = sync_channel(1);
        let counter = lost.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            write_all(&waiting, &waiting_last, output, &counter);
            let _ = done.try_send(());
        })?;
        Ok((Self { queue, lost }, LastLine { last, written }))
    }

    /// Queues a line, with its line break.
    pub(crate) fn line(&self, mut line: Vec<u8>) {
        if line.len() > LINE_BYTES {
            line.truncate(LINE_BYTES - 1);
            line.push(b'\n');
        }
        if self.queue.try_send(line).is_err() {
            self.lost.count();
        }
    }
}

impl LastLine {
    /// Writes the queued lines and then this one. Waits for at most `patience`: a blocked reader
    /// must not keep the program from ending.
    pub(crate) fn write(self, line: Vec<u8>, patience: Duration) {
        // The thread has ended only if it has panicked.
        let _ = self.last.try_send(line);
        let _ = self.written.recv_timeout(patience);
    }
}

/// Writes queued lines until the last line has come.
fn write_all(
    waiting: &Receiver<Vec<u8>>,
    last: &Receiver<Vec<u8>>,
    mut output: impl Write,
    lost: &LostLines,
) {
    let mut write = |line: &[u8]| {
        if output.write_all(line).and_then(|()| output.flush()).is_err() {
            lost.count();
        }
    };
    // An empty line is the request to look for the last one.
    while let Ok(line) = waiting.recv() {
        if !line.is_empty() {
            write(&line);
        }
        if let Ok(last) = last.try_recv() {
            waiting.try_iter().for_each(|line| write(&line));
            return write(&last);
        }
    }
    if let Ok(last) = last.try_recv() {
        write(&last);
    }
}

/// Collects one event of the log, and queues it when it is complete.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    lines: &'a Lines,
    text: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.lines.line(std::mem::take(&mut self.text));
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { lines: self, text: Vec::new() }
    }
}
