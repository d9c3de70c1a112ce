//! An actor built of a channel and a plain thread.

use std::marker::PhantomData;
use std::thread::{Builder, JoinHandle};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::{Here, PlainStage};

use super::{Letter, ReceiveBlocking};

/// Actors, each on a plain thread.
pub(super) struct OnThread<Ch>(PhantomData<Ch>);

impl<Ch: ReceiveBlocking, P: Payload> Actors<P> for OnThread<Ch> {
    type Stage = PlainStage;
    type Address = Ch::Sender<P>;
    type Life = JoinHandle<()>;
    type Pending = oneshot::Receiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        room: Room,
        mut owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let (sender, mut receiver) = Ch::open(room);
        let actor = move || {
            while let Some(letter) = Ch::receive_blocking(&mut receiver) {
                match letter {
                    Letter::Tell(payload) => owner.take(payload),
                    Letter::Ask(reply) => reply.send(owner.sum()).expect("the asker waits"),
                }
            }
        };
        (sender, Builder::new().spawn(actor).expect("a thread can be started"))
    }

    async fn join(life: Self::Life) {
        // It ends when its last sender is dropped.
        life.join().expect("the thread has not panicked");
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        Ch::try_send(address, Letter::Tell(payload))
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        Ch::send_blocking(address, Letter::Tell(payload));
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let (reply, answer) = oneshot::channel();
        assert!(Ch::try_send(address, Letter::Ask(reply)), "the channel has room");
        answer
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.recv().expect("it is answered")
    }

    fn finish_blocking(pending: Self::Pending) -> u64 {
        pending.recv().expect("it is answered")
    }
}
