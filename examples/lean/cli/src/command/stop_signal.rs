//! What makes a running node stop: a signal, the end of its standard input, or the loss of its output.

use std::io::{self, Read as _};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use lean_node::exit_code::{FAILURE, INTERRUPTED};

/// Asks the program to stop; every clone may, more than once.
#[derive(Clone, Debug)]
pub(super) struct Stopper(SyncSender<()>);

/// Waits for the first request to stop.
#[derive(Debug)]
pub(super) struct StopSignal(Receiver<()>);

/// Says, by being there, that the program has not started what it is for.
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
        // A full channel holds a request already; without a receiver the program is stopping.
        let _ = self.0.try_send(());
    }

    /// Stops on Ctrl-C, SIGTERM and SIGHUP. As long as the value that this returns is there, nothing runs yet that would
    /// have to be stopped in order, and the program ends at once.
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

    /// Stops when standard input ends, which it does when the process that holds its other end is gone. If the program
    /// has not come to its end `patience` after that, it is ended by force: nobody is left who would do it.
    pub(super) fn on_stdin_eof(&self, patience: Duration) -> io::Result<()> {
        let stopper = self.clone();
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut ignored = [0; 64];
            while io::stdin().lock().read(&mut ignored).is_ok_and(|n| n > 0) {}
            stopper.stop();
            // Nothing unparks this thread, and nothing is lost if it wakes early but a little patience.
            thread::park_timeout(patience);
            process::exit(i32::from(FAILURE));
        })?;
        Ok(())
    }
}

impl StopSignal {
    pub(super) fn wait(&self) {
        // An error says that nobody can ask any more, which is a reason to stop, too.
        let _ = self.0.recv();
    }
}
