//! Room in a lane, reserved before its message exists.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::handle::line::Line;
use crate::handle::strong::Handle;
use crate::mailbox::{Envelope, Message, Refused, Reservation, Unreserved};

/// Room for one message in one lane. Its [`send`](Self::send) never finds the lane full.
///
/// The room counts as used for all other senders: waiting messages and permits together never
/// exceed the lane's capacity. Nothing waits behind a permit, because it is no place in the order.
/// Its message takes the next place at the time of the send. At most 255 permits of a lane exist at
/// the same time.
///
/// A drop returns the room, also when its owner panics. A restart of the actor changes nothing. A
/// permit keeps the actor reachable, like a [`Handle`]. A permit that is
/// [forgotten](std::mem::forget) keeps its room until the actor ends.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message, TryTellError};
///
/// struct Block(u64);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 2)];
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Block>();
/// let permit = handle.try_reserve(0)?;
/// assert!(handle.try_tell(Block(1)).is_ok());
/// assert!(matches!(handle.try_tell(Block(2)), Err(TryTellError::Full(_))));
/// assert!(matches!(mailbox.try_recv(), Some(Block(1))), "it does not wait for the permit");
/// assert!(permit.send(Block(3)).is_ok());
/// assert!(matches!(mailbox.try_recv(), Some(Block(3))));
/// # Ok::<(), actor_core::handle::TryReserveError>(())
/// ```
#[must_use = "its room is returned on drop"]
pub struct Permit<M: Message> {
    handle: Handle<M>,
    lane: usize,
    source: Option<u64>,
    /// `None` after the send, and in the drop.
    reservation: Option<Reservation>,
}

/// The actor has ended or is ending.
///
/// # Examples
///
/// ```
/// use actor_core::handle::Closed;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Tick>();
/// drop(mailbox);
/// let reserved = futures::executor::block_on(handle.reserve(0));
/// assert_eq!(reserved.err(), Some(Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The reason for room that was not reserved at once.
///
/// # Examples
///
/// ```
/// use actor_core::handle::TryReserveError;
/// use actor_core::{Lane, Message};
///
/// struct Tick;
/// impl Message for Tick {
///     const LANES: &'static [Lane] = &[Lane::fifo("ticks", 1)];
/// }
///
/// let (handle, mailbox) = actor_core::mailbox::<Tick>();
/// let permit = handle.try_reserve(0)?;
/// assert_eq!(handle.try_reserve(0).err(), Some(TryReserveError::Full));
/// drop(permit);
/// assert!(handle.try_reserve(0).is_ok());
/// drop(mailbox);
/// assert_eq!(handle.try_reserve(0).err(), Some(TryReserveError::Closed));
/// # Ok::<(), TryReserveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryReserveError {
    /// The lane has no room now, or the source has used up its [share](crate::Lane::share), or 255
    /// permits of the lane exist.
    Full,
    /// The actor has ended or is ending.
    Closed,
}

/// The reason for a message not sent into reserved room. Returns the message.
///
/// # Examples
///
/// ```
/// use actor_core::handle::PermitError;
/// use actor_core::{Lane, Message};
///
/// enum Work {
///     Stop,
///     Block(u64),
/// }
/// impl Message for Work {
///     const LANES: &'static [Lane] = &[Lane::control("stops", 4), Lane::fifo("blocks", 4)];
///
///     fn lane(&self) -> usize {
///         usize::from(matches!(self, Work::Block(_)))
///     }
/// }
///
/// let (handle, mailbox) = actor_core::mailbox::<Work>();
/// let permit = handle.try_reserve(1)?;
/// assert!(matches!(permit.send(Work::Stop), Err(PermitError::OtherLane(Work::Stop))));
/// let permit = handle.try_reserve(1)?;
/// drop(mailbox);
/// let refused = permit.send(Work::Block(7)).expect_err("the actor has ended");
/// assert!(matches!(refused.into_message(), Work::Block(7)));
/// # Ok::<(), actor_core::handle::TryReserveError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PermitError<M> {
    /// The actor has ended or is ending.
    Closed(M),
    /// [`Message::lane`] names another lane than the permit's.
    OtherLane(M),
    /// [`Message::source`] names another source than the permit's, in a lane with a
    /// [share](crate::Lane::share).
    OtherSource(M),
    /// There is no memory for a lane with eviction.
    NoMemory(M),
}

impl<M> PermitError<M> {
    /// Returns the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::handle::PermitError;
    ///
    /// assert_eq!(PermitError::Closed(7).into_message(), 7);
    /// ```
    pub fn into_message(self) -> M {
        match self {
            Self::Closed(message)
            | Self::OtherLane(message)
            | Self::OtherSource(message)
            | Self::NoMemory(message) => message,
        }
    }

    fn name_and_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::Closed(_) => ("Closed(..)", "the actor has ended or is ending"),
            Self::OtherLane(_) => ("OtherLane(..)", "the message names another lane"),
            Self::OtherSource(_) => ("OtherSource(..)", "the message names another source"),
            Self::NoMemory(_) => ("NoMemory(..)", "there is no memory for the lane"),
        }
    }
}

impl<M: Message> Handle<M> {
    /// Reserves room for one message in a lane, waiting for it.
    ///
    /// Waits in one line with the senders of [`tell`](Self::tell), and is woken by the same rules:
    /// in the order of arrival, and a woken one may find the room taken. A lane with eviction has
    /// room at once; the send then evicts as `try_tell` does. In a lane with a
    /// [share](crate::Lane::share), the permit is for a message without a source;
    /// [`reserve_for`](Self::reserve_for) names one.
    ///
    /// A handler must not await a reservation in a full lane of its own actor, as explained at
    /// [`tell`](Self::tell).
    ///
    /// # Errors
    ///
    /// [`Closed`] if the actor ends before there is room.
    ///
    /// # Panics
    ///
    /// Panics if the mailbox has no lane with this number.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future reserves nothing, and the next one in the line is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message};
    /// use futures::FutureExt;
    ///
    /// struct Block(u64);
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1)];
    /// }
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Block>();
    /// futures::executor::block_on(async {
    ///     let permit = handle.reserve(0).await.expect("there is room");
    ///     assert!(handle.reserve(0).now_or_never().is_none(), "it waits for room");
    ///     // Only now the block is read from its source.
    ///     assert!(permit.send(Block(7)).is_ok());
    ///     assert!(matches!(mailbox.recv().await, Some(Block(7))));
    ///     assert!(handle.reserve(0).await.is_ok());
    /// });
    /// ```
    pub fn reserve(&self, lane: usize) -> Reserve<'_, M> {
        self.reserving(lane, None)
    }

    /// Does the same as [`reserve`](Self::reserve), for a message of this source: the permit also
    /// counts in the source's [share](crate::Lane::share). The source has no effect in a lane
    /// without a share.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    ///
    /// # Panics
    ///
    /// As [`reserve`](Self::reserve).
    ///
    /// # Cancel safety
    ///
    /// As [`reserve`](Self::reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, TryTellError};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 8).share(1)];
    ///
    ///     fn source(&self) -> Option<u64> {
    ///         Some(self.0)
    ///     }
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// let permit = futures::executor::block_on(handle.reserve_for(0, 7)).expect("there is room");
    /// assert!(matches!(handle.try_tell(Vote(7)), Err(TryTellError::Full(_))), "it has 1");
    /// assert!(handle.try_tell(Vote(8)).is_ok());
    /// assert!(permit.send(Vote(7)).is_ok());
    /// ```
    pub fn reserve_for(&self, lane: usize, source: u64) -> Reserve<'_, M> {
        self.reserving(lane, Some(source))
    }

    /// Reserves room for one message in a lane, if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// [`TryReserveError`]. A refused reservation is not counted in the lane's statistics.
    ///
    /// # Panics
    ///
    /// Panics if the mailbox has no lane with this number.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let permit = handle.try_reserve(0)?;
    /// assert!(permit.send(Tick).is_ok());
    /// assert!(mailbox.try_recv().is_some());
    /// # Ok::<(), actor_core::handle::TryReserveError>(())
    /// ```
    pub fn try_reserve(&self, lane: usize) -> Result<Permit<M>, TryReserveError> {
        self.try_reserving(lane, None)
    }

    /// Does the same as [`try_reserve`](Self::try_reserve), for a message of this source.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve).
    ///
    /// # Panics
    ///
    /// As [`try_reserve`](Self::try_reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::handle::TryReserveError;
    /// use actor_core::{Lane, Message};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 8).share(1)];
    ///
    ///     fn source(&self) -> Option<u64> {
    ///         Some(self.0)
    ///     }
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// let _permit = handle.try_reserve_for(0, 7)?;
    /// assert_eq!(handle.try_reserve_for(0, 7).err(), Some(TryReserveError::Full));
    /// assert!(handle.try_reserve_for(0, 8).is_ok());
    /// # Ok::<(), TryReserveError>(())
    /// ```
    pub fn try_reserve_for(&self, lane: usize, source: u64) -> Result<Permit<M>, TryReserveError> {
        self.try_reserving(lane, Some(source))
    }

    fn reserving(&self, lane: usize, source: Option<u64>) -> Reserve<'_, M> {
        self.check_lane(lane);
        Reserve { handle: self, lane, source, line: None }
    }

    fn try_reserving(
        &self,
        lane: usize,
        source: Option<u64>,
    ) -> Result<Permit<M>, TryReserveError> {
        self.check_lane(lane);
        match self.shared().reserve(lane, source) {
            Ok(reservation) => Ok(Permit::new(self.clone(), lane, source, reservation)),
            Err(Unreserved::Full) => Err(TryReserveError::Full),
            Err(Unreserved::Closed) => Err(TryReserveError::Closed),
        }
    }

    /// Panics unless the mailbox has this lane.
    pub(super) fn check_lane(&self, lane: usize) {
        let lanes = self.shared().lanes().len();
        assert!(lane < lanes, "there is no lane {lane}: the mailbox has {lanes}, counted from 0");
    }
}

impl<M: Message> Permit<M> {
    fn new(handle: Handle<M>, lane: usize, source: Option<u64>, reservation: Reservation) -> Self {
        Self { handle, lane, source, reservation: Some(reservation) }
    }

    /// Sends the message into the reserved room. Never waits, and never finds the lane full.
    ///
    /// # Errors
    ///
    /// [`PermitError`] returns the message, and the room is returned as well.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let permit = handle.try_reserve(0)?;
    /// std::thread::spawn(move || assert!(permit.send(Tick(7)).is_ok()));
    /// drop(handle);
    /// let received = futures::executor::block_on(mailbox.recv());
    /// assert!(matches!(received, Some(Tick(7))));
    /// # Ok::<(), actor_core::handle::TryReserveError>(())
    /// ```
    pub fn send(mut self, message: M) -> Result<(), PermitError<M>> {
        let (lane, source) = (self.lane, self.source);
        send_reserved(&self.handle, lane, source, &mut self.reservation, message)
    }

    /// Returns the number of the permit's lane.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.try_reserve(0)?.lane(), 0);
    /// # Ok::<(), actor_core::handle::TryReserveError>(())
    /// ```
    #[must_use]
    pub fn lane(&self) -> usize {
        self.lane
    }
}

/// Sends a message into reserved room. A message for other room is returned, and the room stays
/// reserved.
pub(super) fn send_reserved<M: Message>(
    handle: &Handle<M>,
    lane: usize,
    source: Option<u64>,
    reserved: &mut Option<Reservation>,
    message: M,
) -> Result<(), PermitError<M>> {
    if message.lane() != lane {
        return Err(PermitError::OtherLane(message));
    }
    if matches!(reserved, Some(Reservation::Sourced(_))) && message.source() != source {
        return Err(PermitError::OtherSource(message));
    }
    let reservation = reserved.take().expect("room is reserved until the send");
    let envelope = Envelope { message, asker: None };
    handle.shared().send_reserved(lane, reservation, envelope).map_err(|refused| match refused {
        Refused::Closed(envelope) => PermitError::Closed(envelope.message),
        Refused::Full(envelope) | Refused::OverShare(envelope) => {
            PermitError::NoMemory(envelope.message)
        }
    })
}

impl<M: Message> Drop for Permit<M> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.handle.shared().give_back(self.lane, reservation);
        }
    }
}

/// The future of [`Handle::reserve`]: ready once there is room.
///
/// # Examples
///
/// ```
/// use actor_core::handle::Reserve;
///
/// # struct Tick;
/// # impl actor_core::Message for Tick {}
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// let reserve: Reserve<'_, Tick> = handle.reserve(0);
/// assert!(futures::executor::block_on(reserve).is_ok());
/// ```
#[must_use = "nothing is reserved until it is awaited"]
pub struct Reserve<'a, M: Message> {
    handle: &'a Handle<M>,
    lane: usize,
    source: Option<u64>,
    line: Option<Line<M>>,
}

impl<M: Message> Future for Reserve<'_, M> {
    type Output = Result<Permit<M>, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { handle, lane, source, line } = self.get_mut();
        let reserved = ready!(poll_reserve(handle, *lane, *source, line, cx));
        Poll::Ready(reserved.map(|new| Permit::new(handle.clone(), *lane, *source, new)))
    }
}

/// Polls for room. `line` is the caller's place in the line, if it waits.
pub(super) fn poll_reserve<M: Message>(
    handle: &Handle<M>,
    lane: usize,
    source: Option<u64>,
    line: &mut Option<Line<M>>,
    cx: &mut Context<'_>,
) -> Poll<Result<Reservation, Closed>> {
    loop {
        let reserved = match handle.shared().reserve(lane, source) {
            Ok(reservation) => Some(Ok(reservation)),
            Err(Unreserved::Closed) => Some(Err(Closed)),
            Err(Unreserved::Full) => None,
        };
        if let Some(reserved) = reserved {
            if let Some(line) = line.take() {
                line.leave_satisfied();
            }
            return Poll::Ready(reserved);
        }
        match line {
            // Room may have become free after this try: join the line first, then try again.
            None => *line = Some(Line::join(handle.shared(), lane)),
            Some(waiting) => {
                ready!(waiting.poll(cx));
                *line = None;
            }
        }
    }
}

impl<M: Message> fmt::Debug for Permit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("lane", &self.lane).finish_non_exhaustive()
    }
}

impl<M: Message> fmt::Debug for Reserve<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("waiting", &self.line.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the actor has ended or is ending")
    }
}

impl Error for Closed {}

impl fmt::Display for TryReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the lane has no room to reserve",
            Self::Closed => "the actor has ended or is ending",
        })
    }
}

impl Error for TryReserveError {}

impl<M> fmt::Debug for PermitError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_text().0)
    }
}

impl<M> fmt::Display for PermitError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_text().1)
    }
}

impl<M> Error for PermitError<M> {}
