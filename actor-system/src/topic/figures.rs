//! What topics count.

use std::fmt;

use crate::sync::{AtomicU64, Ordering};

/// The number of a subscriber in its topic. Numbers are not used again.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::<u32>::new();
/// let subscriptions = [(); 2].map(|()| topic.subscribe(1, Slow::Wait).expect("there is room"));
/// assert_ne!(subscriptions[0].id(), subscriptions[1].id());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriberId(pub(super) u64);

/// The figures of a topic.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let mut subscription = topic.subscribe(1, Slow::DropOldest)?;
/// topic.try_publish(1)?;
/// topic.try_publish(2)?;
/// assert_eq!(subscription.try_recv()?.map(|item| *item), Some(2));
/// let stats = topic.stats();
/// assert_eq!((stats.published, stats.received, stats.missed), (2, 1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Published values.
    pub published: u64,
    /// Values that subscribers have taken, those of former subscribers included.
    pub received: u64,
    /// Values that subscribers have missed: one for each subscriber and value.
    pub missed: u64,
    /// Present subscribers.
    pub subscribers: usize,
}

/// The figures of one subscriber.
///
/// At rest, `offered` is the sum of the other three.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, Topic};
///
/// let topic = Topic::new();
/// let subscription = topic.subscribe(2, Slow::DropOldest)?;
/// for n in 0..5 {
///     topic.try_publish(n)?;
/// }
/// let stats = subscription.stats();
/// assert_eq!((stats.offered, stats.received, stats.missed, stats.waiting), (5, 0, 3, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriberStats {
    /// The subscriber.
    pub id: SubscriberId,
    /// Values published for it, and the one kept for it.
    pub offered: u64,
    /// Values that it has taken.
    pub received: u64,
    /// Values that it has missed.
    pub missed: u64,
    /// Values in its queue.
    pub waiting: usize,
}

/// The counts of one subscriber, or of all subscribers of a topic so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) offered: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) missed: AtomicU64,
}

pub(super) fn add(count: &AtomicU64, more: u64) {
    // Relaxed: figures have no order of their own.
    count.fetch_add(more, Ordering::Relaxed);
}

pub(super) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subscriber {}", self.0)
    }
}
