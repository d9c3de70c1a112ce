//! The future of an ask to a pool.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actor_core::Message;
use actor_core::handle::{
    Ask, AskBlockingError, AskError, AskTimeout, Asking, HandlerWait, Letter, SealedAsking,
    TellError,
};
use actor_core::reply::{Answer, Reply};
use pin_project::pin_project;

use crate::pool::route::Workers;
use crate::pool::tell::RoutedTell;

/// The future of [`PoolHandle::ask`](crate::pool::PoolHandle::ask): ready with the answer.
///
/// The first poll makes the message and sends it. `F` is the type of the function making it.
///
/// # Cancel safety
///
/// Dropping the future cancels a queued ask: no worker handles it. An ask handed to an idle worker
/// by a shared queue is not queued any more.
///
/// # Examples
///
/// ```
/// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
/// use actor_system::pool::{Pool, PoolAsk};
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Read;
/// #     async fn handle(&mut self, Read(reply): Read, _cx: &mut Context<Read>) {
/// #         reply.send(7);
/// #     }
/// # }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("reads"))?;
/// let (reads, _running) = Pool::new(2).start(&executor, |_| Worker)?;
/// let ask: PoolAsk<'_, Read, u64, _> = reads.ask(Read);
/// assert_eq!(futures::executor::block_on(ask).ok(), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is asked until the future is awaited"]
#[pin_project(!Unpin)]
pub struct PoolAsk<'a, M: Message, T, F> {
    #[pin]
    way: Way<'a, M, T, F>,
}

#[pin_project(project = WayOf)]
enum Way<'a, M: Message, T, F> {
    Routed(RoutedAsk<'a, M, T, F>),
    Queued(#[pin] Ask<'a, M, T, F>),
}

/// Nothing in it is pinned.
struct RoutedAsk<'a, M: Message, T, F> {
    workers: &'a Workers<M>,
    /// Until the first poll.
    make: Option<F>,
    /// Set while the message waits for room.
    telling: Option<RoutedTell<'a, M>>,
    /// From the first poll on.
    answer: Option<Answer<T>>,
    /// The worker that has the message.
    worker: Option<usize>,
    /// Set while the handler of a named actor waits for that worker's answer.
    wait: HandlerWait,
}

impl<'a, M: Message, T, F> PoolAsk<'a, M, T, F> {
    pub(super) fn routed(workers: &'a Workers<M>, make: F) -> Self {
        let (make, wait) = (Some(make), HandlerWait::default());
        let ask = RoutedAsk { workers, make, telling: None, answer: None, worker: None, wait };
        Self { way: Way::Routed(ask) }
    }

    pub(super) fn queued(ask: Ask<'a, M, T, F>) -> Self {
        Self { way: Way::Queued(ask) }
    }
}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> PoolAsk<'_, M, T, F> {
    /// Limits the time for the whole ask, for the room at a worker and for the answer together, as
    /// [`Ask::timeout`] does.
    ///
    /// At the limit, a sender waiting for room is withdrawn, and a queued ask is cancelled.
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`]. [`Full`](AskBlockingError::Full) and
    /// [`Closed`](AskBlockingError::Closed) return the unsent message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
    /// use std::time::Duration;
    ///
    /// use actor_core::handle::AskBlockingError;
    /// use actor_system::pool::Pool;
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    ///
    /// /// Keeps each question, and answers none.
    /// struct Worker(Vec<Read>);
    /// impl Actor for Worker {
    ///     type Message = Read;
    ///     async fn handle(&mut self, read: Read, _cx: &mut Context<Read>) {
    ///         self.0.push(read);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("reads"))?;
    /// let (reads, _running) = Pool::new(2).start(&executor, |_| Worker(Vec::new()))?;
    /// let asked = reads.ask(Read).timeout(Duration::from_millis(1));
    /// assert!(matches!(futures::executor::block_on(asked), Err(AskBlockingError::Timeout)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, limit: Duration) -> AskTimeout<Self> {
        self.limited(limit)
    }
}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> RoutedAsk<'_, M, T, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AskError<M>>> {
        if let Some(make) = self.make.take() {
            let (letter, answer) = Letter::asking(make);
            self.answer = Some(answer);
            self.telling = Some(RoutedTell::new(self.workers, letter));
        }
        if let Some(telling) = &mut self.telling {
            let told = ready!(Pin::new(&mut *telling).poll(cx));
            self.worker = telling.worker();
            self.telling = None;
            if let Err(TellError(message)) = told {
                return Poll::Ready(Err(AskError::Closed(message)));
            }
        }
        let answer = self.answer.as_mut().expect("an ask is not polled after it was ready");
        let polled = Pin::new(answer).poll(cx).map_err(|_dropped| AskError::Dropped);
        if let Some(worker) = self.worker {
            self.wait.follow_answer(polled.is_pending(), &self.workers.handles[worker]);
        }
        polled
    }

    fn withdraw(&mut self) -> AskBlockingError<M> {
        // Cancels a queued ask.
        self.answer = None;
        self.wait.end();
        match self.telling.take() {
            Some(mut telling) => {
                let letter = Pin::new(&mut telling).give_up();
                AskBlockingError::Full(letter.into_message())
            }
            None => AskBlockingError::Timeout,
        }
    }
}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> Future for PoolAsk<'_, M, T, F> {
    type Output = Result<T, AskError<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().way.project() {
            WayOf::Routed(ask) => ask.poll(cx),
            WayOf::Queued(ask) => ask.poll(cx),
        }
    }
}

impl<M: Message, T, F> SealedAsking for PoolAsk<'_, M, T, F> {}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> Asking for PoolAsk<'_, M, T, F> {
    type Message = M;
    type Answer = T;

    fn withdraw(self: Pin<&mut Self>) -> AskBlockingError<M> {
        match self.project().way.project() {
            WayOf::Routed(ask) => ask.withdraw(),
            WayOf::Queued(ask) => ask.withdraw(),
        }
    }
}

impl<M: Message, T, F> fmt::Debug for PoolAsk<'_, M, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Routed(ask) => f
                .debug_struct("PoolAsk")
                .field("asked", &ask.make.is_none())
                .field("waiting", &ask.telling.is_some())
                .finish(),
            Way::Queued(ask) => f.debug_tuple("PoolAsk").field(ask).finish(),
        }
    }
}
