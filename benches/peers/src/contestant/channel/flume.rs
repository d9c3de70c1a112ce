//! flume.

use flume::{Receiver, Sender, bounded, unbounded};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnTask, OnThread, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

pub(super) fn contestants() -> [Contestant; 2] {
    [
        on_task::<Flume>("flume (task)").unbounded::<OnTask<Flume>>(),
        on_thread::<Flume>("flume (thread)").unbounded::<OnThread<Flume>>(),
    ]
}

struct Flume;

impl Channel for Flume {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        if room == Room::Unbounded { unbounded() } else { bounded(Room::PLACES) }
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(letter).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(sender.send(letter).is_ok(), "the receiver lives");
    }
}

impl ReceiveAsync for Flume {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv_async().await.ok()
    }
}

impl ReceiveBlocking for Flume {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().ok()
    }
}
