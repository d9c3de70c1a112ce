//! A future of an executor, from its maker to its end.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::contain;
use crate::runtime::Maker;

/// A maker, and then its future, as one future that never panics: neither in its poll nor in its
/// drop.
///
/// The first poll calls the maker. A panic in the maker or in the future ends this future.
///
/// # Examples
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use actor_core::runtime::adapter::Task;
///
/// let mut task = Task::new(Box::new(|| Box::pin(async { panic!("this ends the future") })));
/// let polled = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
/// assert_eq!(polled, Poll::Ready(()));
/// ```
#[must_use = "it is run by polling it"]
pub struct Task {
    state: State,
}

enum State {
    Unmade(Maker),
    Made(Pin<Box<dyn Future<Output = ()>>>),
    Ended,
}

impl Task {
    /// Creates a task of the calling thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Task;
    ///
    /// let (sender, steps) = std::sync::mpsc::channel();
    /// let task = Task::new(Box::new(move || {
    ///     sender.send("made").expect("the receiver waits");
    ///     Box::pin(async move { sender.send("ran").expect("the receiver waits") })
    /// }));
    /// assert!(steps.try_recv().is_err(), "the maker runs at the first poll");
    /// futures::executor::block_on(task);
    /// assert_eq!(Vec::from_iter(steps), ["made", "ran"]);
    /// ```
    pub fn new(maker: Maker) -> Self {
        Self { state: State::Unmade(maker) }
    }

    /// Creates a task of the calling thread for a future that was made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Task;
    ///
    /// // A future without `Send`, for an executor that takes futures on its own thread.
    /// let number = std::rc::Rc::new(7);
    /// let task = Task::of(async move { assert_eq!(*number, 7) });
    /// futures::executor::block_on(task);
    /// ```
    pub fn of(future: impl Future<Output = ()> + 'static) -> Self {
        Self { state: State::Made(Box::pin(future)) }
    }

    fn end(&mut self) {
        let ended = mem::replace(&mut self.state, State::Ended);
        contain(|| drop(ended));
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Unmade(_) = self.state
            && let State::Unmade(maker) = mem::replace(&mut self.state, State::Ended)
            && let Some(future) = contain(maker)
        {
            self.state = State::Made(future);
        }
        let State::Made(future) = &mut self.state else { return Poll::Ready(()) };
        if contain(|| future.as_mut().poll(cx)).is_some_and(|polled| polled.is_pending()) {
            return Poll::Pending;
        }
        self.end();
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}
