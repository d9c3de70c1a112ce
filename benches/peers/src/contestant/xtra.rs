//! xtra: actors as tokio tasks, messages boxed, mailboxes bounded or not.

use futures::FutureExt;
use futures::executor::block_on;
use tokio::task::JoinHandle;
use xtra::{Actor, Address, Context, Handler, Mailbox, Receiver};

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, TokioStage};

pub(super) fn contestant() -> Contestant {
    let setting = "tokio current-thread; send().detach(), polled once, then blocked on";
    Contestant::new("xtra", "1024", setting)
        .own_room("∞")
        .across::<Xtra>()
        .unbounded::<Xtra>()
        .local::<Xtra>()
}

struct Xtra;

struct XtraActor<P: Payload>(Owner<Xtra, P>);

struct Tell<P>(P);

struct Ask;

impl<P: Payload> Actor for XtraActor<P> {
    type Stop = ();

    async fn stopped(self) {}
}

impl<P: Payload> Handler<Tell<P>> for XtraActor<P> {
    type Return = ();

    async fn handle(&mut self, Tell(payload): Tell<P>, _cx: &mut Context<Self>) {
        self.0.take(payload);
    }
}

impl<P: Payload> Handler<Ask> for XtraActor<P> {
    type Return = u64;

    async fn handle(&mut self, Ask: Ask, _cx: &mut Context<Self>) -> u64 {
        self.0.sum()
    }
}

impl<P: Payload> Actors<P> for Xtra {
    type Stage = TokioStage;
    type Address = Address<XtraActor<P>>;
    type Life = JoinHandle<()>;
    type Pending = Receiver<u64>;

    async fn start(
        _here: &Here<Self, P>,
        room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let (address, mailbox) = match room {
            Room::Bounded => Mailbox::bounded(Room::PLACES),
            // It has no default. The examples in its documentation use the unbounded one.
            Room::Unbounded | Room::Own => Mailbox::unbounded(),
        };
        let life = tokio::spawn(xtra::run(mailbox, XtraActor(owner)));
        (address, life)
    }

    async fn join(life: Self::Life) {
        // It ends when its last address is dropped.
        life.await.expect("the actor ends");
    }

    /// Sends only if there is room: a waiting send may be accepted during its drop, and would then
    /// be sent twice.
    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.send(Tell(payload)).detach().now_or_never().is_some_and(|sent| sent.is_ok())
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        drop(block_on(address.send(Tell(payload)).detach()).expect("the actor lives"));
    }

    fn tell(address: &Self::Address, payload: P) {
        let mut sending = address.send(Tell(payload)).detach();
        let sent = (&mut sending).now_or_never().unwrap_or_else(|| block_on(sending));
        drop(sent.expect("the actor lives"));
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        let sent = address.send(Ask).detach().now_or_never().expect("the mailbox has room");
        sent.expect("the actor lives")
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered")
    }

    async fn ask(address: &Self::Address) -> u64 {
        address.send(Ask).await.expect("it is answered")
    }
}
