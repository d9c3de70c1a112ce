//! A handle narrowed to one kind of message.

use std::fmt;
use std::sync::Arc;

use crate::{Handle, TryTellError, Variant};

/// Sends one kind of message to an actor whose other messages the sender need not know.
///
/// Made by [`Handle::recipient`]; it keeps the actor reachable, as a handle does.
pub struct Recipient<T> {
    target: Arc<dyn Target<T>>,
}

/// A handle whose message enum has a variant for `T`.
trait Target<T>: Send + Sync {
    fn try_tell(&self, value: T) -> Result<(), TryTellError<T>>;
    fn is_closed(&self) -> bool;
}

impl<T: 'static> Recipient<T> {
    pub(crate) fn new<M: Variant<T>>(handle: Handle<M>) -> Self {
        Self { target: Arc::new(handle) }
    }

    /// Sends the value at once or hands it back. Never waits.
    ///
    /// # Errors
    ///
    /// As [`Handle::try_tell`].
    pub fn try_tell(&self, value: T) -> Result<(), TryTellError<T>> {
        self.target.try_tell(value)
    }

    /// Tells whether the actor has ended or is ending.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.target.is_closed()
    }
}

impl<T, M: Variant<T>> Target<T> for Handle<M> {
    fn try_tell(&self, value: T) -> Result<(), TryTellError<T>> {
        Self::try_tell(self, M::wrap(value))
            .map_err(|refused| refused.map(|message| message.unwrap().expect("Variant::unwrap undoes Variant::wrap")))
    }

    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }
}

impl<T> Clone for Recipient<T> {
    fn clone(&self) -> Self {
        Self { target: Arc::clone(&self.target) }
    }
}

impl<T> fmt::Debug for Recipient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("closed", &self.target.is_closed()).finish()
    }
}
