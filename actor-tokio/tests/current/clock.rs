//! Actors use the clock of their runtime, also a paused one.

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use actor_core::{Actor, Context, Message, Reply, spawn};
use actor_tokio::TokioRuntime;
use tokio::task::LocalSet;

use crate::rig::PATIENCE;

const HOUR: Duration = Duration::from_secs(3600);

enum Call {
    /// Returns the hours passed until the timer.
    Sleep(Reply<u64>),
    Rings,
    /// Returns the hours passed during work that takes no time of the paused clock.
    Work(Reply<u64>),
    Worked,
    Now(Reply<Instant>),
}

impl Message for Call {}

#[derive(Default)]
struct Sleeper {
    began: Option<Instant>,
    reply: Option<Reply<u64>>,
}

impl Sleeper {
    fn begins(&mut self, reply: Reply<u64>, cx: &Context<Call>) {
        self.began = Some(cx.now());
        self.reply = Some(reply);
    }

    fn ends(&mut self, cx: &Context<Call>) {
        let passed = cx.now() - self.began.take().expect("it has begun");
        self.reply.take().expect("it has begun").send(passed.as_secs() / HOUR.as_secs());
    }
}

impl Actor for Sleeper {
    type Message = Call;

    async fn handle(&mut self, call: Call, cx: &mut Context<Call>) {
        match call {
            Call::Sleep(reply) => {
                self.begins(reply, cx);
                cx.after(HOUR, Call::Rings);
            }
            Call::Work(reply) => {
                self.begins(reply, cx);
                let (began, beginning) = sync_channel(1);
                // The work waits for another thread, and the runtime is idle meanwhile.
                let other = std::thread::spawn(move || {
                    beginning.recv_timeout(PATIENCE).expect("the work runs");
                    std::thread::yield_now();
                });
                cx.offload(
                    move || {
                        began.send(()).expect("the other thread waits");
                        other.join().expect("no panic");
                    },
                    |_| Call::Worked,
                );
                // Would be due if the clock advanced meanwhile.
                cx.after(HOUR, Call::Rings);
            }
            Call::Rings | Call::Worked if self.began.is_some() => self.ends(cx),
            Call::Rings | Call::Worked => {}
            Call::Now(reply) => reply.send(cx.now()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_paused_clock_ends_at_once() {
    let executor = TokioRuntime::current().expect("a current-thread runtime");
    let (sleeper, _running) = spawn(&executor, Sleeper::default).expect("it takes actors");
    let before = tokio::time::Instant::now();
    assert_eq!(sleeper.ask(Call::Sleep).await.expect("it answers"), 1);
    assert_eq!(before.elapsed().as_secs(), HOUR.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_paused_clock_ends_at_once_in_a_local_set() {
    let tasks = LocalSet::new();
    let executor = TokioRuntime::in_local_set(&tasks).expect("a context");
    let (sleeper, _running) = spawn(&executor, Sleeper::default).expect("it takes actors");
    let before = tokio::time::Instant::now();
    tasks
        .run_until(async { assert_eq!(sleeper.ask(Call::Sleep).await.expect("an answer"), 1) })
        .await;
    assert_eq!(before.elapsed().as_secs(), HOUR.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_work_is_in_flight() {
    let executor = TokioRuntime::current().expect("a current-thread runtime");
    let (sleeper, _running) = spawn(&executor, Sleeper::default).expect("it takes actors");
    for _ in 0..100 {
        assert_eq!(sleeper.ask(Call::Work).await.expect("it answers"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_the_runtimes_on_every_thread() {
    let executor = TokioRuntime::current().expect("a current-thread runtime");
    let (sleeper, _running) = spawn(&executor, Sleeper::default).expect("it takes actors");
    tokio::time::advance(HOUR).await;
    let now = tokio::time::Instant::now().into_std();
    assert_eq!(sleeper.ask(Call::Now).await.expect("it answers"), now);
    let elsewhere = std::thread::spawn(move || executor.now());
    assert_eq!(elsewhere.join().expect("no panic"), now);
}
