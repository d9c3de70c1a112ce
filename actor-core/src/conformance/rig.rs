//! Shared by the checks: an executor, a result from its thread, and a timeout for every wait.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::Poll;
use std::time::Duration;

use crate::runtime::{Executor, Runtime, ThreadConfig, Timer};

/// The timeout of every wait. Far longer than any machine needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Far shorter than `PATIENCE`, and long enough to differ from an immediate result.
pub(super) const SOON: Duration = Duration::from_millis(20);

pub(super) fn start(runtime: &dyn Runtime) -> Arc<dyn Executor> {
    start_as(runtime, ThreadConfig::named("conformance"))
}

pub(super) fn start_as(runtime: &dyn Runtime, config: ThreadConfig) -> Arc<dyn Executor> {
    runtime.start_executor(config).expect("an executor starts")
}

/// Creates a future on the executor's thread and runs it there.
pub(super) fn go<F: Future<Output = ()> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) {
    executor.spawn(Box::new(move || Box::pin(make()))).expect("the executor takes futures");
}

/// Creates a future on the executor's thread, runs it there, and returns its result to this thread.
pub(super) fn result_of<T: Send + 'static, F: Future<Output = T> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) -> T {
    let (tell, told) = signal();
    go(executor, move || {
        let future = make();
        async move { tell.send(future.await).expect("the check waits for the result") }
    });
    told.recv_timeout(PATIENCE)
        .expect("the future ends in time, and its thread has reported no panic")
}

/// Creates a channel from an executor's thread to the check's. Sending to it never blocks in these
/// checks.
pub(super) fn signal<T>() -> (SyncSender<T>, Receiver<T>) {
    sync_channel(1024)
}

pub(super) fn wait<T>(told: &Receiver<T>) -> T {
    told.recv_timeout(PATIENCE).expect("it comes in time")
}

/// Waits until the other side has been dropped without having sent anything.
pub(super) fn wait_for_drop<T>(told: &Receiver<T>) {
    use std::sync::mpsc::RecvTimeoutError::Disconnected;
    assert!(
        matches!(told.recv_timeout(PATIENCE), Err(Disconnected)),
        "it is dropped in time, and unused"
    );
}

pub(super) async fn expired(timer: &mut dyn Timer) {
    poll_fn(|cx| timer.poll_expired(cx)).await;
}

/// Returns whether the timer is ready now.
pub(super) async fn has_expired(timer: &mut dyn Timer) -> bool {
    poll_fn(|cx| Poll::Ready(timer.poll_expired(cx).is_ready())).await
}

/// Lets the thread's other futures take a turn.
pub(super) async fn give_way() {
    let mut gave_way = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
