//! The requests to stop a running node: a signal, the end of its standard input, or the abnormal
//! end of one of its parts.

use std::io::{self, Read as _};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use lean_node::exit_code::{FAILURE, INTERRUPTED};

/// Requests a stop of the program. Every clone may do so, any number of times.
#[derive(Clone, Debug)]
pub(super) struct Stopper(SyncSender<()>);

/// Waits for the first request to stop.
#[derive(Debug)]
pub(super) struct StopSignal(Receiver<()>);

/// Marks the start phase of the program. The phase ends when the value is dropped.
#[derive(Debug)]
pub(super) struct Starting {
    _alive: Arc<()>,
}

pub(super) fn stop_signal() -> (Stopper, StopSignal) {
    let (sender, receiver) = sync_channel(1);
    (Stopper(sender), StopSignal(receiver))
}

impl Stopper {
    pub(super) fn stop(&self) {
        // A full channel already holds a request. Without a receiver, the program is already
        // stopping.
        let _ = self.0.try_send(());
    }

    /// Stops on Ctrl-C, SIGTERM and SIGHUP. Until the returned value is dropped, nothing is running
    /// yet that needs a clean stop, so a signal ends the program immediately.
    pub(super) fn on_signals(&self) -> Result<Starting, ctrlc::Error> {
        let stopper = self.clone();
        let starting = Arc::new(());
        let is_starting = Arc::downgrade(&starting);
        ctrlc::set_handler(move || {
            if is_starting.upgrade().is_some() {
                process::exit(i32::from(INTERRUPTED));
            }
            stopper.stop();
        })?;
        Ok(Starting { _alive: starting })
    }

    /// Stops when standard input ends, usually because the parent process is gone. If the program
    /// is still running `patience` after the end of input, it exits by force, because no other
    /// process is left to end it.
    pub(super) fn on_stdin_eof(&self, patience: Duration) -> io::Result<()> {
        let stopper = self.clone();
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut ignored = [0; 64];
            while io::stdin().lock().read(&mut ignored).is_ok_and(|n| n > 0) {}
            stopper.stop_or_exit(patience, FAILURE);
        })?;
        Ok(())
    }

    /// Requests a stop. If the program is still running after `patience`, it exits by force with
    /// this code. Blocks the calling thread until the program has ended.
    pub(super) fn stop_or_exit(&self, patience: Duration, code: u8) -> ! {
        self.stop();
        // A parked thread would wake at once, if an earlier wait has left a wake-up behind.
        let (_sender, never) = sync_channel::<()>(1);
        let _ = never.recv_timeout(patience);
        process::exit(i32::from(code));
    }
}

impl StopSignal {
    pub(super) fn wait(&self) {
        // An error means that no sender is left, so the program must stop as well.
        let _ = self.0.recv();
    }
}
