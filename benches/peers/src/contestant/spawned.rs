//! spawned-concurrency on tasks: actors as tokio tasks, messages boxed, mailboxes without a bound.

use spawned_concurrency::message::Message;
use spawned_concurrency::tasks::{Actor, ActorRef, ActorStart, Context, Handler};
use tokio::sync::oneshot;

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, TokioStage};

pub(super) fn contestant() -> Contestant {
    let setting = "tokio current-thread; send, and request_raw, which has no timeout";
    Contestant::new("spawned (tasks)", "∞", setting).across::<Spawned>().local::<Spawned>()
}

struct Spawned;

struct SpawnedActor<P: Payload>(Owner<Spawned, P>);

pub(super) struct Tell<P>(pub(super) P);

pub(super) struct Ask;

/// According to its documentation, an actor is stopped by a user-defined message.
pub(super) struct Stop;

impl Message for Stop {
    type Result = ();
}

impl<P: Payload> Message for Tell<P> {
    type Result = ();
}

impl Message for Ask {
    type Result = u64;
}

impl<P: Payload> Actor for SpawnedActor<P> {}

impl<P: Payload> Handler<Tell<P>> for SpawnedActor<P> {
    async fn handle(&mut self, Tell(payload): Tell<P>, _cx: &Context<Self>) {
        self.0.take(payload);
    }
}

impl<P: Payload> Handler<Ask> for SpawnedActor<P> {
    async fn handle(&mut self, Ask: Ask, _cx: &Context<Self>) -> u64 {
        self.0.sum()
    }
}

impl<P: Payload> Handler<Stop> for SpawnedActor<P> {
    async fn handle(&mut self, Stop: Stop, cx: &Context<Self>) {
        cx.stop();
    }
}

impl<P: Payload> Actors<P> for Spawned {
    type Stage = TokioStage;
    type Address = ActorRef<SpawnedActor<P>>;
    type Life = ActorRef<SpawnedActor<P>>;
    type Pending = oneshot::Receiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        _room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let address = SpawnedActor(owner).start();
        (address.clone(), address)
    }

    async fn stop(address: &Self::Address, _life: &mut Self::Life) {
        address.send(Stop).expect("the actor lives");
    }

    async fn join(life: Self::Life) {
        life.join().await;
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.send(Tell(payload)).is_ok()
    }

    fn tell_blocking(_address: &Self::Address, _payload: P) {
        unreachable!("a mailbox without a bound always has room");
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        address.request_raw(Ask).expect("the actor lives")
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered")
    }

    fn finish_blocking(pending: Self::Pending) -> u64 {
        pending.blocking_recv().expect("it is answered")
    }
}
