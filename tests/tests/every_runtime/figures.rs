//! The figures of an actor: counters, times, the message in hand.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use actor_lanes::embed::{Embed, ManualClock};
use actor_lanes::mailbox::LaneStats;
use actor_lanes::observe::{Exporter, Figures, InHand, LaneFigures};
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, Restart, Runtime, Spawn, System};
use actor_lanes::{actor_fn, mailbox, spawn};
use actor_tests::{Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE};
use actor_tests::{end_of, executor, on_every_runtime, owned, signal, wait};

on_every_runtime! {
    the_messages_of_timers_count_as_handled_in_their_lane,
    slow_handlers_are_in_the_histogram_of_their_lane,
    the_times_are_in_the_exit,
    the_message_in_hand_is_seen_by_other_threads,
    no_message_is_seen_with_the_kind_of_the_one_before_it,
    a_page_has_the_figures_of_each_actor_of_a_system,
    figures_go_on_over_the_lives_of_an_actor,
    a_look_has_the_times_of_each_lane,
}

fn lane(figures: &Figures, lane: usize) -> &LaneFigures {
    &figures.lanes[lane]
}

fn the_messages_of_timers_count_as_handled_in_their_lane(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("the executor runs");
    let (told, tells) = signal();
    let arm = move |_: &mut Desk, cx: &mut Context<Letter>| {
        for _ in 0..3 {
            let told = told.clone();
            let note = Letter::act(NEWEST, move |_, _| told.send(()).expect("the test waits"));
            cx.after(Duration::from_millis(1), note);
        }
    };
    desk.try_tell(Letter::act(FIFO, arm)).expect("there is room");
    (0..3).for_each(|_| wait(&tells));
    drop(desk);
    let figures = end_of(&running).figures();
    let (fifo, newest) = (lane(&figures, FIFO).stats, lane(&figures, NEWEST).stats);
    assert_eq!((fifo.accepted, fifo.handled), (1, 1));
    assert_eq!((newest.accepted, newest.handled, newest.depth), (3, 3, 0));
}

/// Computes for this long.
#[expect(clippy::disallowed_methods, reason = "a handler that takes real time")]
fn compute(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

const SLOW: Duration = Duration::from_micros(200);

/// After the first 8 messages, some are timed, and of slow ones most.
const ENOUGH: usize = 128;

fn slow_handlers_are_in_the_histogram_of_their_lane(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("the executor runs");
    let (told, tells) = signal();
    for _ in 0..ENOUGH {
        let told = told.clone();
        let slow = Letter::act(FIFO, move |_, _| {
            compute(SLOW);
            told.send(()).expect("the test waits");
        });
        desk.try_tell(slow).expect("there is room");
        wait(&tells);
    }
    drop(desk);
    let figures = end_of(&running).figures();
    let slow = &lane(&figures, FIFO).handling;
    assert!((1..=ENOUGH as u64).contains(&slow.count()), "{}", slow.count());
    assert!(slow.samples() > ENOUGH as u64 / 2, "slow handlers are timed often");
    assert!(slow.longest() >= SLOW && slow.quantile(0.0) >= SLOW, "{slow:?}");
    assert_eq!(lane(&figures, LATEST).handling.count(), 0, "another lane");
}

fn the_times_are_in_the_exit(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("the executor runs");
    for n in 0..ENOUGH as u64 {
        desk.tell_blocking(Letter::note(FIFO, n), PATIENCE).expect("it runs");
        assert_eq!(Desk::read(&desk).len() as u64, n + 1);
    }
    drop(desk);
    let exit = end_of(&running);
    let (handling, waiting) =
        (&exit.figures().lanes[FIFO].handling, &exit.figures().lanes[FIFO].waiting);
    assert!(handling.count() > 0 && waiting.count() > 0, "{handling:?} {waiting:?}");
    assert!(handling.count() <= exit.lanes[FIFO].handled);
    assert!(waiting.count() <= exit.lanes[FIFO].accepted);
}

/// Signals its begin and waits, in a lane of each kind.
enum Held {
    Fifo(SyncSender<()>, Reply<Reply<()>>),
    Newest(SyncSender<()>, Reply<Reply<()>>),
    Shared(SyncSender<()>, Reply<Reply<()>>),
    Keyed(SyncSender<()>, Reply<Reply<()>>),
    Arm(SyncSender<()>, Reply<Reply<()>>),
}

impl Message for Held {
    const LANES: &'static [Lane] = &[
        Lane::fifo("fifo", 4),
        Lane::newest_first("newest", 4),
        Lane::fifo("shared", 4).share(2),
        Lane::latest_by_key("keyed", 4),
    ];
    const KINDS: &'static [&'static str] = &["Fifo", "Newest", "Shared", "Keyed", "Arm"];

    fn lane(&self) -> usize {
        match self {
            Self::Fifo(..) | Self::Arm(..) => 0,
            Self::Newest(..) => 1,
            Self::Shared(..) => 2,
            Self::Keyed(..) => 3,
        }
    }

    fn kind(&self) -> usize {
        match self {
            Self::Fifo(..) => 0,
            Self::Newest(..) => 1,
            Self::Shared(..) => 2,
            Self::Keyed(..) => 3,
            Self::Arm(..) => 4,
        }
    }

    fn source(&self) -> Option<u64> {
        Some(7)
    }

    fn key(&self) -> u64 {
        7
    }
}

struct Holder;
impl Actor for Holder {
    type Message = Held;

    async fn handle(&mut self, held: Held, cx: &mut Context<Held>) {
        let (began, reply) = match held {
            Held::Arm(began, reply) => {
                cx.after(Duration::ZERO, Held::Newest(began, reply));
                return;
            }
            Held::Fifo(began, reply)
            | Held::Newest(began, reply)
            | Held::Shared(began, reply)
            | Held::Keyed(began, reply) => (began, reply),
        };
        let (release, released) = Reply::pair();
        reply.send(release);
        began.send(()).expect("the test waits");
        _ = released.await;
    }
}

type MakeHeld = fn(SyncSender<()>, Reply<Reply<()>>) -> Held;

fn the_message_in_hand_is_seen_by_other_threads(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (holder, running) = spawn(&executor, || Holder).expect("the executor runs");
    let kinds: [(MakeHeld, &str, &str); 5] = [
        (Held::Fifo, "fifo", "Fifo"),
        (Held::Newest, "newest", "Newest"),
        (Held::Shared, "shared", "Shared"),
        (Held::Keyed, "keyed", "Keyed"),
        // By a timer.
        (Held::Arm, "newest", "Newest"),
    ];
    for (make, lane, kind) in kinds {
        let ((began, beginning), (reply, release)) = (signal(), Reply::pair());
        holder.try_tell(make(began, reply)).expect("there is room");
        wait(&beginning);
        let in_hand = holder.figures().in_hand.expect("a handler waits");
        assert_eq!((in_hand.lane, in_hand.kind), (lane, Some(kind)));
        let release: Reply<()> = futures::executor::block_on(release).expect("it holds");
        release.send(());
    }
    let gauge = holder.gauge();
    drop(holder);
    _ = end_of(&running);
    assert_eq!(gauge.figures().in_hand, None);
    assert!(gauge.has_ended());
}

/// Its kind is asked for between its take and its handler.
struct Looking {
    kind: usize,
    own: Handle<Looking>,
    seen: SyncSender<Option<InHand>>,
}

impl Message for Looking {
    const KINDS: &'static [&'static str] = &["First", "Second"];

    fn kind(&self) -> usize {
        // The test may have ended.
        _ = self.seen.try_send(self.own.figures().in_hand);
        self.kind
    }
}

fn no_message_is_seen_with_the_kind_of_the_one_before_it(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (seen, looks) = sync_channel(16);
    let handler = || actor_fn((), async |_, _message: Looking, _cx| {});
    let (own, running) = spawn(&executor, handler).expect("the executor runs");
    for kind in [0, 1, 0] {
        let message = Looking { kind, own: own.clone(), seen: seen.clone() };
        own.try_tell(message).expect("there is room");
    }
    drop((own, seen));
    assert!(end_of(&running).reason.is_normal());
    assert!(looks.iter().all(|in_hand| in_hand.is_none()));
}

fn a_page_has_the_figures_of_each_actor_of_a_system(runtime: &dyn Runtime) {
    let system = System::new("seen", owned(runtime)).expect("its thread starts");
    let (desk, desk_mailbox) = mailbox();
    let _running = Spawn::new(desk_mailbox)
        .named("desk")
        .start(&system, Desk::default)
        .expect("the system runs");
    // Without a name.
    let others: Vec<_> =
        (0..3).map(|_| spawn(&system, Desk::default).expect("the system runs")).collect();
    others.iter().for_each(|(other, _)| assert_eq!(Desk::read(other), []));
    assert_eq!(Desk::read(&desk), []);
    let page = Exporter::new().system(&system).render();
    for line in [
        "actor_running{actor=\"/desk\"} 1",
        "actor_lane_accepted_total{actor=\"/desk\",lane=\"fifo\"} 1",
        "actor_running{actor=\"/Desk\"} 3",
        "actor_lane_accepted_total{actor=\"/Desk\",lane=\"fifo\"} 3",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    _ = system.stop_blocking(PATIENCE);
}

/// A restart keeps the mailbox, so everything is counted from the start of the first life.
fn figures_go_on_over_the_lives_of_an_actor(runtime: &dyn Runtime) {
    const LIVES: u64 = 4;
    const NOTES: u64 = 50;
    let executor = executor(runtime);
    let (desk, desk_mailbox) = mailbox();
    let spawn = Spawn::new(desk_mailbox).restart(Restart::permanent());
    let running = spawn.start(&executor, Desk::default).expect("the executor runs");
    let mut before = desk.figures();
    for life in 0..LIVES {
        for n in 0..NOTES {
            desk.tell_blocking(Letter::note(FIFO, n), PATIENCE).expect("it runs");
        }
        let fail = |_: &mut Desk, _: &mut Context<Letter>| panic!("as the test wants it");
        desk.tell_blocking(Letter::act(FIFO, fail), PATIENCE).expect("it runs");
        // The next life answers.
        assert_eq!(Desk::read(&desk), []);
        let now = desk.figures();
        assert_eq!(now.restarts, life + 1);
        let fifo = &now.lanes[FIFO];
        // The message of the panic counts as handled, and so does the question.
        assert_eq!(fifo.stats.accepted, (life + 1) * (NOTES + 2));
        let LaneStats { handled, depth, .. } = fifo.stats;
        assert_eq!(handled + depth, fifo.stats.accepted, "{:?}", fifo.stats);
        let (old, new) = (&before.lanes[FIFO], &now.lanes[FIFO]);
        assert!(new.stats.high_water >= old.stats.high_water);
        assert!(new.handling.count() >= old.handling.count(), "{new:?}");
        assert!(new.waiting.samples() >= old.waiting.samples(), "{new:?}");
        before = now;
    }
    running.stop(PATIENCE);
    let exit = end_of(&running);
    let figures = exit.figures();
    let fifo = &figures.lanes[FIFO];
    assert_eq!((fifo.stats.handled, fifo.stats.depth), (LIVES * (NOTES + 2), 0));
    // More than one life had: of each, those after its last sample are not in it.
    assert!(fifo.handling.count() > NOTES + 2, "it is that of all lives: {fifo:?}");
    assert!(fifo.handling.count() <= fifo.stats.handled, "{fifo:?}");
}

fn a_look_has_the_times_of_each_lane(runtime: &dyn Runtime) {
    let system = System::new("seen", owned(runtime)).expect("its thread starts");
    let (desk, desk_mailbox) = mailbox();
    let spawn = Spawn::new(desk_mailbox).named("desk");
    let running = spawn.start(&system, Desk::default).expect("the system runs");
    for _ in 0..ENOUGH {
        desk.try_tell(Letter::act(FIFO, |_, _| compute(SLOW))).expect("there is room");
        assert_eq!(Desk::read(&desk), []);
    }
    let _release = Desk::hold(&desk);
    let figures = running.figures();
    let seen = system.inspect();
    let lanes = &seen.actor("/desk").expect("it runs").lanes;
    for (seen, lane) in lanes.iter().zip(&figures.lanes) {
        assert_eq!((&*seen.name, seen.handled), (lane.stats.name, lane.stats.handled));
        for (seen, times) in [(&seen.handling, &lane.handling), (&seen.waiting, &lane.waiting)] {
            assert_eq!((seen.count, seen.sum), (times.count(), times.sum()));
            assert_eq!(seen.longest, times.longest());
            assert!(seen.median <= seen.p99 && seen.p99 <= seen.longest, "{seen:?}");
            assert!(seen.p99 <= times.quantile(0.99), "{seen:?}");
        }
    }
    let slow = &lanes[FIFO].handling;
    assert!(slow.count > 0 && slow.longest >= SLOW && slow.p99 >= SLOW, "{slow:?}");
    assert!(system.stop_blocking(Duration::ZERO).actors.len() == 1);
}

/// Moves the clock by the time in its message, as a slow handler.
struct Slow(ManualClock);
struct Takes(Duration);
impl Message for Takes {
    const LANES: &'static [Lane] = &[Lane::fifo("slow", 256)];
}
impl Actor for Slow {
    type Message = Takes;

    async fn handle(&mut self, Takes(time): Takes, _cx: &mut Context<Takes>) {
        self.0.advance(time);
    }
}

#[test]
fn on_virtual_time_the_times_of_slow_messages_are_exact() {
    const MS: Duration = Duration::from_millis(1);
    let clock = ManualClock::new();
    let (executor, mut driver) =
        Embed::new(|| ()).clock(clock.clone()).build().expect("it is built");
    let (slow, running) = spawn(&executor, {
        let clock = clock.clone();
        move || Slow(clock)
    })
    .expect("the executor runs");
    // The first 8 messages are not timed.
    for _ in 0..8 {
        slow.try_tell(Takes(MS)).expect("there is room");
        driver.run_until_stalled();
    }
    for _ in 0..100 {
        slow.try_tell(Takes(4 * MS)).expect("there is room");
    }
    drop(slow);
    driver.run_until_stalled();
    let figures = end_of(&running).figures();
    let LaneFigures { stats, handling, waiting, .. } = &figures.lanes[0];
    assert_eq!(stats.handled, 108);
    // The first sample counts for the messages before it.
    assert_eq!((handling.samples(), handling.count()), (100, 108));
    assert_eq!((handling.longest(), handling.sum()), (4 * MS, 108 * 4 * MS));
    // All came at the same time, and each has waited for those before it.
    assert_eq!((waiting.samples(), waiting.longest()), (100, 99 * 4 * MS));
    assert_eq!(waiting.sum(), (1..100).sum::<u32>() * 4 * MS);
}
