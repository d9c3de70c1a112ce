//! The sending end: from any thread, with or without a runtime.

mod pair;
mod recipient;
mod tell;
mod tell_all;

pub use pair::mailbox;
pub use recipient::{Recipient, WeakRecipient};
pub use tell::Tell;
pub use tell_all::Unsent;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::listener;

use crate::mailbox::{Closeable, Envelope, LaneStats, Message, Refused, Shared, Variant};
use crate::park::block_on_for;
use crate::quiet::quietly;

use crate::reply::{Answer, Reply};

/// Sends messages to one actor: cloned freely, used from any thread, with or without a runtime.
///
/// | | when its lane is full | waits for the answer |
/// |---|---|---|
/// | [`try_tell`](Self::try_tell) | hands the message back | – |
/// | [`tell`](Self::tell) | waits for room | no |
/// | [`ask`](Self::ask) | waits for room | yes |
/// | [`try_ask`](Self::try_ask) | hands the message back | gives the answer's future |
/// | [`tell_blocking`](Self::tell_blocking), [`ask_blocking`](Self::ask_blocking) | as above, parking the thread | with a timeout |
///
/// An actor that no handle reaches any more, and that waits for no timer, ends. A handle cannot stop its actor: that
/// is the right of whoever spawned it ([`Running`](crate::Running)).
pub struct Handle<M: Message> {
    shared: Arc<Shared<M>>,
}

/// A handle that does not keep its actor reachable.
pub struct WeakHandle<M: Message> {
    shared: Weak<Shared<M>>,
}

/// Says why `try_tell` sent nothing. The message comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryTellError<M> {
    /// The message's lane has no room now, or as many messages of its source wait as its lane's
    /// [share](crate::Lane::share) allows.
    Full(M),
    /// The actor has ended or is ending; nothing will be taken any more.
    Closed(M),
}

/// Says that the actor has ended or is ending. The message comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TellError<M>(pub M);

/// Says why an ask has no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AskError<M> {
    /// The actor has ended or is ending; the message was not sent and comes back.
    Closed(M),
    /// The message was sent, and its reply dropped: the actor ended, panicked, evicted it or chose not to answer.
    Dropped,
}

/// Says why a blocking ask has no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AskBlockingError<M> {
    /// The lane had no room until the timeout; the message was not sent and comes back.
    Full(M),
    /// The actor has ended or is ending; the message was not sent and comes back.
    Closed(M),
    /// The message was sent, and its reply dropped.
    Dropped,
    /// The message was sent, and no answer came until the timeout. If it is still queued, it will not be handled.
    Timeout,
}

impl<M: Message> Handle<M> {
    /// Sends the message at once or returns it. Never waits, needs no runtime, and wakes the actor only if it sleeps. Works
    /// from any thread, also from the destructor of a thread-local while its thread ends.
    ///
    /// Allocates only where the lane makes memory: for its first message, and when more than 8 messages wait, unless they
    /// have waited before and the lane has not been calm since. [`Lane`](crate::Lane) states the sizes.
    ///
    /// On a lane that evicts, the oldest message makes room and is dropped on this thread. Such a lane is `Full` only if
    /// there is no memory for it.
    ///
    /// # Errors
    ///
    /// [`TryTellError::Full`] and [`TryTellError::Closed`] return the message.
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

    /// Sends the message, waiting for room in its lane.
    ///
    /// Waiting senders are woken first come, first served, one for each message that the actor has taken, when it rests or its
    /// turn ends. One that is woken may find the room gone to a sender that did not wait, and then waits again. Nothing is
    /// reserved for one that is woken and not polled: others are told of its place after a millisecond.
    ///
    /// An actor must not await a `tell` to itself through a lane that may be full. Only the actor makes room, and not before
    /// its handler has returned, so it waits for ever. It uses [`try_tell`](Self::try_tell), or awaits the `tell` in a future
    /// of its own on its [executor](crate::Context::executor). The same holds for two actors that await a `tell` to each other.
    ///
    /// # Errors
    ///
    /// [`TellError`] returns the message if the actor ends before there was room.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready sends nothing, and drops the message with it.
    pub fn tell(&self, message: M) -> Tell<'_, M> {
        self.tell_envelope(Envelope { message, asker: None })
    }

    /// Sends a message that carries a [`Reply`], waiting for room, and awaits its answer.
    ///
    /// The answer comes after what this sender sent *in the same lane* before; an ask in a control lane overtakes data.
    /// An actor that awaits an ask to itself in a handler waits for ever: its next message waits for the handler. So does a
    /// ring of actors of which each awaits an ask to the next, because none of them handles the question that reaches it.
    /// Where questions can come round, the handler starts a future of its own that asks, and gives it the [`Reply`], or the
    /// answer comes as a message. A stop at once or a deadline ends such a wait; nothing else does.
    ///
    /// # Errors
    ///
    /// [`AskError::Closed`] returns the unsent message; [`AskError::Dropped`] says that no answer will come. No ask
    /// hangs because its actor ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels an ask that is still queued: it will not be handled.
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
    /// let (answer, ()) = futures::executor::block_on(async { futures::join!(handle.ask(Count::Read), actor) });
    /// assert_eq!(answer.ok(), Some(42));
    /// ```
    pub async fn ask<T: Send + 'static>(&self, make: impl FnOnce(Reply<T>) -> M) -> Result<T, AskError<M>> {
        let (envelope, answer) = asking(make);
        let lane = self.shared.lane_of(&envelope.message);
        match self.shared.send(lane, envelope) {
            Ok(()) => {}
            Err(Refused::Closed(envelope)) => return Err(AskError::Closed(envelope.message)),
            Err(Refused::Full(envelope) | Refused::OverShare(envelope)) => {
                let waiting = Tell::new(&self.shared, lane, envelope);
                waiting.await.map_err(|TellError(message)| AskError::Closed(message))?;
            }
        }
        answer.await.map_err(|_dropped| AskError::Dropped)
    }

    /// Sends a message that carries a [`Reply`] at once, or hands it back, and gives the answer's future.
    ///
    /// # Errors
    ///
    /// As [`try_tell`](Self::try_tell).
    pub fn try_ask<T: Send + 'static>(&self, make: impl FnOnce(Reply<T>) -> M) -> Result<Answer<T>, TryTellError<M>> {
        let (envelope, answer) = asking(make);
        self.try_send(envelope)?;
        Ok(answer)
    }

    /// Sends the message from a plain thread, parking it until there is room, or until the timeout.
    ///
    /// It blocks its thread: on a thread that runs a runtime use [`tell`](Self::tell).
    ///
    /// # Errors
    ///
    /// [`TryTellError::Full`] after the timeout, [`TryTellError::Closed`] if the actor ends; both return the message.
    pub fn tell_blocking(&self, message: M, timeout: Duration) -> Result<(), TryTellError<M>> {
        self.send_blocking(Envelope { message, asker: None }, timeout)
    }

    /// Asks from a plain thread, parking it until the answer comes, or until the timeout.
    ///
    /// It looks for the answer for up to 20 µs before it parks the thread, if that has paid lately.
    /// It blocks its thread: on a thread that runs a runtime use [`ask`](Self::ask). An actor that asks itself, or another on its
    /// thread, in this way holds up the thread until the timeout.
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`]. Room and answer are each waited for, so it may take up to twice `timeout` in all.
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

    /// Narrows the handle to one kind of message, so that a sender can be given no more than it needs.
    #[must_use]
    pub fn recipient<T>(&self) -> Recipient<T>
    where
        M: Variant<T>,
        T: Send + 'static,
    {
        Recipient::new(self.clone())
    }

    /// Makes a handle that does not keep the actor reachable.
    #[must_use]
    pub fn downgrade(&self) -> WeakHandle<M> {
        WeakHandle { shared: Arc::downgrade(&self.shared) }
    }

    /// Tells whether the actor has ended or is ending, so that nothing can be sent any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Waits until the actor has ended or is ending.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn closed(&self) {
        while !self.shared.is_closed() {
            listener!(self.shared.on_close().event() => closing);
            // Look again: the mailbox may have closed before the listener was there to be told.
            if !self.shared.is_closed() {
                quietly(closing).await;
            }
        }
    }

    /// Tells what became of the messages so far, lane by lane. Cheap enough for a status line, not for every message.
    #[must_use]
    pub fn stats(&self) -> Vec<LaneStats> {
        self.shared.stats()
    }

    /// Tells whether both handles reach the same actor.
    #[must_use]
    pub fn same_actor(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Counts a new handle to the mailbox.
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
        let lane = self.shared.lane_of(&envelope.message);
        self.shared.send(lane, envelope).map_err(|refused| match refused {
            Refused::Full(envelope) => {
                lane.count_refused();
                TryTellError::Full(envelope.message)
            }
            Refused::OverShare(envelope) => {
                lane.count_over_share();
                TryTellError::Full(envelope.message)
            }
            Refused::Closed(envelope) => TryTellError::Closed(envelope.message),
        })
    }

    fn send_blocking(&self, envelope: Envelope<M>, timeout: Duration) -> Result<(), TryTellError<M>> {
        let lane = self.shared.lane_of(&envelope.message);
        let mut telling = pin!(Tell::new(&self.shared, lane, envelope));
        match block_on_for(telling.as_mut(), timeout) {
            Some(sent) => sent.map_err(|TellError(message)| TryTellError::Closed(message)),
            None => self.try_send(telling.give_up()),
        }
    }
}

/// Makes the message of an ask, marked so that the asker's leaving cancels it.
fn asking<M, T: Send + 'static>(make: impl FnOnce(Reply<T>) -> M) -> (Envelope<M>, Answer<T>) {
    let (reply, answer, asker) = Reply::queued();
    (Envelope { message: make(reply), asker: Some(asker) }, answer)
}

impl<M: Message> WeakHandle<M> {
    /// Makes a full handle again, unless none is left or the actor has ended.
    #[must_use]
    pub fn upgrade(&self) -> Option<Handle<M>> {
        let shared = self.shared.upgrade()?;
        (!shared.is_closed() && shared.add_handle_if_any()).then_some(Handle { shared })
    }
}

impl<M: Message> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self::first(Arc::clone(&self.shared))
    }
}

impl<M: Message> Drop for Handle<M> {
    fn drop(&mut self) {
        self.shared.remove_handle();
    }
}

impl<M: Message> Clone for WeakHandle<M> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared) }
    }
}

impl<M: Message> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<M: Message> fmt::Debug for WeakHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakHandle").finish_non_exhaustive()
    }
}

impl<M> TryTellError<M> {
    /// Gives the refused message back.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }

    /// Turns the message into another; used where one is wrapped.
    pub(crate) fn map<T>(self, unwrap: impl FnOnce(M) -> T) -> TryTellError<T> {
        match self {
            Self::Full(message) => TryTellError::Full(unwrap(message)),
            Self::Closed(message) => TryTellError::Closed(unwrap(message)),
        }
    }
}

/// Errors print without their message, so that a message need not implement `Debug`.
macro_rules! describe {
    ($error:ident, $($pattern:pat => $name:literal, $text:literal;)+) => {
        impl<M> fmt::Debug for $error<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($pattern => $name,)+ })
            }
        }

        impl<M> fmt::Display for $error<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($pattern => $text,)+ })
            }
        }

        impl<M> std::error::Error for $error<M> {}
    };
}

describe! { TryTellError,
    Self::Full(_) => "Full(..)", "the message's lane is full";
    Self::Closed(_) => "Closed(..)", "the actor has ended or is ending";
}
describe! { TellError,
    Self(_) => "TellError(..)", "the actor has ended or is ending";
}
describe! { AskError,
    Self::Closed(_) => "Closed(..)", "the actor has ended or is ending";
    Self::Dropped => "Dropped", "the reply was dropped without being sent";
}
describe! { AskBlockingError,
    Self::Full(_) => "Full(..)", "the message's lane stayed full until the timeout";
    Self::Closed(_) => "Closed(..)", "the actor has ended or is ending";
    Self::Dropped => "Dropped", "the reply was dropped without being sent";
    Self::Timeout => "Timeout", "no answer came until the timeout";
}
