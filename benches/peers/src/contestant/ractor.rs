//! ractor: actors as tokio tasks, messages boxed, mailboxes without a bound.

use ractor::concurrency::{JoinHandle, OneshotReceiver, oneshot};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, TokioStage};

pub(super) fn contestant() -> Contestant {
    let setting = "tokio current-thread; without its feature `message_span_propogation`; cast, and a reply port";
    Contestant::new("ractor", "∞", setting).across::<Ractor>().local::<Ractor>()
}

struct Ractor;

enum Letter<P> {
    Tell(P),
    Ask(RpcReplyPort<u64>),
}

impl<P: Payload> Actor for RactorActor<P> {
    type Msg = Letter<P>;
    type State = Owner<Ractor, P>;
    type Arguments = Owner<Ractor, P>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Letter<P>>,
        owner: Owner<Ractor, P>,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(owner)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Letter<P>>,
        letter: Letter<P>,
        owner: &mut Owner<Ractor, P>,
    ) -> Result<(), ActorProcessingErr> {
        match letter {
            Letter::Tell(payload) => owner.take(payload),
            Letter::Ask(reply) => reply.send(owner.sum())?,
        }
        Ok(())
    }
}

/// Has no state of its own: ractor keeps the state separately.
struct RactorActor<P>(std::marker::PhantomData<P>);

impl<P: Payload> Actors<P> for Ractor {
    type Stage = TokioStage;
    type Address = ActorRef<Letter<P>>;
    type Life = JoinHandle<()>;
    type Pending = OneshotReceiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        _room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let actor = RactorActor(std::marker::PhantomData);
        Actor::spawn(None, actor, owner)
            .await
            .unwrap_or_else(|_refused| panic!("an actor can be started"))
    }

    async fn stop(address: &Self::Address, _life: &mut Self::Life) {
        address.stop(None);
    }

    async fn join(life: Self::Life) {
        life.await.expect("the actor ends");
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.cast(Letter::Tell(payload)).is_ok()
    }

    fn tell_blocking(_address: &Self::Address, _payload: P) {
        unreachable!("a mailbox without a bound always has room");
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let (reply, answer) = oneshot();
        assert!(address.cast(Letter::Ask(reply.into())).is_ok(), "the actor lives");
        answer
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered")
    }

    fn finish_blocking(pending: Self::Pending) -> u64 {
        pending.blocking_recv().expect("it is answered")
    }
}
