//! Actors end by themselves or lose their executor, and every waiting caller gets a result.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::task;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::life::NotStarted;
use actor_lanes::runtime::{ExecutorStopped, Maker, Timer};
use actor_lanes::{
    Actor, Context, Executor, ExitReason, Running, Runtime, Spawn, TryTellError, spawn,
};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime, signal, wait, within,
};

on_every_runtime! {
    an_actor_stops_itself,
    an_actor_stops_itself_when_drained,
    an_actor_fails,
    an_actor_stops_in_started,
    a_spawner_learns_whether_the_actor_has_started,
    every_join_returns_at_the_end,
    a_dropped_wait_affects_neither_the_actor_nor_other_waits,
    the_hook_is_dropped_before_the_exit_is_published,
    waiting_senders_get_their_messages_back,
    closed_returns_to_every_waiter,
    a_dropped_running_detaches_the_actor,
    an_actor_that_never_started_is_abandoned,
    an_actor_whose_future_is_dropped_is_abandoned,
}

fn an_actor_stops_itself(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    desk.try_tell(Letter::act(FIFO, |_, cx| cx.stop())).expect("there is room");
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped) && exit.reason.is_normal(), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered()), (1, 1));
}

fn an_actor_stops_itself_when_drained(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    desk.try_tell(Letter::act(FIFO, |_, cx| cx.stop_when_drained())).expect("there is room");
    (0..63).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered()), (64, 0));
}

fn an_actor_fails(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    desk.try_tell(Letter::act(FIFO, |_, cx| {
        cx.fail(fmt::Error);
        cx.stop();
    }))
    .expect("there is room");
    let exit = end_of(&running);
    assert!(
        matches!(&exit.reason, ExitReason::Failed(error) if error.is::<fmt::Error>()),
        "{exit:?}"
    );
    assert!(!exit.reason.is_normal());
}

/// Stops before it has handled any message.
struct Brief;

impl Actor for Brief {
    type Message = Letter;

    async fn started(&mut self, cx: &mut Context<Letter>) {
        cx.stop();
    }

    async fn handle(&mut self, _letter: Letter, _cx: &mut Context<Letter>) {
        panic!("it stopped in `started`");
    }
}

fn an_actor_stops_in_started(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor(runtime), || Brief).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
}

fn every_join_returns_at_the_end(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    assert!(running.join_blocking(Duration::ZERO).is_none());
    let (joined, joins) = signal();
    for executor in [executor(runtime), executor(runtime)] {
        for _ in 0..4 {
            let (running, joined) = (running.clone(), joined.clone());
            let joining = async move {
                joined.send(running.join().await.reason.is_normal()).expect("the test waits")
            };
            executor.spawn(Box::new(|| Box::pin(joining))).expect("the executor takes futures");
        }
    }
    let blocked: Vec<_> = (0..4)
        .map(|_| {
            let running = running.clone();
            thread::spawn(move || end_of(&running).reason.is_normal())
        })
        .collect();
    running.stop(PATIENCE);
    release.send(());
    assert!((0..8).all(|_| wait(&joins)));
    assert!(blocked.into_iter().all(|joiner| joiner.join().expect("joining does not panic")));
    assert!(end_of(&running).reason.is_normal(), "and whoever comes late");
}

fn a_dropped_wait_affects_neither_the_actor_nor_other_waits(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    assert!(within(&executor(runtime), move || async move {
        let mut joins = [(); 3].map(|()| Box::pin(running.join()));
        let mut closes = [(); 3].map(|()| Box::pin(desk.closed()));
        for (join, close) in joins.iter_mut().zip(&mut closes) {
            assert!(futures::poll!(join).is_pending() && futures::poll!(close).is_pending());
        }
        let ([early_join, late_join, join], [early_close, late_close, close]) = (joins, closes);
        drop((early_join, early_close));
        assert!(desk.ask(Letter::read).await.is_ok(), "the actor runs");
        running.stop(PATIENCE);
        close.await;
        let exit = join.await;
        // Notified, and not polled again.
        drop((late_join, late_close));
        exit.reason.is_normal() && running.join().await.reason.is_normal()
    }));
}

/// When it is dropped, reports whether the exit is already published, and panics.
struct Parting {
    given: Receiver<Running>,
    told: SyncSender<bool>,
}

impl Drop for Parting {
    fn drop(&mut self) {
        let published = wait(&self.given).exit().is_some();
        self.told.send(published).expect("the test waits");
        panic!("this drop panics, as the test wants it to");
    }
}

fn the_hook_is_dropped_before_the_exit_is_published(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let ((give, given), (told, tells)) = (signal(), signal());
    let parting = Parting { given, told };
    let spawn = Spawn::new(mailbox).on_undelivered(move |_, _: Letter| _ = &parting);
    let running = spawn.start(&executor(runtime), Desk::default).expect("it starts");
    give.send(running.clone()).expect("the hook waits");
    drop(desk);
    assert!(!wait(&tells), "the exit is published last");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
}

fn waiting_senders_get_their_messages_back(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
    let _held = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    let (refused, refusals) = signal();
    for n in 100..110 {
        let (desk, refused) = (desk.clone(), refused.clone());
        let telling = async move {
            let mut tell = std::pin::pin!(desk.tell(Letter::note(FIFO, n)));
            assert!(futures::poll!(&mut tell).is_pending());
            refused.send(None).expect("the test waits");
            let error = tell.await.expect_err("the actor ends first");
            refused.send(error.0.number()).expect("the test waits");
        };
        executor.spawn(Box::new(|| Box::pin(telling))).expect("the executor takes futures");
    }
    assert!((0..10).all(|_| wait(&refusals).is_none()), "all wait");
    running.kill();
    let mut back: Vec<_> = (0..10).map(|_| wait(&refusals).expect("a note's number")).collect();
    back.sort_unstable();
    assert_eq!(back, Vec::from_iter(100..110));
    assert_eq!(end_of(&running).undelivered(), 64);
}

fn closed_returns_to_every_waiter(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    assert!(!desk.is_closed());
    let (told, tells) = signal();
    let other = executor(runtime);
    for _ in 0..4 {
        let (desk, told) = (desk.clone(), told.clone());
        let waiting = async move {
            desk.closed().await;
            told.send(()).expect("the test waits");
        };
        other.spawn(Box::new(|| Box::pin(waiting))).expect("the executor takes futures");
    }
    within(&other, || std::future::ready(()));
    running.stop(PATIENCE);
    (0..4).for_each(|_| wait(&tells));
    within(&other, || async move { desk.closed().await });
}

fn a_dropped_running_detaches_the_actor(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    drop(running);
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    assert_eq!(Desk::read(&desk), [1]);
}

fn an_actor_that_never_started_is_abandoned(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    executor.stop();
    let (desk, mailbox) = actor_lanes::mailbox();
    let (lost, found) = signal();
    let spawn = Spawn::new(mailbox).on_undelivered(move |lane, letter: Letter| {
        lost.send((lane, letter.number())).expect("the test listens");
    });
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    assert!(spawn.start(&executor, Desk::default).is_err());
    assert_eq!(wait(&found), ("fifo", Some(1)));
    assert!(desk.is_closed());
    assert!(matches!(desk.try_tell(Letter::note(FIFO, 2)), Err(TryTellError::Closed(_))));
}

/// An executor that drops every future in the middle of its life.
#[derive(Debug)]
struct Deserter(Arc<dyn Executor>);

impl Executor for Deserter {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.0.spawn(Box::new(|| {
            Box::pin(async {
                let mut deserted = maker();
                for _ in 0..3 {
                    _ = futures::poll!(&mut deserted);
                }
            })
        }))
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.0.timer()
    }

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.0.wall_now()
    }

    fn spins(&self) -> bool {
        self.0.spins()
    }

    fn give_way(&self, cx: &mut task::Context<'_>) {
        self.0.give_way(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.run_blocking(work);
    }

    fn stop(&self) {
        self.0.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.0.join(timeout)
    }
}

fn an_actor_whose_future_is_dropped_is_abandoned(runtime: &dyn Runtime) {
    let executor: Arc<dyn Executor> = Arc::new(Deserter(executor(runtime)));
    let (desk, mailbox) = actor_lanes::mailbox();
    let waits = Letter::awaiting(FIFO, pending);
    desk.try_tell(waits).expect("there is room");
    let answer = desk.try_ask(Letter::read).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
    assert!(futures::executor::block_on(answer).is_err(), "its asker is told");
    assert!(desk.is_closed());
}

/// Ends in its `started`, in one way or another.
enum Failing {
    Text,
    Boxed,
    Panic,
    Stop,
}

impl Actor for Failing {
    type Message = Letter;

    async fn started(&mut self, cx: &mut Context<Letter>) {
        match self {
            Self::Text => cx.fail("no such file"),
            Self::Boxed => {
                cx.fail(Box::<dyn std::error::Error + Send + Sync>::from("no such file"))
            }
            Self::Panic => panic!("it panics, as the test wants it to"),
            Self::Stop => cx.stop(),
        }
    }

    async fn handle(&mut self, _letter: Letter, _cx: &mut Context<Letter>) {}
}

fn a_spawner_learns_whether_the_actor_has_started(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
    running.started_blocking(PATIENCE).expect("it has nothing to fail at");
    drop(desk);
    drop(end_of(&running));
    running.started_blocking(PATIENCE).expect("it had started, and has ended since");

    let reason = |make: fn() -> Failing| {
        let (_handle, running) = spawn(&executor, make).expect("the executor runs");
        match running.started_blocking(PATIENCE) {
            Err(NotStarted::Ended(exit)) => exit.reason,
            other => panic!("it ended: {other:?}"),
        }
    };
    assert_eq!(reason(|| Failing::Text).to_string(), "failed: no such file");
    assert_eq!(reason(|| Failing::Boxed).to_string(), "failed: no such file");
    assert!(matches!(reason(|| Failing::Panic), ExitReason::Panicked(_)));
    assert!(matches!(reason(|| Failing::Stop), ExitReason::Stopped));
    assert!(matches!(
        reason(|| panic!("the maker panics, as the test wants it to")),
        ExitReason::Panicked(_)
    ));

    // While its executor is busy, an actor has not started yet.
    let (desk, _desk_running) = spawn(&executor, Desk::default).expect("it starts");
    let (release, released) = signal::<()>();
    desk.try_tell(Letter::act(FIFO, move |_, _| _ = released.recv_timeout(PATIENCE)))
        .expect("there is room");
    let (_handle, running) = spawn(&executor, Desk::default).expect("it starts");
    assert!(matches!(running.started_blocking(Duration::ZERO), Err(NotStarted::Timeout)));
    drop(release);
    running.started_blocking(PATIENCE).expect("it starts when it can");
}
