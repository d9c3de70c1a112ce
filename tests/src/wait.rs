//! Waiting with an end.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use actor_lanes::{Executor, Exit, Running, Runtime, ThreadConfig};

/// How long anything may take before it counts as lost. Far longer than any machine needs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Far shorter than [`PATIENCE`], and long enough to be told from "at once".
pub const SOON: Duration = Duration::from_millis(20);

/// Starts an executor.
///
/// # Panics
///
/// Panics if none can be started.
#[must_use]
pub fn executor(runtime: &dyn Runtime) -> Arc<dyn Executor> {
    runtime.start_executor(ThreadConfig::named("tested")).expect("an executor starts")
}

/// Makes a channel from an actor's thread to the test's. Sending does not wait until far more has been sent than any
/// test sends.
#[must_use]
pub fn signal<T>() -> (SyncSender<T>, Receiver<T>) {
    sync_channel(65_536)
}

/// Waits for the next signal.
///
/// # Panics
///
/// Panics if it does not come in time, or never can.
pub fn wait<T>(signals: &Receiver<T>) -> T {
    signals.recv_timeout(PATIENCE).expect("the signal comes in time")
}

/// Waits for an actor's end.
///
/// # Panics
///
/// Panics if it does not come in time.
#[must_use]
pub fn end_of(running: &Running) -> Exit {
    running.join_blocking(PATIENCE).expect("the actor ends in time")
}

/// Runs a future on the executor and gives its output.
///
/// # Panics
///
/// Panics if it does not come in time, or the future panics.
pub fn within<T: Send + 'static, F: Future<Output = T> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) -> T {
    let (tell, told) = signal();
    let maker = move || {
        let future = make();
        let telling = async move {
            let output = future.await;
            tell.send(output).expect("the test waits for the output");
        };
        Box::pin(telling) as std::pin::Pin<Box<dyn Future<Output = ()>>>
    };
    executor.spawn(Box::new(maker)).expect("the executor takes futures");
    wait(&told)
}
