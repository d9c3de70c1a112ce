//! One subscriber, as publishers see it: its queue, its rule for a full queue, and its counts.

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use actor_core::runtime::adapter::{ContainedWaker, contain};
use actor_core::view::Place;
use async_channel::{Receiver, Sender, TrySendError};

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::topic::figures::{Counts, SubscriberId, SubscriberStats, add, read};
use crate::topic::subscription::{Item, SubscriptionEnd};

/// What happens when a subscriber's queue is full.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, SubscriptionEnd, Topic};
///
/// let topic = Topic::new();
/// let mut newest = topic.subscribe(1, Slow::DropOldest)?;
/// let mut strict = topic.subscribe(1, Slow::Unsubscribe)?;
/// topic.try_publish(1)?;
/// topic.try_publish(2)?;
/// let item = newest.try_recv()?.expect("the newest is there");
/// assert_eq!((*item, item.missed()), (2, 1));
/// assert_eq!(strict.try_recv()?.map(|item| *item), Some(1));
/// assert_eq!(strict.try_recv(), Err(SubscriptionEnd::TooSlow { missed: 1 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slow {
    /// The publisher waits for room.
    Wait,
    /// The oldest value is dropped. The next one has the number of missed values.
    DropOldest,
    /// The subscription ends. Its queue can still be read.
    Unsubscribe,
}

/// A subscriber of a topic with values `T`.
pub(super) struct Subscriber<T: Send + Sync + 'static> {
    id: SubscriberId,
    slow: Slow,
    /// The value that was kept for it.
    first: Place<T>,
    /// Whether that value may be there. A load is cheaper than a change of the place.
    has_first: AtomicBool,
    sender: Sender<Arc<T>>,
    receiver: Receiver<Arc<T>>,
    /// [`LIVE`], or why it takes no more. Changes once.
    state: AtomicUsize,
    counts: Counts,
    /// Missed values that it has not been told of.
    untold: AtomicU64,
    /// The missed value that ends a slow subscription, reported with the end.
    last_missed: AtomicU64,
    /// Values in the queue without news, because their actor had closed.
    without_news: AtomicUsize,
    /// The counts of the topic.
    totals: Arc<Counts>,
    /// Wakes an actor. `None` for a task or a thread, which waits at the queue.
    actor: Option<Box<dyn Wake<T>>>,
}

/// Sends an actor one message for each value.
pub(super) trait Wake<T: Send + Sync + 'static>: Send + Sync {
    /// Returns whether the actor takes messages. Contains panics of the program's code.
    fn wake(&self, subscriber: &Arc<Subscriber<T>>) -> bool;

    /// Returns whether the actor has closed.
    fn is_gone(&self) -> bool;
}

const LIVE: usize = 0;
/// It has left by itself, or its actor has closed.
const LEFT: usize = 1;
const TOO_SLOW: usize = 2;
const TOPIC_ENDED: usize = 3;

/// The result of one value for one subscriber.
pub(super) enum Offer {
    Delivered,
    /// Delivered in place of the oldest value.
    InPlaceOfOldest,
    /// The queue is full, and the publisher waits.
    Full,
    /// The queue was full, and the subscription ends.
    TooSlow,
    /// It takes no more.
    Gone,
}

impl<T: Send + Sync + 'static> Subscriber<T> {
    pub(super) fn new(
        id: u64,
        capacity: NonZeroUsize,
        slow: Slow,
        totals: Arc<Counts>,
        actor: Option<Box<dyn Wake<T>>>,
    ) -> Self {
        let (sender, receiver) = async_channel::bounded(capacity.get());
        Self {
            id: SubscriberId(id),
            slow,
            first: Place::new(None),
            has_first: AtomicBool::new(false),
            sender,
            receiver,
            state: AtomicUsize::new(LIVE),
            counts: Counts::default(),
            untold: AtomicU64::new(0),
            last_missed: AtomicU64::new(0),
            without_news: AtomicUsize::new(0),
            totals,
            actor,
        }
    }

    pub(super) fn id(&self) -> SubscriberId {
        self.id
    }

    pub(super) fn receiver(&self) -> &Receiver<Arc<T>> {
        &self.receiver
    }

    /// Sets the kept value, before publishers know this subscriber.
    pub(super) fn set_first(&self, value: Option<Arc<T>>) {
        self.has_first.store(value.is_some(), Ordering::Relaxed);
        drop_quietly(self.first.swap(value));
    }

    /// Counts the kept value, and wakes the actor for it. Called once, in the list.
    pub(super) fn joined_with_first(self: &Arc<Self>) {
        self.count(|counts| &counts.offered);
        self.wake();
    }

    /// Offers a value once.
    pub(super) fn offer(self: &Arc<Self>, value: &Arc<T>) -> Offer {
        if self.actor.as_ref().is_some_and(|actor| actor.is_gone()) {
            self.actor_closed();
            return Offer::Gone;
        }
        let value = Arc::clone(value);
        let offer = match self.slow {
            Slow::DropOldest => match self.sender.force_send(value) {
                Ok(None) => Offer::Delivered,
                Ok(Some(oldest)) => {
                    self.missed();
                    drop_quietly(oldest);
                    Offer::InPlaceOfOldest
                }
                Err(_closed) => Offer::Gone,
            },
            Slow::Wait | Slow::Unsubscribe => match self.sender.try_send(value) {
                Ok(()) => Offer::Delivered,
                Err(TrySendError::Closed(_)) => Offer::Gone,
                Err(TrySendError::Full(_)) if self.slow == Slow::Wait => return Offer::Full,
                Err(TrySendError::Full(_)) if self.end(TOO_SLOW) => Offer::TooSlow,
                // Another publisher has ended it.
                Err(TrySendError::Full(_)) => Offer::Gone,
            },
        };
        match offer {
            Offer::Delivered => {
                self.count(|counts| &counts.offered);
                if self.wake() { Offer::Delivered } else { Offer::Gone }
            }
            Offer::InPlaceOfOldest | Offer::TooSlow => {
                self.count(|counts| &counts.offered);
                offer
            }
            Offer::Full | Offer::Gone => offer,
        }
    }

    /// Waits for room, and delivers a value. Returns whether it was delivered.
    pub(super) async fn deliver(self: &Arc<Self>, value: Arc<T>) -> bool {
        // A value in the queue is counted in the same poll, so a dropped wait loses no count.
        let is_sent = contained(pin!(self.sender.send(value))).await.is_ok();
        if is_sent {
            self.count(|counts| &counts.offered);
        }
        is_sent && self.wake()
    }

    /// Counts a value whose publisher does not wait any longer.
    pub(super) fn given_up(&self) {
        self.count(|counts| &counts.offered);
        self.missed();
    }

    /// Takes the oldest value.
    pub(super) fn take(&self) -> Result<Option<Item<T>>, SubscriptionEnd> {
        // Before the look at the queue: nothing enters a closed queue.
        let is_closed = self.receiver.is_closed();
        match self.next() {
            Some(value) => Ok(Some(self.received(value))),
            None if is_closed => Err(self.over()),
            None => Ok(None),
        }
    }

    /// Takes the value that was kept for this subscriber.
    pub(super) fn take_first(&self) -> Option<Item<T>> {
        self.first().map(|value| self.received(value))
    }

    fn first(&self) -> Option<Arc<T>> {
        if !self.has_first.load(Ordering::Relaxed) {
            return None;
        }
        let first = self.first.swap(None);
        self.has_first.store(false, Ordering::Relaxed);
        first
    }

    fn next(&self) -> Option<Arc<T>> {
        self.first().or_else(|| self.receiver.try_recv().ok())
    }

    /// Counts a value taken from the queue.
    pub(super) fn received(&self, value: Arc<T>) -> Item<T> {
        self.count(|counts| &counts.received);
        Item::new(value, self.untold.swap(0, Ordering::Relaxed))
    }

    /// Returns the reason of the end, after the last value.
    pub(super) fn over(&self) -> SubscriptionEnd {
        let report = |missed: &AtomicU64| missed.swap(0, Ordering::Relaxed);
        let missed = report(&self.untold) + report(&self.last_missed);
        match self.state.load(Ordering::Acquire) {
            TOO_SLOW => SubscriptionEnd::TooSlow { missed },
            LEFT => SubscriptionEnd::Unsubscribed { missed },
            _ => SubscriptionEnd::TopicEnded { missed },
        }
    }

    /// The next [`lose`](Self::lose) drops no value: a closed actor does not take the news of one.
    /// The value stays, so that the news accepted before the close have theirs.
    pub(super) fn skip_news(&self) {
        self.without_news.fetch_add(1, Ordering::Relaxed);
    }

    /// Drops the oldest value: its message was dropped unread.
    pub(super) fn lose(&self) {
        let one_less = |skipped: usize| skipped.checked_sub(1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.without_news.fetch_update(set, fetch, one_less).is_ok() {
            return;
        }
        if let Some(value) = self.next() {
            self.missed();
            drop_quietly(value);
        }
    }

    /// Ends the subscription of a closed actor. It may still handle the news in its lanes, so their
    /// values stay.
    fn actor_closed(&self) {
        _ = self.state.compare_exchange(LIVE, LEFT, Ordering::AcqRel, Ordering::Acquire);
        self.receiver.close();
    }

    /// Ends the subscription from its own side. Values in the queue are missed.
    pub(super) fn leave(&self) {
        self.actor_closed();
        while let Some(value) = self.next() {
            self.missed();
            drop_quietly(value);
        }
    }

    pub(super) fn topic_ended(self: &Arc<Self>) {
        self.end(TOPIC_ENDED);
    }

    /// Returns whether the subscriber takes no more.
    pub(super) fn is_gone(&self) -> bool {
        self.state.load(Ordering::Acquire) != LIVE
            || self.actor.as_ref().is_some_and(|actor| actor.is_gone())
    }

    pub(super) fn stats(&self) -> SubscriberStats {
        let first = usize::from(self.has_first.load(Ordering::Relaxed));
        SubscriberStats {
            id: self.id,
            offered: read(&self.counts.offered),
            received: read(&self.counts.received),
            missed: read(&self.counts.missed),
            waiting: self.receiver.len() + first,
        }
    }

    /// Ends the subscription from the topic's side, once. Its queue stays readable. Returns whether
    /// this call has ended it.
    fn end(self: &Arc<Self>, state: usize) -> bool {
        let change = self.state.compare_exchange(LIVE, state, Ordering::AcqRel, Ordering::Acquire);
        if change.is_err() {
            return false;
        }
        if state == TOO_SLOW {
            // Before the close, so that the end reports it.
            self.count(|counts| &counts.missed);
            add(&self.last_missed, 1);
        }
        self.receiver.close();
        // One more message than values: the one about the end.
        self.wake();
        true
    }

    /// Wakes an actor. Returns whether the subscriber takes values.
    fn wake(self: &Arc<Self>) -> bool {
        let Some(actor) = &self.actor else { return true };
        let is_awake = actor.wake(self);
        if !is_awake {
            self.actor_closed();
        }
        is_awake
    }

    fn count(&self, of: impl Fn(&Counts) -> &AtomicU64) {
        add(of(&self.counts), 1);
        add(of(&self.totals), 1);
    }

    fn missed(&self) {
        self.count(|counts| &counts.missed);
        add(&self.untold, 1);
    }
}

/// Drops a value of the program. The panic hook has reported any panic in the drop.
pub(super) fn drop_quietly<V>(value: V) {
    _ = contain(move || drop(value));
}

/// Awaits a future of a queue. A faulty waker of the waiting task does not reach other tasks.
pub(super) async fn contained<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let mut waker = ContainedWaker::new();
    poll_fn(|task| poll_contained(&mut waker, task, |task| future.as_mut().poll(task))).await
}

/// Polls with a waker whose panics are contained.
pub(super) fn poll_contained<V>(
    waker: &mut ContainedWaker,
    task: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<V>,
) -> Poll<V> {
    poll(&mut Context::from_waker(waker.of(task.waker())))
}
