//! An actor built of a channel and a task.

use std::marker::PhantomData;

use tokio::task::{JoinHandle, spawn_local};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::{Here, TokioStage};

use super::{Letter, ReceiveAsync};

/// Actors, each a task on current-thread tokio.
pub(super) struct OnTask<Ch>(PhantomData<Ch>);

impl<Ch: ReceiveAsync, P: Payload> Actors<P> for OnTask<Ch> {
    type Stage = TokioStage;
    type Address = Ch::Sender<P>;
    type Life = JoinHandle<()>;
    type Pending = oneshot::AsyncReceiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        room: Room,
        mut owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let (sender, mut receiver) = Ch::open(room);
        let task = spawn_local(async move {
            while let Some(letter) = Ch::receive(&mut receiver).await {
                match letter {
                    Letter::Tell(payload) => owner.take(payload),
                    Letter::Ask(reply) => reply.send(owner.sum()).expect("the asker waits"),
                }
            }
        });
        (sender, task)
    }

    async fn join(life: Self::Life) {
        // It ends when its last sender is dropped.
        life.await.expect("the task has not panicked");
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        Ch::try_send(address, Letter::Tell(payload))
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        Ch::send_blocking(address, Letter::Tell(payload));
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let (reply, answer) = oneshot::async_channel();
        assert!(Ch::try_send(address, Letter::Ask(reply)), "the channel has room");
        answer
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered")
    }
}
