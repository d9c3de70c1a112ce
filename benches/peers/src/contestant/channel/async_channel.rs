//! async-channel.

use async_channel::{Receiver, Sender, bounded, unbounded};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnTask, OnThread, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

pub(super) fn contestants() -> [Contestant; 2] {
    [
        on_task::<AsyncChannel>("async-channel (task)").unbounded::<OnTask<AsyncChannel>>(),
        on_thread::<AsyncChannel>("async-channel (thread)").unbounded::<OnThread<AsyncChannel>>(),
    ]
}

struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    #[expect(
        clippy::disallowed_methods,
        reason = "the unbounded tell is measured too; it is sent n messages at most"
    )]
    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        if room == Room::Unbounded { unbounded() } else { bounded(Room::PLACES) }
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(letter).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(sender.send_blocking(letter).is_ok(), "the receiver lives");
    }
}

impl ReceiveAsync for AsyncChannel {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().await.ok()
    }
}

impl ReceiveBlocking for AsyncChannel {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv_blocking().ok()
    }
}
