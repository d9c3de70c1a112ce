//! kameo: actors as tokio tasks, messages boxed, mailboxes of tokio's mpsc.

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};
use kameo::request::PendingReply;

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, TokioStage};

pub(super) fn contestant() -> Contestant {
    let setting = "tokio current-thread; without its feature `tracing`; tell().try_send(), then blocking_send()";
    Contestant::new("kameo", "1024", setting)
        .own_room("64")
        .across::<Kameo>()
        .unbounded::<Kameo>()
        .local::<Kameo>()
}

struct Kameo;

struct KameoActor<P: Payload>(Owner<Kameo, P>);

struct Tell<P>(P);

struct Ask;

impl<P: Payload> Actor for KameoActor<P> {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(actor: Self, _actor_ref: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(actor)
    }
}

impl<P: Payload> Message<Tell<P>> for KameoActor<P> {
    type Reply = ();

    async fn handle(&mut self, Tell(payload): Tell<P>, _cx: &mut Context<Self, ()>) {
        self.0.take(payload);
    }
}

impl<P: Payload> Message<Ask> for KameoActor<P> {
    type Reply = u64;

    async fn handle(&mut self, Ask: Ask, _cx: &mut Context<Self, u64>) -> u64 {
        self.0.sum()
    }
}

impl<P: Payload> Actors<P> for Kameo {
    type Stage = TokioStage;
    type Address = ActorRef<KameoActor<P>>;
    type Life = ActorRef<KameoActor<P>>;
    type Pending = PendingReply<Ask, u64>;

    async fn start(
        _here: &Here<Self, P>,
        room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let actor = KameoActor(owner);
        let address = match room {
            Room::Bounded => KameoActor::spawn_with_mailbox(actor, mailbox::bounded(Room::PLACES)),
            Room::Unbounded => KameoActor::spawn_with_mailbox(actor, mailbox::unbounded()),
            Room::Own => KameoActor::spawn(actor),
        };
        (address.clone(), address)
    }

    async fn stop(address: &Self::Address, _life: &mut Self::Life) {
        address.stop_gracefully().await.expect("the actor lives");
    }

    async fn join(life: Self::Life) {
        life.wait_for_shutdown().await;
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.tell(Tell(payload)).try_send().is_ok()
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        assert!(address.tell(Tell(payload)).blocking_send().is_ok(), "the actor lives");
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let Ok(pending) = address.ask(Ask).try_enqueue() else { panic!("the mailbox has room") };
        pending
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.unwrap_or_else(|_unanswered| panic!("it is answered"))
    }

    async fn ask(address: &Self::Address) -> u64 {
        address.ask(Ask).await.unwrap_or_else(|_unanswered| panic!("it is answered"))
    }

    fn ask_blocking(address: &Self::Address) -> u64 {
        address.ask(Ask).blocking_send().unwrap_or_else(|_unanswered| panic!("it is answered"))
    }
}
