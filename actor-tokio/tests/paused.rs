//! Actors use tokio's clock, even after a test has paused it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use actor_core::{Actor, Context, Executor, Message, Reply, Runtime, ThreadConfig, spawn};
use actor_tokio::TokioRuntime;

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

enum Call {
    Ring,
    /// The number of hours passed by the actor's clock.
    Hours(Reply<u64>),
}

impl Message for Call {}

/// Pauses its runtime's clock, and sets an alarm.
struct Sleeper {
    rang: SyncSender<()>,
    began: Option<std::time::Instant>,
    advances: bool,
}

impl Actor for Sleeper {
    type Message = Call;

    async fn started(&mut self, cx: &mut Context<Call>) {
        tokio::time::pause();
        self.began = Some(cx.now());
        cx.after(HOUR, Call::Ring);
        if self.advances {
            tokio::time::advance(2 * HOUR).await;
        }
    }

    async fn handle(&mut self, call: Call, cx: &mut Context<Call>) {
        match call {
            Call::Ring => self.rang.send(()).expect("the test waits"),
            Call::Hours(reply) => {
                let passed = cx.now() - self.began.expect("it has begun");
                reply.send(passed.as_secs() / HOUR.as_secs());
            }
        }
    }
}

fn executor() -> Arc<dyn Executor> {
    TokioRuntime::new().start_executor(ThreadConfig::named("paused")).expect("a thread")
}

fn rings(advances: bool) -> u64 {
    let (rang, rings): (_, Receiver<()>) = sync_channel(1);
    let executor = executor();
    let (sleeper, _running) =
        spawn(&executor, move || Sleeper { rang, began: None, advances }).expect("it runs");
    rings.recv_timeout(PATIENCE).expect("an hour of the paused clock is over at once");
    sleeper.ask_blocking(Call::Hours, PATIENCE).expect("it answers")
}

#[test]
fn a_timer_follows_the_paused_clock_of_an_idle_runtime() {
    assert_eq!(rings(false), 1);
}

#[test]
fn a_timer_follows_a_clock_that_is_advanced() {
    assert_eq!(rings(true), 2);
}

#[test]
fn other_threads_see_the_paused_time_as_well() {
    let executor = executor();
    let (tell, told) = sync_channel(1);
    let own = Arc::clone(&executor);
    let makes = move || {
        Box::pin(async move {
            tokio::time::pause();
            let before = own.now();
            tokio::time::advance(HOUR).await;
            tell.send((before, own.now())).expect("the test waits");
        }) as std::pin::Pin<Box<dyn Future<Output = ()>>>
    };
    executor.spawn(Box::new(makes)).expect("it runs");
    let (before, after) = told.recv_timeout(PATIENCE).expect("it tells");
    assert_eq!(after - before, HOUR);
    assert_eq!(executor.now(), after, "the clock stands still");
}
