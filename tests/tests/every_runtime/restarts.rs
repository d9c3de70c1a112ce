//! Actors with several lives: what survives a restart, what does not, and what ends the actor.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use actor_lanes::actor::Fallible;
use actor_lanes::handle::AskBlockingError;
use actor_lanes::life::{Backoff, Governor, Restart};
use actor_lanes::{
    Actor, Context, Exit, ExitReason, Handle, Lane, Message, Reply, Running, Runtime, Spawn,
    mailbox, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime,
    signal, wait, within,
};

on_every_runtime! {
    handles_and_queued_messages_survive_a_restart,
    the_message_that_ends_a_life_counts_as_handled_and_drops_its_reply,
    the_old_state_is_stopped_and_dropped_before_the_next_is_made,
    timers_end_with_their_life,
    messages_wait_during_a_backoff_and_evicting_lanes_go_on_evicting,
    an_ask_times_out_during_a_backoff,
    a_sender_that_waits_for_room_outlasts_a_backoff,
    a_stop_ends_a_backoff_without_messages,
    a_stop_during_a_backoff_handles_the_queue_in_a_last_life,
    a_stop_after_its_deadline_begins_no_last_life,
    failures_after_a_stop_restart_without_a_delay_until_the_limit,
    a_failure_at_the_last_message_of_a_drain_is_the_reason_of_the_end,
    a_stop_ends_an_actor_whose_maker_always_fails,
    an_actor_whose_maker_always_fails_lets_its_neighbours_run,
    a_kill_ends_a_backoff,
    an_actor_without_restarts_left_ends_with_its_last_reason,
    a_failed_maker_counts_as_a_failed_life,
    an_actor_that_stops_itself_restarts_only_if_permanent,
    a_permanent_actor_does_not_restart_after_a_regular_end,
    a_handle_dropped_during_a_backoff_does_not_end_the_actor,
    a_handler_fails_its_actor_by_a_question_mark,
    a_failure_in_a_batch_leaves_the_rest_in_the_lane,
    the_hook_receives_the_message_in_hand_only,
    panics_of_the_program_between_two_lives_are_contained,
    an_abandoned_actor_is_not_restarted,
    a_governor_decides_about_the_next_life,
    a_governor_ends_a_life_and_not_its_actor,
    a_stop_ends_the_wait_for_a_governor,
}

const HOUR: Duration = Duration::from_secs(3600);

fn boom(lane: usize) -> Letter {
    Letter::act(lane, |_, _| panic!("boom, as the test wants it"))
}

fn note(n: u64) -> Letter {
    Letter::note(FIFO, n)
}

fn tell(desk: &Handle<Letter>, letter: Letter) {
    desk.try_tell(letter).expect("there is room");
}

fn supervised(runtime: &dyn Runtime, policy: Restart) -> (Handle<Letter>, Running) {
    Spawn::supervised(&executor(runtime), policy, Desk::default).expect("it starts")
}

/// A desk whose old state has ended, and whose next life begins in an hour.
fn resting(runtime: &dyn Runtime, policy: Restart) -> (Handle<Letter>, Running) {
    let (ended, ends) = signal();
    let policy = policy.backoff(Backoff::constant(HOUR));
    let (desk, running) = supervised(runtime, policy);
    tell(
        &desk,
        Letter::act(CONTROL, move |desk, _| {
            desk.ending = Some(ended);
            panic!("boom, as the test wants it");
        }),
    );
    wait(&ends);
    (desk, running)
}

fn handles_and_queued_messages_survive_a_restart(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    for letter in [note(1), boom(FIFO), note(2), note(3), boom(FIFO), note(4)] {
        tell(&desk, letter);
    }
    let running = Spawn::new(mailbox)
        .restart(Restart::transient())
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    assert_eq!(Desk::read(&desk), [4], "each life begins with a new state");
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered(), exit.restarts), (7, 0, 2));
}

fn the_message_that_ends_a_life_counts_as_handled_and_drops_its_reply(runtime: &dyn Runtime) {
    let (desk, running) = supervised(runtime, Restart::transient());
    let ask = |reply: Reply<()>| {
        Letter::act(FIFO, move |_, _| {
            let _reply = reply;
            panic!("boom, as the test wants it");
        })
    };
    let asked = desk.ask_blocking(ask, PATIENCE);
    assert!(matches!(asked, Err(AskBlockingError::Dropped)), "{asked:?}");
    assert_eq!(Desk::read(&desk), []);
    running.kill();
    // Read at the end: an answer may come before its message counts as handled.
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].handled, exit.restarts), (2, 1));
}

/// Reports each step of its life, and panics at each message.
struct Steps {
    life: usize,
    steps: SyncSender<(usize, &'static str)>,
    alive: Arc<AtomicUsize>,
}

struct Step;
impl Message for Step {}

impl Steps {
    fn report(&self, step: &'static str) {
        self.steps.send((self.life, step)).expect("the test receives");
    }
}

impl Actor for Steps {
    type Message = Step;

    async fn started(&mut self, _cx: &mut Context<Step>) {
        self.report("started");
    }

    async fn handle(&mut self, _step: Step, _cx: &mut Context<Step>) {
        self.report("handles");
        panic!("boom, as the test wants it");
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        assert!(!reason.is_normal());
        self.report("stopped");
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.report("dropped");
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

fn the_old_state_is_stopped_and_dropped_before_the_next_is_made(runtime: &dyn Runtime) {
    let (steps, reported) = signal();
    let alive = Arc::new(AtomicUsize::new(0));
    let mut life = 0;
    let make = move || {
        assert_eq!(alive.fetch_add(1, Ordering::SeqCst), 0, "two states at once");
        life += 1;
        Steps { life, steps: steps.clone(), alive: Arc::clone(&alive) }
    };
    let (handle, running) =
        Spawn::supervised(&executor(runtime), Restart::up_to(1), make).expect("it starts");
    handle.try_tell_all([Step, Step]).expect("there is room");
    assert_eq!(end_of(&running).restarts, 1);
    let all: Vec<_> = reported.iter().collect();
    let steps = ["started", "handles", "stopped", "dropped"];
    let both: Vec<_> = [1, 2].iter().flat_map(|&life| steps.map(|step| (life, step))).collect();
    assert_eq!(all, both);
}

fn timers_end_with_their_life(runtime: &dyn Runtime) {
    let (desk, running) = supervised(runtime, Restart::transient());
    tell(
        &desk,
        Letter::act(FIFO, |_, cx| {
            cx.after(SOON, note(1));
            cx.every(cx.now() + SOON, SOON, |_beat| note(2));
            panic!("boom, as the test wants it");
        }),
    );
    let (came, comes) = signal();
    tell(
        &desk,
        Letter::act(FIFO, move |_, cx| {
            let last = Letter::act(FIFO, move |_, _| came.send(()).expect("the test waits"));
            cx.after(2 * SOON, last);
        }),
    );
    wait(&comes);
    assert_eq!(Desk::read(&desk), []);
    running.kill();
}

fn messages_wait_during_a_backoff_and_evicting_lanes_go_on_evicting(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::transient());
    (1..=3).for_each(|n| tell(&desk, Letter::note(LATEST, n)));
    (4..=5).for_each(|n| tell(&desk, note(n)));
    assert_eq!(desk.stats()[LATEST].evicted, 2);
    let numbers = desk.try_ask(Letter::read).expect("there is room");
    running.stop(PATIENCE);
    let mut numbers = within(&executor(runtime), move || numbers).expect("the last life answers");
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4, 5]);
    let exit = end_of(&running);
    assert_eq!((exit.undelivered(), exit.restarts), (0, 1));
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
}

fn an_ask_times_out_during_a_backoff(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::transient());
    let asked = desk.ask_blocking(Letter::read, Duration::from_millis(1));
    assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
    running.kill();
}

fn a_sender_that_waits_for_room_outlasts_a_backoff(runtime: &dyn Runtime) {
    let policy = Restart::transient().backoff(Backoff::constant(SOON));
    let (desk, running) = supervised(runtime, policy);
    let capacity = Letter::LANES[FIFO].capacity() as u64;
    let held = Desk::hold(&desk);
    tell(&desk, boom(CONTROL));
    (0..capacity).for_each(|n| tell(&desk, note(n)));
    let own = desk.clone();
    let send = move || async move { own.tell(note(capacity)).await };
    drop(held);
    within(&executor(runtime), send).expect("the next life makes room");
    assert_eq!(Desk::read(&desk).len() as u64, capacity + 1);
    running.kill();
    assert_eq!(end_of(&running).restarts, 1);
}

fn a_stop_ends_a_backoff_without_messages(runtime: &dyn Runtime) {
    let (_desk, running) = resting(runtime, Restart::transient());
    running.stop(Duration::MAX);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(exit.restarts, 0);
}

fn a_stop_during_a_backoff_handles_the_queue_in_a_last_life(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::transient());
    (0..10).for_each(|n| tell(&desk, note(n)));
    running.stop(Duration::MAX);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered(), exit.restarts), (10, 0, 1));
}

fn a_stop_after_its_deadline_begins_no_last_life(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::transient());
    tell(&desk, note(1));
    running.stop(Duration::ZERO);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!((exit.undelivered(), exit.restarts), (1, 0));
}

fn failures_after_a_stop_restart_without_a_delay_until_the_limit(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::up_to(3));
    for letter in [boom(FIFO), boom(FIFO), note(1), boom(FIFO), note(2)] {
        tell(&desk, letter);
    }
    running.stop(Duration::MAX);
    let exit = end_of(&running);
    // The first failure was before the stop. Three restarts are allowed, and the fourth failure is
    // the last.
    assert!(matches!(exit.reason, ExitReason::Panicked(_)), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered(), exit.restarts), (4, 1, 3));
}

fn without_limit() -> Restart {
    Restart::permanent().most(u32::MAX)
}

fn a_failure_at_the_last_message_of_a_drain_is_the_reason_of_the_end(runtime: &dyn Runtime) {
    let (desk, running) = supervised(runtime, Restart::up_to(3));
    let (release, held) = sync_channel::<()>(0);
    // The stop comes while the first message is handled.
    tell(&desk, Letter::act(FIFO, move |_, _| _ = held.recv()));
    tell(&desk, boom(FIFO));
    running.stop(PATIENCE);
    drop(release);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Panicked(_)), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.restarts), (2, 0), "nothing is left for a new life");
}

fn a_stop_ends_an_actor_whose_maker_always_fails(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    tell(&desk, note(1));
    let running = Spawn::new(mailbox)
        .restart(without_limit())
        .start(&executor(runtime), || Err::<Desk, _>(fmt::Error))
        .expect("it starts");
    running.stop(Duration::MAX);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Failed(_)), "{exit:?}");
    assert_eq!(exit.undelivered(), 1);
}

fn an_actor_whose_maker_always_fails_lets_its_neighbours_run(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (_never, failing) =
        Spawn::supervised(&executor, without_limit(), || Err::<Desk, _>(fmt::Error))
            .expect("it starts");
    let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
    tell(&desk, note(1));
    assert_eq!(Desk::read(&desk), [1]);
    let (came, comes) = signal();
    tell(
        &desk,
        Letter::act(FIFO, move |_, cx| {
            let due = Letter::act(FIFO, move |_, _| came.send(()).expect("the test waits"));
            cx.after(Duration::from_millis(1), due);
        }),
    );
    wait(&comes);
    running.kill();
    failing.kill();
    assert!(matches!(end_of(&failing).reason, ExitReason::Killed));
}

fn a_kill_ends_a_backoff(runtime: &dyn Runtime) {
    let (desk, running) = resting(runtime, Restart::permanent());
    tell(&desk, note(1));
    running.kill();
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Killed), "{exit:?}");
    assert_eq!((exit.undelivered(), exit.restarts), (1, 0));
}

fn an_actor_without_restarts_left_ends_with_its_last_reason(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    for letter in [boom(FIFO), boom(FIFO), Letter::act(FIFO, |_, cx| cx.fail(fmt::Error)), note(1)]
    {
        tell(&desk, letter);
    }
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(2))
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    let exit = end_of(&running);
    assert!(
        matches!(&exit.reason, ExitReason::Failed(error) if error.is::<fmt::Error>()),
        "{exit:?}"
    );
    assert_eq!((exit.lanes[FIFO].handled, exit.undelivered(), exit.restarts), (3, 1, 2));
}

fn a_failed_maker_counts_as_a_failed_life(runtime: &dyn Runtime) {
    let mut attempts = 0;
    let make = move || {
        attempts += 1;
        match attempts {
            1 => Err(fmt::Error),
            2 => panic!("boom, as the test wants it"),
            _ => Ok(Desk::default()),
        }
    };
    let (desk, running) =
        Spawn::supervised(&executor(runtime), Restart::up_to(2), make).expect("it starts");
    running.started_blocking(PATIENCE).expect("the third life starts");
    tell(&desk, boom(FIFO));
    let exit = end_of(&running);
    assert_eq!(exit.restarts, 2, "{exit:?}");

    let never = || Err::<Desk, _>(fmt::Error);
    let (_desk, running) =
        Spawn::supervised(&executor(runtime), Restart::up_to(2), never).expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Failed(_)), "{exit:?}");
    assert_eq!(exit.restarts, 2);
}

fn an_actor_that_stops_itself_restarts_only_if_permanent(runtime: &dyn Runtime) {
    for (policy, restarts) in [(Restart::permanent(), 1), (Restart::transient(), 0)] {
        let (desk, mailbox) = mailbox();
        tell(&desk, Letter::act(FIFO, |_, cx| cx.stop()));
        drop(desk);
        let running = Spawn::new(mailbox)
            .restart(policy)
            .start(&executor(runtime), Desk::default)
            .expect("it starts");
        let exit = end_of(&running);
        assert!(exit.reason.is_normal(), "{exit:?}");
        assert_eq!(exit.restarts, restarts);
    }
}

fn a_permanent_actor_does_not_restart_after_a_regular_end(runtime: &dyn Runtime) {
    let ends: [fn(Handle<Letter>, &Running); 4] = [
        |desk, _running| drop(desk),
        |_desk, running| running.stop(PATIENCE),
        |_desk, running| running.kill(),
        |desk, _running| tell(&desk, Letter::act(FIFO, |_, cx| cx.stop_when_drained())),
    ];
    for end in ends {
        let (desk, running) = supervised(runtime, Restart::permanent());
        end(desk, &running);
        assert_eq!(end_of(&running).restarts, 0);
    }
}

/// Arms a timer in its second life, and ends when it is due.
struct SelfMade(usize);

impl Actor for SelfMade {
    type Message = Step;

    async fn started(&mut self, cx: &mut Context<Step>) {
        assert_ne!(self.0, 1, "boom, as the test wants it");
        cx.after(Duration::ZERO, Step);
    }

    async fn handle(&mut self, _step: Step, cx: &mut Context<Step>) {
        cx.stop();
    }
}

fn a_handle_dropped_during_a_backoff_does_not_end_the_actor(runtime: &dyn Runtime) {
    let mut life = 0;
    let make = move || {
        life += 1;
        SelfMade(life)
    };
    let policy = Restart::transient().backoff(Backoff::constant(Duration::from_millis(1)));
    let (handle, running) = Spawn::supervised(&executor(runtime), policy, make).expect("it starts");
    drop(handle);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 1));
}

/// Fails at the number 0, by `?`.
struct Inverse;

struct Number(u32);
impl Message for Number {
    const LANES: &'static [Lane] = &[Lane::fifo("numbers", 8).batch(8)];
}

impl Actor<Fallible> for Inverse {
    type Message = Number;

    async fn handle(&mut self, Number(n): Number, _cx: &mut Context<Number>) -> Fallible {
        1_u32.checked_div(n).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn a_handler_fails_its_actor_by_a_question_mark(runtime: &dyn Runtime) {
    let (inverse, running) = spawn(&executor(runtime), || Inverse).expect("it starts");
    inverse.try_tell(Number(1)).expect("there is room");
    inverse.try_tell(Number(0)).expect("there is room");
    let exit = end_of(&running);
    assert!(
        matches!(&exit.reason, ExitReason::Failed(error) if error.is::<fmt::Error>()),
        "{exit:?}"
    );
    assert_eq!(exit.lanes[0].handled, 2);
}

fn a_failure_in_a_batch_leaves_the_rest_in_the_lane(runtime: &dyn Runtime) {
    let (inverse, mailbox) = mailbox();
    inverse.try_tell_all([1, 0, 2, 0, 3].map(Number)).expect("there is room");
    drop(inverse);
    let (found, poisons) = signal();
    let running = Spawn::new(mailbox)
        .restart(Restart::transient())
        .on_poison(
            |Number(n)| *n,
            move |n, reason| found.send((n, reason.to_string())).expect("the test receives"),
        )
        .start(&executor(runtime), || Inverse)
        .expect("it starts");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!((exit.lanes[0].handled, exit.restarts), (5, 2));
    let text = format!("failed: {}", fmt::Error);
    assert_eq!(Vec::from_iter(poisons), [(0, text.clone()), (0, text)]);
}

fn the_hook_receives_the_message_in_hand_only(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    let (found, poisons) = signal();
    let running = Spawn::new(mailbox)
        .restart(Restart::permanent())
        .on_poison(
            |letter: &Letter| letter.number(),
            move |number, _reason| found.send(number).expect("the test receives"),
        )
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    tell(&desk, note(1));
    tell(&desk, boom(FIFO));
    // A normal end of a life is nobody's fault.
    tell(&desk, Letter::act(FIFO, |_, cx| cx.stop()));
    tell(&desk, note(2));
    assert_eq!(Desk::read(&desk), [2]);
    // Killed between two messages: none is in hand.
    running.kill();
    assert_eq!(end_of(&running).restarts, 2);
    assert_eq!(Vec::from_iter(poisons), [None]);
}

/// Panics wherever it can.
struct Fragile(Rc<Cell<u32>>);

impl Actor for Fragile {
    type Message = Step;

    async fn handle(&mut self, _step: Step, _cx: &mut Context<Step>) {
        panic!("handle, as the test wants it");
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        panic!("stopped, as the test wants it");
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.0.set(1);
        panic!("drop, as the test wants it");
    }
}

fn panics_of_the_program_between_two_lives_are_contained(runtime: &dyn Runtime) {
    let (handle, mailbox) = mailbox();
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(2))
        .on_poison(|_step| (), |(), _reason| panic!("the hook, as the test wants it"))
        .start(&executor(runtime), || Fragile(Rc::default()))
        .expect("it starts");
    handle.try_tell_all([Step, Step, Step, Step]).expect("there is room");
    let exit = end_of(&running);
    assert_eq!(exit.reason.to_string(), "panicked: handle, as the test wants it");
    assert_eq!((exit.restarts, exit.lanes[0].handled, exit.undelivered()), (2, 3, 1));
}

fn an_abandoned_actor_is_not_restarted(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, mailbox) = mailbox();
    let hook_ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hook_ran);
    tell(&desk, note(1));
    let (running, life) = Spawn::new(mailbox)
        .on_undelivered(move |_lane, _letter| _ = counted.fetch_add(1, Ordering::SeqCst))
        .restart(Restart::permanent())
        .into_life(&executor, Desk::default);
    drop(life);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Abandoned), "{exit:?}");
    assert_eq!((exit.undelivered(), hook_ran.load(Ordering::SeqCst)), (1, 1));

    executor.stop();
    let (desk, mailbox) = actor_lanes::mailbox();
    let start = Spawn::new(mailbox).restart(Restart::permanent()).start(&executor, Desk::default);
    assert_eq!(start.expect_err("it was stopped").to_string(), "the executor has been stopped");
    assert!(desk.is_closed());
}

/// Reports to the test, which decides.
struct Reports(SyncSender<String>);

impl Governor for Reports {
    fn life_started(&self) {
        self.0.send("started".to_owned()).expect("the test receives");
    }

    fn life_ended(&self, reason: &ExitReason) {
        self.0.send(reason.to_string()).expect("the test receives");
    }

    fn ended(&self, exit: &Exit) {
        self.0.send(format!("ended, {}", exit.reason)).expect("the test receives");
    }
}

fn governed(runtime: &dyn Runtime) -> (Handle<Letter>, Running, Receiver<String>) {
    let (reports, reported) = signal();
    let (desk, mailbox) = mailbox();
    let running = Spawn::new(mailbox)
        .governed(Arc::new(Reports(reports)))
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    assert_eq!(next(&reported), "started");
    (desk, running, reported)
}

fn next(reported: &Receiver<String>) -> String {
    reported.recv_timeout(PATIENCE).expect("a report comes")
}

fn a_governor_decides_about_the_next_life(runtime: &dyn Runtime) {
    let (desk, running, reported) = governed(runtime);
    let governor = running.governed().expect("it has one");
    assert!(!governor.begin_life() && !governor.end(), "there is no question yet");
    tell(&desk, boom(FIFO));
    assert_eq!(next(&reported), "panicked: boom, as the test wants it");
    tell(&desk, note(1));
    assert!(governor.begin_life());
    assert_eq!(next(&reported), "started");
    assert_eq!(Desk::read(&desk), [1]);
    tell(&desk, Letter::act(FIFO, |_, cx| cx.stop()));
    assert_eq!(next(&reported), "stopped");
    assert!(governor.end() && !governor.begin_life(), "one decision counts");
    assert_eq!(next(&reported), "ended, stopped");
    assert_eq!(end_of(&running).restarts, 1);
}

fn a_governor_ends_a_life_and_not_its_actor(runtime: &dyn Runtime) {
    let (desk, running, reported) = governed(runtime);
    let governor = running.governed().expect("it has one");
    // A waiting handler is dropped at its wait.
    let held = Desk::hold(&desk);
    tell(&desk, note(1));
    governor.end_life(ExitReason::Panicked("its sibling".to_owned()));
    governor.end_life(ExitReason::Panicked("a second request".to_owned()));
    assert_eq!(next(&reported), "panicked: its sibling");
    drop(held);
    // A request without a life has no effect on the next one.
    governor.end_life(ExitReason::Panicked("too late".to_owned()));
    assert!(governor.begin_life());
    assert_eq!(next(&reported), "started");
    assert_eq!(Desk::read(&desk), [1]);
    running.stop(PATIENCE);
    assert_eq!(next(&reported), "ended, stopped");
    assert_eq!(end_of(&running).restarts, 1);
}

fn a_stop_ends_the_wait_for_a_governor(runtime: &dyn Runtime) {
    let (desk, running, reported) = governed(runtime);
    tell(&desk, boom(FIFO));
    assert_eq!(next(&reported), "panicked: boom, as the test wants it");
    [note(1), boom(FIFO), note(2)].into_iter().for_each(|letter| tell(&desk, letter));
    running.stop(Duration::MAX);
    assert_eq!(next(&reported), "started");
    // The life after the close is the last one, whatever its end.
    assert_eq!(next(&reported), "panicked: boom, as the test wants it");
}
