//! thingbuf. It recycles its slots and never empties them: each holds a letter or `None`.

use futures::executor::block_on;
use thingbuf::mpsc;
use thingbuf::recycling::Recycle;

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

/// It has no unbounded channel.
pub(super) fn contestants() -> [Contestant; 2] {
    [on_task::<Task>("thingbuf (task)"), on_thread::<Thread>("thingbuf (thread)")]
}

/// Creates empty slots.
#[derive(Clone, Copy, Debug)]
struct Empty;

impl<P> Recycle<Option<Letter<P>>> for Empty {
    fn new_element(&self) -> Option<Letter<P>> {
        None
    }

    fn recycle(&self, element: &mut Option<Letter<P>>) {
        *element = None;
    }
}

struct Task;

impl Channel for Task {
    type Sender<P: Payload> = mpsc::Sender<Option<Letter<P>>, Empty>;
    type Receiver<P: Payload> = mpsc::Receiver<Option<Letter<P>>, Empty>;

    fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        mpsc::with_recycle(Room::PLACES, Empty)
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(Some(letter)).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(block_on(sender.send(Some(letter))).is_ok(), "the receiver lives");
    }
}

impl ReceiveAsync for Task {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().await.flatten()
    }
}

struct Thread;

impl Channel for Thread {
    type Sender<P: Payload> = mpsc::blocking::Sender<Option<Letter<P>>, Empty>;
    type Receiver<P: Payload> = mpsc::blocking::Receiver<Option<Letter<P>>, Empty>;

    fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        mpsc::blocking::with_recycle(Room::PLACES, Empty)
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(Some(letter)).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(sender.send(Some(letter)).is_ok(), "the receiver lives");
    }
}

impl ReceiveBlocking for Thread {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().flatten()
    }
}
