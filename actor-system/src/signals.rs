//! SIGINT and SIGTERM: the first one begins the shutdown, the second one ends the process.
//!
//! ```text
//! signal handler, in this order              may the process end? -> end it, code 128 + signal
//!                                            the process may end
//!                                            a byte for each system's thread
//! thread `NAME-signals`, for each system     the byte -> begin the shutdown
//! the end of the last such system            the process may end
//! a new system, while there is no other      the process may not end
//! ```
//!
//! The end of the process is in the handler itself, so no thread of the program can delay it. It
//! also follows the last shutdown: from then on, one signal suffices.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::system::{Cause, System};

const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// What signals do to the process. One for all systems, as signals are.
struct Process {
    /// Whether the next signal ends the process.
    may_end: Arc<AtomicBool>,
    /// The number of systems with a thread for signals.
    systems: AtomicUsize,
}

impl System {
    /// Begins the shutdown at the first SIGINT or SIGTERM. A second signal ends the process
    /// immediately, with the code 128 + signal, even while all threads are stuck.
    ///
    /// After the end of the last such system, the next signal ends the process. The signals concern
    /// all systems of the process that have called this. Further calls for one system have no
    /// effect. One thread named `NAME-signals` waits for the signals until the shutdown has ended.
    ///
    /// Only on Unix, with the feature `signals`.
    ///
    /// # Errors
    ///
    /// Returns an error if the handlers cannot be installed, or if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    /// use actor_system::system::Cause;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// system.stop_on_signals(Duration::from_secs(10))?;
    /// # signal_hook::low_level::raise(signal_hook::consts::SIGTERM)?;
    /// // `kill PID`, or Ctrl-C
    /// let report = system.stopped_blocking(Duration::from_secs(20)).expect("it was stopped");
    /// assert!(matches!(report.cause(), Cause::Signal(15)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stop_on_signals(&self, patience: Duration) -> io::Result<()> {
        let process = Process::get()?;
        let mut signals = Signals::new(SIGNALS)?;
        let handle = signals.handle();
        let weak = Arc::downgrade(self.shared());
        let name = self.shared().thread_name("signals");
        thread::Builder::new().name(name).spawn(move || {
            for signal in signals.forever() {
                if let Some(shared) = weak.upgrade() {
                    shared.begin(Cause::Signal(signal), patience, None);
                }
            }
        })?;
        process.begin();
        let closing = handle.clone();
        let has_ended = AtomicBool::new(false);
        let is_first = self.shared().at_end(move || {
            closing.close();
            if !has_ended.swap(true, Ordering::Relaxed) {
                process.end();
            }
        });
        if !is_first {
            handle.close();
            process.end();
        }
        Ok(())
    }
}

impl Process {
    /// Installs the handlers, once in the process.
    fn get() -> io::Result<&'static Self> {
        static PROCESS: OnceLock<Result<Process, String>> = OnceLock::new();
        let process = PROCESS.get_or_init(|| Self::install().map_err(|error| error.to_string()));
        process.as_ref().map_err(|error| io::Error::other(error.clone()))
    }

    fn install() -> io::Result<Self> {
        // Until a system has its thread, so a failed call leaves no signal without an effect.
        let may_end = Arc::new(AtomicBool::new(true));
        for signal in SIGNALS {
            // In this order, so the first signal only sets the flag.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&may_end))?;
            flag::register(signal, Arc::clone(&may_end))?;
        }
        Ok(Self { may_end, systems: AtomicUsize::new(0) })
    }

    fn begin(&self) {
        if self.systems.fetch_add(1, Ordering::SeqCst) == 0 {
            self.may_end.store(false, Ordering::SeqCst);
        }
    }

    fn end(&self) {
        if self.systems.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.may_end.store(true, Ordering::SeqCst);
            // A system that began in between has not seen this store.
            if self.systems.load(Ordering::SeqCst) != 0 {
                self.may_end.store(false, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_the_process_unless_a_system_waits_for_signals() {
        let process = Process::install().expect("the handlers are installed");
        let may_end = || process.may_end.load(Ordering::SeqCst);
        assert!(may_end(), "as after a call that returned an error");
        process.begin();
        assert!(!may_end());
        process.end();
        assert!(may_end());
    }
}
