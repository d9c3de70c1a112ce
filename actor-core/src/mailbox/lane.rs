//! Lanes: classes of messages, each with its own order, capacity and behaviour when full.

use crate::mailbox::sources::MOST_SHARE;

/// One class of messages in a mailbox.
///
/// | kind | order | when full | senders may wait |
/// |---|---|---|---|
/// | [`control`] | first in, first out; before all data | refuses | yes |
/// | [`fifo`] | first in, first out | refuses | yes |
/// | [`newest_first`] | last in, first out | evicts the oldest | no need |
/// | [`latest`] | holds one | replaces it | no need |
/// | [`latest_by_key`] | newest of each key; oldest key first | evicts the oldest key | no need |
/// | with a [`share`] | first in, first out for each source; sources take turns | refuses | yes |
///
/// # Memory
///
/// An unused lane takes 24 bytes. The first message allocates 256 bytes more and the first slots. A
/// slot takes the size of the message type and 16 bytes, rounded up to its alignment.
///
/// * `control` and `fifo` begin with 8 slots, or with the capacity if that is less. When more than
///   8 messages wait, the lane adds slots for the whole capacity, rounded up to a power of two. It
///   frees the added slots after 64 idle periods in a row with at most 8 messages before each. If
///   they take more than 1 MiB, one such period is enough.
/// * `newest_first` and `latest` have slots for the capacity and 8 more, and up to an eighth on
///   top. The consumer holds messages taken over in a burst in further memory, for up to twice the
///   capacity. It frees this memory when it is idle and holds none.
/// * `latest_by_key` has the slots of `newest_first`, and 44 to 80 bytes for each key. It needs no
///   further memory in a burst, and frees nothing before the end.
/// * A lane with a share has the slots of `fifo`, and 64 to 128 bytes for each message of the
///   capacity. In a burst, the consumer's queues take up to twice as many slots as messages have
///   waited. The lane frees its slots like `fifo`. The consumer frees the queues when all messages
///   are taken and fewer of them waited than before.
///
/// The consumer checks four lanes in each idle period, in turn. All slots are freed when the
/// mailbox has been dropped, even if handles are left. The memory for sources and keys is freed
/// with the last handle. Without memory, a message is refused as `Full`. In a lane larger than the
/// free memory, this is the first message, or in a `control` or `fifo` lane without a share the
/// message in need of the added slots.
///
/// A capacity does not compile if its slots do not fit into the address space:
///
/// ```compile_fail
/// use actor_core::{Lane, Message};
///
/// struct Block(#[expect(dead_code)] [u8; 1024]);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", usize::MAX / 1024)];
/// }
/// let (_handle, _mailbox) = actor_core::mailbox::<Block>();
/// ```
///
/// # Examples
///
/// ```
/// use actor_core::Lane;
///
/// const LANES: &[Lane] = &[
///     Lane::control("control", 16),
///     Lane::fifo("blocks", 256).weight(4),
///     Lane::latest("status"),
/// ];
/// assert_eq!(LANES[1].name(), "blocks");
/// assert_eq!(LANES[1].capacity(), 256);
/// ```
///
/// [`control`]: Self::control
/// [`fifo`]: Self::fifo
/// [`newest_first`]: Self::newest_first
/// [`latest`]: Self::latest
/// [`latest_by_key`]: Self::latest_by_key
/// [`share`]: Self::share
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    name: &'static str,
    capacity: usize,
    kind: LaneKind,
    weight: u32,
    batch: u32,
    /// The most waiting messages of one source, or 0 without such a bound.
    share: usize,
}

/// The order of a lane, and its behaviour when full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneKind {
    Control,
    Fifo,
    NewestFirst,
    Latest,
    LatestByKey,
}

/// Control messages served in a row while data waits, before one data message is served.
pub(crate) const CONTROL_RUN: u32 = 64;

impl LaneKind {
    /// Returns whether the oldest message makes room for the newest.
    pub(crate) const fn evicts(self) -> bool {
        matches!(self, Self::NewestFirst | Self::Latest | Self::LatestByKey)
    }
}

impl Lane {
    /// Creates a lane for messages that must neither be lost nor wait behind data: stops,
    /// configuration, answers.
    ///
    /// Its messages are first in, first out, are never evicted and are served before every data
    /// lane. One data message is served after 64 control messages in a row, so that control cannot
    /// starve data.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile
    /// error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Job(&'static str);
    /// impl Message for Job {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("work", 8), Lane::control("stop", 8)];
    ///     fn lane(&self) -> usize {
    ///         usize::from(self.0 == "stop")
    ///     }
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Job>();
    /// ["work", "stop"].map(|name| assert!(handle.try_tell(Job(name)).is_ok()));
    /// assert_eq!(mailbox.try_recv().map(|job| job.0), Some("stop"));
    /// ```
    #[must_use]
    pub const fn control(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::Control)
    }

    /// Creates a first in, first out lane that refuses the newest message when it is full: for
    /// messages with an order.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile
    /// error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, TryTellError, mailbox};
    ///
    /// struct Block(u64);
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 2)];
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Block>();
    /// let sent: Vec<_> = (0..3).map(|slot| handle.try_tell(Block(slot))).collect();
    /// assert!(matches!(sent[2], Err(TryTellError::Full(Block(2)))));
    /// assert_eq!(mailbox.try_recv().map(|block| block.0), Some(0));
    /// ```
    #[must_use]
    pub const fn fifo(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::Fifo)
    }

    /// Creates a lane that serves the newest message first and evicts the oldest when it is full:
    /// for messages that lose their value with age. An evicted message is dropped and counted, and
    /// its asker sees its reply as dropped.
    ///
    /// `capacity` bounds the messages waiting to be served. While the actor is busy, as many again
    /// may have arrived since its last take.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile
    /// error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::newest_first("votes", 2)];
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Vote>();
    /// (0..3).for_each(|slot| assert!(handle.try_tell(Vote(slot)).is_ok()));
    /// let votes: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|vote| vote.0).collect();
    /// assert_eq!(votes, [2, 1], "the oldest was evicted");
    /// ```
    #[must_use]
    pub const fn newest_first(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::NewestFirst)
    }

    /// Creates a lane that holds the latest message only. A newer message replaces it, and the old
    /// one counts as evicted.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Head(u64);
    /// impl Message for Head {
    ///     const LANES: &'static [Lane] = &[Lane::latest("head")];
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Head>();
    /// (1..=3).for_each(|slot| assert!(handle.try_tell(Head(slot)).is_ok()));
    /// assert_eq!(mailbox.try_recv().map(|head| head.0), Some(3));
    /// assert_eq!(handle.stats()[0].evicted, 2);
    /// ```
    #[must_use]
    pub const fn latest(name: &'static str) -> Self {
        Self::new(name, 1, LaneKind::Latest)
    }

    /// Creates a lane that holds the newest message of each key, such as the status of each peer.
    /// [`Message::key`](crate::Message::key) returns the key.
    ///
    /// A newer message replaces the older one of its key, and the older one counts as evicted. Keys
    /// are served in the order of their arrival. A message of a key beyond `keys` evicts the
    /// message of the oldest key.
    ///
    /// # Bounds
    ///
    /// At most `keys` messages wait. If two threads send the first message of one key at the same
    /// time, both messages may be in the lane. The actor then receives the newer one only.
    ///
    /// # Panics
    ///
    /// Panics if `keys` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile
    /// error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Status {
    ///     peer: u64,
    ///     head: u64,
    /// }
    /// impl Message for Status {
    ///     const LANES: &'static [Lane] = &[Lane::latest_by_key("status", 64)];
    ///
    ///     fn key(&self) -> u64 {
    ///         self.peer
    ///     }
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Status>();
    /// for (peer, head) in [(1, 10), (2, 20), (1, 11)] {
    ///     handle.try_tell(Status { peer, head })?;
    /// }
    /// let taken = std::iter::from_fn(|| mailbox.try_recv());
    /// let heads: Vec<_> = taken.map(|status| status.head).collect();
    /// assert_eq!(heads, [11, 20]);
    /// assert_eq!(handle.stats()[0].evicted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn latest_by_key(name: &'static str, keys: usize) -> Self {
        Self::new(name, keys, LaneKind::LatestByKey)
    }

    /// Allows at most `most` waiting messages of one source in this lane, so that no source can
    /// fill it alone. [`Message::source`](crate::Message::source) returns the source. Messages
    /// without a source are not limited.
    ///
    /// A message beyond the share is refused as [`TryTellError::Full`](crate::TryTellError::Full)
    /// and counted in [`LaneStats::over_share`]. `tell` waits until its source has room. Sources
    /// take turns, one message each, so a source with one message does not wait for all messages of
    /// a source with a thousand. Messages of one source stay first in, first out. All messages
    /// without a source share one turn.
    ///
    /// A share of the capacity or more is no bound of its own, because the lane is full first.
    /// Sources still take turns.
    ///
    /// # Bounds
    ///
    /// Sources are counted in a hash table. With many waiting sources, 9 of them or more may fall
    /// into one line of the table. A source that finds its line full is counted in the next line,
    /// and may have up to twice its share until those messages are taken. If that line is full as
    /// well, its message is refused as `Full`.
    ///
    /// # Costs
    ///
    /// Compared with another lane, a lane with a share moves each message once more, and its sender
    /// changes one more word. For its memory see [above](Self#memory).
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0 or above 8,388,608, or if the lane evicts; in a `const` this is a
    /// compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, TryTellError, mailbox};
    ///
    /// struct Block {
    ///     peer: u64,
    ///     slot: u64,
    /// }
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1024).share(2)];
    ///
    ///     fn source(&self) -> Option<u64> {
    ///         Some(self.peer)
    ///     }
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Block>();
    /// let sent: Vec<_> = (0..3).map(|slot| handle.try_tell(Block { peer: 1, slot })).collect();
    /// assert!(matches!(sent[2], Err(TryTellError::Full(Block { peer: 1, slot: 2 }))));
    /// let other = handle.try_tell(Block { peer: 2, slot: 9 });
    /// assert!(other.is_ok(), "another peer has a share of its own");
    /// let taken = std::iter::from_fn(|| mailbox.try_recv());
    /// let slots: Vec<_> = taken.map(|block| block.slot).collect();
    /// assert_eq!(slots, [0, 9, 1], "peers take turns");
    /// assert_eq!(handle.stats()[0].over_share, 1);
    /// ```
    #[must_use]
    pub const fn share(mut self, most: usize) -> Self {
        assert!(most > 0, "a share of 0 would refuse every message that has a source");
        assert!(most <= MOST_SHARE, "a share is at most 8,388,608 messages");
        assert!(!self.kind.evicts(), "a share belongs to a lane that refuses: `control` or `fifo`");
        self.share = most;
        self
    }

    /// Sets the number of messages served in one turn of this lane, before the turn of the next
    /// lane of its class. The default is 1.
    ///
    /// # Panics
    ///
    /// Panics if `weight` is 0, because such a lane would never be served; in a `const` this is a
    /// compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Work(usize);
    /// impl Message for Work {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("a", 8), Lane::fifo("b", 8).weight(2)];
    ///     fn lane(&self) -> usize {
    ///         self.0
    ///     }
    /// }
    ///
    /// let (handle, mut mailbox) = mailbox::<Work>();
    /// [0, 0, 1, 1].map(|lane| assert!(handle.try_tell(Work(lane)).is_ok()));
    /// let served: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|work| work.0).collect();
    /// assert_eq!(served, [0, 1, 1, 0]);
    /// ```
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        assert!(weight > 0, "a lane of weight 0 would never be served");
        self.weight = weight;
        self
    }

    /// Sets the most messages of this lane for one call of
    /// [`Actor::handle_batch`](crate::Actor::handle_batch). A batch holds only messages that are
    /// ready, and counts as one message in the lane's turn. The default is 1: each message goes to
    /// `handle`.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0; in a `const` this is a compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message};
    ///
    /// struct Signature;
    /// impl Message for Signature {
    ///     // Up to 64 signatures are verified together, and a turn has at most two batches.
    ///     const LANES: &'static [Lane] = &[Lane::fifo("signatures", 1024).batch(64).weight(2)];
    /// }
    /// assert_eq!(Signature::LANES[0].capacity(), 1024);
    /// ```
    #[must_use]
    pub const fn batch(mut self, most: u32) -> Self {
        assert!(most > 0, "a batch has one message at least");
        self.batch = most;
        self
    }

    /// Returns the lane's name for statistics.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, mailbox};
    ///
    /// struct Block;
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 256)];
    /// }
    /// let (handle, _mailbox) = mailbox::<Block>();
    /// assert_eq!(handle.stats()[0].name, Block::LANES[0].name());
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the most messages that may wait in the lane.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Lane;
    ///
    /// const LANES: &[Lane] = &[Lane::fifo("blocks", 256), Lane::latest("status")];
    /// // At most this many messages wait for the actor.
    /// assert_eq!(LANES.iter().map(Lane::capacity).sum::<usize>(), 257);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns whether the lane is served before every data lane.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Lane;
    ///
    /// const LANES: &[Lane] = &[Lane::fifo("blocks", 256), Lane::control("stop", 8)];
    /// let first_served = LANES.iter().find(|lane| lane.is_control());
    /// assert_eq!(first_served.map(Lane::name), Some("stop"));
    /// ```
    #[must_use]
    pub const fn is_control(&self) -> bool {
        matches!(self.kind, LaneKind::Control)
    }

    pub(crate) const fn most_in_batch(&self) -> u32 {
        self.batch
    }

    pub(crate) const fn turn(&self) -> u32 {
        self.weight
    }

    pub(crate) const fn kind(&self) -> LaneKind {
        self.kind
    }

    /// Returns the share of each source, or `None` if the lane has no shares.
    pub(crate) const fn share_of_source(&self) -> Option<usize> {
        if self.share > 0 { Some(self.share) } else { None }
    }

    pub(crate) const fn is_by_key(&self) -> bool {
        matches!(self.kind, LaneKind::LatestByKey)
    }

    /// The largest capacity. Above it, with a ring's further slots, there is still a power of two.
    const MOST: usize = usize::MAX / 4;

    const fn new(name: &'static str, capacity: usize, kind: LaneKind) -> Self {
        assert!(capacity > 0, "a lane needs room for one message at least");
        assert!(capacity <= Self::MOST, "a lane cannot hold more than there are addresses for");
        Self { name, capacity, kind, weight: 1, batch: 1, share: 0 }
    }
}

/// The figures of a lane so far.
///
/// While senders and the actor are idle, the sum of the outcomes is exact:
/// `accepted = handled + evicted + cancelled + expired + undelivered + depth`. While they work, the
/// figures are read one after the other and may differ by a message.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message, mailbox};
///
/// struct Block(u64);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 2)];
/// }
///
/// let (handle, mut mailbox) = mailbox::<Block>();
/// let accepted = (0..3).filter(|&slot| handle.try_tell(Block(slot)).is_ok()).count();
/// mailbox.drain_undelivered(|_lane, _block| {});
/// let stats = handle.stats();
/// assert_eq!((accepted, stats[0].accepted, stats[0].refused), (2, 2, 1));
/// assert_eq!((stats[0].undelivered, stats[0].depth), (2, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneStats {
    /// The lane's name.
    pub name: &'static str,
    /// The lane's capacity, in messages.
    pub capacity: usize,
    /// Accepted messages, with any later outcome. Messages of timers, and results of offloaded work
    /// without room in the lane, do not pass through the lane. They are counted once they have been
    /// handled.
    pub accepted: u64,
    /// Messages whose handling has ended: by a return, by a panic, or by a drop during a wait.
    pub handled: u64,
    /// Messages returned because the lane was full, immediately or after the timeout of a blocking
    /// call. A waiting `tell` is not counted.
    pub refused: u64,
    /// Messages returned because of their source's share ([`Lane::share`]). Not included in
    /// `refused`.
    pub over_share: u64,
    /// Messages dropped to make room for newer ones.
    pub evicted: u64,
    /// Asks whose asker had given up by their turn. An ask still queued at the actor's end counts
    /// as undelivered.
    pub cancelled: u64,
    /// Messages dropped instead of handled, because their
    /// [deadline](crate::Message::deadline) had passed.
    pub expired: u64,
    /// Messages still queued at the actor's end.
    pub undelivered: u64,
    /// The most messages seen waiting at the same time by the actor. In a first in, first out lane
    /// it checks at every 64th message, so a short peak may be missed.
    pub high_water: u64,
    /// Messages accepted and not finished: the waiting ones and the one in hand.
    pub depth: u64,
}

impl LaneStats {
    /// Returns the number of accepted messages with an outcome.
    pub(super) fn ended(&self) -> u64 {
        self.handled + self.evicted + self.cancelled + self.expired + self.undelivered
    }
}
