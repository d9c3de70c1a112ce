//! Lanes: classes of messages, each with its own order, capacity and answer to being full.

use crate::mailbox::MOST_SHARE;

/// Describes one class of messages in a mailbox.
///
/// | kind | order | when full | senders may wait |
/// |---|---|---|---|
/// | [`control`](Self::control) | first in, first out; before all data | refuses | yes |
/// | [`fifo`](Self::fifo) | first in, first out | refuses | yes |
/// | [`newest_first`](Self::newest_first) | last in, first out | evicts the oldest | never need to |
/// | [`latest`](Self::latest) | holds one | replaces it | never need to |
/// | [`latest_by_key`](Self::latest_by_key) | holds the newest of each key; oldest key first | evicts the oldest key | never need to |
/// | `control` or `fifo` with a [`share`](Self::share) | first in, first out for each source; sources take turns | refuses | yes |
///
/// # Memory
///
/// A lane that was never used takes 24 bytes. The first message makes 256 bytes more and the first slots. A slot takes the
/// size of the message type and 16 bytes, rounded up to its alignment.
///
/// | kind | slots after the first message | after a burst | given back |
/// |---|---|---|---|
/// | `control`, `fifo` | 8, or the capacity if that is less | as many again as the capacity, rounded up to a power of two, once more than 8 have waited | after 64 rests in a row before each of which no more than 8 messages came; after one such rest if they take more than 1 MiB |
/// | `newest_first`, `latest` | the capacity and 8, and up to an eighth more | and up to twice the capacity that the consumer has taken over | the latter, when the consumer rests and holds none |
/// | `latest_by_key` | as `newest_first`, and 40 to 72 bytes a key | the same | nothing before the end |
/// | with a [`share`](Self::share) | as `fifo`, and 64 to 128 bytes a message of the capacity | and up to twice as many slots as have waited, in the consumer's queues | as `fifo`; the queues when all is taken and fewer messages waited than before |
///
/// The consumer looks at four lanes whenever it rests, in turn. All slots are given back when the mailbox has been dropped,
/// although handles are left. What a lane keeps by source or key, as stated above, is given back with the last handle. If
/// there is no memory, a message is refused as if the lane were full.
///
/// A capacity whose slots do not fit into the address space does not compile:
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
/// const LANES: &[Lane] = &[Lane::control("control", 16), Lane::fifo("blocks", 256).weight(4), Lane::latest("status")];
/// assert_eq!(LANES[1].name(), "blocks");
/// assert_eq!(LANES[1].capacity(), 256);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    name: &'static str,
    capacity: usize,
    kind: LaneKind,
    weight: u32,
    batch: u32,
    /// The most messages of one source that may wait; 0 if there is no such bound.
    share: usize,
}

/// The order of a lane together with what it does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneKind {
    Control,
    Fifo,
    NewestFirst,
    Latest,
    LatestByKey,
}

/// Control messages served in a row while data waits, before one data message gets through.
pub(crate) const CONTROL_RUN: u32 = 64;

impl LaneKind {
    /// Tells whether the oldest makes room for the newest.
    pub(crate) const fn evicts(self) -> bool {
        matches!(self, Self::NewestFirst | Self::Latest | Self::LatestByKey)
    }
}

impl Lane {
    /// Describes a lane for what must neither be lost nor wait behind data: stops, configuration, answers.
    ///
    /// Its messages are first in, first out, are never evicted and are served before every data lane. So that a
    /// flood of control cannot starve data for ever, one data message is served after 64 control messages in a row.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile error.
    #[must_use]
    pub const fn control(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::Control)
    }

    /// Describes a first in, first out lane that refuses the newest when it is full: for what needs its order.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile error.
    #[must_use]
    pub const fn fifo(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::Fifo)
    }

    /// Describes a lane that serves the newest first and evicts the oldest when it is full: for what loses its
    /// worth with age. An evicted message is dropped and counted, and its asker sees its reply as dropped.
    ///
    /// `capacity` bounds the messages waiting to be served. While the actor is busy, as many again may have
    /// arrived behind those that it has already looked at.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile error.
    #[must_use]
    pub const fn newest_first(name: &'static str, capacity: usize) -> Self {
        Self::new(name, capacity, LaneKind::NewestFirst)
    }

    /// Describes a lane that holds the latest message only; a newer one replaces it, and the old one counts as evicted.
    #[must_use]
    pub const fn latest(name: &'static str) -> Self {
        Self::new(name, 1, LaneKind::Latest)
    }

    /// Describes a lane that holds the newest message of each key: for what replaces its predecessor, such as the
    /// status of each peer. [`Message::key`](crate::Message::key) names the key.
    ///
    /// A newer message takes the place of the older one of its key, and the older one counts as evicted. Keys are
    /// served in the order in which they came. A message of a key beyond `keys` evicts the message of the oldest key.
    ///
    /// # Bounds
    ///
    /// At most `keys` messages wait. Two threads that send the first message of one key at the same time may leave
    /// two messages of it in the lane. The actor then receives the newer one only.
    ///
    /// # Panics
    ///
    /// Panics if `keys` is 0 or above a quarter of `usize::MAX`; in a `const` this is a compile error.
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
    /// let heads: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|status| status.head).collect();
    /// assert_eq!(heads, [11, 20]);
    /// assert_eq!(handle.stats()[0].evicted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn latest_by_key(name: &'static str, keys: usize) -> Self {
        Self::new(name, keys, LaneKind::LatestByKey)
    }

    /// Lets at most `most` messages of one source wait in this lane, so that no source can fill it alone.
    /// [`Message::source`](crate::Message::source) names the source. Messages without a source are not limited.
    ///
    /// A message beyond the share is refused as [`TryTellError::Full`](crate::TryTellError::Full) and counted in
    /// [`LaneStats::over_share`]; `tell` waits until its source has room. When the lane is served, sources take
    /// turns, one message each. So a source that sent one message does not wait for all messages of a source that
    /// sent a thousand. Messages of one source stay first in, first out. Messages without a source have one turn
    /// together.
    ///
    /// # Bounds
    ///
    /// Sources are counted in a hash table. Where many sources wait at once, 9 of them or more may fall into one line of the
    /// table. A source that came when its line was full is counted in the next line, and may have up to twice its share
    /// until those messages are taken. If that line is full as well, its message is refused as `Full`.
    ///
    /// # Costs
    ///
    /// A lane with a share moves a message once more than another lane, and its sender changes one more word. For its memory
    /// see [above](Self#memory).
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0 or above 8,388,608, or if the lane evicts; in a `const` this is a compile error.
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
    /// assert!(handle.try_tell(Block { peer: 2, slot: 9 }).is_ok(), "another peer has a share of its own");
    /// let slots: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|block| block.slot).collect();
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

    /// Sets how many messages of this lane are served in its turn, before the next lane of its class has one.
    /// The default is 1.
    ///
    /// # Panics
    ///
    /// Panics if `weight` is 0, which would be a lane that is filled and never served; in a `const` this is a compile error.
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        assert!(weight > 0, "a lane of weight 0 would never be served");
        self.weight = weight;
        self
    }

    /// Lets the actor handle up to `most` messages of this lane in one call of
    /// [`Actor::handle_batch`](crate::Actor::handle_batch): what is there already, without waiting for more. A batch counts
    /// as one message in the lane's turn. The default is 1: one by one, by `handle`.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0; in a `const` this is a compile error.
    #[must_use]
    pub const fn batch(mut self, most: u32) -> Self {
        assert!(most > 0, "a batch has one message at least");
        self.batch = most;
        self
    }

    /// Tells the lane's name, as statistics show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Tells how many messages may wait in the lane.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Tells whether the lane is served before every data lane.
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

    /// The largest capacity: with the slots that a ring has beyond it, there is still a power of two above it.
    const MOST: usize = usize::MAX / 4;

    const fn new(name: &'static str, capacity: usize, kind: LaneKind) -> Self {
        assert!(capacity > 0, "a lane needs room for one message at least");
        assert!(capacity <= Self::MOST, "a lane cannot hold more than there are addresses for");
        Self { name, capacity, kind, weight: 1, batch: 1, share: 0 }
    }
}

/// Tells what became of a lane's messages so far.
///
/// Once senders and the actor rest, `accepted = handled + evicted + cancelled + undelivered + depth`; while they
/// work, the figures are read one after the other and may be a message apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneStats {
    /// The lane's name.
    pub name: &'static str,
    /// The lane's capacity, in messages.
    pub capacity: usize,
    /// Messages taken in, whatever became of them. Messages of timers, and results of offloaded work for which the lane had
    /// no room, do not pass through the lane; they are counted when they have been handled.
    pub accepted: u64,
    /// Messages whose handling has ended, in whatever way: by a panic as well, or dropped where it waited.
    pub handled: u64,
    /// Messages handed back because the lane was full, at once or when a blocking form's timeout had passed. A `tell`
    /// that waits is not counted.
    pub refused: u64,
    /// Messages handed back because as many of their source waited as may ([`Lane::share`]). They are not counted in
    /// `refused`.
    pub over_share: u64,
    /// Messages dropped to make room for newer ones.
    pub evicted: u64,
    /// Asks whose asker had given up when the actor came to them. One that it did not come to before its end is undelivered.
    pub cancelled: u64,
    /// Messages still queued when the actor ended.
    pub undelivered: u64,
    /// The most messages that the actor has seen waiting at once. It looks at every 64th message of a first in, first
    /// out lane, so a short peak may be missed.
    pub high_water: u64,
    /// Accepted and not finished: waiting, and the one in hand.
    pub depth: u64,
}
