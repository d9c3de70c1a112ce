//! The stack of a thread, read by a tool of the machine.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::clock::time_left;

/// The time for a tool.
const LIMIT: Duration = Duration::from_secs(10);

/// The most bytes of a stack.
const MOST: u64 = 60_000;

/// The time for the rest of the output, once the tool has ended.
const REST: Duration = Duration::from_secs(1);

/// Returns the stack of a thread of this process, if a tool is installed and may read it.
pub(crate) fn of(thread: u32) -> Option<String> {
    by_eu_stack(thread).or_else(|| by_gdb(thread))
}

fn by_eu_stack(thread: u32) -> Option<String> {
    let number = thread.to_string();
    let text = output(Command::new("eu-stack").args(["-1", "-n", "64", "-p", &number]))?;
    frames(&text)
}

fn by_gdb(thread: u32) -> Option<String> {
    let number = thread.to_string();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-q", "-p", &number, "-ex", "backtrace 64"]);
    frames(&output(&mut gdb)?)
}

/// Returns the lines of frames. `None` if there is none.
fn frames(text: &str) -> Option<String> {
    let frames: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
    (!frames.is_empty()).then(|| frames.join("\n"))
}

/// Runs a tool, and returns its output. A thread reads it, because a tool whose output does not fit
/// into the pipe waits for a reader. What the tool writes after the most bytes is dropped.
fn output(command: &mut Command) -> Option<String> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let (sender, text) = sync_channel(1);
    let reader = child.stdout.take().and_then(|pipe| {
        let read = move || {
            let mut bytes = Vec::new();
            let is_read = pipe.take(MOST).read_to_end(&mut bytes).is_ok();
            // The cut may be within a character.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            _ = sender.send(Some(text).filter(|_| is_read));
        };
        thread::Builder::new().name("stack".to_owned()).spawn(read).ok()
    });
    let has_ended = wait(&mut child);
    reader?;
    // A child of the tool may still hold the pipe. Then its reader is left behind.
    text.recv_timeout(REST).ok()?.filter(|_| has_ended)
}

/// Waits for the end of a tool, and kills a late one.
fn wait(child: &mut Child) -> bool {
    let left = time_left(LIMIT);
    while !left().is_zero() {
        match child.try_wait() {
            Ok(Some(_status)) => return true,
            Ok(None) => thread::park_timeout(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    _ = child.kill();
    _ = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frames_of_a_tool_are_kept() {
        let text = "PID 7 - process\nTID 7:\n#0  0x1 read\n#1  0x2 main\n";
        assert_eq!(frames(text).as_deref(), Some("#0  0x1 read\n#1  0x2 main"));
        assert_eq!(frames("eu-stack: not permitted"), None);
    }
}
