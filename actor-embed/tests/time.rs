//! Timers and schedules with a manual clock: every time is exact, and the wall clock is stepped.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actor_core::actor::{Missed, WallBeat, WallSchedule};
use actor_core::{Actor, Context, Executor, ExitReason, Handle, Message, Reply, Running, spawn};
use actor_embed::{Budget, Clock, Driver, Embed, ManualClock};

const SECOND: Duration = Duration::from_secs(1);
const SLOT: Duration = Duration::from_secs(12);
const DAY: Duration = Duration::from_secs(86_400);

/// A time with nothing special about it.
fn genesis() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// What an actor does with itself.
type Act = Box<dyn FnOnce(&mut Context<Note>) + Send>;

enum Note {
    Do(Act),
    Beat(WallBeat),
    Number(u64),
}

impl Message for Note {}

/// Reports each beat with the wall clock's time at its handling, and each number.
struct Desk {
    beats: std::sync::mpsc::SyncSender<(WallBeat, SystemTime)>,
    numbers: std::sync::mpsc::SyncSender<u64>,
}

impl Actor for Desk {
    type Message = Note;

    async fn handle(&mut self, note: Note, cx: &mut Context<Note>) {
        match note {
            Note::Do(act) => act(cx),
            Note::Beat(beat) => self.beats.send((beat, cx.wall_now())).expect("the test reads"),
            Note::Number(n) => self.numbers.send(n).expect("the test reads"),
        }
    }
}

/// A desk on a manual clock.
struct Rig {
    clock: ManualClock,
    driver: Driver,
    desk: Handle<Note>,
    running: Running,
    beats: Receiver<(WallBeat, SystemTime)>,
    numbers: Receiver<u64>,
}

impl Rig {
    /// Starts a desk at this time of the wall clock.
    fn at(wall: SystemTime) -> Self {
        let clock = ManualClock::new();
        clock.set_wall(wall);
        let (executor, driver) =
            Embed::new(|| {}).clock(clock.clone()).build().expect("it is built");
        let (send_beats, beats) = sync_channel(1 << 16);
        let (send_numbers, numbers) = sync_channel(1 << 16);
        let make = move || Desk { beats: send_beats, numbers: send_numbers };
        let (desk, running) = spawn(&executor, make).expect("it runs");
        Self { clock, driver, desk, running, beats, numbers }
    }

    fn act(&mut self, act: impl FnOnce(&mut Context<Note>) + Send + 'static) {
        self.desk.try_tell(Note::Do(Box::new(act))).map_err(|_| "full").expect("there is room");
        self.driver.run_until_stalled();
    }

    /// Arms the slots since the genesis.
    fn slots(wall: SystemTime, missed: Missed) -> Self {
        let mut rig = Self::at(wall);
        rig.act(move |cx| {
            let slots = WallSchedule::new(genesis(), SLOT);
            _ = cx.timer().key("slots").missed(missed).schedule(slots, Note::Beat);
        });
        rig
    }

    /// Moves both clocks. Returns the beats: number, lateness, missed ones.
    fn advance(&mut self, duration: Duration) -> Vec<(u64, Duration, u64)> {
        self.driver.advance(duration);
        self.beats
            .try_iter()
            .map(|(beat, handled)| {
                assert_eq!(Some(beat.due), WallSchedule::new(genesis(), SLOT).due(beat.number));
                assert_eq!(handled, beat.due + beat.lateness);
                (beat.number, beat.lateness, beat.missed)
            })
            .collect()
    }

    /// Steps the wall clock alone.
    fn step_to(&self, wall: SystemTime) {
        self.clock.set_wall(wall);
    }
}

const IN_TIME: Duration = Duration::ZERO;

#[test]
fn before_the_genesis_the_first_beat_is_number_0() {
    let mut rig = Rig::slots(genesis() - Duration::from_millis(100_500), Missed::Skip);
    assert_eq!(rig.advance(Duration::from_millis(100_499)), []);
    assert_eq!(rig.advance(Duration::from_millis(1)), [(0, IN_TIME, 0)]);
    assert_eq!(rig.advance(SLOT * 2), [(1, IN_TIME, 0), (2, IN_TIME, 0)]);
}

#[test]
fn after_a_start_in_the_middle_the_first_beat_is_the_next_one_due() {
    let mut rig = Rig::slots(genesis() + SLOT * 5 + SECOND, Missed::Skip);
    assert_eq!(rig.advance(SLOT), [(6, IN_TIME, 0)]);
    let mut rig = Rig::slots(genesis() + SLOT * 5, Missed::Skip);
    assert_eq!(rig.advance(Duration::ZERO), [(5, IN_TIME, 0)], "due at the very start");
}

#[test]
fn a_step_of_an_hour_forwards_is_noticed_within_a_second() {
    let table = [
        (Missed::Skip, [(301, IN_TIME, 0), (302, IN_TIME, 0)].as_slice()),
        // Number 301 is due 11 seconds after the late beat.
        (Missed::Delay, [(302, IN_TIME, 1)].as_slice()),
    ];
    for (policy, next) in table {
        let mut rig = Rig::slots(genesis(), policy);
        assert_eq!(rig.advance(SECOND / 2), [(0, IN_TIME, 0)]);
        // The timer looks after each second, so half a second from now.
        rig.step_to(genesis() + SLOT * 300 + SECOND / 2);
        assert_eq!(rig.advance(SECOND / 2), [(300, SECOND, 299)], "{policy:?}");
        assert_eq!(rig.advance(SLOT * 2 - SECOND), next, "{policy:?}");
    }
}

#[test]
fn a_burst_after_a_step_forwards_delivers_every_number() {
    let mut rig = Rig::slots(genesis(), Missed::Burst);
    assert_eq!(rig.advance(SECOND / 2), [(0, IN_TIME, 0)]);
    rig.step_to(genesis() + DAY);
    let beats = rig.advance(SECOND);
    assert_eq!(beats.len() as u128, DAY.as_nanos() / SLOT.as_nanos());
    assert!(beats.iter().enumerate().all(|(n, beat)| (beat.0, beat.2) == (n as u64 + 1, 0)));
    assert_eq!(rig.advance(SLOT).len(), 1, "and then one for each period");
}

#[test]
fn a_suspend_is_noticed_within_a_second_of_the_clock_of_timers() {
    let mut rig = Rig::slots(genesis() + SECOND, Missed::Skip);
    assert_eq!(rig.advance(SECOND * 10), []);
    // The clock of timers stands still for 100 seconds, one second before slot 1.
    rig.step_to(rig.clock.wall_now() + Duration::from_secs(100));
    assert_eq!(rig.advance(SECOND), [(9, SECOND * 4, 8)]);
    assert_eq!(rig.advance(SLOT), [(10, IN_TIME, 0)]);
}

#[test]
fn after_a_step_back_no_number_comes_again() {
    for back in [SECOND, SLOT, DAY] {
        let mut rig = Rig::slots(genesis() + DAY * 2, Missed::Skip);
        let number = 2 * 7200;
        assert_eq!(rig.advance(SECOND), [(number, IN_TIME, 0)]);
        rig.step_to(rig.clock.wall_now() - back);
        assert_eq!(rig.advance(back + SLOT - SECOND * 2), [], "{back:?} back");
        assert_eq!(rig.advance(SECOND), [(number + 1, IN_TIME, 0)], "{back:?} back");
    }
}

#[test]
fn a_schedule_armed_anew_starts_from_the_clocks_time() {
    let mut rig = Rig::slots(genesis() + DAY, Missed::Skip);
    assert_eq!(rig.advance(SECOND), [(7200, IN_TIME, 0)]);
    rig.step_to(genesis() + SECOND);
    rig.act(|cx| {
        let slots = WallSchedule::new(genesis(), SLOT);
        _ = cx.timer().key("slots").schedule(slots, Note::Beat);
    });
    assert_eq!(rig.advance(SLOT * 2), [(1, IN_TIME, 0), (2, IN_TIME, 0)]);
    rig.act(|cx| assert!(cx.cancel_key("slots")));
    assert_eq!(rig.advance(SLOT * 2), []);
}

#[test]
fn any_steps_of_the_wall_clock_keep_the_rules() {
    for seed in 0..200_u64 {
        let mut dice = Dice(seed);
        let policy = [Missed::Skip, Missed::Burst, Missed::Delay][dice.below(3) as usize];
        let mut rig = Rig::slots(genesis() - SECOND * dice.below(30) as u32, policy);
        let mut next = 0;
        for _ in 0..100 {
            let size = Duration::from_millis(dice.below(40_000));
            let now = rig.clock.wall_now();
            match dice.below(8) {
                0 => rig.step_to(now + size),
                1 => rig.step_to(now - size),
                _ => {}
            }
            let moves = Duration::from_millis(dice.below(10_000));
            for (number, lateness, missed) in rig.advance(moves) {
                assert_eq!(number, next + missed, "seed {seed}: none twice, and all counted");
                assert!(policy == Missed::Burst || lateness < SLOT, "seed {seed}: {lateness:?}");
                next = number + 1;
            }
            // The timer has looked within the last second, and delivered what was due then.
            let seen = rig.clock.wall_now() - SECOND;
            let latest = WallSchedule::new(genesis(), SLOT).number_at(seen);
            if policy != Missed::Delay && moves >= SECOND {
                assert!(latest.is_none_or(|latest| latest < next), "seed {seed}");
            }
        }
    }
}

/// Random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn an_idle_schedule_looks_once_a_second_or_once_a_period() {
    for (period, looks) in [(SLOT, 60), (SECOND / 10, 600)] {
        let mut rig = Rig::at(genesis() - DAY);
        rig.act(move |cx| {
            _ = cx.timer().schedule(WallSchedule::new(genesis(), period), Note::Beat);
        });
        let mut polls = 0;
        let end = rig.clock.now() + SECOND * 60;
        while let Some(at) = rig.driver.run_until_stalled().next_deadline.filter(|at| *at <= end) {
            rig.clock.advance_to(at);
            polls += 1;
        }
        assert_eq!(polls, looks, "{period:?}");
    }
}

#[test]
fn many_schedules_look_in_many_turns() {
    let mut rig = Rig::at(genesis() - DAY);
    rig.act(|cx| {
        for _ in 0..1000 {
            cx.timer().schedule(WallSchedule::new(genesis(), SLOT), Note::Beat);
        }
    });
    // Each round polls the actor once, which reads the wall clock for 192 schedules at most.
    rig.clock.advance(SECOND);
    let mut rounds = 0;
    while rig.driver.turn(Budget::round()).has_more {
        rounds += 1;
    }
    assert!((5..=20).contains(&rounds), "{rounds} rounds");
}

#[test]
fn missed_beats_follow_the_policy_exactly() {
    let table = [
        (Missed::Skip, vec![(0, 0), (10_000, 2), (40_000, 0)]),
        (Missed::Burst, vec![(0, 0), (10_000, 0), (20_000, 0), (30_000, 0), (40_000, 0)]),
        (Missed::Delay, vec![(0, 0), (10_000, 2), (45_000, 0)]),
    ];
    for (policy, expected) in table {
        let mut rig = Rig::at(genesis());
        let start = rig.clock.now();
        rig.act(move |cx| {
            let period = SECOND * 10;
            let number = move |beat: actor_core::actor::Beat| {
                let due = u64::try_from((beat.due - start).as_millis()).expect("small");
                Note::Number(due + u64::from(beat.missed))
            };
            _ = cx.timer().missed(policy).every(start, period, number);
        });
        // Three periods and a half pass without a turn.
        rig.clock.advance(SECOND * 35);
        rig.driver.advance(SECOND * 10);
        let seen: Vec<_> = rig.numbers.try_iter().map(|n| (n - n % 1000, n % 1000)).collect();
        assert_eq!(seen, expected, "{policy:?}");
    }
}

#[test]
fn a_message_expires_exactly_at_its_deadline() {
    struct Offer(std::time::Instant, Reply<()>);
    impl Message for Offer {
        fn deadline(&self) -> Option<std::time::Instant> {
            Some(self.0)
        }
    }
    struct Market;
    impl Actor for Market {
        type Message = Offer;
        async fn handle(&mut self, Offer(_, reply): Offer, _cx: &mut Context<Offer>) {
            reply.send(());
        }
    }

    let clock = ManualClock::new();
    let (executor, mut driver) =
        Embed::new(|| {}).clock(clock.clone()).build().expect("it is built");
    let (market, _running) = spawn(&executor, || Market).expect("it runs");
    driver.run_until_stalled();
    let deadline = clock.now() + SECOND;
    let ask = || market.try_ask(|reply| Offer(deadline, reply)).map_err(|_| ()).expect("room");
    let in_time = ask();
    clock.advance(SECOND - Duration::from_nanos(1));
    driver.run_until_stalled();
    assert_eq!(futures::executor::block_on(in_time), Ok(()));
    let late = ask();
    clock.advance(Duration::from_nanos(1));
    driver.run_until_stalled();
    assert!(futures::executor::block_on(late).is_err());
    let lane = &market.stats()[0];
    assert_eq!((lane.handled, lane.expired, lane.depth), (1, 1, 0));
}

#[test]
fn weak_timers_end_with_the_last_strong_one() {
    let mut rig = Rig::at(genesis());
    rig.act(|cx| {
        let start = cx.now();
        cx.timer().weak().every(start + SECOND, SECOND, |_| Note::Number(1));
        cx.after(SECOND * 3 + SECOND / 2, Note::Number(2));
    });
    let Rig { desk, mut driver, running, numbers, .. } = rig;
    drop(desk);
    driver.advance(SECOND * 10);
    assert_eq!(numbers.try_iter().collect::<Vec<_>>(), [1, 1, 1, 2]);
    assert!(matches!(running.exit().expect("it has ended").reason, ExitReason::Unreachable));
}

#[test]
fn a_foreign_wall_clock_that_panics_keeps_its_last_time() {
    use std::sync::atomic::{AtomicU64, Ordering};

    let seconds = Arc::new(AtomicU64::new(5));
    let read = Arc::clone(&seconds);
    let clock = Clock::from(ManualClock::new()).wall(move || {
        let seconds = read.load(Ordering::Relaxed);
        assert_ne!(seconds, 13, "this clock panics, as the test wants it to");
        UNIX_EPOCH + SECOND * u32::try_from(seconds).expect("small")
    });
    let (executor, _driver) = Embed::new(|| {}).clock(clock).build().expect("it is built");
    let executor: Arc<dyn Executor> = executor;
    for (set, seen) in [(5, 5), (100, 100), (13, 100), (7, 7)] {
        seconds.store(set, Ordering::Relaxed);
        assert_eq!(executor.wall_now(), UNIX_EPOCH + SECOND * seen);
    }
}
