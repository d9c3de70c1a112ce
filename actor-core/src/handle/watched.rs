//! What can be watched: everything that names one actor.

use std::sync::Arc;

use crate::handle::recipient::Recipient;
use crate::handle::strong::Handle;
use crate::handle::weak::WeakHandle;
use crate::mailbox::Message;
use crate::mailbox::watchers::Target;

/// An actor that others can watch: a [`Handle`], a [`Recipient`], a [`WeakHandle`], or the
/// [`Running`](crate::Running) of its spawner.
///
/// Used by [`Context::monitor`](crate::Context::monitor). No other type implements it.
///
/// # Examples
///
/// ```
/// use actor_core::handle::Watched;
///
/// fn can_be_watched(_actor: &impl Watched) {}
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// can_be_watched(&handle);
/// can_be_watched(&handle.downgrade());
/// can_be_watched(&handle.recipient::<Tick>());
/// ```
pub trait Watched: Sealed {}

/// Implemented in this crate only.
#[doc(hidden)]
pub trait Sealed {
    /// Returns the actor to watch.
    #[doc(hidden)]
    fn target(&self) -> Target;
}

impl<W: Sealed> Watched for W {}

impl<M: Message> Sealed for Handle<M> {
    fn target(&self) -> Target {
        Target(Some(Arc::clone(self.shared()) as _))
    }
}

impl<M: Message> Sealed for WeakHandle<M> {
    fn target(&self) -> Target {
        Target(self.shared().map(|shared| shared as _))
    }
}

impl<T> Sealed for Recipient<T> {
    fn target(&self) -> Target {
        Target(Some(self.peer()))
    }
}
