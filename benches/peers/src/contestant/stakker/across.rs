//! Senders on other threads.

use stakker::sync::Channel;
use stakker::{CX, actor, fwd_to, ret_nop};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::Here;

use super::stage::{StakkerStage, keep, let_go, with};

/// Actors receiving through a channel.
pub(super) struct Across;

/// The messages in the channel.
pub(super) enum Letter<P> {
    Tell(P),
    Ask(oneshot::Sender<u64>),
}

struct StakkerActor<P: Payload>(Owner<Across, P>);

impl<P: Payload> StakkerActor<P> {
    fn init(_cx: CX![], owner: Owner<Across, P>) -> Option<Self> {
        Some(Self(owner))
    }

    fn take(&mut self, _cx: CX![], letter: Letter<P>) {
        match letter {
            Letter::Tell(payload) => self.0.take(payload),
            Letter::Ask(reply) => reply.send(self.0.sum()).expect("the asker waits"),
        }
    }
}

impl<P: Payload> Actors<P> for Across {
    type Stage = StakkerStage;
    type Address = Channel<Letter<P>>;
    type Life = ();
    type Pending = oneshot::Receiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        _room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let channel = with(|stakker| {
            let actor = actor!(stakker, <StakkerActor<P>>::init(owner), ret_nop!());
            let (channel, guard) = Channel::new(stakker, fwd_to!([actor], take() as (Letter<P>)));
            keep((actor, guard));
            channel
        });
        (channel, ())
    }

    async fn stop(_address: &Self::Address, _life: &mut Self::Life) {
        let_go();
    }

    async fn join(_life: Self::Life) {}

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.send(Letter::Tell(payload))
    }

    fn tell_blocking(_address: &Self::Address, _payload: P) {
        unreachable!("a channel without a bound always has room");
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let (reply, answer) = oneshot::channel();
        assert!(address.send(Letter::Ask(reply)), "the actor lives");
        answer
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.recv().expect("it is answered")
    }

    fn finish_blocking(pending: Self::Pending) -> u64 {
        pending.recv().expect("it is answered")
    }
}
