//! Work in flight: futures of an actor, and offloaded work with options.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Poll, Waker};
use std::time::Duration;

use actor_lanes::actor::{Refused, WorkError};
use actor_lanes::life::Restart;
use actor_lanes::{
    Actor, Context, ExitReason, Handle, Lane, Message, Reply, Runtime, Spawn, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
};

on_every_runtime! {
    an_actor_handles_messages_while_its_future_waits,
    an_always_ready_future_starves_neither_lanes_nor_timers,
    a_full_lane_does_not_starve_results,
    a_wake_of_one_future_polls_no_other,
    many_woken_futures_hold_up_no_message,
    many_passed_deadlines_hold_up_no_message,
    many_aborted_futures_and_a_late_one_end_well,
    an_actor_with_a_weak_timer_ends_after_lost_work,
    a_future_past_its_deadline_is_dropped,
    an_aborted_future_is_dropped_at_once_and_sends_nothing,
    a_result_that_waits_can_be_aborted,
    a_panic_in_a_future_is_its_result,
    a_panic_in_the_drop_of_a_future_does_not_end_the_actor,
    a_stopped_actor_waits_for_its_futures,
    futures_left_at_the_deadline_are_dropped_and_counted,
    a_future_keeps_its_actor_reachable,
    futures_are_dropped_before_the_state_learns_of_its_end,
    work_above_the_limit_is_returned_or_answered,
    aborted_work_counts_against_the_limit_until_its_thread_drops_it,
    ordered_results_come_in_the_order_of_their_starts,
    an_aborted_piece_does_not_hold_up_ordered_results,
    a_pool_of_the_program_runs_the_work,
    a_pool_that_drops_work_or_panics_loses_no_message,
    offloaded_work_past_its_deadline_is_cancelled,
    aborted_work_that_has_not_begun_is_not_run,
    the_end_of_an_actor_cancels_its_offloaded_work,
    a_result_of_an_ended_life_does_not_reach_the_next_one,
    a_result_without_a_lane_is_lost,
}

/// Starts a desk.
fn desk(runtime: &dyn Runtime) -> (Handle<Letter>, actor_lanes::Running) {
    spawn(&executor(runtime), Desk::default).expect("it starts")
}

/// Runs the work in a handler, and returns its result.
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

/// The message of a result: sends it to the test.
fn tell<T: Send + 'static>(
    told: SyncSender<Result<T, WorkError>>,
) -> impl FnOnce(Result<T, WorkError>) -> Letter + Send {
    move |result| Letter::act(FIFO, move |_, _| told.send(result).expect("the test waits"))
}

fn note(n: u64) -> Letter {
    Letter::note(FIFO, n)
}

/// Signals its drop.
struct Telltale(SyncSender<()>);

impl Drop for Telltale {
    fn drop(&mut self) {
        self.0.send(()).expect("the test waits");
    }
}

fn an_actor_handles_messages_while_its_future_waits(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (release, released) = Reply::<u64>::pair();
    let (told, tells) = signal();
    act(&desk, move |desk, cx| {
        // Shared with the state, and not `Send`.
        let notes = Rc::clone(&desk.notes);
        let future = async move { released.await.map(|n| n + notes.len() as u64) };
        cx.spawn(future, tell(told));
    });
    desk.try_tell(note(7)).expect("there is room");
    assert_eq!(Desk::read(&desk), [7]);
    assert!(tells.try_recv().is_err(), "the future waits");
    release.send(1);
    assert_eq!(wait(&tells), Ok(Ok(1)));
}

/// Spawns a ready future for each result.
struct Busy {
    results: u64,
    timers: u64,
    pings: u64,
    done: Option<SyncSender<u64>>,
}

enum Event {
    Result,
    Timer,
    Ping,
}

impl Message for Event {
    const LANES: &'static [Lane] = &[Lane::fifo("pings", 64)];
}

impl Actor for Busy {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        cx.spawn(async {}, |_| Event::Result);
        cx.every(cx.now(), Duration::from_micros(100), |_| Event::Timer);
    }

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        match event {
            Event::Result => {
                self.results += 1;
                cx.spawn(async {}, |_| Event::Result);
            }
            Event::Timer => self.timers += 1,
            Event::Ping => self.pings += 1,
        }
        if self.pings >= 32 && self.timers >= 2 {
            self.done.take().into_iter().for_each(|done| {
                done.send(self.results).expect("the test waits");
            });
        }
    }
}

fn an_always_ready_future_starves_neither_lanes_nor_timers(runtime: &dyn Runtime) {
    let (done, ends) = signal();
    let make = move || Busy { results: 0, timers: 0, pings: 0, done: Some(done) };
    let (busy, running) = spawn(&executor(runtime), make).expect("it starts");
    for _ in 0..32 {
        busy.tell_blocking(Event::Ping, PATIENCE).expect("it runs");
    }
    wait(&ends);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
}

fn a_full_lane_does_not_starve_results(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let release = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(note(n)).expect("there is room"));
    let (told, tells) = signal();
    let spawns = Letter::act(CONTROL, move |_, cx| {
        for _ in 0..8 {
            let told = told.clone();
            cx.spawn(ready(()), move |_| {
                Letter::act(FIFO, move |desk, _| {
                    told.send(desk.notes.len()).expect("the test waits");
                })
            });
        }
    });
    desk.try_tell(spawns).expect("there is room");
    release.send(());
    let before: Vec<_> = (0..8).map(|_| wait(&tells)).collect();
    let gaps = before.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.max() <= Some(1), "one message between two results at most: {before:?}");
}

fn a_wake_of_one_future_polls_no_other(runtime: &dyn Runtime) {
    const FUTURES: usize = 1000;
    let polls: Arc<[AtomicUsize]> = (0..FUTURES).map(|_| AtomicUsize::new(0)).collect();
    let (desk, running) = desk(runtime);
    let counts = Arc::clone(&polls);
    let (gives, wakers) = signal::<Waker>();
    act(&desk, move |_, cx| {
        for n in 0..FUTURES {
            let (counts, gives) = (Arc::clone(&counts), gives.clone());
            let future = poll_fn(move |cx| {
                if counts[n].fetch_add(1, Ordering::Relaxed) == 0 {
                    gives.send(cx.waker().clone()).expect("the test waits");
                    return Poll::Pending;
                }
                Poll::Ready(n as u64)
            });
            cx.spawn(future, |n| note(n.expect("it does not panic")));
        }
    });
    let wakers: Vec<_> = (0..FUTURES).map(|_| wait(&wakers)).collect();
    wakers[7].wake_by_ref();
    while Desk::read(&desk).is_empty() {}
    let [woken] = Desk::read(&desk)[..] else { panic!("one was woken") };
    let polled: Vec<_> = polls.iter().map(|polls| polls.load(Ordering::Relaxed)).collect();
    assert_eq!(polled[woken as usize], 2);
    assert_eq!(polled.iter().sum::<usize>(), FUTURES + 1);
    running.kill();
    let exit = end_of(&running);
    assert_eq!((exit.lost_work, exit.in_flight), (FUTURES as u64 - 1, FUTURES as u64 - 1));
}

/// The most pieces of work that may have their turn before a waiting message.
const FEW: usize = 200;

fn many_woken_futures_hold_up_no_message(runtime: &dyn Runtime) {
    const FUTURES: usize = 10_000;
    let (desk, running) = desk(runtime);
    let (neighbour, _running) =
        act(&desk, |_, cx| spawn(cx.executor(), Desk::default).expect("it starts"));
    let (count, (told, tells)) = (Arc::new(AtomicUsize::new(0)), signal());
    let counts = Arc::clone(&count);
    act(&desk, move |_, cx| {
        let wakers = Rc::new(Cell::new(Vec::new()));
        for _ in 0..FUTURES {
            let (wakers, counts) = (Rc::clone(&wakers), Arc::clone(&counts));
            let (told, to) = (told.clone(), [cx.handle(), neighbour.clone()]);
            let mut polls = 0;
            let future = poll_fn(move |cx| {
                polls += 1;
                if polls == 1 {
                    let mut waiting = wakers.take();
                    waiting.push(cx.waker().clone());
                    if waiting.len() == FUTURES {
                        waiting.drain(..).for_each(Waker::wake);
                    }
                    wakers.set(waiting);
                    return Poll::Pending;
                }
                if counts.fetch_add(1, Ordering::Relaxed) == 0 {
                    for desk in &to {
                        let (told, counts) = (told.clone(), Arc::clone(&counts));
                        let tell = move |_: &mut Desk, _: &mut Context<Letter>| {
                            let seen = counts.load(Ordering::Relaxed);
                            told.send(seen).expect("the test waits");
                        };
                        desk.try_tell(Letter::act(CONTROL, tell)).expect("there is room");
                    }
                }
                assert_eq!(polls, 2, "woken once");
                // None ends, so no message comes in between.
                Poll::<()>::Pending
            });
            cx.spawn(future, |_| unreachable!("it does not end"));
        }
    });
    let seen = [wait(&tells), wait(&tells)];
    assert!(seen.iter().all(|&seen| seen < FEW), "{seen:?}");
    while count.load(Ordering::Relaxed) < FUTURES {
        // Each round trip is a turn of the actor.
        drop(Desk::read(&desk));
    }
    running.kill();
    assert_eq!(end_of(&running).in_flight, FUTURES as u64);
}

fn many_passed_deadlines_hold_up_no_message(runtime: &dyn Runtime) {
    const FUTURES: usize = 10_000;
    let (desk, running) = desk(runtime);
    let (count, (told, tells)) = (Arc::new(AtomicUsize::new(0)), signal());
    let counts = Arc::clone(&count);
    act(&desk, move |_, cx| {
        // All but the first wait for the first, so no message comes in between.
        cx.spawning().ordered().run(pending::<()>(), |_| note(0)).expect("there is room");
        for _ in 0..FUTURES {
            let (counts, told, desk) = (Arc::clone(&counts), told.clone(), cx.handle());
            let expired = move |_| {
                if counts.fetch_add(1, Ordering::Relaxed) == 0 {
                    let tell = move |_: &mut Desk, _: &mut Context<Letter>| {
                        told.send(counts.load(Ordering::Relaxed)).expect("the test waits");
                    };
                    desk.try_tell(Letter::act(CONTROL, tell)).expect("there is room");
                }
                note(1)
            };
            let now = cx.now();
            let past = cx.spawning().ordered().by(now);
            past.run(pending::<()>(), expired).expect("there is room");
        }
    });
    let seen = wait(&tells);
    assert!(seen < FEW, "{seen} deadlines came first");
    while count.load(Ordering::Relaxed) < FUTURES {
        drop(Desk::read(&desk));
    }
    running.kill();
    assert_eq!(end_of(&running).in_flight, 1);
}

fn many_aborted_futures_and_a_late_one_end_well(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        for _ in 0..1000 {
            let ended = cx.spawning().ordered().run(pending::<()>(), |_| note(0));
            assert!(cx.abort(ended.expect("there is room")));
        }
        cx.spawning().ordered().run(async {}, |_| note(7)).expect("there is room");
    });
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lost_work, exit.lanes[FIFO].handled), (0, 1));
}

fn an_actor_with_a_weak_timer_ends_after_lost_work(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        _ = cx.timer().weak().after(Duration::MAX, note(9));
        cx.spawn(async {}, |_| note(1));
        // Its end is seen in the turn after that of the first, and brings no message.
        cx.spawn(async {}, |_| panic!("this function panics, as the test wants it to"));
    });
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!((exit.lost_work, exit.lanes[FIFO].handled), (1, 1));
}

fn a_future_past_its_deadline_is_dropped(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let ((told, tells), (drops, dropped)) = (signal(), signal());
    let before = act(&desk, move |_, cx| {
        let telltale = Telltale(drops);
        let future = async move {
            pending::<()>().await;
            drop(telltale);
        };
        cx.spawn_by(cx.now() + SOON, future, move |result| {
            Letter::act(FIFO, move |_, cx| told.send((result, cx.now())).expect("the test waits"))
        });
        cx.now()
    });
    let (result, after) = wait(&tells);
    assert_eq!(result, Err(WorkError::DeadlinePassed));
    assert!(after >= before + SOON);
    wait(&dropped);
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).lost_work, 0, "its error was delivered");
}

fn an_aborted_future_is_dropped_at_once_and_sends_nothing(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (drops, dropped) = signal();
    let id = act(&desk, move |_, cx| {
        let telltale = Telltale(drops);
        let future = async move {
            pending::<()>().await;
            drop(telltale);
        };
        cx.spawn(future, |_| note(1))
    });
    let in_time = act(&desk, move |_, cx| {
        assert!(cx.abort(id), "it is in flight");
        assert!(!cx.abort(id), "it was");
        assert_eq!(cx.work_in_flight(), 0);
        dropped.try_recv().is_ok()
    });
    assert!(in_time, "the abort drops it");
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].accepted, exit.lost_work), (0, 0));
}

fn a_result_that_waits_can_be_aborted(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (queue, jobs) = signal::<Job>();
    let (told, tells) = signal();
    let release = {
        let id = act(&desk, move |_, cx| {
            let pool = |work: Job| queue.send(work).expect("the test waits");
            cx.offloading().on(&pool).run(|| (), |_| note(1)).expect("there is room")
        });
        let release = Desk::hold(&desk);
        let aborts =
            Letter::act(CONTROL, move |_, cx| told.send(cx.abort(id)).expect("the test waits"));
        // Both results come while the actor is held. The first one aborts the second one.
        desk.try_tell(aborts).expect("there is room");
        release
    };
    wait(&jobs)();
    release.send(());
    let was_in_flight = wait(&tells);
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!(exit.lost_work, 0);
    // The result has its turn before the control letter, or is aborted by it, and never both.
    assert_eq!(exit.lanes[FIFO].handled, u64::from(!was_in_flight));
}

fn a_panic_in_a_future_is_its_result(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        let future = async { panic!("this future panics, as the test wants it to") };
        cx.spawn::<_>(future, tell::<()>(told));
    });
    let Err(WorkError::Panicked(text)) = wait(&tells) else { panic!("it panics") };
    assert_eq!(text, "this future panics, as the test wants it to");
    assert_eq!(Desk::read(&desk), [], "its actor lives");
}

fn a_panic_in_the_drop_of_a_future_does_not_end_the_actor(runtime: &dyn Runtime) {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("this drop panics, as the test wants it to");
        }
    }
    async fn with(bomb: Bomb) {
        pending::<()>().await;
        drop(bomb);
    }
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        let aborted = cx.spawn(with(Bomb), |_| note(1));
        cx.spawn_by(cx.now(), with(Bomb), |_| note(2));
        cx.spawn(with(Bomb), |_| note(3));
        assert!(cx.abort(aborted));
    });
    while Desk::read(&desk).is_empty() {}
    assert_eq!(Desk::read(&desk), [2]);
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!((exit.lost_work, exit.in_flight), (1, 1));
}

fn a_stopped_actor_waits_for_its_futures(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (release, released) = Reply::<u64>::pair();
    act(&desk, move |_, cx| {
        cx.spawn(released, |n| note(n.expect("no panic").expect("it is sent")));
    });
    running.stop(PATIENCE);
    assert!(running.join_blocking(SOON).is_none(), "it waits");
    release.send(7);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.lost_work), (1, 0));
}

fn futures_left_at_the_deadline_are_dropped_and_counted(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (drops, dropped) = signal();
    act(&desk, move |_, cx| {
        for _ in 0..3 {
            let telltale = Telltale(drops.clone());
            let future = async move {
                pending::<()>().await;
                drop(telltale);
            };
            cx.spawn(future, |_| note(1));
        }
    });
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!((exit.lost_work, exit.in_flight, exit.lanes[FIFO].accepted), (3, 3, 0));
    assert_eq!(dropped.try_iter().count(), 3, "before the exit is published");
}

fn a_future_keeps_its_actor_reachable(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (release, released) = Reply::<u64>::pair();
    act(&desk, move |_, cx| {
        cx.spawn(released, |n| note(n.expect("no panic").expect("it is sent")));
    });
    drop(desk);
    assert!(running.join_blocking(SOON).is_none(), "the future keeps it");
    release.send(7);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].handled, 1);
}

fn futures_are_dropped_before_the_state_learns_of_its_end(runtime: &dyn Runtime) {
    struct Owner(Rc<Cell<bool>>, Option<SyncSender<bool>>);
    struct Mark(Rc<Cell<bool>>);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    impl Actor for Owner {
        type Message = Event;
        async fn started(&mut self, cx: &mut Context<Event>) {
            let mark = Mark(Rc::clone(&self.0));
            let future = async move {
                pending::<()>().await;
                drop(mark);
            };
            cx.spawn(future, |_| Event::Result);
            cx.stop();
        }
        async fn handle(&mut self, _event: Event, _cx: &mut Context<Event>) {}
        async fn stopped(&mut self, _reason: &ExitReason) {
            let told = self.1.take().expect("it ends once");
            told.send(self.0.get()).expect("the test waits");
        }
    }
    let (told, tells) = signal();
    let make = move || Owner(Rc::default(), Some(told));
    let (_owner, running) = spawn(&executor(runtime), make).expect("it starts");
    assert!(wait(&tells));
    assert_eq!(end_of(&running).in_flight, 1);
}

fn work_above_the_limit_is_returned_or_answered(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (told, tells) = signal();
    let errors = told.clone();
    act(&desk, move |_, cx| {
        cx.work_limit(2);
        cx.spawn(pending::<()>(), |_| note(1));
        cx.spawn(pending::<()>(), |_| note(2));
        let refused = cx.spawning().run(ready(7), |_| note(3));
        let Err(Refused { work, .. }) = refused else { panic!("two are in flight") };
        assert_eq!(work.into_inner(), 7);
        let refused = cx.offloading().run(|| 8, |_| note(3));
        let Err(Refused { work, .. }) = refused else { panic!("two are in flight") };
        assert_eq!(work(), 8);
        cx.spawn(async {}, tell(told));
        cx.offload(|| (), tell(errors));
    });
    assert_eq!([wait(&tells), wait(&tells)], [Err(WorkError::Refused), Err(WorkError::Refused)]);
    running.kill();
    assert_eq!(end_of(&running).in_flight, 2);
}

fn aborted_work_counts_against_the_limit_until_its_thread_drops_it(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let ((release, released), (told, tells)) = (sync_channel::<()>(1), signal());
    let (began, begins) = signal();
    let id = act(&desk, move |_, cx| {
        cx.work_limit(1);
        let wait = move || {
            began.send(()).expect("the test waits");
            released.recv_timeout(PATIENCE).expect("it is released");
        };
        cx.offloading().run(wait, |_| note(1)).expect("nothing is in flight")
    });
    wait(&begins);
    act(&desk, move |_, cx| {
        assert!(cx.abort(id));
        assert_eq!(cx.work_in_flight(), 0);
        assert!(cx.offloading().run(|| (), |_| note(1)).is_err(), "its thread is at it");
    });
    release.send(()).expect("the work waits");
    // The thread drops the work soon.
    loop {
        let told = told.clone();
        let started = act(&desk, move |_, cx| {
            cx.offloading().run(|| 7, tell(told)).map_err(|_refused| ()).is_ok()
        });
        if started {
            break;
        }
    }
    assert_eq!(wait(&tells), Ok(7));
}

/// Work of the program's own, run by the test.
type Job = Box<dyn FnOnce() + Send>;

fn ordered_results_come_in_the_order_of_their_starts(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (queue, jobs) = signal::<Job>();
    act(&desk, move |_, cx| {
        let pool = |work: Job| queue.send(work).expect("the test waits");
        for n in 0..4 {
            let started = cx
                .offloading()
                .ordered()
                .on(&pool)
                .run(move || n, |n| note(n.expect("it does not panic")));
            assert!(started.is_ok());
        }
        cx.offloading().on(&pool).run(|| 9, |n| note(n.expect("no panic"))).expect("there is room");
    });
    let mut jobs: VecDeque<_> = (0..5).map(|_| wait(&jobs)).collect();
    while let Some(job) = jobs.pop_back() {
        job();
    }
    while Desk::read(&desk).len() < 5 {}
    assert_eq!(Desk::read(&desk), [9, 0, 1, 2, 3], "the last one has no order");
}

fn an_aborted_piece_does_not_hold_up_ordered_results(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        let never = cx.spawning().ordered().run(pending::<()>(), |_| note(0)).expect("room");
        let past = cx.now();
        cx.spawning().ordered().by(past).run(pending::<()>(), |_| note(1)).expect("room");
        cx.offloading().ordered().run(|| 2, tell(told)).expect("room");
        cx.spawn(ready(()), move |_| Letter::act(FIFO, move |_, cx| assert!(cx.abort(never))));
    });
    assert_eq!(wait(&tells), Ok(2));
    assert_eq!(Desk::read(&desk), [1]);
}

fn a_pool_of_the_program_runs_the_work(runtime: &dyn Runtime) {
    let (desk, _running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("it starts");
        let name = move || rayon::current_thread_index();
        let started = cx.offloading().on(&|work| pool.spawn(work)).run(name, tell(told));
        assert!(started.is_ok());
    });
    assert_eq!(wait(&tells), Ok(Some(0)), "it ran on the pool's thread");
}

fn a_pool_that_drops_work_or_panics_loses_no_message(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (told, tells) = signal();
    act(&desk, move |_, cx| {
        let panics = |_work: Job| panic!("this pool panics, as the test wants it to");
        let drops = |work: Job| drop(work);
        cx.offloading().on(&panics).run(|| (), tell(told.clone())).expect("there is room");
        cx.offloading().on(&drops).run(|| (), tell(told)).expect("there is room");
    });
    assert_eq!([wait(&tells), wait(&tells)], [Err(WorkError::NotRun), Err(WorkError::NotRun)]);
    running.stop(PATIENCE);
    assert_eq!(end_of(&running).lost_work, 0);
}

fn offloaded_work_past_its_deadline_is_cancelled(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let ((told, tells), (ends, ended)) = (signal(), signal());
    act(&desk, move |_, cx| {
        let mut work = cx.offloading().by(cx.now() + SOON);
        let cancel = work.cancel();
        let search = move || {
            while !cancel.is_cancelled() {}
            ends.send(()).expect("the test waits");
        };
        work.run(search, tell(told)).expect("nothing else is in flight");
    });
    assert_eq!(wait(&tells), Err(WorkError::DeadlinePassed));
    wait(&ended);
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].handled, exit.lost_work), (1, 0), "one result");
}

fn aborted_work_that_has_not_begun_is_not_run(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let (queue, jobs) = signal::<Job>();
    act(&desk, move |_, cx| {
        let pool = |work: Job| queue.send(work).expect("the test waits");
        let run = || panic!("it was aborted");
        let id = cx.offloading().on(&pool).run(run, |_: Result<(), _>| note(1)).expect("room");
        assert!(cx.abort(id));
    });
    wait(&jobs)();
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].accepted, exit.lost_work), (0, 0));
}

fn the_end_of_an_actor_cancels_its_offloaded_work(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    let ((began, begins), (ends, ended)) = (signal(), signal());
    act(&desk, move |_, cx| {
        let mut work = cx.offloading();
        let cancel = work.cancel();
        let search = move || {
            began.send(()).expect("the test waits");
            while !cancel.is_cancelled() {}
            ends.send(()).expect("the test waits");
        };
        work.run(search, |_| note(1)).expect("nothing else is in flight");
    });
    wait(&begins);
    running.kill();
    wait(&ended);
    let exit = end_of(&running);
    assert_eq!((exit.lost_work, exit.in_flight), (1, 1));
}

fn a_result_of_an_ended_life_does_not_reach_the_next_one(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox::<Letter>();
    let running = Spawn::new(mailbox)
        .restart(Restart::up_to(5))
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    let (queue, jobs) = signal::<Job>();
    act(&desk, move |_, cx| {
        let pool = |work: Job| queue.send(work).expect("the test waits");
        cx.offloading().on(&pool).run(|| (), |_| note(1)).expect("there is room");
        cx.offloading().on(&pool).run(|| (), |_| note(2)).expect("there is room");
        cx.spawn(pending::<()>(), |_| note(3));
    });
    // One result comes while a handler holds the actor, and then the handler panics.
    let ((began, begins), (release, released)) = (signal(), sync_channel::<()>(1));
    let panics = Letter::act(FIFO, move |_, _| {
        began.send(()).expect("the test waits");
        released.recv_timeout(PATIENCE).expect("it is released");
        panic!("this handler panics, as the test wants it to");
    });
    desk.try_tell(panics).expect("there is room");
    wait(&begins);
    wait(&jobs)();
    release.send(()).expect("the handler waits");
    assert_eq!(Desk::read(&desk), [], "the next life has seen none of it");
    wait(&jobs)();
    assert_eq!(Desk::read(&desk), []);
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.restarts, exit.lost_work, exit.in_flight), (1, 3, 2));
}

fn a_result_without_a_lane_is_lost(runtime: &dyn Runtime) {
    let (desk, running) = desk(runtime);
    act(&desk, |_, cx| {
        cx.spawn(async {}, |_| Letter::note(99, 1));
        cx.spawn(async {}, |_| panic!("this function panics, as the test wants it to"));
        // Also that of work which was refused.
        cx.work_limit(0);
        cx.spawn(async {}, |_| Letter::note(99, 1));
    });
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.lost_work, exit.in_flight, exit.lanes[FIFO].accepted), (3, 0, 0));
}
