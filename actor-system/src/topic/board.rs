//! A topic: its subscribers, the kept value, and who may publish.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use actor_core::view::Place;
use actor_core::{Handle, Message};

use crate::sync::{AtomicU64, AtomicUsize, Ordering};
use crate::topic::actor::{ActorSubscription, News, Waking};
use crate::topic::figures::{Counts, SubscriberId, SubscriberStats, TopicStats, add, read};
use crate::topic::subscriber::{Slow, Subscriber, Wake, drop_quietly};
use crate::topic::subscription::Subscription;

/// A topic of values `T`. Clones are the same topic. The drop of the last one ends it: subscribers
/// receive what waits, and then the end.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_system::topic::{News, Slow, Topic};
///
/// struct Price(News<u32>);
/// impl Message for Price {}
///
/// /// Ends with the topic, with the sum of the prices.
/// struct Watcher(u32, std::sync::mpsc::SyncSender<u32>);
/// impl Actor for Watcher {
///     type Message = Price;
///     async fn handle(&mut self, Price(news): Price, cx: &mut Context<Price>) {
///         match news.take() {
///             Ok(price) => self.0 += *price,
///             Err(_end) => {
///                 self.1.send(self.0).expect("the test waits");
///                 cx.stop();
///             }
///         }
///     }
/// }
///
/// let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("watcher"))?;
/// let (sums, sum) = std::sync::mpsc::sync_channel(1);
/// let (watcher, _running) = spawn(&executor, move || Watcher(0, sums))?;
/// let prices = Topic::new();
/// let _subscription = prices.subscribe_actor(&watcher, 16, Slow::Wait, Price)?;
/// for price in [10, 20, 12] {
///     prices.publish_blocking(price, Duration::from_secs(10));
/// }
/// drop(prices);
/// assert_eq!(sum.recv_timeout(Duration::from_secs(10))?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Topic<T: Send + Sync + 'static> {
    owner: Arc<Owner<T>>,
}

/// All clones of a topic. Its drop ends the topic.
struct Owner<T: Send + Sync + 'static>(Arc<Board<T>>);

/// What a topic and its subscriptions share.
pub(super) struct Board<T: Send + Sync + 'static> {
    /// Never empty.
    state: Place<State<T>>,
    keeps_last: bool,
    most: AtomicUsize,
    ids: AtomicU64,
    published: AtomicU64,
    totals: Arc<Counts>,
}

/// The subscribers and the kept value, at one time.
struct State<T: Send + Sync + 'static> {
    last: Option<Arc<T>>,
    list: Subscribers<T>,
}

pub(super) type Subscribers<T> = Arc<[Arc<Subscriber<T>>]>;

/// The most subscribers of a topic, unless it has another limit.
const MOST_SUBSCRIBERS: usize = 1024;

/// A topic has the most subscribers that it may have.
///
/// # Examples
///
/// ```
/// use actor_system::topic::{Slow, SubscribeError, Topic};
///
/// let topic = Topic::<u32>::new().with_most_subscribers(1);
/// let first = topic.subscribe(1, Slow::Wait)?;
/// let error = topic.subscribe(1, Slow::Wait).unwrap_err();
/// assert_eq!(error, SubscribeError { most: 1 });
/// drop(first);
/// topic.subscribe(1, Slow::Wait)?;
/// # Ok::<(), SubscribeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscribeError {
    /// The limit.
    pub most: usize,
}

impl<T: Send + Sync + 'static> Topic<T> {
    /// Creates a topic. A subscriber receives the values published after its subscription.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// topic.try_publish("nobody receives this")?;
    /// let mut late = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(late.try_recv(), Ok(None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with(false)
    }

    /// Creates a topic that keeps its last value: a late subscriber receives it first.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::keeping_last();
    /// topic.try_publish("old")?;
    /// topic.try_publish("new")?;
    /// let mut late = topic.subscribe(1, Slow::Wait)?;
    /// assert_eq!(late.try_recv()?.map(|item| *item), Some("new"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keeping_last() -> Self {
        Self::with(true)
    }

    fn with(keeps_last: bool) -> Self {
        let state = State { last: None, list: Arc::new([]) };
        let board = Board {
            state: Place::new(Some(Arc::new(state))),
            keeps_last,
            most: AtomicUsize::new(MOST_SUBSCRIBERS),
            ids: AtomicU64::new(0),
            published: AtomicU64::new(0),
            totals: Arc::default(),
        };
        Self { owner: Arc::new(Owner(Arc::new(board))) }
    }

    /// Sets the most subscribers at the same time. Without this, they are 1,024. Present
    /// subscribers stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::<u32>::new().with_most_subscribers(0);
    /// assert!(topic.subscribe(1, Slow::Wait).is_err());
    /// ```
    #[must_use]
    pub fn with_most_subscribers(self, most: usize) -> Self {
        self.board().most.store(most, Ordering::Relaxed);
        self
    }

    /// Subscribes a task or a thread, with room for `capacity` values. Its subscription takes them.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the topic has its most subscribers.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let mut subscription = topic.subscribe(8, Slow::Wait)?;
    /// topic.try_publish(1)?;
    /// assert_eq!(subscription.try_recv()?.map(|item| *item), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(
        &self,
        capacity: usize,
        slow: Slow,
    ) -> Result<Subscription<T>, SubscribeError> {
        let subscriber = self.board().add(capacity, slow, None)?;
        Ok(Subscription::new(Arc::clone(self.board()), subscriber))
    }

    /// Subscribes an actor, with room for `capacity` values beside its lanes.
    ///
    /// `into` makes the actor's message from [`News`], on the publisher's thread. The actor takes
    /// the value out of the news. A full lane refuses no news: it then comes beside the lanes. A
    /// panic of `into` makes this subscriber miss a value, and no other.
    ///
    /// The subscription holds a handle, so it keeps the actor reachable. It ends with the actor,
    /// with the topic, or by the drop of what this returns.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the topic has its most subscribers.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is zero.
    ///
    /// # Examples
    ///
    /// See [`Topic`].
    ///
    /// ```
    /// use actor_core::Message;
    /// use actor_system::topic::{News, Slow, Topic};
    ///
    /// struct Price(News<u32>);
    /// impl Message for Price {}
    ///
    /// let (watcher, _mailbox) = actor_core::mailbox();
    /// let prices = Topic::new();
    /// let subscription = prices.subscribe_actor(&watcher, 1, Slow::DropOldest, Price)?;
    /// prices.try_publish(1)?;
    /// prices.try_publish(2)?;
    /// assert_eq!((subscription.stats().waiting, subscription.stats().missed), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe_actor<M: Message>(
        &self,
        actor: &Handle<M>,
        capacity: usize,
        slow: Slow,
        into: impl Fn(News<T>) -> M + Send + Sync + 'static,
    ) -> Result<ActorSubscription<T>, SubscribeError> {
        let waking = Box::new(Waking::new(actor.clone(), into));
        let subscriber = self.board().add(capacity, slow, Some(waking))?;
        Ok(ActorSubscription::new(Arc::clone(self.board()), subscriber))
    }

    /// Returns the figures of the topic.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::Topic;
    ///
    /// let topic = Topic::new();
    /// topic.try_publish(1)?;
    /// assert_eq!((topic.stats().published, topic.stats().subscribers), (1, 0));
    /// # Ok::<(), actor_system::topic::Undelivered<i32>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> TopicStats {
        let board = self.board();
        TopicStats {
            published: read(&board.published),
            received: read(&board.totals.received),
            missed: read(&board.totals.missed),
            subscribers: board.list().len(),
        }
    }

    /// Returns the figures of each subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::topic::{Slow, Topic};
    ///
    /// let topic = Topic::new();
    /// let _slow = topic.subscribe(4, Slow::Wait)?;
    /// topic.try_publish(1)?;
    /// assert_eq!(topic.subscribers()[0].waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subscribers(&self) -> Vec<SubscriberStats> {
        self.board().list().iter().map(|subscriber| subscriber.stats()).collect()
    }

    pub(super) fn board(&self) -> &Arc<Board<T>> {
        &self.owner.0
    }
}

impl<T: Send + Sync + 'static> Board<T> {
    /// Records a publication. Returns the subscribers at that time.
    pub(super) fn publish(&self, value: &Arc<T>) -> Subscribers<T> {
        add(&self.published, 1);
        if !self.keeps_last {
            return self.list();
        }
        let keep = |state: &State<T>| {
            let state = State { last: Some(Arc::clone(value)), list: Arc::clone(&state.list) };
            Ok::<_, SubscribeError>(state)
        };
        self.change(keep).map(|state| Arc::clone(&state.list)).unwrap_or_else(|_| self.list())
    }

    pub(super) fn list(&self) -> Subscribers<T> {
        self.state.with(|state| Arc::clone(&state.expect("it is never empty").list))
    }

    /// Adds a subscriber, and removes those that take no more.
    pub(super) fn add(
        &self,
        capacity: usize,
        slow: Slow,
        actor: Option<Box<dyn Wake<T>>>,
    ) -> Result<Arc<Subscriber<T>>, SubscribeError> {
        let capacity = NonZeroUsize::new(capacity).expect("a subscriber has room for a value");
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let totals = Arc::clone(&self.totals);
        let subscriber = Arc::new(Subscriber::new(id, capacity, slow, totals, actor));
        let most = self.most.load(Ordering::Relaxed);
        let joined = self.change(|state| {
            subscriber.set_first(state.last.clone());
            let present = state.list.iter().filter(|present| !present.is_gone());
            let mut list: Vec<_> = present.map(Arc::clone).collect();
            if list.len() >= most {
                return Err(SubscribeError { most });
            }
            list.push(Arc::clone(&subscriber));
            Ok(State { last: state.last.clone(), list: list.into() })
        })?;
        // Not asked of the subscriber: an actor may have taken the value by now.
        let has_first = joined.last.is_some();
        drop_quietly(joined);
        if has_first {
            subscriber.joined_with_first();
        }
        Ok(subscriber)
    }

    /// Removes a subscriber, if it is in the list.
    pub(super) fn remove(&self, id: SubscriberId) {
        // `Err`: it is not there any more.
        let removed = self.change(|state| {
            let rest = state.list.iter().filter(|present| present.id() != id);
            let list: Subscribers<T> = rest.map(Arc::clone).collect();
            let is_there = list.len() < state.list.len();
            is_there.then(|| State { last: state.last.clone(), list }).ok_or(())
        });
        drop_quietly(removed);
    }

    /// Replaces the state by a new one, made from the present one. `make` may be called again.
    fn change<E>(
        &self,
        make: impl Fn(&State<T>) -> Result<State<T>, E>,
    ) -> Result<Arc<State<T>>, E> {
        let mut current = self.state.get();
        loop {
            let present = current.as_ref().expect("it is never empty");
            let next = Arc::new(make(present)?);
            match self.state.replace(&current, Some(Arc::clone(&next))) {
                Ok(()) => {
                    // It may be the last owner of the value, whose drop may panic.
                    drop_quietly(current);
                    return Ok(next);
                }
                Err(other) => {
                    drop_quietly(next);
                    drop_quietly(std::mem::replace(&mut current, other));
                }
            }
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Owner<T> {
    fn drop(&mut self) {
        for subscriber in &*self.0.list() {
            subscriber.topic_ended();
        }
        // Frees the handles of actors, also while subscriptions are left.
        let empty = |_: &State<T>| Ok::<_, ()>(State { last: None, list: Arc::new([]) });
        drop_quietly(self.0.change(empty));
    }
}

impl<T: Send + Sync + 'static> Clone for Topic<T> {
    fn clone(&self) -> Self {
        Self { owner: Arc::clone(&self.owner) }
    }
}

impl<T: Send + Sync + 'static> Default for Topic<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the topic has {} subscribers, and no more are allowed", self.most)
    }
}

impl std::error::Error for SubscribeError {}
