//! A mailbox and its first handle.

use std::sync::Arc;

use crate::handle::strong::Handle;
use crate::mailbox::{Mailbox, Message};

/// Creates a mailbox and the first handle to it.
///
/// Handles exist before the actor does, so actors can be connected to each other before any of them
/// runs. The mailbox is then given to an actor ([`Spawn`](crate::Spawn)), or a program receives
/// from it directly.
///
/// A message type without a lane does not compile.
///
/// # Examples
///
/// A loop of the program's own, for instance around a network library:
///
/// ```
/// enum Command {
///     Publish(&'static str),
/// }
/// impl actor_core::Message for Command {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Command>();
/// std::thread::spawn(move || {
///     handle.try_tell(Command::Publish("block")).expect("the lane has room");
/// });
/// futures::executor::block_on(async {
///     let mut published = Vec::new();
///     while let Some(Command::Publish(topic)) = mailbox.recv().await {
///         published.push(topic);
///     }
///     assert_eq!(published, ["block"], "ends when the last handle is gone");
/// });
/// ```
#[must_use]
pub fn mailbox<M: Message>() -> (Handle<M>, Mailbox<M>) {
    let mailbox = Mailbox::new();
    (mailbox.handle(), mailbox)
}

impl<M: Message> Mailbox<M> {
    /// Creates a handle to this mailbox, also when none is left.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// drop(handle);
    /// let handle = mailbox.handle();
    /// assert!(handle.try_tell(Tick).is_ok());
    /// assert!(mailbox.try_recv().is_some());
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        Handle::first(Arc::clone(self.shared()))
    }
}
