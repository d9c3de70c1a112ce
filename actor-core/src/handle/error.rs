//! Why a message was not sent, or an ask was not answered.

use std::error::Error;
use std::fmt;

/// The reason for a refused message. Returns the message.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message, TryTellError};
///
/// struct Vote(u64);
/// impl Message for Vote {
///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 1)];
/// }
///
/// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
/// assert!(handle.try_tell(Vote(1)).is_ok());
/// match handle.try_tell(Vote(2)) {
///     Err(error @ TryTellError::Full(_)) => assert_eq!(error.into_message().0, 2),
///     Err(TryTellError::Closed(_)) | Ok(()) => panic!("the lane is full"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryTellError<M> {
    /// The lane has no room now, or the message's source has used up its
    /// [share](crate::Lane::share) of the lane.
    Full(M),
    /// The actor has ended or is ending. No send will succeed again.
    Closed(M),
}

/// The message was not sent: the three reasons of [`Handle::offer`](crate::Handle::offer).
///
/// # Examples
///
/// ```
/// use actor_core::handle::Refusal;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Tick>();
/// drop(mailbox);
/// assert!(matches!(handle.offer(Tick), Err(Refusal::Closed(Tick))));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refusal<M> {
    /// The lane has no room.
    Full(M),
    /// As many messages of this message's source wait as its share allows.
    OverShare(M),
    /// The actor has ended or is ending.
    Closed(M),
}

/// The actor has ended or is ending. Returns the message.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_core::handle::TellError;
///
/// struct Vote(u64);
/// impl Message for Vote {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Vote>();
/// drop(mailbox);
/// let told = futures::executor::block_on(handle.tell(Vote(7)));
/// assert!(matches!(told, Err(TellError(Vote(7)))));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TellError<M>(pub M);

/// The reason for an ask without an answer.
///
/// # Examples
///
/// ```
/// use actor_core::{AskError, Message, Reply};
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
/// let forgetful = async { drop(mailbox.recv().await) };
/// let both = async { futures::join!(handle.ask(Read), forgetful) };
/// let (answer, ()) = futures::executor::block_on(both);
/// assert!(matches!(answer, Err(AskError::Dropped)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AskError<M> {
    /// The actor has ended or is ending. Returns the unsent message.
    Closed(M),
    /// The message was sent, and its reply was dropped: the actor ended or panicked, the lane
    /// evicted the message, its [deadline](crate::Message::deadline) passed, or the handler did not
    /// answer.
    Dropped,
}

/// The reason for a blocking ask without an answer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Message, Reply};
/// use actor_core::handle::AskBlockingError;
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Read>();
/// let answer = handle.ask_blocking(Read, Duration::from_millis(1));
/// assert!(matches!(answer, Err(AskBlockingError::Timeout)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AskBlockingError<M> {
    /// The lane had no room until the timeout. Returns the unsent message.
    Full(M),
    /// The actor has ended or is ending. Returns the unsent message.
    Closed(M),
    /// The message was sent, and its reply was dropped.
    Dropped,
    /// The message was sent, and no answer arrived before the timeout. If the message is still
    /// queued, the actor skips it.
    Timeout,
}

impl<M> TryTellError<M> {
    /// Returns the refused message.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Vote(u64);
    /// # impl actor_core::Message for Vote {}
    /// let (first, first_mailbox) = actor_core::mailbox::<Vote>();
    /// let (spare, mut spare_mailbox) = actor_core::mailbox::<Vote>();
    /// drop(first_mailbox);
    /// let refused = first.try_tell(Vote(7)).expect_err("the first actor has ended");
    /// assert!(spare.try_tell(refused.into_message()).is_ok());
    /// assert!(matches!(spare_mailbox.try_recv(), Some(Vote(7))));
    /// ```
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }

    /// Converts the message, for callers with a wrapped one.
    pub(crate) fn map<T>(self, unwrap: impl FnOnce(M) -> T) -> TryTellError<T> {
        match self {
            Self::Full(message) => TryTellError::Full(unwrap(message)),
            Self::Closed(message) => TryTellError::Closed(unwrap(message)),
        }
    }
}

/// Implements printing without the message, because a message need not implement `Debug`.
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

        impl<M> Error for $error<M> {}
    };
}

describe! { TryTellError,
    Self::Full(_) => "Full(..)", "the message's lane is full";
    Self::Closed(_) => "Closed(..)", "the actor has ended or is ending";
}
describe! { Refusal,
    Self::Full(_) => "Full(..)", "the message's lane is full";
    Self::OverShare(_) => "OverShare(..)", "the share of the message's source is full";
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
