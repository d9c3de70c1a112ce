//! The standard library's mpsc, with different types for bounded and unbounded senders.

use std::sync::mpsc::{
    Receiver, Sender, SyncSender, channel as unbounded, sync_channel as bounded,
};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnThread, ReceiveBlocking, on_thread};

pub(super) fn contestants() -> [Contestant; 1] {
    [on_thread::<StdMpsc>("std mpsc (thread)").unbounded::<OnThread<StdUnbounded>>()]
}

struct StdMpsc;

impl Channel for StdMpsc {
    type Sender<P: Payload> = SyncSender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        bounded(Room::PLACES)
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(letter).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(sender.send(letter).is_ok(), "the receiver lives");
    }
}

impl ReceiveBlocking for StdMpsc {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().ok()
    }
}

struct StdUnbounded;

impl Channel for StdUnbounded {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    #[expect(
        clippy::disallowed_methods,
        reason = "the unbounded tell is measured too; it is sent n messages at most"
    )]
    fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        unbounded()
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.send(letter).is_ok()
    }

    fn send_blocking<P: Payload>(_sender: &Self::Sender<P>, _letter: Letter<P>) {
        unreachable!("a channel without a bound always has room");
    }
}

impl ReceiveBlocking for StdUnbounded {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().ok()
    }
}
