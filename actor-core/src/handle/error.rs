//! Why a message was not sent, or an ask was not answered.

use std::error::Error;
use std::fmt;

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

        impl<M> Error for $error<M> {}
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
