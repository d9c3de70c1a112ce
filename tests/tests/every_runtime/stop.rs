//! Stopping actors: with a deadline, or immediately.

use std::future::pending;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use actor_lanes::reply::Answer;
use actor_lanes::{
    Actor, Context, ExitReason, Message, Reply, Running, Runtime, Spawn, TryTellError, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, SOON, end_of, executor,
    on_every_runtime, signal, wait, within,
};

on_every_runtime! {
    queued_messages_are_handled,
    an_idle_actor_stops_immediately,
    the_deadline_ends_a_handler_that_waits,
    the_deadline_ends_a_long_queue,
    a_mailbox_drained_at_the_end_of_a_turn_meets_the_deadline,
    the_first_deadline_counts,
    an_infinite_patience_is_no_deadline,
    an_infinite_patience_stops_an_actor_kept_only_by_a_timer,
    the_hook_gets_each_undelivered_message,
    a_waiting_handler_is_dropped_where_it_waits,
    stopped_runs_after_an_immediate_stop,
    an_immediate_stop_ends_a_stopped_that_waits,
    the_deadline_ends_a_stopped_that_waits,
    an_immediate_stop_before_the_start,
    an_immediate_stop_while_the_last_message_is_taken,
}

fn queued_messages_are_handled(runtime: &dyn Runtime) {
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
    assert!(
        within(&executor(runtime), || last).is_ok(),
        "what was asked before the stop is answered"
    );
}

fn an_idle_actor_stops_immediately(runtime: &dyn Runtime) {
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
    // The deadline may interrupt the handler or the queue. In both cases, queued messages are not
    // handled any more.
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!(exit.undelivered(), 64);
}

fn a_mailbox_drained_at_the_end_of_a_turn_meets_the_deadline(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // An actor gives way to others after a number of messages. Whichever of these is the last of a
    // turn, the mailbox is drained.
    for count in 1..=260 {
        let (desk, mailbox) = actor_lanes::mailbox();
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

/// Creates a letter handled as `count` messages one after the other, the last of them `last`.
fn counting_down(count: u32, last: Letter) -> Letter {
    if count <= 1 {
        return last;
    }
    Letter::act(FIFO, move |_, cx| {
        cx.handle().try_tell(counting_down(count - 1, last)).expect("there is room")
    })
}

fn the_first_deadline_counts(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let _held = Desk::hold(&desk);
    running.stop(SOON);
    running.stop(PATIENCE * 10);
    assert!(matches!(end_of(&running).reason, ExitReason::DeadlinePassed));
}

fn an_infinite_patience_is_no_deadline(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    running.stop(Duration::MAX);
    release.send(());
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
}

fn an_infinite_patience_stops_an_actor_kept_only_by_a_timer(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let arms = Letter::act(FIFO, move |_, cx| {
        cx.after(2 * PATIENCE, Letter::note(FIFO, 1));
        told.send(()).expect("the test waits");
    });
    desk.try_tell(arms).expect("there is room");
    drop(desk);
    wait(&tells);
    running.stop(Duration::MAX);
    running.stop(Duration::MAX);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
}

fn the_hook_gets_each_undelivered_message(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
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
    let of =
        |lane| found.iter().filter(|(name, _)| *name == lane).map(|(_, n)| *n).collect::<Vec<_>>();
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
    running.kill();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert!(held.is_cancelled());
    assert_eq!(exit.lanes[FIFO].handled, 0, "nothing more is handled");
    assert_eq!(exit.undelivered(), 1);
}

fn stopped_runs_after_an_immediate_stop(runtime: &dyn Runtime) {
    let (ended, ending) = signal();
    let make = || Desk { ending: Some(ended), ..Desk::default() };
    let (desk, running) = spawn(&executor(runtime), make).expect("it starts");
    let _held = Desk::hold(&desk);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    assert!(matches!(wait(&ending), ExitReason::Killed));
}

/// Never returns from `stopped`.
struct Lingering(SyncSender<()>);

impl Actor for Lingering {
    type Message = Letter;

    async fn handle(&mut self, _letter: Letter, _cx: &mut Context<Letter>) {}

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.0.send(()).expect("the test waits");
        pending().await
    }
}

fn an_immediate_stop_ends_a_stopped_that_waits(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // The immediate stop may arrive while `stopped` already waits, or it may itself lead to
    // `stopped`.
    let (told, tell) = signal();
    let (_handle, running) = spawn(&executor, || Lingering(told)).expect("it starts");
    running.stop(PATIENCE);
    wait(&tell);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));

    let (told, tell) = signal();
    let (handle, running) = spawn(&executor, || Lingering(told)).expect("it starts");
    handle.tell_blocking(Letter::note(FIFO, 1), PATIENCE).expect("there is room");
    while handle.stats()[FIFO].handled == 0 {
        thread::yield_now();
    }
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    wait(&tell);
}

fn the_deadline_ends_a_stopped_that_waits(runtime: &dyn Runtime) {
    let (told, tell) = signal();
    let (_handle, running) = spawn(&executor(runtime), || Lingering(told)).expect("it starts");
    running.stop(SOON);
    wait(&tell);
    assert!(matches!(end_of(&running).reason, ExitReason::DeadlinePassed));
}

fn an_immediate_stop_before_the_start(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, mailbox) = actor_lanes::mailbox();
    desk.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let (first, _first_running) = spawn(&executor, Desk::default).expect("it starts");
    let (release, released) = signal::<()>();
    // The executor's thread is busy, so the second actor cannot start yet.
    first
        .try_tell(Letter::act(FIFO, move |_, _| _ = released.recv_timeout(PATIENCE)))
        .expect("there is room");
    let running = Spawn::new(mailbox)
        .start(&executor, || -> Desk { panic!("stopped before it was made") })
        .expect("the executor takes it");
    running.kill();
    drop(release);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
}

enum Last {
    Hold(Answer<()>),
    /// Stops its actor when it is dropped.
    Stop(#[expect(dead_code, reason = "its drop is what matters")] StopsWhenDropped, Reply<()>),
}

struct StopsWhenDropped(Running);

impl Drop for StopsWhenDropped {
    fn drop(&mut self) {
        self.0.kill();
    }
}

impl Message for Last {}

struct Holder;

impl Actor for Holder {
    type Message = Last;

    async fn handle(&mut self, message: Last, _cx: &mut Context<Last>) {
        match message {
            Last::Hold(release) => _ = release.await,
            Last::Stop(_, reply) => reply.send(()),
        }
    }
}

fn an_immediate_stop_while_the_last_message_is_taken(runtime: &dyn Runtime) {
    let (holder, running) = spawn(&executor(runtime), || Holder).expect("it starts");
    let (release, held) = Reply::pair();
    holder.try_tell(Last::Hold(held)).expect("there is room");
    // Its asker has dropped the ask, so the actor drops the message during its search for the next
    // one.
    drop(
        holder
            .try_ask(|reply| Last::Stop(StopsWhenDropped(running.clone()), reply))
            .expect("there is room"),
    );
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
}
