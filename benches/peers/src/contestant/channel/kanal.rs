//! kanal, with different types for waiting on tasks and on threads.

use kanal::{AsyncReceiver, Receiver, Sender, bounded, unbounded};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnTask, OnThread, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

pub(super) fn contestants() -> [Contestant; 2] {
    [
        on_task::<KanalAsync>("kanal (task)").unbounded::<OnTask<KanalAsync>>(),
        on_thread::<Kanal>("kanal (thread)").unbounded::<OnThread<Kanal>>(),
    ]
}

struct Kanal;

impl Channel for Kanal {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        if room == Room::Unbounded { unbounded() } else { bounded(Room::PLACES) }
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(letter).expect("the receiver lives")
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        sender.send(letter).expect("the receiver lives");
    }
}

impl ReceiveBlocking for Kanal {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().ok()
    }
}

struct KanalAsync;

impl Channel for KanalAsync {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = AsyncReceiver<Letter<P>>;

    fn open<P: Payload>(room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        let (sender, receiver) = Kanal::open(room);
        (sender, receiver.to_async())
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        Kanal::try_send(sender, letter)
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        Kanal::send_blocking(sender, letter);
    }
}

impl ReceiveAsync for KanalAsync {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().await.ok()
    }
}
