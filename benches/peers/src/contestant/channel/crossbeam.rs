//! crossbeam-channel, with receiving on threads only.

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnThread, ReceiveBlocking, on_thread};

pub(super) fn contestants() -> [Contestant; 1] {
    [on_thread::<Crossbeam>("crossbeam-channel (thread)").unbounded::<OnThread<Crossbeam>>()]
}

struct Crossbeam;

impl Channel for Crossbeam {
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

impl ReceiveBlocking for Crossbeam {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().ok()
    }
}
