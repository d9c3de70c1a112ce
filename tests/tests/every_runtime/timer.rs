//! An actor's timers.

use std::rc::Rc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use actor_lanes::actor::Beat;
use actor_lanes::{Context, ExitReason, Handle, Runtime, Spawn, spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
    within,
};

on_every_runtime! {
    a_message_comes_after_its_delay,
    messages_come_in_the_order_of_their_times,
    a_cancelled_timer_does_not_fire,
    an_earlier_timer_fires_before_one_already_awaited,
    beats_come_on_schedule,
    a_late_actor_gets_the_number_of_missed_beats,
    a_period_of_zero_panics,
    an_infinite_delay_never_fires,
    a_due_timer_waits_for_one_message_at_most,
    a_timer_that_is_always_due_does_not_starve_messages,
    timers_do_not_fire_once_the_mailbox_is_closed,
    a_full_lane_does_not_refuse_a_timer,
}

/// Runs the work on the actor's thread, and returns its result.
fn act<T: Send + 'static>(
    desk: &Handle<Letter>,
    work: impl FnOnce(&mut Desk, &mut Context<Letter>) -> T + Send + 'static,
) -> T {
    let (told, tells) = signal();
    let tells_it =
        Letter::act(CONTROL, move |desk, cx| told.send(work(desk, cx)).expect("the test waits"));
    desk.try_tell(tells_it).expect("there is room");
    wait(&tells)
}

fn note(n: u64) -> Letter {
    Letter::note(FIFO, n)
}

fn a_message_comes_after_its_delay(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let before = act(&desk, move |_, cx| {
        let before = cx.now();
        cx.after(
            SOON,
            Letter::act(FIFO, move |_, cx| told.send(cx.now()).expect("the test waits")),
        );
        before
    });
    assert!(wait(&tells) >= before + SOON);
}

fn messages_come_in_the_order_of_their_times(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        for n in [3, 1, 2] {
            cx.after(SOON * u32::try_from(n).expect("small"), note(n));
        }
        cx.after(
            SOON * 4,
            Letter::act(FIFO, move |desk, _| {
                told.send(desk.notes.to_vec()).expect("the test waits")
            }),
        );
    });
    assert_eq!(wait(&tells), [1, 2, 3]);
    drop(running);
}

fn a_cancelled_timer_does_not_fire(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    act(&desk, |_, cx| {
        let timer = cx.after(SOON, Letter::act(FIFO, |_, _| panic!("it was cancelled")));
        assert!(cx.cancel(timer));
        assert!(!cx.cancel(timer), "once");
        let fired = cx.after(Duration::ZERO, note(1));
        cx.after(
            2 * SOON,
            Letter::act(FIFO, move |_, cx| assert!(!cx.cancel(fired), "it has fired")),
        );
    });
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
}

fn an_earlier_timer_fires_before_one_already_awaited(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    act(&desk, |_, cx| _ = cx.after(PATIENCE * 2, note(1)));
    act(&desk, move |_, cx| {
        cx.after(SOON, Letter::act(FIFO, move |_, _| told.send(()).expect("the test waits")));
    });
    wait(&tells);
}

/// Starts beats, and reports each with the time of its handling.
fn beats(
    desk: &Handle<Letter>,
    period: Duration,
    in_past: Duration,
) -> (Instant, Receiver<(Beat, Instant)>) {
    let (told, tells) = signal();
    let first = act(desk, move |_, cx| {
        let first = cx.now() - in_past;
        cx.every(first, period, move |beat| {
            let told = told.clone();
            // The test may have ended by the last beat.
            Letter::act(FIFO, move |_, cx| _ = told.try_send((beat, cx.now())))
        });
        first
    });
    (first, tells)
}

fn beats_come_on_schedule(runtime: &dyn Runtime) {
    const PERIOD: Duration = Duration::from_millis(5);

    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (mut due, tells) = beats(&desk, PERIOD, Duration::ZERO);
    for _ in 0..10 {
        let (beat, handled) = wait(&tells);
        assert_eq!(beat.due, due);
        assert!(handled >= due, "never early");
        due += PERIOD * (beat.missed + 1);
    }
}

fn a_late_actor_gets_the_number_of_missed_beats(runtime: &dyn Runtime) {
    const PERIOD: Duration = Duration::from_millis(100);

    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (first, tells) = beats(&desk, PERIOD, 3 * PERIOD + PERIOD / 2);
    let (beat, _) = wait(&tells);
    assert_eq!(beat.due, first);
    assert!(beat.missed >= 3, "{beat:?}");
    let (next, _) = wait(&tells);
    assert_eq!(
        next.due,
        first + PERIOD * (beat.missed + 1),
        "the schedule is kept, and no burst came"
    );
}

fn a_period_of_zero_panics(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let zero = Letter::act(FIFO, |_, cx| {
        let now = cx.now();
        cx.every(now, Duration::ZERO, |_| note(1));
    });
    desk.try_tell(zero).expect("there is room");
    assert!(matches!(end_of(&running).reason, ExitReason::Panicked(_)));
}

fn an_infinite_delay_never_fires(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    act(&desk, |_, cx| {
        cx.after(Duration::MAX, note(1));
        let now = cx.now();
        cx.every(now, Duration::MAX, |_| note(2));
    });
    act(&desk, |_, cx| _ = cx.after(SOON, Letter::act(FIFO, |_, cx| cx.stop())));
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
}

fn a_due_timer_waits_for_one_message_at_most(runtime: &dyn Runtime) {
    const TIMER: u64 = u64::MAX;

    let (desk, mailbox) = actor_lanes::mailbox();
    let arms = Letter::act(FIFO, |_, cx| {
        (0..3).for_each(|_| _ = cx.after(Duration::ZERO, note(TIMER)));
    });
    desk.try_tell(arms).expect("there is room");
    (0..62).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    let _running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let notes = desk.ask_blocking(Letter::read, PATIENCE).expect("the actor answers");
    let fired: Vec<_> =
        notes.iter().enumerate().filter(|(_, n)| **n == TIMER).map(|(at, _)| at).collect();
    assert_eq!(fired, [0, 2, 4], "one message, one timer, in turn");
}

fn a_timer_that_is_always_due_does_not_starve_messages(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let arms = Letter::act(FIFO, |_, cx| {
        let first = cx.now();
        cx.every(first, Duration::from_nanos(1), |_| {
            Letter::act(FIFO, |desk, _| Rc::make_mut(&mut desk.notes).push(0))
        });
    });
    desk.try_tell(arms).expect("there is room");
    (1..=60).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    // Asked before the start: until the answer there is always a message, and always a due timer.
    let answer = desk.try_ask(Letter::read).expect("there is room");
    let executor = executor(runtime);
    let _running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
    let notes = within(&executor, || answer).expect("the actor answers");
    assert!(notes.iter().filter(|n| **n != 0).copied().eq(1..=60));
    assert!(notes.windows(2).all(|pair| pair[0] != 0 || pair[1] != 0), "they take turns");
}

fn timers_do_not_fire_once_the_mailbox_is_closed(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    let arms = Letter::act(FIFO, |_, cx| {
        cx.after(Duration::ZERO, Letter::act(FIFO, |_, _| panic!("the mailbox is closed")));
    });
    desk.try_tell(arms).expect("there is room");
    desk.try_tell(note(1)).expect("there is room");
    running.stop(PATIENCE);
    release.send(());
    let exit = end_of(&running);
    assert!(
        matches!(exit.reason, ExitReason::Stopped),
        "armed timers are not waited for: {exit:?}"
    );
    assert_eq!(exit.lanes[FIFO].handled, 2);
}

fn a_full_lane_does_not_refuse_a_timer(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let arms = Letter::act(CONTROL, |_, cx| _ = cx.after(Duration::ZERO, note(100)));
    desk.try_tell(arms).expect("there is room");
    (0..64).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    assert!(desk.ask_blocking(Letter::read, PATIENCE).expect("the actor answers").contains(&100));
    drop(desk);
    let lane = &end_of(&running).lanes[FIFO];
    assert_eq!(
        (lane.accepted, lane.handled, lane.depth),
        (66, 66, 0),
        "it is counted in the lane that it names"
    );
}
