//! How actors end: asked to, at once, by themselves, or because their executor is gone.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use actor::{
    Actor, Context, Executor, ExecutorStopped, ExitReason, Maker, Running, Runtime, Spawn, Timer, TryTellError, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
    within,
};

on_every_runtime! {
    what_is_queued_is_handled,
    an_idle_actor_stops_at_once,
    the_deadline_ends_a_handler_that_waits,
    the_deadline_ends_a_long_queue,
    a_deadline_met_at_the_end_of_a_turn_is_met,
    the_first_deadline_counts,
    a_patience_without_end_is_no_deadline,
    the_hook_gets_each_undelivered_message,
    a_waiting_handler_is_dropped_where_it_waits,
    stopped_runs_after_a_stop_at_once,
    a_stop_at_once_ends_a_stopped_that_waits,
    a_stop_at_once_before_the_start,
    an_actor_stops_itself,
    an_actor_stops_itself_when_drained,
    an_actor_fails,
    an_actor_stops_in_started,
    every_joiner_is_told,
    waiting_senders_get_their_messages_back,
    closed_is_told_to_everyone,
    a_dropped_running_detaches_the_actor,
    an_actor_that_never_started_is_abandoned,
    an_actor_whose_future_is_dropped_is_abandoned,
}

fn what_is_queued_is_handled(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    let release = Desk::hold(&desk);
    for lane in [CONTROL, FIFO, NEWEST, LATEST] {
        desk.try_tell(Letter::note(lane, lane as u64)).expect("there is room");
    }
    let last = desk.try_ask(Letter::read).expect("there is room");
    running.stop(PATIENCE);
    assert!(desk.is_closed());
    assert!(matches!(desk.try_tell(Letter::note(FIFO, 9)), Err(TryTellError::Closed(_))));
    assert!(running.exit().is_none(), "it is still busy");
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert!(matches!(wait(&ending), ExitReason::Stopped));
    assert_eq!(exit.undelivered(), 0);
    assert_eq!(exit.lanes.iter().map(|lane| lane.handled).collect::<Vec<_>>(), [2, 2, 1, 1]);
    assert!(running.exit().is_some());
    assert!(within(&executor(runtime), || last).is_ok(), "what was asked before the stop is answered");
}

fn an_idle_actor_stops_at_once(runtime: &dyn Runtime) {
    for patience in [Duration::ZERO, SOON, PATIENCE * 10] {
        let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
        assert_eq!(Desk::read(&desk), [], "it has started, and will be idle");
        running.stop(patience);
        let exit = end_of(&running);
        assert!(matches!(exit.reason, ExitReason::Stopped), "with {patience:?}: {exit:?}");
    }
}

fn the_deadline_ends_a_handler_that_waits(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let held = Desk::hold(&desk);
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert!(held.is_cancelled());
}

fn the_deadline_ends_a_long_queue(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    running.stop(Duration::ZERO);
    // Whether the deadline finds the handler or the queue first, what is queued is not handled any more.
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!(exit.undelivered(), 64);
}

fn a_deadline_met_at_the_end_of_a_turn_is_met(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // An actor gives way to others after so many messages; whichever of these is the last of a turn, it is drained.
    for count in 1..=260 {
        let (desk, mailbox) = actor::mailbox();
        let (told, tells) = signal();
        let stops = Letter::act(FIFO, move |_, _| {
            let running: Running = wait(&tells);
            running.stop(Duration::ZERO);
        });
        desk.try_tell(counting_down(count, stops)).expect("there is room");
        let running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
        told.send(running.clone()).expect("the actor waits");
        let exit = end_of(&running);
        assert!(matches!(exit.reason, ExitReason::Stopped), "after {count} messages: {exit:?}");
    }
}

/// Is handled as so many messages one after the other, the last of which is given.
fn counting_down(count: u32, last: Letter) -> Letter {
    if count <= 1 {
        return last;
    }
    Letter::act(FIFO, move |_, cx| cx.handle().try_tell(counting_down(count - 1, last)).expect("there is room"))
}

fn the_first_deadline_counts(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let _held = Desk::hold(&desk);
    running.stop(SOON);
    running.stop(PATIENCE * 10);
    assert!(matches!(end_of(&running).reason, ExitReason::DeadlinePassed));
}

fn a_patience_without_end_is_no_deadline(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    running.stop(Duration::MAX);
    release.send(());
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
}

fn the_hook_gets_each_undelivered_message(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor::mailbox();
    let (lost, found) = signal();
    let (ended, ending) = signal();
    let hook_ended = ended.clone();
    let spawn = Spawn::new(mailbox).on_undelivered(move |lane, letter: Letter| {
        if lost.try_send((lane, letter.number().expect("only notes are queued"))).is_ok() {
            drop(hook_ended.try_send(ExitReason::Killed));
        }
    });
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let running = spawn.start(&executor(runtime), make).expect("it starts");
    let _held = Desk::hold(&desk);
    for (lane, count) in [(CONTROL, 2), (FIFO, 3), (NEWEST, 9), (LATEST, 2)] {
        (0..count).for_each(|n| desk.try_tell(Letter::note(lane, n)).expect("there is room"));
    }
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert!(matches!(wait(&ending), ExitReason::DeadlinePassed), "`stopped` comes before the hook");
    let found = Vec::from_iter(found.try_iter());
    let of = |lane| found.iter().filter(|(name, _)| *name == lane).map(|(_, n)| *n).collect::<Vec<_>>();
    assert_eq!(of("control"), [0, 1]);
    assert_eq!(of("fifo"), [0, 1, 2]);
    assert_eq!(of("newest"), [1, 2, 3, 4, 5, 6, 7, 8], "oldest first; the very oldest was evicted");
    assert_eq!(of("latest"), [1]);
    assert_eq!(exit.undelivered(), found.len() as u64);
    assert_eq!(exit.lanes.iter().map(|lane| lane.undelivered).collect::<Vec<_>>(), [2, 3, 8, 1]);
    assert!(exit.lanes.iter().all(|lane| lane.depth == 0), "{exit:?}");
}

fn a_waiting_handler_is_dropped_where_it_waits(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let held = Desk::hold(&desk);
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    running.stop_now();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert!(held.is_cancelled());
    assert_eq!(exit.lanes[FIFO].handled, 0, "nothing more is handled");
    assert_eq!(exit.undelivered(), 1);
}

fn stopped_runs_after_a_stop_at_once(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    let _held = Desk::hold(&desk);
    running.stop_now();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    assert!(matches!(wait(&ending), ExitReason::Killed));
}

/// Never comes to the end of `stopped`.
struct Lingering(SyncSender<()>);

impl Actor for Lingering {
    type Message = Letter;

    async fn handle(&mut self, _letter: Letter, _cx: &mut Context<Letter>) {}

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.0.send(()).expect("the test waits");
        pending().await
    }
}

fn a_stop_at_once_ends_a_stopped_that_waits(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // Whether `stopped` waits already when it comes, or waits because of it.
    let (told, tell) = signal();
    let (_handle, running) = spawn(&executor, || Lingering(told)).expect("it starts");
    running.stop(PATIENCE);
    wait(&tell);
    running.stop_now();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));

    let (told, tell) = signal();
    let (handle, running) = spawn(&executor, || Lingering(told)).expect("it starts");
    handle.tell_blocking(Letter::note(FIFO, 1), PATIENCE).expect("there is room");
    while handle.stats()[FIFO].handled == 0 {
        thread::yield_now();
    }
    running.stop_now();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    wait(&tell);
}

fn a_stop_at_once_before_the_start(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, mailbox) = actor::mailbox();
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let (first, _first_running) = spawn(&executor, Desk::default).expect("it starts");
    let (release, released) = signal::<()>();
    // The executor's thread is busy, so that the second actor cannot start yet.
    first.try_tell(Letter::act(FIFO, move |_, _| _ = released.recv_timeout(PATIENCE))).expect("there is room");
    let running = Spawn::new(mailbox)
        .start(&executor, || -> Desk { panic!("stopped before it was made") })
        .expect("the executor takes it");
    running.stop_now();
    drop(release);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
}

fn an_actor_stops_itself(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor::mailbox();
    desk.try_tell(Letter::act(FIFO, |_, cx| cx.stop())).expect("there is room");
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped) && exit.reason.is_normal(), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered()), (1, 1));
}

fn an_actor_stops_itself_when_drained(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor::mailbox();
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
    assert!(matches!(&exit.reason, ExitReason::Failed(error) if error.is::<fmt::Error>()), "{exit:?}");
    assert!(!exit.reason.is_normal());
}

/// Stops before it has handled anything.
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
    let (desk, mailbox) = actor::mailbox();
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor(runtime), || Brief).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
}

fn every_joiner_is_told(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    assert!(running.join_blocking(Duration::ZERO).is_none());
    let (joined, joins) = signal();
    for executor in [executor(runtime), executor(runtime)] {
        for _ in 0..4 {
            let (running, joined) = (running.clone(), joined.clone());
            let joining = async move { joined.send(running.join().await.reason.is_normal()).expect("the test waits") };
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
    running.stop_now();
    let mut back: Vec<_> = (0..10).map(|_| wait(&refusals).expect("a note's number")).collect();
    back.sort_unstable();
    assert_eq!(back, Vec::from_iter(100..110));
    assert_eq!(end_of(&running).undelivered(), 64);
}

fn closed_is_told_to_everyone(runtime: &dyn Runtime) {
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
    let (desk, mailbox) = actor::mailbox();
    let (lost, found) = signal();
    let spawn = Spawn::new(mailbox).on_undelivered(move |lane, letter: Letter| {
        lost.send((lane, letter.number())).expect("the test listens");
    });
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    assert_eq!(spawn.start(&executor, Desk::default).err(), Some(ExecutorStopped));
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
    let (desk, mailbox) = actor::mailbox();
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
