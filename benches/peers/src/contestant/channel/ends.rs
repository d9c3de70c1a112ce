//! The operations required of a channel.

use std::future::Future;

use crate::actor::{Payload, Room};

/// The messages in a channel.
pub(crate) enum Letter<P> {
    /// A message.
    Tell(P),
    /// A question, with the sender for its answer.
    Ask(oneshot::Sender<u64>),
}

/// The sending end of a channel, as plain threads use it.
pub(crate) trait Channel: 'static {
    /// The sending end.
    type Sender<P: Payload>: Clone + Send + Sync + 'static;
    /// The receiving end.
    type Receiver<P: Payload>: Send + 'static;

    /// Creates a channel. A channel type supporting only one kind of room may ignore `room`.
    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>);

    /// Sends without waiting. Returns whether there was room.
    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool;

    /// Sends from a plain thread, and waits for room.
    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>);
}

/// A channel with receiving on a task.
pub(crate) trait ReceiveAsync: Channel {
    /// Receives the next letter. Returns `None` after the last sender was dropped.
    fn receive<P: Payload>(
        receiver: &mut Self::Receiver<P>,
    ) -> impl Future<Output = Option<Letter<P>>>;
}

/// A channel with receiving on a plain thread.
pub(crate) trait ReceiveBlocking: Channel {
    /// Receives the next letter. Returns `None` after the last sender was dropped.
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>>;
}
