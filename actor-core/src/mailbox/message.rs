//! Messages to an actor, and the lane of each.

use std::time::Instant;

use crate::mailbox::lane::Lane;

/// The messages of one actor: one enum per actor, matched exhaustively.
///
/// A variant with an answer carries a [`Reply`](crate::Reply). Messages are stored inline in their
/// lane, so large variants should be boxed.
///
/// # Examples
///
/// With one kind of traffic the defaults are enough:
///
/// ```
/// enum Count {
///     Add(u64),
/// }
/// impl actor_core::Message for Count {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Count>();
/// handle.try_tell(Count::Add(1)).expect("the lane has room");
/// let Some(Count::Add(n)) = mailbox.try_recv() else { panic!("a message waits") };
/// assert_eq!(n, 1);
/// ```
///
/// With several kinds, each variant names its lane, in one `match` without `_`. So the compiler
/// reports a forgotten variant. If the whole function is missing, sending does not compile.
///
/// ```
/// use actor_core::{Lane, Message};
///
/// enum Chain {
///     Stop,
///     Block(Vec<u8>),
///     Vote(u64),
/// }
///
/// impl Message for Chain {
///     const LANES: &'static [Lane] = &[
///         Lane::control("control", 16),
///         Lane::fifo("blocks", 1024),
///         Lane::newest_first("votes", 4096),
///     ];
///
///     fn lane(&self) -> usize {
///         match self {
///             Self::Stop => 0,
///             Self::Block(_) => 1,
///             Self::Vote(_) => 2,
///         }
///     }
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Chain>();
/// for message in [Chain::Vote(7), Chain::Block(vec![1]), Chain::Vote(8), Chain::Stop] {
///     handle.try_tell(message).expect("every lane has room");
/// }
/// assert!(matches!(mailbox.try_recv(), Some(Chain::Stop)), "control overtakes everything");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message that an actor can be sent",
    label = "this type does not implement `Message`",
    note = "write `impl Message for {Self} {{}}`; a message crosses threads, so it must also be `Send` \
            (replace an `Rc` by an `Arc`, or build the value on the actor's thread)"
)]
pub trait Message: Send + Sized + 'static {
    /// The mailbox's lanes. Control lanes are served first. Data lanes share turns by weight, in
    /// this order.
    ///
    /// With an empty list, the lanes are given when a mailbox is made, by
    /// [`Mailbox::with_lanes`](crate::Mailbox::with_lanes). All methods must be written then.
    const LANES: &'static [Lane] = &[Lane::fifo("messages", 1024)];

    /// Returns the lane of this message, as an index into [`LANES`](Self::LANES).
    ///
    /// It should be one `match` without `_`. An index past the end panics in the sender, at the
    /// first message of the variant. Two kinds of messages have no sender. With an index past the
    /// end, the message of a timer is handled and counted in no lane, and the result of offloaded
    /// work counts as lost.
    ///
    /// The default serves a message type with one lane. With several lanes and without this
    /// function, sending does not compile.
    fn lane(&self) -> usize {
        const {
            assert!(
                Self::LANES.len() == 1,
                "`Message::LANES` does not name one lane: write `fn lane` as well"
            )
        };
        0
    }

    /// Returns the source of this message, such as the sending peer. A lane with a
    /// [`share`](Lane::share) bounds the waiting messages of each source. `None` is not bounded.
    /// Other lanes do not call this.
    ///
    /// Every `u64` is a source of its own. Sources may be hashes of longer names.
    ///
    /// A message type with such a lane must implement this method: the default does not compile for
    /// it.
    fn source(&self) -> Option<u64> {
        const { assert!(!may_share(Self::LANES), "a lane has a share: write `Message::source`") };
        None
    }

    /// Returns the time after which the message is not worth handling, on the clock of the actor's
    /// executor. The default is `None`.
    ///
    /// The actor looks at it directly before it would handle the message, also within a batch. An
    /// expired message is dropped instead: its asker receives
    /// [`AskError::Dropped`](crate::AskError::Dropped), and
    /// [`LaneStats::expired`](crate::mailbox::LaneStats::expired) counts it. Messages of timers and
    /// results of offloaded work are no exception. A program's own loop over a
    /// [`Mailbox`](crate::Mailbox) has no clock, and receives expired messages too.
    ///
    /// A message type without this method costs nothing. With it, each message costs one read of
    /// the executor's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_core::{Actor, Context, Message, Reply, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Quote { until: Instant, reply: Reply<u64> }
    /// impl Message for Quote {
    ///     fn deadline(&self) -> Option<Instant> {
    ///         Some(self.until)
    ///     }
    /// }
    ///
    /// struct Market;
    /// impl Actor for Market {
    ///     type Message = Quote;
    ///     async fn handle(&mut self, quote: Quote, _cx: &mut Context<Quote>) {
    ///         quote.reply.send(7);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("market"))?;
    /// let (market, mailbox) = actor_core::mailbox();
    /// let now = executor.now();
    /// let late = market.try_ask(|reply| Quote { until: now, reply }).expect("there is room");
    /// let later = now + Duration::from_secs(3600);
    /// let in_time = market.try_ask(|reply| Quote { until: later, reply }).expect("there is room");
    /// let _running = Spawn::new(mailbox).start(&executor, || Market)?;
    /// assert!(futures::executor::block_on(late).is_err());
    /// assert_eq!(futures::executor::block_on(in_time), Ok(7));
    /// assert_eq!(market.stats()[0].expired, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Returns the key of this message. A lane for the [latest by key](Lane::latest_by_key)
    /// replaces the waiting message of the same key. Other lanes do not call this.
    ///
    /// A message type with such a lane must implement this method: the default does not compile for
    /// it.
    fn key(&self) -> u64 {
        const {
            assert!(
                !may_have_keys(Self::LANES),
                "a lane holds the latest by key: write `Message::key`"
            )
        };
        0
    }
}

/// Returns whether a lane has a share. Lanes given at run time may.
const fn may_share(lanes: &[Lane]) -> bool {
    if lanes.is_empty() {
        return true;
    }
    let mut n = 0;
    while n < lanes.len() {
        if lanes[n].share_of_source().is_some() {
            return true;
        }
        n += 1;
    }
    false
}

/// Returns whether a lane has keys. Lanes given at run time may.
const fn may_have_keys(lanes: &[Lane]) -> bool {
    if lanes.is_empty() {
        return true;
    }
    let mut n = 0;
    while n < lanes.len() {
        if lanes[n].is_by_key() {
            return true;
        }
        n += 1;
    }
    false
}

/// A message enum with a variant for `T`. Its handles can be narrowed to a
/// [`Recipient<T>`](crate::Recipient).
///
/// Every message type has itself as a variant.
///
/// Both directions are necessary, because a refused message is returned to the sender in its
/// original type.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_core::mailbox::Variant;
///
/// struct Tick(u64);
/// enum Chain {
///     Tick(Tick),
///     Stop,
/// }
/// impl Message for Chain {}
/// impl Variant<Tick> for Chain {
///     fn wrap(tick: Tick) -> Self {
///         Self::Tick(tick)
///     }
///     fn unwrap(self) -> Option<Tick> {
///         match self {
///             Self::Tick(tick) => Some(tick),
///             Self::Stop => None,
///         }
///     }
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Chain>();
/// let ticks = handle.recipient::<Tick>();
/// assert!(ticks.try_tell(Tick(3)).is_ok());
/// assert!(matches!(mailbox.try_recv(), Some(Chain::Tick(Tick(3)))));
/// ```
#[diagnostic::on_unimplemented(
    message = "the message enum `{Self}` has no variant for `{T}`",
    label = "no variant for `{T}`",
    note = "add a variant that carries `{T}` to `{Self}` and implement `Variant<{T}>` for it"
)]
pub trait Variant<T>: Message {
    /// Wraps the value in its variant.
    fn wrap(value: T) -> Self;

    /// Returns the value of its variant, or `None` for any other variant.
    fn unwrap(self) -> Option<T>;
}

impl<M: Message> Variant<M> for M {
    fn wrap(value: M) -> Self {
        value
    }

    fn unwrap(self) -> Option<M> {
        Some(self)
    }
}
