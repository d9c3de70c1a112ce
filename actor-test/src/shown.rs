//! A message as text: in `Debug` where the test asks for it, otherwise by its kind or its lane.

use std::fmt;

use actor_core::Message;

/// How a message is shown in a failure.
pub(crate) struct Shown<M>(fn(&M) -> String);

impl<M: Message> Shown<M> {
    /// Shows the kind of a message, or its lane if it has no kinds.
    pub(crate) fn by_kind() -> Self {
        Self(kind)
    }

    pub(crate) fn by_debug() -> Self
    where
        M: fmt::Debug,
    {
        Self(|message| format!("{message:?}"))
    }

    pub(crate) fn show(&self, message: &M) -> String {
        (self.0)(message)
    }
}

fn kind<M: Message>(message: &M) -> String {
    if let Some(kind) = M::KINDS.get(message.kind()) {
        return (*kind).to_owned();
    }
    match M::LANES.get(message.lane()) {
        Some(lane) => format!("a message of the lane `{}`", lane.name()),
        None => "a message".to_owned(),
    }
}

impl<M> Clone for Shown<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Shown<M> {}
