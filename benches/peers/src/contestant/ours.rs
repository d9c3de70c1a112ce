//! Our own actors, on every runtime with an adapter.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actor_core::reply::Answer;
use actor_core::{
    Actor, Context, Executor, Handle, Lane, Message, Reply, Running, Runtime, Spawn, ThreadConfig,
};
use actor_smol::SmolRuntime;
use actor_thread::ThreadRuntime;
use actor_tokio::TokioRuntime;
use epoll_loop::EpollRuntime;

use crate::actor::{Actors, Owner, Payload, Room};
use crate::contestant::Contestant;
use crate::stage::{Here, Job, Stage};

/// Longer than any round takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Our actors on each runtime. New runtimes are added only here.
pub(super) fn contestants() -> Vec<Contestant> {
    vec![
        on::<TokioRuntime>("ours (tokio)", "actor-tokio: a LocalRuntime of tokio"),
        on::<SmolRuntime>("ours (smol)", "actor-smol: LocalExecutor, async-io"),
        on::<ThreadRuntime>(
            "ours (thread)",
            "actor-thread: a plain thread that spins 25 µs before it parks",
        ),
        on::<EpollRuntime>(
            "ours (epoll)",
            "actor-embed: a foreign loop of epoll and an eventfd, woken by a write",
        ),
    ]
}

fn on<R: Runtime + Default>(name: &'static str, setting: &'static str) -> Contestant {
    Contestant::new(name, "1024", setting).across::<Ours<R>>().local::<Ours<R>>()
}

/// Our actors on the runtime `R`.
struct Ours<R>(PhantomData<R>);

struct OurStage<R> {
    executor: Arc<dyn Executor>,
    _runtime: PhantomData<R>,
}

enum Letter<P> {
    Tell(P),
    Ask(Reply<u64>),
}

impl<P: Payload> Message for Letter<P> {
    const LANES: &'static [Lane] = &[Lane::fifo("letters", Room::PLACES)];
}

struct OurActor<R: Runtime + Default, P: Payload>(Owner<Ours<R>, P>);

impl<R: Runtime + Default, P: Payload> Actor for OurActor<R, P> {
    type Message = Letter<P>;

    async fn handle(&mut self, letter: Letter<P>, _cx: &mut Context<Letter<P>>) {
        match letter {
            Letter::Tell(payload) => self.0.take(payload),
            Letter::Ask(reply) => reply.send(self.0.sum()),
        }
    }
}

impl<R: Runtime + Default, P: Payload> Actors<P> for Ours<R> {
    type Stage = OurStage<R>;
    type Address = Handle<Letter<P>>;
    type Life = Running;
    type Pending = Answer<u64>;

    async fn start(
        here: &Here<Self, P>,
        _room: Room,
        owner: Owner<Self, P>,
    ) -> (Self::Address, Self::Life) {
        let (handle, mailbox) = actor_core::mailbox();
        let running =
            Spawn::new(mailbox).start(here, move || OurActor(owner)).expect("the executor runs");
        (handle, running)
    }

    async fn stop(_address: &Self::Address, life: &mut Self::Life) {
        life.stop(PATIENCE);
    }

    async fn join(life: Self::Life) {
        assert!(life.join().await.reason.is_normal(), "the actor was asked to end");
    }

    fn try_tell(address: &Self::Address, payload: P) -> bool {
        address.try_tell(Letter::Tell(payload)).is_ok()
    }

    fn tell_blocking(address: &Self::Address, payload: P) {
        address.tell_blocking(Letter::Tell(payload), PATIENCE).expect("the actor makes room");
    }

    fn begin(address: &Self::Address) -> Self::Pending {
        address.try_ask(Letter::Ask).expect("the mailbox has room")
    }

    async fn finish(pending: Self::Pending) -> u64 {
        pending.await.expect("it is answered")
    }

    async fn ask(address: &Self::Address) -> u64 {
        address.ask(Letter::Ask).await.expect("it is answered")
    }

    fn ask_blocking(address: &Self::Address) -> u64 {
        address.ask_blocking(Letter::Ask, PATIENCE).expect("it is answered")
    }
}

impl<R: Runtime + Default> Stage for OurStage<R> {
    type Here = Arc<dyn Executor>;

    fn open() -> Self {
        let executor = R::default()
            .start_executor(ThreadConfig::named("ours"))
            .expect("a thread can be started");
        Self { executor, _runtime: PhantomData }
    }

    fn here(&self) -> Self::Here {
        Arc::clone(&self.executor)
    }

    fn post(&self, job: Job) {
        self.executor.spawn(job).expect("the executor runs until the stage is closed");
    }

    fn close(self) {
        self.executor.stop();
        assert!(self.executor.join(PATIENCE), "all actors have ended");
    }
}
