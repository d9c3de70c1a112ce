//! A message in its lane.

use crate::reply::Asker;

/// A message, and its asker if it is an ask. The message is skipped if the asker gives up first.
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) asker: Option<Asker>,
}

/// Why a push was refused, with the envelope.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    /// As many messages of its source wait as its share allows.
    OverShare(Envelope<M>),
    Closed(Envelope<M>),
}

impl<M> Refused<M> {
    pub(crate) fn into_message(self) -> M {
        match self {
            Self::Full(envelope) | Self::OverShare(envelope) | Self::Closed(envelope) => {
                envelope.message
            }
        }
    }
}
