//! Messages held until an event or a time: plain data inside an actor's state.
//!
//! In reading order: this file has the operations, `places` the entries and their indexes, `group`
//! the messages of one key or one source, `outcome` what the operations return,
//! and `leaving` the iterators of leaving messages.

mod group;
mod leaving;
mod outcome;
mod places;

use std::fmt;
use std::time::Instant;

pub use leaving::{Expired, Released};
pub use outcome::{ParkedId, ParkedStats, Placed};
use places::{Bounds, Entry, Places};

/// Holds messages until the event of their key happens, or until their time has passed.
///
/// Examples are blocks until their parent is known, or requests until a connection is open. It is
/// plain data in the state of an actor: no thread, no task and no timer of its own. The actor calls
/// [`release`](Self::release) at the event, and [`expire`](Self::expire) from one timer, armed for
/// [`next_deadline`](Self::next_deadline).
///
/// # Bounds
///
/// The number of messages is bounded in all, and optionally for each [key](Self::per_key) and each
/// [source](Self::per_source). Their total [weight](Self::weighing) can be bounded as well. A
/// message over a bound evicts older ones, and [`Placed::evicted`] returns them:
///
/// * over the bound of its key: the oldest message of this key;
/// * over the bound of its source: the oldest message of this source;
/// * over the bound in all: the oldest message of the source with the most messages;
/// * over the total weight: the oldest message of the source with the greatest weight, until the
///   bound holds.
///
/// Of several such sources, the one with the oldest message loses it. So a flood evicts messages of
/// its own source only, as long as the others have fewer. Without sources, the oldest message of
/// all is evicted. [`worth`](Self::worth) replaces the age by a value of the message.
///
/// # Costs
///
/// Each operation takes O(log n) steps for each message moved. [`remove_where`](Self::remove_where)
/// and the iterators visit all messages.
///
/// # Examples
///
/// An actor that answers questions about a block once the block is known, or never:
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::Parked;
/// use actor_core::{Actor, AskError, Context, Message, Reply, Runtime, ThreadConfig, spawn};
///
/// enum Chain {
///     Block(u64),
///     /// Is answered when the block is known.
///     Await(u64, Reply<&'static str>),
///     Expire,
/// }
/// impl Message for Chain {}
///
/// struct Blocks(Parked<u64, Reply<&'static str>>);
///
/// impl Actor for Blocks {
///     type Message = Chain;
///
///     async fn handle(&mut self, message: Chain, cx: &mut Context<Chain>) {
///         match message {
///             Chain::Block(slot) => self.0.release(&slot).for_each(|reply| reply.send("known")),
///             Chain::Await(slot, reply) => {
///                 let patience = Duration::from_millis(10);
///                 self.0.park_until(slot, reply, cx.now() + patience);
///                 cx.after(patience, Chain::Expire);
///             }
///             // The asker receives an error, because its reply is dropped.
///             Chain::Expire => self.0.expire(cx.now()).for_each(drop),
///         }
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("blocks"))?;
/// let parked = Parked::new(1024).per_key(16);
/// let (blocks, _running) = spawn(&executor, || Blocks(parked))?;
/// futures::executor::block_on(async {
///     let known = blocks.ask(|reply| Chain::Await(7, reply));
///     let (known, told) = futures::join!(known, blocks.tell(Chain::Block(7)));
///     assert!(told.is_ok());
///     assert_eq!(known.ok(), Some("known"));
///     let never = blocks.ask(|reply| Chain::Await(8, reply)).await;
///     assert!(matches!(never, Err(AskError::Dropped)));
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Parked<K, M> {
    bounds: Bounds,
    functions: Functions<M>,
    places: Places<K, M>,
    counts: Counts,
}

/// The functions of a message, as far as they are set.
struct Functions<M> {
    source: Option<fn(&M) -> Option<u64>>,
    weight: Option<fn(&M) -> usize>,
    worth: Option<fn(&M) -> u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    parked: u64,
    refused: u64,
    released: u64,
    evicted: u64,
    expired: u64,
    removed: u64,
}

impl<K: Ord + Clone, M> Parked<K, M> {
    /// Creates a place for at most `most` messages.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut votes = Parked::new(4096);
    /// votes.park("block", "vote");
    /// assert_eq!(votes.len(), 1);
    /// ```
    #[must_use]
    pub fn new(most: usize) -> Self {
        assert!(most > 0, "a place for no message would refuse all of them");
        Self {
            bounds: Bounds { all: most, key: usize::MAX, source: usize::MAX, weight: usize::MAX },
            functions: Functions { source: None, weight: None, worth: None },
            places: Places::new(),
            counts: Counts::default(),
        }
    }

    /// Allows at most `most` messages of one key.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8).per_key(2);
    /// for n in 0..3 {
    ///     parked.park("key", n);
    /// }
    /// assert!(parked.park("other", 3).evicted.is_empty());
    /// assert_eq!(Vec::from_iter(parked.release(&"key")), [1, 2]);
    /// ```
    #[must_use]
    pub fn per_key(mut self, most: usize) -> Self {
        assert!(most > 0, "a bound of 0 would refuse every message");
        self.bounds.key = most;
        self
    }

    /// Evicts fairly between sources, and allows at most `most` messages of one source.
    ///
    /// Messages without a source have no bound of their own, and are evicted as if they had one
    /// source in common.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// struct Vote {
    ///     peer: u64,
    ///     slot: u64,
    /// }
    ///
    /// let mut votes = Parked::new(4).per_source(usize::MAX, |vote: &Vote| Some(vote.peer));
    /// votes.park("block", Vote { peer: 1, slot: 100 });
    /// for slot in 0..100 {
    ///     votes.park("block", Vote { peer: 2, slot });
    /// }
    /// let slots: Vec<_> = votes.release(&"block").map(|vote| vote.slot).collect();
    /// assert_eq!(slots, [100, 97, 98, 99], "a flood evicts only the votes of its sender");
    /// ```
    #[must_use]
    pub fn per_source(mut self, most: usize, source: fn(&M) -> Option<u64>) -> Self {
        assert!(most > 0, "a bound of 0 would refuse every message of a source");
        self.bounds.source = most;
        self.functions.source = Some(source);
        self
    }

    /// Bounds the total weight, such as the size in bytes. A message heavier than `most` is refused
    /// and evicts nothing.
    ///
    /// The weight of a message is taken once, when it is parked.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(1024).weighing(10, |text: &String| text.len());
    /// parked.park(1, "1234".to_owned());
    /// parked.park(2, "5678".to_owned());
    /// let placed = parked.park(3, "90123".to_owned());
    /// assert_eq!(placed.evicted, [(1, "1234".to_owned())]);
    /// assert_eq!(parked.stats().weight, 9);
    /// assert!(parked.park(4, "heavier than 10".to_owned()).id.is_none());
    /// ```
    #[must_use]
    pub fn weighing(mut self, most: usize, weight: fn(&M) -> usize) -> Self {
        // Half of the numbers: the sum of a new weight and the others never overflows.
        self.bounds.weight = most.min(usize::MAX / 2);
        self.functions.weight = Some(weight);
        self
    }

    /// Evicts the message of the least worth, instead of the oldest one. Of messages with the same
    /// worth, the oldest is evicted. The order of release stays the order of arrival.
    ///
    /// The worth of a message is taken once, when it is parked.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// // Blocks near the known chain are worth more, because the others depend on them.
    /// let mut slots = Parked::new(2).worth(|slot: &u64| u64::MAX - slot);
    /// slots.park("parent", 5);
    /// slots.park("parent", 9);
    /// assert_eq!(slots.park("parent", 3).evicted, [("parent", 9)]);
    /// assert!(slots.park("parent", 20).id.is_none(), "it is the least itself");
    /// ```
    #[must_use]
    pub fn worth(mut self, worth: fn(&M) -> u64) -> Self {
        self.functions.worth = Some(worth);
        self
    }

    /// Parks a message until its key is [released](Self::release).
    ///
    /// The evicted messages are dropped together with the result, unless the caller takes them.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// parked.park("parent", 1);
    /// parked.park("other", 2);
    /// parked.park("parent", 3);
    /// assert_eq!(Vec::from_iter(parked.release(&"parent")), [1, 3]);
    /// assert_eq!(parked.len(), 1);
    /// ```
    pub fn park(&mut self, key: K, message: M) -> Placed<K, M> {
        self.put(key, message, None)
    }

    /// Parks a message until its key is [released](Self::release), or until a time. The message
    /// leaves at the first [`expire`](Self::expire) at or after this time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_core::actor::Parked;
    ///
    /// let (now, second) = (Instant::now(), Duration::from_secs(1));
    /// let mut parked = Parked::new(8);
    /// parked.park_until("parent", 1, now + second);
    /// parked.park_until("parent", 2, now + 3 * second);
    /// assert_eq!(Vec::from_iter(parked.expire(now + 2 * second)), [("parent", 1)]);
    /// assert_eq!(parked.next_deadline(), Some(now + 3 * second));
    /// ```
    pub fn park_until(&mut self, key: K, message: M, deadline: Instant) -> Placed<K, M> {
        self.put(key, message, Some(deadline))
    }

    /// Removes the messages of a key, in the order of their arrival.
    ///
    /// A message leaves when the iterator returns it. The rest stays if the iterator is dropped
    /// before its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// for n in 1..=3 {
    ///     parked.park("parent", n);
    /// }
    /// assert_eq!(parked.release(&"parent").next(), Some(1));
    /// assert_eq!(Vec::from_iter(parked.release(&"parent")), [2, 3]);
    /// assert_eq!(parked.release(&"parent").next(), None);
    /// ```
    pub fn release(&mut self, key: &K) -> Released<'_, K, M> {
        let ids = self.places.ids_of(key).into_iter();
        Released { places: &mut self.places, count: &mut self.counts.released, ids }
    }

    /// Removes the messages with a deadline at or before `now`, the earliest deadline first.
    ///
    /// A message leaves when the iterator returns it. The rest stays if the iterator is dropped
    /// before its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_core::actor::Parked;
    ///
    /// let now = Instant::now();
    /// let mut parked = Parked::new(8);
    /// parked.park_until("parent", 1, now);
    /// parked.park("parent", 2);
    /// assert_eq!(Vec::from_iter(parked.expire(now)), [("parent", 1)]);
    /// assert_eq!((parked.stats().expired, parked.len()), (1, 1));
    /// ```
    pub fn expire(&mut self, now: Instant) -> Expired<'_, K, M> {
        Expired { places: &mut self.places, count: &mut self.counts.expired, now }
    }

    /// Returns the earliest deadline of a parked message: the time for the next call of
    /// [`expire`](Self::expire).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// parked.park("parent", 1);
    /// assert_eq!(parked.next_deadline(), None);
    /// ```
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.places.next_deadline().map(|(deadline, _)| deadline)
    }

    /// Removes a message by its id. `None` if it is not parked any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// let id = parked.park("parent", 1).id.expect("there is room");
    /// assert_eq!(parked.remove(id), Some(("parent", 1)));
    /// assert_eq!(parked.stats().removed, 1);
    /// ```
    pub fn remove(&mut self, id: ParkedId) -> Option<(K, M)> {
        let entry = self.places.remove(id.0)?;
        self.counts.removed += 1;
        Some((entry.key, entry.message))
    }

    /// Removes all messages with a property, in the order of their arrival. Visits all messages.
    ///
    /// If `is_meant` panics, no message is removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// (1..=4).for_each(|n| drop(parked.park("parent", n)));
    /// assert_eq!(parked.remove_where(|_key, n| n % 2 == 0), [("parent", 2), ("parent", 4)]);
    /// assert_eq!(parked.len(), 2);
    /// ```
    pub fn remove_where(&mut self, mut is_meant: impl FnMut(&K, &M) -> bool) -> Vec<(K, M)> {
        let meant = self.places.iter().filter(|(_, entry)| is_meant(&entry.key, &entry.message));
        let ids: Vec<u64> = meant.map(|(id, _)| id).collect();
        ids.into_iter().filter_map(|id| self.remove(ParkedId(id))).collect()
    }

    /// Returns a parked message with its key. `None` if it is not parked any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// let id = parked.park("parent", 1).id.expect("there is room");
    /// assert_eq!(parked.get(id), Some((&"parent", &1)));
    /// parked.release(&"parent").for_each(drop);
    /// assert_eq!(parked.get(id), None);
    /// ```
    #[must_use]
    pub fn get(&self, id: ParkedId) -> Option<(&K, &M)> {
        self.places.get(id.0).map(|entry| (&entry.key, &entry.message))
    }

    /// Returns whether a message waits for this key.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// parked.park("parent", 1);
    /// assert!(parked.awaits(&"parent") && !parked.awaits(&"other"));
    /// ```
    #[must_use]
    pub fn awaits(&self, key: &K) -> bool {
        self.places.awaits(key)
    }

    /// Returns the keys with waiting messages, in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// for (key, message) in [(2, 'a'), (1, 'b'), (2, 'c')] {
    ///     parked.park(key, message);
    /// }
    /// assert_eq!(Vec::from_iter(parked.keys()), [&1, &2]);
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.places.keys()
    }

    /// Returns all parked messages with their keys, in the order of their arrival.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// for (key, message) in [(2, 'a'), (1, 'b')] {
    ///     parked.park(key, message);
    /// }
    /// assert_eq!(Vec::from_iter(parked.iter()), [(&2, &'a'), (&1, &'b')]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&K, &M)> {
        self.places.iter().map(|(_, entry)| (&entry.key, &entry.message))
    }

    /// Returns the number of parked messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(8);
    /// parked.park("parent", 1);
    /// assert_eq!(parked.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether no message is parked.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let parked = Parked::<u64, &str>::new(8);
    /// assert!(parked.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the figures.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Parked;
    ///
    /// let mut parked = Parked::new(1);
    /// parked.park(1, "old");
    /// parked.park(2, "new");
    /// let stats = parked.stats();
    /// assert_eq!((stats.parked, stats.evicted, stats.waiting), (2, 1, 1));
    /// ```
    #[must_use]
    pub fn stats(&self) -> ParkedStats {
        let Counts { parked, refused, released, evicted, expired, removed } = self.counts;
        let (waiting, weight) = (self.len(), self.places.weight());
        ParkedStats { parked, refused, released, evicted, expired, removed, waiting, weight }
    }

    fn put(&mut self, key: K, message: M, deadline: Option<Instant>) -> Placed<K, M> {
        // The caller's functions run first: a panic in one of them changes nothing.
        let Functions { source, weight, worth } = self.functions;
        let source = source.and_then(|source| source(&message));
        let weight = weight.map_or(0, |weight| weight(&message));
        let worth = worth.map_or(0, |worth| worth(&message));
        if weight > self.bounds.weight {
            self.counts.refused += 1;
            return Placed { id: None, evicted: vec![(key, message)] };
        }
        let id = self.places.insert(Entry { key, message, source, weight, worth, deadline });
        let mut evicted = Vec::new();
        let mut refused = None;
        while let Some(out) = self.places.over(id, &self.bounds) {
            let Some(entry) = self.places.remove(out) else { break };
            if out == id {
                refused = Some((entry.key, entry.message));
                break;
            }
            self.counts.evicted += 1;
            evicted.push((entry.key, entry.message));
        }
        let id = refused.is_none().then_some(ParkedId(id));
        match refused {
            Some(_) => self.counts.refused += 1,
            None => self.counts.parked += 1,
        }
        evicted.extend(refused);
        Placed { id, evicted }
    }
}

impl<M> Clone for Functions<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Functions<M> {}

impl<K: Ord + Clone, M> fmt::Debug for Parked<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
