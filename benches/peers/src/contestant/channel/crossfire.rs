//! crossfire's mpsc. Its types state how each end waits and whether there is a bound.

use crossfire::mpsc::{
    Array, List, bounded_blocking, bounded_blocking_async, unbounded_async, unbounded_blocking,
};
use crossfire::{AsyncRx, MTx, Rx};

use crate::actor::{Payload, Room};
use crate::contestant::Contestant;

use super::{Channel, Letter, OnTask, OnThread, ReceiveAsync, ReceiveBlocking, on_task, on_thread};

pub(super) fn contestants() -> [Contestant; 2] {
    [
        on_task::<Task>("crossfire (task)").unbounded::<OnTask<TaskUnbounded>>(),
        on_thread::<Thread>("crossfire (thread)").unbounded::<OnThread<ThreadUnbounded>>(),
    ]
}

/// One of the four channels: its name, its queue, its receiver, and its constructor.
macro_rules! channel {
    ($name:ident, $queue:ident, $receiver:ident, $open:expr) => {
        struct $name;

        impl Channel for $name {
            type Sender<P: Payload> = MTx<$queue<Letter<P>>>;
            type Receiver<P: Payload> = $receiver<$queue<Letter<P>>>;

            fn open<P: Payload>(_room: Room) -> (Self::Sender<P>, Self::Receiver<P>) {
                $open
            }

            fn try_send<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) -> bool {
                sender.try_send(letter).is_ok()
            }

            fn send_blocking<P: Payload>(sender: &Self::Sender<P>, letter: Letter<P>) {
                assert!(sender.send(letter).is_ok(), "the receiver lives");
            }
        }
    };
}

channel!(Task, Array, AsyncRx, bounded_blocking_async(Room::PLACES));
channel!(TaskUnbounded, List, AsyncRx, unbounded_async());
channel!(Thread, Array, Rx, bounded_blocking(Room::PLACES));
channel!(ThreadUnbounded, List, Rx, unbounded_blocking());

/// The receiving end of two of them each.
macro_rules! receive {
    ($($task:ident)*; $($thread:ident)*) => {
        $(impl ReceiveAsync for $task {
            async fn receive<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
                receiver.recv().await.ok()
            }
        })*

        $(impl ReceiveBlocking for $thread {
            fn receive_blocking<P: Payload>(receiver: &mut Self::Receiver<P>) -> Option<Letter<P>> {
                receiver.recv().ok()
            }
        })*
    };
}

receive!(Task TaskUnbounded; Thread ThreadUnbounded);
