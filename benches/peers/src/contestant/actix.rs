//! actix: actors as tasks of an arbiter's `LocalSet`, messages boxed, mailboxes bounded.

use std::thread::{Builder, JoinHandle};

use actix::dev::{MessageResponse, OneshotSender, Request};
use actix::{Actor, Addr, Context, Handler, Message};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, Job, Stage};

pub(super) fn contestant() -> Contestant {
    let setting = "an actix System's thread; try_send, and again after yield_now when full: its `send` awaits the answer, \
                   and is not woken when it met a full mailbox";
    Contestant::new("actix", "1024", setting).own_room("16").across::<Actix>().local::<Actix>()
}

struct Actix;

struct ActixActor<P: Payload> {
    owner: Owner<Actix, P>,
    /// Dropped with the actor: actix has no join.
    _end: oneshot::Sender<()>,
}

struct Tell<P>(P);

struct Ask;

struct Sum(u64);

impl<P: Payload> Actor for ActixActor<P> {
    type Context = Context<Self>;
}

impl<P: Payload> Message for Tell<P> {
    type Result = ();
}

impl Message for Ask {
    type Result = Sum;
}

impl<A: Actor> MessageResponse<A, Ask> for Sum {
    fn handle(self, _cx: &mut A::Context, asker: Option<OneshotSender<Self>>) {
        if let Some(asker) = asker {
            drop(asker.send(self));
        }
    }
}

impl<P: Payload> Handler<Tell<P>> for ActixActor<P> {
    type Result = ();

    fn handle(&mut self, Tell(payload): Tell<P>, _cx: &mut Context<Self>) {
        self.owner.take(payload);
    }
}

impl<P: Payload> Handler<Ask> for ActixActor<P> {
    type Result = Sum;

    fn handle(&mut self, Ask: Ask, _cx: &mut Context<Self>) -> Sum {
        Sum(self.owner.sum())
    }
}

impl<P: Payload> Actors<P> for Actix {
    type Stage = ActixStage;
    type Address = Addr<ActixActor<P>>;
    type Life = oneshot::Receiver<()>;
    type Pending = Request<ActixActor<P>, Ask>;

    async fn start(
        _here: &Here<Self, P>,
        room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let (end, ended) = oneshot::channel();
        let address = ActixActor::create(|cx| {
            if room != Room::Own {
                cx.set_mailbox_capacity(Room::PLACES);
            }
            ActixActor { owner, _end: end }
        });
        (address, ended)
    }

    async fn join(life: Self::Life) {
        // Nothing is sent: the sender is dropped with the actor, after its last address.
        drop(life.await);
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.try_send(Tell(payload)).is_ok()
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        while !Self::try_tell(address, payload) {
            std::thread::yield_now();
        }
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        address.send(Ask)
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered").0
    }

    async fn ask(address: &Self::Address) -> u64 {
        address.send(Ask).await.expect("it is answered").0
    }
}

/// A thread running an actix system.
struct ActixStage {
    jobs: UnboundedSender<Job>,
    thread: JoinHandle<()>,
}

impl Stage for ActixStage {
    type Here = ();

    #[expect(clippy::disallowed_methods, reason = "holds no more than the jobs of one round")]
    fn open() -> Self {
        let (jobs, posted) = unbounded_channel();
        let thread = Builder::new()
            .name("actix".into())
            .spawn(move || actix::System::new().block_on(serve(posted)))
            .expect("a thread can be started");
        Self { jobs, thread }
    }

    fn here(&self) {}

    fn post(&self, job: Job) {
        assert!(self.jobs.send(job).is_ok(), "the thread takes jobs until the stage is closed");
    }

    fn close(self) {
        drop(self.jobs);
        self.thread.join().expect("the thread has not panicked");
    }
}

async fn serve(mut posted: UnboundedReceiver<Job>) {
    while let Some(job) = posted.recv().await {
        drop(actix::spawn(job()));
    }
}
