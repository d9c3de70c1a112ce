//! The tasks of an executor's thread, counted. The executor ends after the last one.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Task, contain};
use crate::runtime::Maker;

thread_local! {
    /// The number of counted tasks of this thread; tasks never leave it. Not kept in each task,
    /// because every byte there counts.
    static HERE: Cell<usize> = const { Cell::new(0) };
    /// Woken when the last of them has ended.
    static WAITING: Cell<Option<Waker>> = const { Cell::new(None) };
}

/// A [`Task`] counted on its thread, for an executor with a thread of its own.
///
/// A plain `Task` is not counted. So the executor's end does not wait for tasks of other owners on
/// its thread, as those of a foreign loop inside a handler.
///
/// # Examples
///
/// ```
/// use actor_core::runtime::adapter::{CountedTask, Task};
///
/// let other = Task::of(std::future::pending());
/// let own = CountedTask::new(Box::new(|| Box::pin(async {})));
/// assert!(!CountedTask::none_here());
/// futures::executor::block_on(own);
/// assert!(CountedTask::none_here());
/// drop(other);
/// ```
#[must_use = "it is run by polling it"]
pub struct CountedTask {
    /// Dropped before it is counted as ended.
    task: Option<Task>,
}

impl CountedTask {
    /// Creates a task of the calling thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::CountedTask;
    ///
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// let send = || Box::pin(async move { sender.send(7).expect("the receiver waits") });
    /// futures::executor::block_on(CountedTask::new(Box::new(move || send())));
    /// assert_eq!(receiver.try_recv(), Ok(7));
    /// ```
    pub fn new(maker: Maker) -> Self {
        HERE.set(HERE.get() + 1);
        Self { task: Some(Task::new(maker)) }
    }

    /// Returns whether every counted task of the calling thread has been dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::CountedTask;
    ///
    /// let task = CountedTask::new(Box::new(|| Box::pin(async {})));
    /// assert!(!CountedTask::none_here());
    /// drop(task);
    /// assert!(CountedTask::none_here());
    /// ```
    #[must_use]
    pub fn none_here() -> bool {
        HERE.get() == 0
    }

    /// Returns `Ready` while [`none_here`](Self::none_here) is true. At most one future of a thread
    /// may wait for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// use actor_core::runtime::adapter::CountedTask;
    ///
    /// // The last future of an executor's thread: it waits for the end of the tasks.
    /// let task = CountedTask::new(Box::new(|| Box::pin(async {})));
    /// let last = async {
    ///     poll_fn(CountedTask::poll_none_here).await;
    ///     CountedTask::none_here()
    /// };
    /// let (ended, ()) = futures::executor::block_on(async { futures::join!(last, task) });
    /// assert!(ended);
    /// ```
    pub fn poll_none_here(cx: &mut Context<'_>) -> Poll<()> {
        if Self::none_here() {
            return Poll::Ready(());
        }
        WAITING.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Future for CountedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.task.as_mut().map_or(Poll::Ready(()), |task| Pin::new(task).poll(cx))
    }
}

impl Drop for CountedTask {
    fn drop(&mut self) {
        self.task = None;
        HERE.set(HERE.get() - 1);
        if Self::none_here() {
            let waiting = WAITING.try_with(Cell::take).ok().flatten();
            waiting.map(|waiting| contain(|| waiting.wake()));
        }
    }
}

impl fmt::Debug for CountedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedTask").finish_non_exhaustive()
    }
}
