//! What a channel must be able to do.

use std::future::Future;

use crate::actor::{Payload, Room};

/// What is sent through a channel.
pub(crate) enum Letter<P> {
    /// A message.
    Tell(P),
    /// A question, with the way back.
    Ask(oneshot::Sender<u64>),
}

/// The sending end of a channel, as plain threads use it.
pub(crate) trait Channel: 'static {
    /// The sending end.
    type Sender<P: Payload>: Clone + Send + Sync + 'static;
    /// The receiving end.
    type Receiver<P: Payload>: Send + 'static;

    /// Makes a channel. One that is for unbounded rooms only, or for bounded ones only, need not look at the room.
    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>);

    /// Sends at once, or says that there is no room.
    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool;

    /// Sends from a plain thread, waiting for room.
    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>);
}

/// A channel that a task receives from.
pub(crate) trait ReceiveAsync: Channel {
    /// Receives the next letter; `None` when the last sender is gone.
    fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> impl Future<Output = Option<Letter<P>>>;
}

/// A channel that a plain thread receives from.
pub(crate) trait ReceiveBlocking: Channel {
    /// Receives the next letter; `None` when the last sender is gone.
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>>;
}
