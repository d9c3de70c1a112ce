//! The subscription of a task or a thread.

use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actor_core::handle::park_for;
use actor_core::runtime::adapter::ContainedWaker;
use async_channel::Receiver;
use futures::Stream;
use futures::stream::FusedStream;

use crate::topic::board::Board;
use crate::topic::figures::{SubscriberId, SubscriberStats};
use crate::topic::subscriber::{Subscriber, poll_contained};

/// One value of a topic, and the number of values missed before it.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let mut subscription = topic.subscribe(2, Slow::DropOldest)?;
/// for word in ["one", "two", "three"] {
///     topic.try_publish(word)?;
/// }
/// let item = subscription.try_recv()?.expect("two values wait");
/// assert_eq!((item.len(), item.missed()), (3, 1));
/// assert_eq!(*item.into_value(), "two");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq)]
pub struct Item<T> {
    value: Arc<T>,
    missed: u64,
}

/// Why a subscription has no further value.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, SubscriptionEnd, Topic};
///
/// let topic = Topic::<u32>::new();
/// let mut subscription = topic.subscribe(1, Slow::Wait)?;
/// drop(topic);
/// let end = subscription.try_recv().unwrap_err();
/// assert_eq!(end, SubscriptionEnd::TopicEnded { missed: 0 });
/// assert_eq!(end.to_string(), "the topic has ended");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionEnd {
    /// The last owner of the topic has dropped it.
    TopicEnded {
        /// Values missed since the last one received.
        missed: u64,
    },
    /// The queue was full, and the rule is [`Slow::Unsubscribe`](super::Slow::Unsubscribe).
    TooSlow {
        /// Values missed since the last one received, with the one for which there was no room.
        missed: u64,
    },
    /// The [`ActorSubscription`](super::ActorSubscription) was dropped before its news were opened.
    Unsubscribed {
        /// Values missed since the last one received.
        missed: u64,
    },
}

/// Receives the values of a topic, in a task or on a thread. Its drop unsubscribes.
///
/// It is a stream of results as well, which ends after the reason of its end. An actor can attach
/// it to its own task.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use std::time::Duration;
///
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let mut subscription = topic.subscribe(16, Slow::Wait)?;
/// let reader = thread::spawn(move || {
///     let mut sum = 0;
///     while let Ok(Some(item)) = subscription.recv_blocking(Duration::from_secs(10)) {
///         sum += *item;
///     }
///     sum
/// });
/// for n in 1..=100 {
///     topic.publish_blocking(n, Duration::from_secs(10));
/// }
/// drop(topic);
/// assert_eq!(reader.join().ok(), Some(5050));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Subscription<T: Send + Sync + 'static> {
    board: Arc<Board<T>>,
    subscriber: Arc<Subscriber<T>>,
    queue: Pin<Box<Receiver<Arc<T>>>>,
    waker: ContainedWaker,
    is_over: bool,
}

impl<T: Send + Sync + 'static> Subscription<T> {
    pub(super) fn new(board: Arc<Board<T>>, subscriber: Arc<Subscriber<T>>) -> Self {
        let queue = Box::pin(subscriber.receiver().clone());
        Self { board, subscriber, queue, waker: ContainedWaker::new(), is_over: false }
    }

    /// Returns the number of this subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::<u32>::new();
    /// let subscription = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(topic.subscribers()[0].id, subscription.id());
    /// # Ok::<(), actor_system::topic::SubscribeError>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> SubscriberId {
        self.subscriber.id()
    }

    /// Waits for the next value. Cancel safe.
    ///
    /// # Errors
    ///
    /// The reason of the end, after the last value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut subscription = topic.subscribe(1, Slow::Wait)?;
    /// topic.try_publish(7)?;
    /// assert_eq!(*futures::executor::block_on(subscription.recv())?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn recv(&mut self) -> Result<Item<T>, SubscriptionEnd> {
        poll_fn(|task| self.poll_recv(task)).await
    }

    /// As [`recv`](Self::recv), on a thread without a runtime. After the timeout, returns
    /// `Ok(None)`.
    ///
    /// # Errors
    ///
    /// The reason of the end, after the last value.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::<u32>::new();
    /// let mut subscription = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(subscription.recv_blocking(Duration::ZERO), Ok(None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_blocking(&mut self, timeout: Duration) -> Result<Option<Item<T>>, SubscriptionEnd> {
        park_for(pin!(self.recv()), timeout).transpose()
    }

    /// Returns the next value if there is one. Never waits.
    ///
    /// # Errors
    ///
    /// The reason of the end, after the last value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut subscription = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(subscription.try_recv(), Ok(None));
    /// topic.try_publish(7)?;
    /// assert_eq!(subscription.try_recv()?.map(|item| *item), Some(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Option<Item<T>>, SubscriptionEnd> {
        self.subscriber.take()
    }

    /// Returns the figures of this subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let subscription = topic.subscribe(1, Slow::Wait)?;
    /// topic.try_publish(7)?;
    /// assert_eq!(subscription.stats().waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> SubscriberStats {
        self.subscriber.stats()
    }

    fn poll_recv(&mut self, task: &mut Context<'_>) -> Poll<Result<Item<T>, SubscriptionEnd>> {
        let Self { subscriber, queue, waker, .. } = self;
        if let Some(first) = subscriber.take_first() {
            return Poll::Ready(Ok(first));
        }
        let polled = poll_contained(waker, task, |task| queue.as_mut().poll_next(task));
        Poll::Ready(match ready!(polled) {
            Some(value) => Ok(subscriber.received(value)),
            None => Err(subscriber.over()),
        })
    }
}

impl<T: Send + Sync + 'static> Stream for Subscription<T> {
    type Item = Result<Item<T>, SubscriptionEnd>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let subscription = self.get_mut();
        if subscription.is_over {
            return Poll::Ready(None);
        }
        let next = ready!(subscription.poll_recv(task));
        subscription.is_over = next.is_err();
        Poll::Ready(Some(next))
    }
}

impl<T: Send + Sync + 'static> FusedStream for Subscription<T> {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

impl<T: Send + Sync + 'static> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.board.remove(self.subscriber.id());
        self.subscriber.leave();
    }
}

impl<T> Item<T> {
    pub(super) fn new(value: Arc<T>, missed: u64) -> Self {
        Self { value, missed }
    }

    /// Returns the number of values that this subscriber has missed since its last value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut subscription = topic.subscribe(1, Slow::DropOldest)?;
    /// (0..3).try_for_each(|n| topic.try_publish(n).map(drop))?;
    /// assert_eq!(subscription.try_recv()?.map(|item| item.missed()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the value, shared with the other subscribers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut both = [(); 2].map(|()| topic.subscribe(1, Slow::Wait).expect("there is room"));
    /// topic.try_publish("shared")?;
    /// let [one, other] = both.each_mut().map(|subscription| {
    ///     subscription.try_recv().ok().flatten().expect("it was published").into_value()
    /// });
    /// assert!(Arc::ptr_eq(&one, &other));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_value(self) -> Arc<T> {
        self.value
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("value", &self.value).field("missed", &self.missed).finish()
    }
}

impl fmt::Display for SubscriptionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missed = match self {
            Self::TopicEnded { missed } => {
                f.write_str("the topic has ended")?;
                missed
            }
            Self::TooSlow { missed } => {
                f.write_str("the subscriber was too slow")?;
                missed
            }
            Self::Unsubscribed { missed } => {
                f.write_str("the subscription was dropped")?;
                missed
            }
        };
        if *missed > 0 { write!(f, ", and {missed} values were missed") } else { Ok(()) }
    }
}

impl std::error::Error for SubscriptionEnd {}

impl<T: Send + Sync + 'static> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
