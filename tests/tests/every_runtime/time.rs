//! Timers with options, schedules on the wall clock, and deadlines of messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::actor::{Batch, Beat, Missed, WallBeat, WallSchedule};
use actor_lanes::life::Restart;
use actor_lanes::{
    Actor, Context, ExitReason, Lane, Message, Reply, Runtime, Spawn, mailbox, spawn,
};
use actor_tests::{
    Desk, FIFO, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
};
use futures::executor::block_on;

on_every_runtime! {
    arming_a_key_replaces_its_timer,
    keys_made_in_different_ways_are_different,
    a_weak_timer_does_not_keep_an_actor,
    a_weak_timer_fires_while_something_else_keeps_the_actor,
    a_burst_delivers_each_missed_beat_between_other_messages,
    a_delayed_beat_comes_one_period_after_the_late_one,
    the_timers_of_a_life_end_with_it,
    many_timers_due_at_once_delay_neither_lanes_nor_neighbours,
    a_schedule_follows_the_wall_clock,
    a_schedule_begins_with_the_next_number_due,
    expired_messages_are_dropped_and_counted,
    expired_messages_of_a_batch_are_left_out,
    an_expired_message_of_a_timer_or_of_work_is_dropped,
    many_expired_messages_do_not_delay_control,
    a_panic_in_the_drop_of_an_expired_message_is_contained,
    a_panic_in_a_deadline_ends_the_actor_and_is_accounted_for,
    an_expired_message_leaves_its_room_to_waiting_senders,
}

/// Runs this at the start of a desk, and returns the desk's end without handles.
fn end_without_handles(
    runtime: &dyn Runtime,
    act: impl FnOnce(&mut Desk, &mut Context<Letter>) + Send + 'static,
) -> ExitReason {
    let (desk, mailbox) = mailbox();
    desk.try_tell(Letter::act(FIFO, act)).expect("there is room");
    drop(desk);
    let running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    end_of(&running).reason
}

fn note(n: u64) -> Letter {
    Letter::note(FIFO, n)
}

fn fail() -> Letter {
    Letter::act(FIFO, |_, _| panic!("this timer is not armed any more"))
}

fn arming_a_key_replaces_its_timer(runtime: &dyn Runtime) {
    let reason = end_without_handles(runtime, |_, cx| {
        let first = cx.timer().key("key").after(Duration::ZERO, fail());
        let now = cx.now();
        cx.timer().key("key").every(now, SOON, |_beat| fail());
        assert!(!cx.cancel(first), "it was replaced");
        cx.timer().key("other").after(Duration::ZERO, note(1));
        let last = Letter::act(FIFO, |desk, cx| {
            assert_eq!(desk.notes[..], [1]);
            assert!(!cx.cancel_key("key"), "it has fired");
            // A beat leaves its key to the next one.
            let now = cx.now();
            cx.timer().key("key").every(now, SOON, |_beat| {
                Letter::act(FIFO, |_, cx| assert!(cx.cancel_key("key") && !cx.cancel_key("key")))
            });
        });
        cx.timer().key("key").after(SOON, last);
    });
    assert!(matches!(reason, ExitReason::Unreachable), "{reason}");
}

fn keys_made_in_different_ways_are_different(runtime: &dyn Runtime) {
    let reason = end_without_handles(runtime, |_, cx| {
        cx.timer().key("a").after(SOON, fail());
        cx.timer().key(("a", 0)).after(SOON, fail());
        cx.timer().key(("a", 1)).after(SOON, fail());
        cx.timer().key(0).after(SOON, fail());
        assert!(!cx.cancel_key("b") && !cx.cancel_key(1) && !cx.cancel_key(("a", 2)));
        assert!(cx.cancel_key(0));
        assert!(cx.cancel_key(("a", 0)));
        assert!(cx.cancel_key("a"));
        assert!(cx.cancel_key(("a", 1)));
    });
    assert!(matches!(reason, ExitReason::Unreachable), "{reason}");
}

fn a_weak_timer_does_not_keep_an_actor(runtime: &dyn Runtime) {
    let reason = end_without_handles(runtime, |_, cx| {
        let far = cx.now() + 2 * PATIENCE;
        cx.timer().weak().at(far, note(1));
        cx.timer().weak().key("every").every(far, PATIENCE, |_beat| note(2));
        let wall = WallSchedule::new(cx.wall_now() + 2 * PATIENCE, PATIENCE);
        cx.timer().weak().schedule(wall, |_beat| note(3));
        // A cancelled one is not counted any more.
        let strong = cx.after(2 * PATIENCE, note(4));
        assert!(cx.cancel(strong));
    });
    assert!(matches!(reason, ExitReason::Unreachable), "{reason}");

    // The actor waits for a timer when its last handle is dropped.
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let arms = Letter::act(FIFO, move |_, cx| {
        cx.timer().weak().after(2 * PATIENCE, note(1));
        told.send(()).expect("the test waits");
    });
    desk.try_tell(arms).expect("there is room");
    wait(&tells);
    drop(desk);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
}

fn a_weak_timer_fires_while_something_else_keeps_the_actor(runtime: &dyn Runtime) {
    // Another timer.
    let (told, fired) = signal();
    let by_a_timer = told.clone();
    let reason = end_without_handles(runtime, |_, cx| {
        let tells = Letter::act(FIFO, move |_, _| by_a_timer.send(1).expect("the test waits"));
        cx.timer().weak().after(SOON, tells);
        cx.after(2 * SOON, note(1));
    });
    assert!(matches!(reason, ExitReason::Unreachable), "{reason}");
    assert_eq!(fired.try_recv(), Ok(1));

    // Work in flight, which waits for the weak timer.
    let reason = end_without_handles(runtime, |_, cx| {
        let (release, held) = signal();
        let tells = Letter::act(FIFO, move |_, _| {
            told.send(2).expect("the test waits");
            release.send(()).expect("the work waits");
        });
        cx.timer().weak().after(SOON, tells);
        cx.offload(move || wait(&held), |_| note(1));
    });
    assert!(matches!(reason, ExitReason::Unreachable), "{reason}");
    assert_eq!(fired.try_recv(), Ok(2));
}

fn a_burst_delivers_each_missed_beat_between_other_messages(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    let arms = Letter::act(FIFO, |_, cx| {
        let hour = Duration::from_secs(3600);
        let first = cx.now() - 2 * hour;
        let mut due = first;
        cx.timer().missed(Missed::Burst).every(first, hour, move |beat| {
            assert_eq!((beat.due, beat.missed), (due, 0));
            due += hour;
            note(0)
        });
    });
    desk.try_tell(arms).expect("there is room");
    (1..=5).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    let _running = Spawn::new(mailbox).start(&executor(runtime), Desk::default).expect("it starts");
    let notes = desk.ask_blocking(Letter::read, PATIENCE).expect("the actor answers");
    assert_eq!(notes, [0, 1, 0, 2, 0, 3, 4, 5], "one beat, one message, in turn");
}

fn a_delayed_beat_comes_one_period_after_the_late_one(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal::<Beat>();
    let arms = Letter::act(FIFO, move |_, cx| {
        let first = cx.now() - 3 * SOON - SOON / 2;
        let tells = move |beat| {
            let told = told.clone();
            // The test may have ended by the last beat.
            Letter::act(FIFO, move |_, _| _ = told.try_send(beat))
        };
        cx.timer().missed(Missed::Delay).every(first, SOON, tells);
    });
    desk.try_tell(arms).expect("there is room");
    let mut last = wait(&tells);
    assert!(last.missed >= 3, "{last:?}");
    for _ in 0..3 {
        let next = wait(&tells);
        assert_eq!(next.due, last.due + last.lateness + SOON);
        last = next;
    }
}

fn the_timers_of_a_life_end_with_it(runtime: &dyn Runtime) {
    let (desk, mailbox) = mailbox();
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(1))
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    let dies = Letter::act(FIFO, |_, cx| {
        cx.after(SOON, fail());
        cx.timer().key("key").after(SOON, fail());
        let now = cx.now();
        cx.timer().key("every").missed(Missed::Burst).every(now, SOON, |_beat| fail());
        let wall = WallSchedule::new(cx.wall_now(), SOON);
        cx.timer().schedule(wall, |_beat| fail());
        panic!("the first life ends");
    });
    desk.try_tell(dies).expect("there is room");
    let (told, tells) = signal();
    let lives_on = Letter::act(FIFO, move |_, cx| {
        assert!(!cx.cancel_key("key") && !cx.cancel_key("every"));
        let tells = Letter::act(FIFO, move |_, _| told.send(()).expect("the test waits"));
        cx.timer().key("key").after(3 * SOON, tells);
    });
    desk.try_tell(lives_on).expect("there is room");
    wait(&tells);
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
    assert_eq!(exit.restarts, 1);
}

fn many_timers_due_at_once_delay_neither_lanes_nor_neighbours(runtime: &dyn Runtime) {
    const TIMERS: u64 = 100_000;
    /// Two turns of the busy actor, and some messages around them.
    const FEW: u64 = 2 * 128 + 16;

    let executor = executor(runtime);
    let fired = Arc::new(AtomicU64::new(0));
    let (neighbour, _running) = spawn(&executor, Desk::default).expect("it starts");
    let (desk, mailbox) = mailbox();
    let (told, tells) = signal();
    let (own, count) = (desk.clone(), Arc::clone(&fired));
    let arms = Letter::act(FIFO, move |_, cx| {
        for _ in 0..TIMERS {
            let fired = Arc::clone(&count);
            cx.after(
                Duration::ZERO,
                Letter::act(FIFO, move |_, _| _ = fired.fetch_add(1, Ordering::Relaxed)),
            );
        }
        // Both tell how many timers have fired before them.
        for (desk, name) in [(own, "lane"), (neighbour, "neighbour")] {
            let (told, fired) = (told.clone(), Arc::clone(&count));
            let tells = Letter::act(FIFO, move |_, _| {
                told.send((name, fired.load(Ordering::Relaxed))).expect("the test waits");
            });
            desk.try_tell(tells).expect("there is room");
        }
    });
    desk.try_tell(arms).expect("there is room");
    let running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
    for _ in 0..2 {
        let (name, fired) = wait(&tells);
        let most = if name == "lane" { 1 } else { FEW };
        assert!(fired <= most, "{fired} timers came before the {name}");
    }
    drop(desk);
    assert!(matches!(end_of(&running).reason, ExitReason::Unreachable));
    assert_eq!(fired.load(Ordering::Relaxed), TIMERS);
}

/// Starts a schedule, and tells each beat with the wall clock's time at its handling.
fn beats(
    desk: &actor_lanes::Handle<Letter>,
    schedule: WallSchedule,
) -> Receiver<(WallBeat, SystemTime)> {
    let (told, tells) = signal();
    let arms = Letter::act(FIFO, move |_, cx| {
        cx.timer().schedule(schedule, move |beat| {
            let told = told.clone();
            // The test may have ended by the last beat.
            Letter::act(FIFO, move |_, cx| _ = told.try_send((beat, cx.wall_now())))
        });
    });
    desk.try_tell(arms).expect("there is room");
    tells
}

fn a_schedule_follows_the_wall_clock(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, _running) = spawn(&executor, Desk::default).expect("it starts");
    let genesis = executor.wall_now() + SOON;
    let schedule = WallSchedule::new(genesis, SOON).offset(SOON / 2);
    let tells = beats(&desk, schedule);
    // A late start begins with a later number.
    let mut expected = None;
    for _ in 0..5 {
        let (beat, handled) = wait(&tells);
        assert!(expected.is_none_or(|expected| beat.number == expected + beat.missed), "{beat:?}");
        assert_eq!(beat.due, genesis + SOON * u32::try_from(beat.number).expect("few") + SOON / 2);
        assert!(handled >= beat.due + beat.lateness, "never early");
        assert!(beat.lateness < SOON, "the latest number");
        expected = Some(beat.number + 1);
    }
}

fn a_schedule_begins_with_the_next_number_due(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, _running) = spawn(&executor, Desk::default).expect("it starts");
    // In the middle of period 100.
    let genesis = executor.wall_now() - 100 * SOON - SOON / 2;
    let schedule = WallSchedule::new(genesis, SOON);
    let before = schedule.number_at(executor.wall_now()).expect("after the genesis");
    let (beat, _) = wait(&beats(&desk, schedule));
    assert!(before >= 100 && beat.number > before, "{beat:?} after {before}");
}

/// A message with a deadline.
struct Offer {
    lane: usize,
    n: u64,
    deadline: Option<Instant>,
    reply: Option<Reply<u64>>,
    _on_drop: Option<Explosive>,
}

/// Panics when it is dropped.
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("this drop panics, as the test wants it to");
    }
}

impl Offer {
    fn new(lane: usize, n: u64, deadline: Instant) -> Self {
        Self { lane, n, deadline: Some(deadline), reply: None, _on_drop: None }
    }
}

/// A number whose deadline panics.
const BROKEN: u64 = 666;

impl Message for Offer {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 64),
        Lane::fifo("fifo", 4096),
        Lane::fifo("batched", 64).batch(8),
        Lane::newest_first("newest", 64),
        Lane::fifo("small", 1),
    ];

    fn lane(&self) -> usize {
        self.lane
    }

    fn deadline(&self) -> Option<Instant> {
        assert_ne!(self.n, BROKEN, "this deadline panics");
        self.deadline
    }
}

/// Reports the numbers of handled offers.
struct Market {
    told: SyncSender<u64>,
    at_start: Option<fn(&mut Context<Offer>)>,
}

impl Market {
    fn take(&mut self, mut offer: Offer) {
        self.told.send(offer.n).expect("the test waits");
        if let Some(reply) = offer.reply.take() {
            reply.send(offer.n);
        }
    }
}

impl Actor for Market {
    type Message = Offer;

    async fn started(&mut self, cx: &mut Context<Offer>) {
        self.at_start.iter().for_each(|act| act(cx));
    }

    async fn handle(&mut self, offer: Offer, _cx: &mut Context<Offer>) {
        self.take(offer);
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Offer>, _cx: &mut Context<Offer>) {
        batch.for_each(|offer| self.take(offer));
    }
}

/// Sends the offers before the start, lets the market end, and returns the numbers handled.
fn trade(
    runtime: &dyn Runtime,
    offers: impl FnOnce(Instant) -> Vec<Offer>,
    at_start: Option<fn(&mut Context<Offer>)>,
) -> (Vec<u64>, actor_lanes::Exit) {
    let executor = executor(runtime);
    let (market, mailbox) = mailbox();
    market.try_tell_all(offers(executor.now())).map_err(|_| "full").expect("there is room");
    drop(market);
    let (told, tells) = signal();
    let make = move || Market { told, at_start };
    let running = Spawn::new(mailbox).start(&executor, make).expect("it starts");
    let exit = end_of(&running);
    for lane in &exit.lanes {
        let ended = lane.handled + lane.evicted + lane.cancelled + lane.expired + lane.undelivered;
        assert_eq!((lane.accepted, lane.depth), (ended, 0), "{lane:?}");
    }
    (tells.try_iter().collect(), exit)
}

fn expired_messages_are_dropped_and_counted(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (market, mailbox) = mailbox();
    let past = executor.now();
    let asked = [past, past + 2 * PATIENCE, past].map(|deadline| {
        let offer = |reply| Offer { reply: Some(reply), ..Offer::new(1, 7, deadline) };
        market.try_ask(offer).expect("there is room")
    });
    let (told, tells) = signal();
    let make = move || Market { told, at_start: None };
    let _running = Spawn::new(mailbox).start(&executor, make).expect("it starts");
    let [first, second, third] = asked.map(block_on);
    assert!(first.is_err() && third.is_err(), "the askers are told");
    assert_eq!((second, wait(&tells)), (Ok(7), 7));
    let lane = &market.stats()[1];
    assert_eq!((lane.accepted, lane.expired), (3, 2));

    // Every kind of lane, and an offer without a deadline.
    let (handled, exit) = trade(
        runtime,
        |now| {
            let lanes = [0, 1, 2, 3, 4].map(|lane| Offer::new(lane, 9, now));
            let none = Offer { deadline: None, ..Offer::new(1, 8, now) };
            lanes.into_iter().chain([none]).collect()
        },
        None,
    );
    assert_eq!(handled, [8]);
    assert_eq!(exit.lanes.iter().map(|lane| lane.expired).collect::<Vec<_>>(), [1; 5]);
}

fn expired_messages_of_a_batch_are_left_out(runtime: &dyn Runtime) {
    let offers = |now| {
        let deadline = |n| if n % 2 == 0 { now + 2 * PATIENCE } else { now };
        (0..21).map(|n| Offer::new(2, n, deadline(n))).collect()
    };
    let (handled, exit) = trade(runtime, offers, None);
    assert_eq!(handled, (0..21).step_by(2).collect::<Vec<_>>());
    assert_eq!((exit.lanes[2].handled, exit.lanes[2].expired), (11, 10));
}

fn an_expired_message_of_a_timer_or_of_work_is_dropped(runtime: &dyn Runtime) {
    let at_start = |cx: &mut Context<Offer>| {
        let now = cx.now();
        cx.after(Duration::ZERO, Offer::new(1, 1, now));
        cx.after(SOON, Offer::new(1, 2, now + 2 * PATIENCE));
        cx.offload(|| (), move |_| Offer::new(4, 3, now));
        cx.offload(|| (), move |_| Offer::new(4, 4, now + 2 * PATIENCE));
    };
    let (mut handled, exit) = trade(runtime, |_| Vec::new(), Some(at_start));
    handled.sort_unstable();
    assert_eq!(handled, [2, 4]);
    assert_eq!(exit.lanes[1].expired + exit.lanes[4].expired, 2);
}

fn many_expired_messages_do_not_delay_control(runtime: &dyn Runtime) {
    // A control message that arrives behind them, and one of a timer.
    let offers = |now| {
        let expired = (0..4000).map(move |_| Offer::new(1, 0, now));
        let last = Offer::new(1, 1, now + 2 * PATIENCE);
        expired.chain([last, Offer::new(0, 2, now + 2 * PATIENCE)]).collect()
    };
    let at_start = |cx: &mut Context<Offer>| {
        let later = cx.now() + 2 * PATIENCE;
        cx.after(Duration::ZERO, Offer::new(0, 3, later));
    };
    let (handled, exit) = trade(runtime, offers, Some(at_start));
    assert_eq!((handled.len(), handled[2]), (3, 1), "{handled:?}");
    assert_eq!(exit.lanes[1].expired, 4000);
}

fn a_panic_in_the_drop_of_an_expired_message_is_contained(runtime: &dyn Runtime) {
    for lane in [1, 2] {
        let offers = |now: Instant| {
            let later = now + 2 * PATIENCE;
            let expired = Offer { _on_drop: Some(Explosive), ..Offer::new(lane, 1, now) };
            vec![Offer::new(lane, 0, later), expired, Offer::new(lane, 2, later)]
        };
        let (handled, exit) = trade(runtime, offers, None);
        assert_eq!((handled, exit.lanes[lane].expired), (vec![0, 2], 1));
        assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
    }
}

fn a_panic_in_a_deadline_ends_the_actor_and_is_accounted_for(runtime: &dyn Runtime) {
    for lane in [1, 2] {
        let offers = |now| {
            let later = now + 2 * PATIENCE;
            [0, BROKEN, 2].map(|n| Offer::new(lane, n, later)).into()
        };
        let (handled, exit) = trade(runtime, offers, None);
        assert_eq!((handled, exit.undelivered()), (vec![0], 1));
        assert!(matches!(exit.reason, ExitReason::Panicked(_)), "{}", exit.reason);
    }
}

fn an_expired_message_leaves_its_room_to_waiting_senders(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (market, mailbox) = mailbox();
    let now = executor.now();
    market.try_tell(Offer::new(4, 1, now)).map_err(|_| "full").expect("there is room");
    let (told, tells) = signal();
    std::thread::scope(|threads| {
        let waits = || market.tell_blocking(Offer::new(4, 2, now + 2 * PATIENCE), PATIENCE).is_ok();
        let waiting = threads.spawn(waits);
        let make = move || Market { told, at_start: None };
        let _running = Spawn::new(mailbox).start(&executor, make).expect("it starts");
        assert_eq!(wait(&tells), 2);
        assert!(waiting.join().expect("it does not panic"));
    });
    assert_eq!(market.stats()[4].expired, 1);
}
