//! Waiting with a timeout.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use actor_lanes::{Executor, Exit, Running, Runtime, ThreadConfig};

/// The timeout of every wait. Far longer than any machine needs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Far shorter than [`PATIENCE`], and long enough to differ from an immediate result.
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

/// Creates a channel from an actor's thread to the test's. Its capacity far exceeds the number of
/// messages in any test, so sending does not block.
#[must_use]
pub fn signal<T>() -> (SyncSender<T>, Receiver<T>) {
    sync_channel(65_536)
}

/// Waits for the next signal.
///
/// # Panics
///
/// Panics after the timeout, or if the sender was dropped.
pub fn wait<T>(signals: &Receiver<T>) -> T {
    signals.recv_timeout(PATIENCE).expect("the signal comes in time")
}

/// Waits for an actor's end.
///
/// # Panics
///
/// Panics after the timeout.
#[must_use]
pub fn end_of(running: &Running) -> Exit {
    running.join_blocking(PATIENCE).expect("the actor ends in time")
}

/// Runs a future on the executor and returns its output.
///
/// # Panics
///
/// Panics after the timeout, or if the future panics.
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
