//! tokio's mpsc, with different types for bounded and unbounded channels.

use tokio::sync::mpsc::{
    Receiver, Sender, UnboundedReceiver, UnboundedSender, channel as bounded,
    unbounded_channel as unbounded,
};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnTask, OnThread, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

pub(super) fn contestants() -> [Contestant; 2] {
    [
        on_task::<TokioMpsc>("tokio mpsc (task)").unbounded::<OnTask<TokioUnbounded>>(),
        on_thread::<TokioMpsc>("tokio mpsc (thread)").unbounded::<OnThread<TokioUnbounded>>(),
    ]
}

struct TokioMpsc;

impl Channel for TokioMpsc {
    type Sender<P: Payload> = Sender<Letter<P>>;
    type Receiver<P: Payload> = Receiver<Letter<P>>;

    fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
        bounded(Room::PLACES)
    }

    fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
        sender.try_send(letter).is_ok()
    }

    fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
        assert!(sender.blocking_send(letter).is_ok(), "the receiver lives");
    }
}

impl ReceiveAsync for TokioMpsc {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().await
    }
}

impl ReceiveBlocking for TokioMpsc {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.blocking_recv()
    }
}

struct TokioUnbounded;

impl Channel for TokioUnbounded {
    type Sender<P: Payload> = UnboundedSender<Letter<P>>;
    type Receiver<P: Payload> = UnboundedReceiver<Letter<P>>;

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

impl ReceiveAsync for TokioUnbounded {
    async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.recv().await
    }
}

impl ReceiveBlocking for TokioUnbounded {
    fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
        receiver.blocking_recv()
    }
}
