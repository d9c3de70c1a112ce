//! The handle: sends messages to one actor.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use event_listener::listener;

use crate::handle::ask::{Ask, asking};
use crate::handle::ended::ended;
use crate::handle::error::{AskBlockingError, Refusal, TellError, TryTellError};
use crate::handle::tell::Tell;
use crate::mailbox::exit::Ended;
use crate::mailbox::{Closeable, Envelope, LaneStats, Message, Refused, Shared};
use crate::park::block_on_for;
use crate::quiet::quietly;
use crate::reply::{Answer, Reply};

/// Sends messages to one actor, from any thread, with or without a runtime. Cloning is cheap.
///
/// | | in a full lane | waits for the answer |
/// |---|---|---|
/// | [`try_tell`](Self::try_tell) | returns the message | no |
/// | [`tell`](Self::tell) | waits for room | no |
/// | [`ask`](Self::ask) | waits for room | yes |
/// | [`try_ask`](Self::try_ask) | returns the message | returns a future of the answer |
/// | [`tell_blocking`](Self::tell_blocking) | parks the thread up to a timeout | no |
/// | [`ask_blocking`](Self::ask_blocking) | parks the thread up to a timeout | likewise |
///
/// An actor ends when no handle is left and nothing else can reach it. A handle cannot stop its
/// actor; only the spawner can, with [`Running`](crate::Running).
///
/// # Examples
///
/// ```
/// use actor_core::Message;
///
/// struct Block(u64);
/// impl Message for Block {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Block>();
/// let other = handle.clone();
/// std::thread::spawn(move || assert!(other.try_tell(Block(7)).is_ok()));
/// drop(handle);
/// futures::executor::block_on(async {
///     assert_eq!(mailbox.recv().await.map(|Block(slot)| slot), Some(7));
///     assert!(mailbox.recv().await.is_none(), "no handle is left");
/// });
/// ```
pub struct Handle<M> {
    pub(super) shared: Arc<Shared<M>>,
}

impl<M: Message> Handle<M> {
    /// Sends the message immediately, or returns it. Never waits, and needs no runtime.
    ///
    /// Wakes the actor only if it sleeps. Works on any thread, even in the destructor of a
    /// thread-local of an ending thread.
    ///
    /// Allocates only to give the lane memory: for the first message, and when more than 8 messages
    /// wait. The lane keeps this memory until it has been calm; [`Lane`](crate::Lane) states the
    /// sizes.
    ///
    /// An evicting lane drops its oldest message on this thread to make room. Such a lane is `Full`
    /// only if the system has no memory for it.
    ///
    /// # Errors
    ///
    /// [`TryTellError::Full`] and [`TryTellError::Closed`] return the message.
    ///
    /// # Panics
    ///
    /// Panics if [`Message::lane`] returns an index past the end; nothing is sent then. A panic in
    /// the drop of an evicted message reaches the caller as well. The new message was accepted in
    /// this case.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message, TryTellError};
    ///
    /// struct Block(u64);
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1)];
    /// }
    ///
    /// let (handle, mailbox) = actor_core::mailbox::<Block>();
    /// assert!(handle.try_tell(Block(1)).is_ok());
    /// assert!(matches!(handle.try_tell(Block(2)), Err(TryTellError::Full(Block(2)))));
    /// drop(mailbox);
    /// assert!(matches!(handle.try_tell(Block(3)), Err(TryTellError::Closed(Block(3)))));
    /// ```
    #[inline(always)]
    pub fn try_tell(&self, message: M) -> Result<(), TryTellError<M>> {
        self.try_send(Envelope { message, asker: None })
    }

    /// Does the same as [`try_tell`](Self::try_tell), and distinguishes a full lane from a full
    /// [share](crate::Lane::share).
    ///
    /// # Errors
    ///
    /// [`Refusal`] returns the message.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::handle::Refusal;
    /// use actor_core::{Lane, Message};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 2).share(1)];
    ///
    ///     fn source(&self) -> Option<u64> {
    ///         Some(self.0)
    ///     }
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// assert!(handle.offer(Vote(1)).is_ok());
    /// assert!(matches!(handle.offer(Vote(1)), Err(Refusal::OverShare(Vote(1)))));
    /// assert!(handle.offer(Vote(2)).is_ok());
    /// assert!(matches!(handle.offer(Vote(3)), Err(Refusal::Full(Vote(3)))));
    /// ```
    #[inline]
    pub fn offer(&self, message: M) -> Result<(), Refusal<M>> {
        self.offer_envelope(Envelope { message, asker: None })
    }

    /// Sends the message, waiting for room in its lane.
    ///
    /// Waiting senders are woken in the order of their arrival, one for each message taken, when
    /// the actor's turn ends or the actor is idle. A woken sender may find the room taken by a
    /// sender without a wait, and then waits again. No room is reserved for a woken sender: if it
    /// is not polled within a millisecond, other senders are woken for the same room.
    ///
    /// A handler must not await a `tell` to its own actor through a full lane. Only the actor makes
    /// room, and it does so after the handler has returned. Only the end of the actor ends such a
    /// wait: [`Running::stop`](crate::Running::stop) closes the mailbox, and the `tell` then
    /// returns the message. Use [`try_tell`](Self::try_tell), or spawn a future with the `tell` on
    /// the actor's [executor](crate::Context::executor). The same holds for two actors awaiting a
    /// `tell` to each other.
    ///
    /// # Errors
    ///
    /// [`TellError`] returns the message if the actor ends before there is room.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell): the call panics for an index past the end, and the future
    /// passes on a panic in the drop of an evicted message.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready sends nothing, and drops the message.
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
    ///     handle.tell(Block(1)).await.expect("there is room");
    ///     assert!(handle.tell(Block(2)).now_or_never().is_none(), "it waits for room");
    ///     assert!(matches!(mailbox.try_recv(), Some(Block(1))));
    ///     handle.tell(Block(3)).await.expect("there is room again");
    /// });
    /// ```
    pub fn tell(&self, message: M) -> Tell<'_, M> {
        self.tell_envelope(Envelope { message, asker: None })
    }

    /// Sends a message with a [`Reply`] in it, waiting for room, and returns the answer.
    ///
    /// The actor handles this sender's earlier messages *of the same lane* first. An ask in a
    /// control lane overtakes data.
    ///
    /// A handler must not await an ask to its own actor: the question waits for the handler, and
    /// the handler for the answer. The same holds for a ring of actors, each awaiting an ask to the
    /// next. In such a design, the handler spawns a future for the ask and moves its own [`Reply`]
    /// there, or receives the answer as a message. Only a kill or a deadline ends such a wait.
    ///
    /// [`Ask::timeout`] limits the time.
    ///
    /// # Errors
    ///
    /// [`AskError::Closed`](crate::AskError::Closed) returns the unsent message.
    /// [`AskError::Dropped`](crate::AskError::Dropped) states that no answer will arrive. The end
    /// of the actor always ends the wait.
    ///
    /// # Panics
    ///
    /// The future panics as [`try_tell`](Self::try_tell) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels a queued ask: the actor skips it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Reply};
    ///
    /// enum Count {
    ///     Read(Reply<u64>),
    /// }
    /// impl Message for Count {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Count>();
    /// let actor = async {
    ///     let Some(Count::Read(reply)) = mailbox.recv().await else { panic!("one was asked") };
    ///     reply.send(42);
    /// };
    /// let both = async { futures::join!(handle.ask(Count::Read), actor) };
    /// let (answer, ()) = futures::executor::block_on(both);
    /// assert_eq!(answer.ok(), Some(42));
    /// ```
    #[inline(always)]
    pub fn ask<T: Send + 'static, F: FnOnce(Reply<T>) -> M>(&self, make: F) -> Ask<'_, M, T, F> {
        Ask::new(&self.shared, make)
    }

    /// Sends a message with a [`Reply`] in it immediately, and returns a future of the answer.
    ///
    /// # Errors
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Reply};
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
    /// let answer = handle.try_ask(Read)?;
    /// let Some(Read(reply)) = mailbox.try_recv() else { panic!("one was asked") };
    /// reply.send(42);
    /// assert_eq!(futures::executor::block_on(answer), Ok(42));
    /// # Ok::<(), actor_core::TryTellError<Read>>(())
    /// ```
    pub fn try_ask<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> M,
    ) -> Result<Answer<T>, TryTellError<M>> {
        let (envelope, answer) = asking(make);
        self.try_send(envelope)?;
        Ok(answer)
    }

    /// Sends the message from a plain thread, which parks until there is room or the timeout
    /// passes.
    ///
    /// Blocks its thread. In a runtime's thread use [`tell`](Self::tell).
    ///
    /// # Errors
    ///
    /// Both errors return the message: [`TryTellError::Full`] after the timeout, and
    /// [`TryTellError::Closed`] if the actor ends.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Lane, Message, TryTellError};
    ///
    /// struct Block(u64);
    /// impl Message for Block {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1)];
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Block>();
    /// let timeout = Duration::from_millis(10);
    /// assert!(handle.tell_blocking(Block(1), timeout).is_ok());
    /// let refused = handle.tell_blocking(Block(2), timeout);
    /// assert!(matches!(refused, Err(TryTellError::Full(Block(2)))));
    /// ```
    pub fn tell_blocking(&self, message: M, timeout: Duration) -> Result<(), TryTellError<M>> {
        self.send_blocking(Envelope { message, asker: None }, timeout)
    }

    /// Asks from a plain thread, which parks until the answer arrives or the timeout passes.
    ///
    /// Blocks its thread. In a runtime's thread use [`ask`](Self::ask). An actor asking itself, or
    /// another actor of its own thread, blocks that thread until the timeout.
    ///
    /// The thread spins for up to 20 µs before it parks, if spinning has succeeded lately.
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`]. The wait for room and the wait for the answer each have the whole
    /// `timeout`, so the call takes at most twice as long.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Message, Reply};
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
    /// std::thread::spawn(move || {
    ///     futures::executor::block_on(async {
    ///         while let Some(Read(reply)) = mailbox.recv().await {
    ///             reply.send(42);
    ///         }
    ///     });
    /// });
    /// assert_eq!(handle.ask_blocking(Read, Duration::from_secs(10)).ok(), Some(42));
    /// ```
    pub fn ask_blocking<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> M,
        timeout: Duration,
    ) -> Result<T, AskBlockingError<M>> {
        let (envelope, answer) = asking(make);
        self.send_blocking(envelope, timeout).map_err(|refused| match refused {
            TryTellError::Full(message) => AskBlockingError::Full(message),
            TryTellError::Closed(message) => AskBlockingError::Closed(message),
        })?;
        match block_on_for(pin!(answer), timeout) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_dropped)) => Err(AskBlockingError::Dropped),
            None => Err(AskBlockingError::Timeout),
        }
    }

    /// Returns whether the actor has ended or is ending. No send succeeds after that.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(!handle.is_closed());
    /// drop(mailbox);
    /// assert!(handle.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Waits until the actor has ended or is ending.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// std::thread::spawn(move || drop(mailbox));
    /// futures::executor::block_on(handle.closed());
    /// assert!(handle.try_tell(Tick).is_err());
    /// ```
    pub async fn closed(&self) {
        while !self.shared.is_closed() {
            listener!(self.shared.on_close().event() => closing);
            // Checked again, because the mailbox may have closed before the listener was
            // registered.
            if !self.shared.is_closed() {
                quietly(closing).await;
            }
        }
    }

    /// Waits for the actor's end, and returns its reason.
    ///
    /// This handle keeps the actor reachable meanwhile; [`WeakHandle::ended`] does not. A restart
    /// is not an end. A mailbox without an actor ends when it is dropped, as
    /// [`Stopped`](crate::ExitReason::Stopped).
    ///
    /// [`WeakHandle::ended`]: crate::handle::WeakHandle::ended
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    ///         panic!("no such file")
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, _running) = spawn(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// let ended = futures::executor::block_on(worker.ended());
    /// assert_eq!(ended.reason.to_string(), "panicked: no such file");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn ended(&self) -> Ended {
        ended(&*self.shared).await
    }

    /// Returns the statistics of each lane. Cheap enough for a status line, not for every message.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.try_tell(Tick).is_ok() && handle.try_tell(Tick).is_ok());
    /// drop(mailbox);
    /// let lane = &handle.stats()[0];
    /// assert_eq!((lane.accepted, lane.undelivered), (2, 2));
    /// ```
    #[must_use]
    pub fn stats(&self) -> Vec<LaneStats> {
        self.shared.stats()
    }

    /// Returns whether both handles reach the same actor.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (one, _mailbox) = actor_core::mailbox::<Tick>();
    /// let (other, _other_mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(one.same_actor(&one.clone()) && !one.same_actor(&other));
    /// ```
    #[must_use]
    pub fn same_actor(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Creates a handle, and counts it.
    pub(crate) fn first(shared: Arc<Shared<M>>) -> Self {
        shared.add_handle();
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.shared
    }

    pub(crate) fn tell_envelope(&self, envelope: Envelope<M>) -> Tell<'_, M> {
        let lane = self.shared.lane_of(&envelope.message);
        Tell::new(&self.shared, lane, envelope)
    }

    #[inline(always)]
    fn try_send(&self, envelope: Envelope<M>) -> Result<(), TryTellError<M>> {
        self.offer_envelope(envelope).map_err(|refusal| match refusal {
            Refusal::Full(message) | Refusal::OverShare(message) => TryTellError::Full(message),
            Refusal::Closed(message) => TryTellError::Closed(message),
        })
    }

    #[inline(always)]
    fn offer_envelope(&self, envelope: Envelope<M>) -> Result<(), Refusal<M>> {
        let lane = self.shared.lane_of(&envelope.message);
        self.shared.send(lane, envelope).map_err(|refused| match refused {
            Refused::Full(envelope) => {
                self.shared.count_refused(lane);
                Refusal::Full(envelope.message)
            }
            Refused::OverShare(envelope) => {
                lane.count_over_share();
                Refusal::OverShare(envelope.message)
            }
            Refused::Closed(envelope) => Refusal::Closed(envelope.message),
        })
    }

    fn send_blocking(
        &self,
        envelope: Envelope<M>,
        timeout: Duration,
    ) -> Result<(), TryTellError<M>> {
        let lane = self.shared.lane_of(&envelope.message);
        // Most sends find room. They are spared the preparation of a wait, which an ending thread
        // could not even release.
        let envelope = match self.shared.send(lane, envelope) {
            Ok(()) => return Ok(()),
            Err(Refused::Closed(envelope)) => return Err(TryTellError::Closed(envelope.message)),
            Err(Refused::Full(envelope) | Refused::OverShare(envelope)) => envelope,
        };
        let mut telling = pin!(Tell::new(&self.shared, lane, envelope));
        match block_on_for(telling.as_mut(), timeout) {
            Some(sent) => sent.map_err(|TellError(message)| TryTellError::Closed(message)),
            None => self.try_send(telling.give_up()),
        }
    }
}

impl<M: Message> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self::first(Arc::clone(&self.shared))
    }
}

impl<M> Drop for Handle<M> {
    fn drop(&mut self) {
        self.shared.remove_handle();
    }
}

impl<M: Message> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Handle");
        if let Some(name) = self.shared.life().name() {
            all.field("name", name);
        }
        all.field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
