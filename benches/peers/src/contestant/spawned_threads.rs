//! spawned-concurrency on threads: each actor a thread, messages boxed, mailboxes without a bound.

use std::sync::mpsc::Receiver;

use spawned_concurrency::threads::{Actor, ActorRef, ActorStart, Context, Handler};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, PlainStage};

use super::spawned::{Ask, Stop, Tell};

pub(super) fn contestant() -> Contestant {
    let setting = "a thread for each actor; send, and request_raw, which has no timeout";
    Contestant::new("spawned (threads)", "∞", setting).across::<Spawned>()
}

struct Spawned;

struct SpawnedActor<P: Payload>(Owner<Spawned, P>);

impl<P: Payload> Actor for SpawnedActor<P> {}

impl<P: Payload> Handler<Tell<P>> for SpawnedActor<P> {
    fn handle(&mut self, Tell(payload): Tell<P>, _cx: &Context<Self>) {
        self.0.take(payload);
    }
}

impl<P: Payload> Handler<Ask> for SpawnedActor<P> {
    fn handle(&mut self, Ask: Ask, _cx: &Context<Self>) -> u64 {
        self.0.sum()
    }
}

impl<P: Payload> Handler<Stop> for SpawnedActor<P> {
    fn handle(&mut self, Stop: Stop, cx: &Context<Self>) {
        cx.stop();
    }
}

impl<P: Payload> Actors<P> for Spawned {
    type Stage = PlainStage;
    type Address = ActorRef<SpawnedActor<P>>;
    type Life = ActorRef<SpawnedActor<P>>;
    type Pending = Receiver<u64>;

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
        life.join();
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
        pending.recv().expect("it is answered")
    }

    fn finish_blocking(pending: Self::Pending) -> u64 {
        pending.recv().expect("it is answered")
    }
}
