//! A writer that never blocks its callers and never fails: lines go through a bounded queue to a
//! thread of their own.
//!
//! The macros `println!` and `eprintln!` panic if the reader is gone or the disk is full, and they
//! wait for a slow reader. A running node writes its log and its report through [`Lines`].

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use lean_node::lost_lines::LostLines;

/// The most bytes of one line. The rest is cut off, so a line of JSON above it is unreadable. A
/// report with 16 long notes and all reasons of drops, or a panic with its backtrace, is below it.
const LINE_BYTES: usize = 32 * 1024;

/// Accepts lines without blocking. Cheap to clone.
///
/// A line is lost and counted if the queue is full, because its reader is slow, or if it cannot be
/// written, because the reader is gone or the disk is full. The thread goes on after a failed
/// write, so a disk with room again receives the next lines.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    queue: SyncSender<Vec<u8>>,
    lost: LostLines,
}

/// The place of the last line.
#[derive(Debug)]
pub(super) struct LastLine {
    queue: SyncSender<Vec<u8>>,
    /// A separate place, so that a full queue does not lose the last line.
    last: SyncSender<Vec<u8>>,
    written: Receiver<()>,
}

impl Lines {
    /// Starts a thread with this name that writes to a standard stream. Up to `capacity` lines may
    /// wait.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error if there is no room for a thread or a file.
    pub(super) fn start(
        name: &str,
        stream: impl AsFd,
        capacity: usize,
        lost: LostLines,
    ) -> io::Result<(Self, LastLine)> {
        // Without the lock and the buffer of the standard library's own stream: a blocked write
        // must not block another thread, and a failed one must leave nothing behind.
        let output = File::from(stream.as_fd().try_clone_to_owned()?);
        Self::start_to(name, output, capacity, lost)
    }

    fn start_to(
        name: &str,
        output: impl Write + Send + 'static,
        capacity: usize,
        lost: LostLines,
    ) -> io::Result<(Self, LastLine)> {
        let (queue, waiting) = sync_channel(capacity);
        let (last, waiting_last) = sync_channel(1);
        let (done, written) = sync_channel(1);
        let mut output = Output { output, lost: lost.clone(), is_cut: false };
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            output.write_all_lines(&waiting, &waiting_last);
            let _ = done.try_send(());
        })?;
        Ok((Self { queue: queue.clone(), lost }, LastLine { queue, last, written }))
    }

    /// Creates a queue for one line, and the receiver of that line.
    pub(super) fn for_one_line() -> (Self, Receiver<Vec<u8>>) {
        let (queue, line) = sync_channel(1);
        (Self { queue, lost: LostLines::default() }, line)
    }

    /// Queues a line, with its line break.
    pub(super) fn line(&self, mut line: Vec<u8>) {
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
    /// Writes the queued lines and then this text. Waits for at most `patience`, because a blocked
    /// reader must not keep the program from ending. Later lines are lost.
    pub(super) fn write(self, text: Vec<u8>, patience: Duration) {
        let Self { queue, last, written } = self;
        // Fails only after a panic of the thread.
        let _ = last.try_send(text);
        // Wakes the thread. With a full queue it is awake, and looks for the last line afterwards.
        let _ = queue.try_send(Vec::new());
        let _ = written.recv_timeout(patience);
    }
}

/// The writing side, on its own thread.
struct Output<W> {
    output: W,
    lost: LostLines,
    /// Whether the last line was cut off in the middle by a failed write.
    is_cut: bool,
}

impl<W: Write> Output<W> {
    /// Writes queued lines until the last line is written.
    fn write_all_lines(&mut self, waiting: &Receiver<Vec<u8>>, last: &Receiver<Vec<u8>>) {
        while let Ok(line) = waiting.recv() {
            self.write(&line);
            if let Ok(last) = last.try_recv() {
                waiting.try_iter().for_each(|line| self.write(&line));
                return self.write(&last);
            }
        }
    }

    fn write(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let written = if self.is_cut { self.output.write_all(b"\n") } else { Ok(()) };
        match written.and_then(|()| self.write_line(line)) {
            Ok(()) => self.is_cut = false,
            Err(_) => self.lost.count(),
        }
    }

    fn write_line(&mut self, mut line: &[u8]) -> io::Result<()> {
        self.is_cut = false;
        while !line.is_empty() {
            match self.output.write(line) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_cut = true;
                    line = &line[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Collects one event of the log, and queues it when it is complete.
#[derive(Debug)]
pub(super) struct Event<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    const ENOUGH: Duration = Duration::from_secs(60);
    const CAPACITY: usize = 4;

    fn line(number: usize) -> Vec<u8> {
        format!("line {number}\n").into_bytes()
    }

    #[test]
    fn all_lines_are_written_in_order_and_the_last_one_last() {
        let (read, write) = io::pipe().expect("a pipe");
        let lost = LostLines::default();
        let (lines, last) = Lines::start("log", &write, 64, lost.clone()).expect("a thread");
        drop(write);
        (0..10).for_each(|number| lines.line(line(number)));
        last.write(b"the end\n".to_vec(), ENOUGH);
        let text = io::read_to_string(read).expect("it is text");
        let expected: Vec<_> = (0..10).map(|number| format!("line {number}")).collect();
        assert_eq!(text.lines().collect::<Vec<_>>()[..10], expected);
        assert_eq!(text.lines().last(), Some("the end"));
        assert_eq!(lost.get(), 0);
    }

    #[test]
    fn a_reader_that_never_reads_blocks_nobody_and_lost_lines_are_counted() {
        let (read, write) = io::pipe().expect("a pipe");
        let lost = LostLines::default();
        let (lines, last) = Lines::start("log", write, CAPACITY, lost.clone()).expect("a thread");
        // A pipe of Linux has room for 64 KiB, so most of these lines are lost.
        (0..10_000).for_each(|_| lines.line([&[b'x'; 1000][..], b"\n"].concat()));
        assert!(lost.get() > 0, "a pipe holds less than 10 MB");
        last.write(b"the end\n".to_vec(), Duration::from_millis(10));
        drop(read);
    }

    #[test]
    fn a_full_queue_does_not_lose_the_last_line() {
        let (read, write) = io::pipe().expect("a pipe");
        let lost = LostLines::default();
        let (lines, last) = Lines::start("log", write, CAPACITY, lost.clone()).expect("a thread");
        while lost.get() == 0 {
            lines.line([&[b'x'; 1000][..], b"\n"].concat());
        }
        let reader = thread::spawn(move || io::read_to_string(read).expect("it is text"));
        last.write(b"the end\n".to_vec(), ENOUGH);
        let text = reader.join().expect("the reader ends with the writer");
        assert_eq!(text.lines().last(), Some("the end"));
    }

    #[test]
    fn a_reader_that_is_gone_and_a_full_disk_cost_the_lines_only() {
        let (read, write) = io::pipe().expect("a pipe");
        drop(read);
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        for output in [File::from(std::os::fd::OwnedFd::from(write)), full] {
            let lost = LostLines::default();
            let (lines, last) = Lines::start("log", output, 64, lost.clone()).expect("a thread");
            (0..3).for_each(|number| lines.line(line(number)));
            last.write(b"the end\n".to_vec(), ENOUGH);
            assert_eq!(lost.get(), 4);
        }
    }

    #[test]
    fn a_line_after_one_that_was_cut_off_begins_at_the_margin() {
        /// Takes three bytes, then has no room once, and then takes everything.
        struct FullOnce(SyncSender<u8>, usize);
        impl Write for FullOnce {
            fn write(&mut self, text: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                let taken = match self.1 {
                    1 => 3,
                    2 => return Err(io::ErrorKind::StorageFull.into()),
                    _ => text.len(),
                };
                text[..taken].iter().for_each(|byte| self.0.send(*byte).expect("the test reads"));
                Ok(taken)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (bytes, written) = sync_channel(1000);
        let lost = LostLines::default();
        let output = FullOnce(bytes, 0);
        let (lines, last) = Lines::start_to("log", output, 64, lost.clone()).expect("a thread");
        lines.line(line(0));
        lines.line(line(1));
        last.write(b"the end\n".to_vec(), ENOUGH);
        let text: Vec<_> = written.into_iter().collect();
        assert_eq!(String::from_utf8_lossy(&text), "lin\nline 1\nthe end\n");
        assert_eq!(lost.get(), 1);
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let (lines, line) = Lines::for_one_line();
        lines.line(vec![b'x'; 1 << 20]);
        let line = line.recv().expect("it was queued");
        assert_eq!((line.len(), line.last()), (LINE_BYTES, Some(&b'\n')));
    }
}
