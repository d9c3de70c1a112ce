//! The figures of a lane, and those of an actor.

use std::sync::Arc;

use crate::mailbox::histogram::Histogram;
use crate::mailbox::lane::LaneStats;
use crate::mailbox::message::Message;
use crate::mailbox::places::Places;
use crate::mailbox::queue::{LaneQueue, Ring};
use crate::sync::{AtomicU64, Ordering};

/// The figures of one actor, at one moment.
///
/// They are read one after the other, without stopping the actor, so they may differ by the
/// messages of that time.
///
/// # Examples
///
/// ```
/// use actor_core::observe::Figures;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// assert!(handle.try_tell(Tick).is_ok());
/// let figures: Figures = handle.figures();
/// assert_eq!((figures.lanes[0].stats.accepted, figures.lanes[0].stats.depth), (1, 1));
/// assert!(figures.name.is_none() && figures.in_hand.is_none());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Figures {
    /// The name of the actor, if it has one.
    pub name: Option<Arc<str>>,
    /// The figures of each lane, in the order of the lanes.
    pub lanes: Vec<LaneFigures>,
    /// The number of lives after the first one.
    pub restarts: u64,
    /// The number of results of offloaded work missed by the actor.
    pub lost_work: u64,
    /// The message in its handler, if there is one.
    pub in_hand: Option<InHand>,
}

/// The figures of one lane, with the times of its messages.
///
/// # Examples
///
/// ```
/// use actor_core::observe::LaneFigures;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// let lanes: Vec<LaneFigures> = handle.figures().lanes;
/// assert_eq!((lanes[0].stats.name, lanes[0].waiting.count()), ("messages", 0));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneFigures {
    /// The counters.
    pub stats: LaneStats,
    /// The times of handlers: from the begin of a handler to its end, with its waits. A batch is
    /// divided equally among its messages.
    pub handling: Histogram,
    /// The times of messages in the lane, until their handler began. A message that finds the actor
    /// idle has waited for no time, although its thread had to wake.
    pub waiting: Histogram,
}

/// The message in its handler.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
///
/// struct WhatIsInHand(Reply<Option<&'static str>>);
/// impl Message for WhatIsInHand {
///     const KINDS: &'static [&'static str] = &["WhatIsInHand"];
/// }
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = WhatIsInHand;
///     async fn handle(&mut self, ask: WhatIsInHand, cx: &mut Context<WhatIsInHand>) {
///         let in_hand = cx.handle().figures().in_hand;
///         ask.0.send(in_hand.and_then(|in_hand| in_hand.kind));
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, _running) = spawn(&executor, || Worker)?;
/// let kind = worker.ask_blocking(WhatIsInHand, Duration::from_secs(10))?;
/// assert_eq!(kind, Some("WhatIsInHand"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InHand {
    /// The name of its lane.
    pub lane: &'static str,
    /// The name of its kind ([`Message::KINDS`](crate::Message::KINDS)).
    pub kind: Option<&'static str>,
}

/// The histograms of a lane.
#[derive(Clone, Debug)]
pub(crate) struct LaneTimes {
    pub(super) handling: Histogram,
    pub(super) waiting: Histogram,
}

impl LaneFigures {
    /// Without `times`, no message has been measured.
    pub(super) fn new(stats: LaneStats, times: Option<LaneTimes>) -> Self {
        let LaneTimes { handling, waiting } = times.unwrap_or_else(LaneTimes::empty);
        Self { stats, handling, waiting }
    }
}

impl LaneTimes {
    pub(super) fn empty() -> Self {
        Self { handling: Histogram::empty(), waiting: Histogram::empty() }
    }
}

impl<M: Message> LaneQueue<M> {
    /// Counts a message returned because the lane had no room.
    pub(crate) fn count_refused(&self) {
        if let Some(places) = self.places() {
            places.producers.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a message returned because its source had no room.
    pub(crate) fn count_over_share(&self) {
        if let Ring::Shared(ring) = &self.ring
            && let Some(ring) = ring.get()
        {
            ring.over_share.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of messages queued and in hand.
    #[inline]
    pub(super) fn load(&self) -> u64 {
        let ended = self.ended();
        // Read last, as in `stats`.
        self.accepted().saturating_sub(ended)
    }

    /// Returns the number of accepted messages with an outcome.
    #[inline]
    pub(super) fn ended(&self) -> u64 {
        let Some(places) = self.places() else { return 0 };
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let figures = &places.figures;
        let mut ended = read(&figures.handled)
            + read(&figures.cancelled)
            + read(&places.consumer.expired)
            + read(&figures.undelivered);
        if self.lane.kind().evicts() {
            ended += read(&places.producers.evicted) + read(&figures.evicted);
        }
        ended
    }

    /// Returns whether a message was ever sent to this lane before its close.
    pub(crate) fn was_used(&self) -> bool {
        self.places().is_some()
    }

    /// Returns the number of accepted messages.
    pub(super) fn accepted(&self) -> u64 {
        self.places().map_or(0, |places| places.accepted() + self.replaced())
    }

    /// Returns whether no message waits in the ring, not even one in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.places().is_none_or(Places::is_drained)
    }

    pub(super) fn stats(&self) -> LaneStats {
        let mut stats = LaneStats {
            name: self.lane.name(),
            capacity: self.lane.capacity(),
            accepted: 0,
            handled: 0,
            refused: 0,
            over_share: 0,
            evicted: 0,
            cancelled: 0,
            expired: 0,
            undelivered: 0,
            high_water: 0,
            depth: 0,
        };
        if let Some(places) = self.places() {
            let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
            let (producers, consumer) = (&places.producers, &places.figures);
            stats.handled = read(&consumer.handled);
            stats.refused = read(&producers.refused);
            stats.over_share = self.over_share();
            stats.evicted = read(&producers.evicted) + read(&consumer.evicted);
            stats.cancelled = read(&consumer.cancelled);
            stats.expired = read(&places.consumer.expired);
            stats.undelivered = read(&consumer.undelivered);
            stats.high_water = read(&consumer.high_water);
            // Read last: every finished message has been counted as accepted by then.
            stats.accepted = places.accepted() + self.replaced();
            stats.depth = stats.accepted.saturating_sub(stats.ended());
        }
        stats
    }

    /// Returns the kind of the message in hand, plus one, or 0 for a type without kinds. Returns
    /// `None` if no message of this lane is in hand.
    pub(super) fn in_hand(&self) -> Option<u64> {
        let places = self.places()?;
        let kind = || places.figures.in_hand.load(Ordering::Relaxed);
        match &self.ring {
            // Taken, and without an outcome. No word for this is written with each message.
            Ring::Refusing(_) => {
                let ended = self.ended();
                // Pairs with the take of the message: the kind of the message before it, which is
                // cleared before that take, is then not read any more.
                let head = places.consumer.head.load(Ordering::Acquire);
                let taken = head.saturating_sub(places.producers.void.load(Ordering::Relaxed));
                (taken > ended).then(kind)
            }
            Ring::Evicting(_) | Ring::Shared(_) | Ring::Keyed(_) => {
                Some(kind()).filter(|kind| *kind > 0)
            }
        }
    }

    /// Returns the number of messages refused because of their source's share.
    fn over_share(&self) -> u64 {
        match &self.ring {
            Ring::Shared(ring) => {
                ring.get().map_or(0, |ring| ring.over_share.load(Ordering::Relaxed))
            }
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Keyed(_) => 0,
        }
    }

    /// Returns the number of messages accepted in place of another.
    fn replaced(&self) -> u64 {
        match &self.ring {
            Ring::Keyed(ring) => ring.get().map_or(0, |ring| ring.replaced.load(Ordering::Relaxed)),
            Ring::Refusing(_) | Ring::Evicting(_) | Ring::Shared(_) => 0,
        }
    }
}
