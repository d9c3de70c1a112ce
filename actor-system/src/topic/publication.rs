//! Publishing: to all with room, and then to those that the publisher waits for.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actor_core::handle::park_for;
use futures::future::join_all;

use crate::sync::{AtomicUsize, Ordering};
use crate::topic::board::Topic;
use crate::topic::figures::SubscriberId;
use crate::topic::subscriber::{Offer, Subscriber};

/// The result of a publication.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let _newest = topic.subscribe(1, Slow::DropOldest)?;
/// let _strict = topic.subscribe(1, Slow::Unsubscribe)?;
/// let first = topic.try_publish(1)?;
/// assert_eq!((first.delivered, first.evicted, first.unsubscribed), (2, 0, 0));
/// let second = topic.try_publish(2)?;
/// assert_eq!((second.delivered, second.evicted, second.unsubscribed), (1, 1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Subscribers with this value in their queue.
    pub delivered: usize,
    /// Those of them that have lost their oldest value for it.
    pub evicted: usize,
    /// Subscribers whose subscription has ended, because their queue was full.
    pub unsubscribed: usize,
    /// Subscribers that miss this value, because the publisher did not wait longer.
    pub given_up: usize,
}

/// A value that full subscribers with [`Slow::Wait`](super::Slow::Wait) have not received.
///
/// All others have it. [`deliver`](Self::deliver) waits for the rest, and the drop gives up: each
/// of them then misses the value, and is told so. This keeps the topic until then.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let mut slow = topic.subscribe(1, Slow::Wait)?;
/// topic.try_publish(1)?;
/// let rest = topic.try_publish(2).unwrap_err();
/// assert_eq!(rest.full().collect::<Vec<_>>(), [slow.id()]);
/// assert_eq!(**rest.value(), 2);
/// assert_eq!(slow.try_recv()?.map(|item| *item), Some(1));
/// let sent = futures::executor::block_on(rest.deliver());
/// assert_eq!(sent.delivered, 1);
/// assert_eq!(slow.try_recv()?.map(|item| *item), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "its drop gives up the delivery to full subscribers"]
pub struct Undelivered<T: Send + Sync + 'static> {
    value: Arc<T>,
    sent: Sent,
    waiting: Vec<Waiting<T>>,
    /// Its end follows the delivery. Last, so dropped last.
    topic: Topic<T>,
}

/// A full subscriber, and its value until it is delivered. The drop of an undelivered one counts.
struct Waiting<T: Send + Sync + 'static> {
    subscriber: Arc<Subscriber<T>>,
    value: Option<Arc<T>>,
    counts: Arc<Deliveries>,
}

/// What became of the deliveries of one publication.
#[derive(Default)]
struct Deliveries {
    delivered: AtomicUsize,
    given_up: AtomicUsize,
}

impl<T: Send + Sync + 'static> Topic<T> {
    /// Publishes a value, and waits for the room of full [`Slow::Wait`](super::Slow::Wait)
    /// subscribers. All others have the value before that.
    ///
    /// The values of one publisher that awaits each publication stay in order. A dropped wait gives
    /// up: the full subscribers miss the value, and are told so. A handler must not await this if
    /// its own actor subscribes with `Wait`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut subscription = topic.subscribe(1, Slow::Wait)?;
    /// futures::executor::block_on(async {
    ///     topic.publish(1).await;
    ///     let (_, item) = futures::join!(topic.publish(2), subscription.recv());
    ///     assert_eq!(item.map(|item| *item), Ok(1));
    ///     assert_eq!(subscription.recv().await.map(|item| *item), Ok(2));
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn publish(&self, value: T) -> Sent {
        match self.try_publish(value) {
            Ok(sent) => sent,
            Err(rest) => rest.deliver().await,
        }
    }

    /// As [`publish`](Self::publish), on a thread without a runtime. After the timeout, the full
    /// subscribers miss the value, and [`Sent::given_up`] counts them.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut slow = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(topic.publish_blocking(1, Duration::ZERO).delivered, 1);
    /// assert_eq!(topic.publish_blocking(2, Duration::ZERO).given_up, 1);
    /// let item = slow.try_recv()?.expect("the first waits");
    /// assert_eq!((*item, item.missed()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn publish_blocking(&self, value: T, timeout: Duration) -> Sent {
        let rest = match self.try_publish(value) {
            Ok(sent) => return sent,
            Err(rest) => rest,
        };
        let (before, first) = (rest.sent, rest.waiting.first());
        let counts = first.map(|waiting| Arc::clone(&waiting.counts)).unwrap_or_default();
        // The wait is dropped here, which counts those given up.
        let parked = park_for(pin!(rest.deliver()), timeout);
        parked.unwrap_or_else(|| Sent {
            delivered: before.delivered + counts.delivered.load(Ordering::Relaxed),
            given_up: counts.given_up.load(Ordering::Relaxed),
            ..before
        })
    }

    /// Publishes a value to all subscribers with room, and by the rule of each full one. Never
    /// waits.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] if [`Slow::Wait`](super::Slow::Wait) subscribers are full. All others have
    /// the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// assert_eq!(topic.try_publish(1)?.delivered, 0);
    /// let _subscription = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(topic.try_publish(2)?.delivered, 1);
    /// assert!(topic.try_publish(3).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_publish(&self, value: T) -> Result<Sent, Undelivered<T>> {
        let value = Arc::new(value);
        let (mut sent, mut waiting) = (Sent::default(), Vec::new());
        for subscriber in &*self.board().publish(&value) {
            match subscriber.offer(&value) {
                Offer::Delivered => sent.delivered += 1,
                Offer::InPlaceOfOldest => {
                    sent.delivered += 1;
                    sent.evicted += 1;
                }
                Offer::Full => waiting.push(Arc::clone(subscriber)),
                Offer::TooSlow => {
                    sent.unsubscribed += 1;
                    self.board().remove(subscriber.id());
                }
                Offer::Gone => self.board().remove(subscriber.id()),
            }
        }
        if waiting.is_empty() {
            return Ok(sent);
        }
        let counts = Arc::default();
        let wait = |subscriber| Waiting {
            subscriber,
            value: Some(Arc::clone(&value)),
            counts: Arc::clone(&counts),
        };
        let waiting = waiting.into_iter().map(wait).collect();
        Err(Undelivered { value, sent, waiting, topic: self.clone() })
    }
}

impl<T: Send + Sync + 'static> Undelivered<T> {
    /// Returns the subscribers without room.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let slow = topic.subscribe(1, Slow::Wait)?;
    /// topic.try_publish(1)?;
    /// let rest = topic.try_publish(2).unwrap_err();
    /// assert!(rest.full().eq([slow.id()]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn full(&self) -> impl Iterator<Item = SubscriberId> {
        self.waiting.iter().map(|waiting| waiting.subscriber.id())
    }

    /// Returns the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let _slow = topic.subscribe(1, Slow::Wait)?;
    /// topic.try_publish(1)?;
    /// assert_eq!(**topic.try_publish(2).unwrap_err().value(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn value(&self) -> &Arc<T> {
        &self.value
    }

    /// Waits until all of them have room, each at its own pace, and delivers the value. A dropped
    /// wait gives up the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let slow = topic.subscribe(1, Slow::Wait)?;
    /// topic.try_publish(1)?;
    /// let rest = topic.try_publish(2).unwrap_err();
    /// drop(slow);
    /// let sent = futures::executor::block_on(rest.deliver());
    /// assert_eq!(sent.delivered, 0, "it has left");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn deliver(self) -> Sent {
        let Self { mut sent, waiting, topic: _topic, .. } = self;
        let delivered = join_all(waiting.into_iter().map(Waiting::deliver)).await;
        sent.delivered += delivered.into_iter().filter(|is_delivered| *is_delivered).count();
        sent
    }
}

impl<T: Send + Sync + 'static> Waiting<T> {
    async fn deliver(mut self) -> bool {
        let Some(value) = self.value.clone() else { return false };
        let is_delivered = self.subscriber.deliver(value).await;
        self.value = None;
        if is_delivered {
            self.counts.delivered.fetch_add(1, Ordering::Relaxed);
        }
        is_delivered
    }
}

impl<T: Send + Sync + 'static> Drop for Waiting<T> {
    fn drop(&mut self) {
        if self.value.is_some() {
            self.subscriber.given_up();
            self.counts.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Undelivered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered")
            .field("full", &self.full().collect::<Vec<_>>())
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> fmt::Display for Undelivered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} subscribers of the topic have no room", self.waiting.len())
    }
}

impl<T: Send + Sync + 'static> std::error::Error for Undelivered<T> {}
