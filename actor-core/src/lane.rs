//! Lanes: classes of messages, each with its own order, capacity and answer to being full.

/// Describes one class of messages in a mailbox.
///
/// | kind | order | when full | senders may wait |
/// |---|---|---|---|
/// | [`control`](Self::control) | first in, first out; before all data | refuses | yes |
/// | [`fifo`](Self::fifo) | first in, first out | refuses | yes |
/// | [`newest_first`](Self::newest_first) | last in, first out | evicts the oldest | never need to |
/// | [`latest`](Self::latest) | holds one | replaces it | never need to |
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
}

/// The order of a lane together with what it does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneKind {
    Control,
    Fifo,
    NewestFirst,
    Latest,
}

/// Control messages served in a row while data waits, before one data message gets through.
pub(crate) const CONTROL_RUN: u32 = 64;

impl LaneKind {
    /// Tells whether the oldest makes room for the newest.
    pub(crate) const fn evicts(self) -> bool {
        matches!(self, Self::NewestFirst | Self::Latest)
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

    /// The largest capacity: with the slots that a ring has beyond it, there is still a power of two above it.
    const MOST: usize = usize::MAX / 4;

    const fn new(name: &'static str, capacity: usize, kind: LaneKind) -> Self {
        assert!(capacity > 0, "a lane needs room for one message at least");
        assert!(capacity <= Self::MOST, "a lane cannot hold more than there are addresses for");
        Self { name, capacity, kind, weight: 1, batch: 1 }
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
    /// Messages dropped to make room for newer ones.
    pub evicted: u64,
    /// Asks whose asker had given up when the actor came to them. One that it did not come to before its end is undelivered.
    pub cancelled: u64,
    /// Messages still queued when the actor ended.
    pub undelivered: u64,
    /// The most messages that the actor has seen waiting at once. It looks at every 16th message of a first in, first
    /// out lane, so a short peak may be missed.
    pub high_water: u64,
    /// Accepted and not finished: waiting, and the one in hand.
    pub depth: u64,
}
