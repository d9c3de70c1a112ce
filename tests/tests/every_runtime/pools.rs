//! Pools of equal actors: the worker of each message, restarts with the mailbox kept, and the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use actor_lanes::handle::AskBlockingError;
use actor_lanes::life::{Place, Restart, Seat, SpawnError, Wish};
use actor_lanes::pool::{Pool, PoolExit, PoolHandle, PoolRunning, Route};
use actor_lanes::reply::Answer;
use actor_lanes::{
    Actor, Context, Executor, ExitReason, Lane, Message, Reply, Runtime, System, TryTellError,
};
use actor_tests::{PATIENCE, executor, on_every_runtime, owned, signal, wait, within};
use futures::FutureExt;

on_every_runtime! {
    round_robin_gives_each_worker_equally_many_messages,
    round_robin_refuses_nothing_while_a_worker_has_room,
    a_waiting_tell_takes_the_first_room_of_any_worker,
    a_waiting_tell_returns_its_message_at_the_end_of_all_workers,
    a_blocked_tell_gives_up_in_time_and_returns_its_message,
    the_least_loaded_worker_is_the_next_one,
    a_key_has_one_worker_and_keeps_its_order_over_restarts,
    a_full_worker_refuses_its_keys_while_others_have_room,
    an_ended_worker_is_skipped_but_not_for_its_keys,
    an_ask_takes_the_route_of_its_message,
    a_cancelled_ask_is_handled_by_no_worker,
    an_ask_with_a_time_limit_is_withdrawn_or_cancelled,
    a_panic_drops_the_reply_of_its_ask_only,
    each_worker_restarts_by_its_own_policy,
    one_deadline_stops_all_workers,
    a_pool_without_handles_ends_after_its_queues,
    a_refused_worker_ends_the_ones_before,
    a_pool_spreads_over_the_executors_of_its_place,
    a_shared_queue_lets_no_message_wait_behind_a_busy_worker,
    a_shared_queue_hands_out_one_message_to_each_worker,
    a_shared_queue_keeps_the_order_and_the_evictions_of_its_lanes,
    a_shared_queue_loses_only_the_message_in_hand_at_a_panic,
    a_shared_queue_gets_unhandled_messages_of_an_ended_worker_back,
    a_shared_queue_ends_with_its_last_worker,
    a_shared_queue_hands_out_its_messages_at_a_stop,
    a_shared_queue_without_handles_ends_after_its_messages,
    a_shared_queue_gives_up_at_the_deadline,
    a_timer_of_a_worker_fetches_no_further_message,
    a_worker_is_idle_after_a_message_expired_on_its_way,
    a_worker_that_fails_to_start_gets_no_message,
    a_killed_pool_handles_nothing_more,
    a_system_stops_a_shared_queue_before_its_workers,
}

const CONTROL: usize = 0;
const FIFO: usize = 1;
const NEWEST: usize = 2;
/// The capacity of the lane `FIFO`.
const ROOM: usize = 4;

struct Job {
    lane: usize,
    key: u64,
    work: Work,
}

enum Work {
    /// Reports the worker and the number.
    Note(u64),
    Panic,
    Fail,
    /// Reports its beginning, and waits for the answer.
    Hold(SyncSender<usize>, Answer<()>),
    Who(Reply<usize>),
    /// Arms a timer with a note.
    Arm(u64),
    /// A note with a deadline.
    Due(Instant, u64),
}

impl Message for Job {
    const LANES: &'static [Lane] =
        &[Lane::control("control", 4), Lane::fifo("fifo", ROOM), Lane::newest_first("newest", 2)];

    fn lane(&self) -> usize {
        self.lane
    }

    fn deadline(&self) -> Option<Instant> {
        match self.work {
            Work::Due(deadline, _) => Some(deadline),
            _ => None,
        }
    }
}

impl Job {
    fn of(lane: usize, key: u64, work: Work) -> Self {
        Self { lane, key, work }
    }

    fn note(key: u64, number: u64) -> Self {
        Self::of(FIFO, key, Work::Note(number))
    }

    fn who(key: u64) -> impl FnOnce(Reply<usize>) -> Self {
        move |reply| Self::of(FIFO, key, Work::Who(reply))
    }
}

struct Worker {
    index: usize,
    notes: SyncSender<(usize, u64)>,
}

impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, job: Job, cx: &mut Context<Job>) {
        match job.work {
            Work::Note(number) | Work::Due(_, number) => {
                self.notes.send((self.index, number)).expect("the test waits")
            }
            Work::Panic => panic!("on purpose"),
            Work::Fail => cx.fail("on purpose"),
            Work::Hold(began, answer) => {
                began.send(self.index).expect("the test waits");
                _ = answer.await;
            }
            Work::Who(reply) => reply.send(self.index),
            Work::Arm(number) => {
                cx.after(Duration::ZERO, Job::note(0, number));
            }
        }
    }
}

type Notes = Receiver<(usize, u64)>;
type Rig = (PoolHandle<Job>, PoolRunning, Notes);

/// The pool's notes, and the maker of its workers.
fn worker() -> (Notes, impl Fn(usize) -> Worker + Send + Sync + 'static) {
    let (told, notes) = signal();
    (notes, move |index| Worker { index, notes: told.clone() })
}

fn routed(runtime: &dyn Runtime, workers: usize, route: Route<Job>) -> Rig {
    let (notes, make) = worker();
    let pool = Pool::new(workers).named("tested").route(route).restart(Restart::up_to(100));
    let (handle, running) = pool.start(&executor(runtime), make).expect("it starts");
    (handle, running, notes)
}

fn queued(runtime: &dyn Runtime, workers: usize) -> Rig {
    let (notes, make) = worker();
    let pool = Pool::shared_queue(workers).named("tested").restart(Restart::up_to(100));
    let (handle, running) = pool.start(&executor(runtime), make).expect("it starts");
    (handle, running, notes)
}

fn by_key() -> Route<Job> {
    Route::by_key(|job: &Job| job.key)
}

/// Makes the worker of the next message busy. It returns its index, and what releases it.
fn hold(pool: &PoolHandle<Job>, key: u64) -> (usize, Reply<()>) {
    let ((began, beginning), (reply, answer)) = (signal(), Reply::pair());
    pool.try_tell(Job::of(FIFO, key, Work::Hold(began, answer))).expect("there is room");
    (wait(&beginning), reply)
}

fn end_of(running: &PoolRunning) -> PoolExit {
    running.join_blocking(PATIENCE).expect("the pool ends in time")
}

fn stop(running: &PoolRunning) -> PoolExit {
    running.stop(PATIENCE);
    end_of(running)
}

fn numbers(notes: &Notes) -> Vec<u64> {
    notes.try_iter().map(|(_, number)| number).collect()
}

fn round_robin_gives_each_worker_equally_many_messages(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 3, Route::RoundRobin);
    for n in 0..9 {
        pool.tell_blocking(Job::note(0, n), PATIENCE).expect("there is room");
        wait(&notes);
    }
    let exit = stop(&running);
    let handled: Vec<_> = exit.workers.iter().map(|exit| exit.lanes[FIFO].handled).collect();
    assert_eq!(handled, [3, 3, 3]);
}

fn round_robin_refuses_nothing_while_a_worker_has_room(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 3, Route::RoundRobin);
    let held: Vec<_> = (0..3).map(|_| hold(&pool, 0)).collect();
    let mut released = held.into_iter().map(|(_, reply)| reply);
    // All room of all workers is used, also that of workers out of turn.
    for n in 0..3 * ROOM as u64 {
        pool.try_tell(Job::note(0, n)).expect("a worker has room");
    }
    let refused = pool.try_tell(Job::note(0, 99));
    assert!(matches!(refused, Err(TryTellError::Full(Job { work: Work::Note(99), .. }))));
    let refusals: u64 = pool.stats().workers.iter().map(|lanes| lanes[FIFO].refused).sum();
    assert_eq!(refusals, 1, "a message refused by all workers is refused once");
    // One worker of three has room, whose turn it may not be.
    released.next().expect("it is held").send(());
    (0..ROOM).for_each(|_| _ = wait(&notes));
    for n in 0..ROOM as u64 {
        pool.try_tell(Job::note(0, n)).expect("one worker has room");
        wait(&notes);
    }
    drop(released);
    stop(&running);
}

fn a_waiting_tell_takes_the_first_room_of_any_worker(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 3, Route::RoundRobin);
    let mut held: Vec<_> = (0..3).map(|_| hold(&pool, 0)).collect();
    (0..3 * ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    let mut waiting = Box::pin(pool.tell(Job::note(0, 99)));
    assert!((&mut waiting).now_or_never().is_none(), "all workers are full");
    // Only the last one gets room: it waits for all of them.
    let (index, reply) = held.pop().expect("three are held");
    reply.send(());
    let told = {
        let pool = pool.clone();
        within(&executor(runtime), move || async move { pool.tell(Job::note(0, 98)).await.is_ok() })
    };
    assert!(told);
    assert!(futures::executor::block_on(waiting).is_ok());
    let seen: Vec<_> = (0..ROOM + 2).map(|_| wait(&notes)).collect();
    assert!(seen.iter().all(|(worker, _)| *worker == index), "{seen:?}");
    drop(held);
    let exit = stop(&running);
    assert_eq!(exit.handled(), 3 + 3 * ROOM as u64 + 2);
}

fn a_waiting_tell_returns_its_message_at_the_end_of_all_workers(runtime: &dyn Runtime) {
    let (pool, running, _notes) = routed(runtime, 2, Route::RoundRobin);
    let _held: Vec<_> = (0..2).map(|_| hold(&pool, 0)).collect();
    (0..2 * ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    let mut waiting = Box::pin(pool.tell(Job::note(0, 99)));
    assert!((&mut waiting).now_or_never().is_none(), "all workers are full");
    running.workers()[0].kill();
    assert!((&mut waiting).now_or_never().is_none(), "one worker is left");
    running.kill();
    let returned = futures::executor::block_on(waiting).expect_err("no worker is left");
    assert!(matches!(returned.0.work, Work::Note(99)));
    end_of(&running);
}

fn a_blocked_tell_gives_up_in_time_and_returns_its_message(runtime: &dyn Runtime) {
    for route in [Route::RoundRobin, by_key()] {
        let (pool, running, _notes) = routed(runtime, 2, route);
        let keys: Vec<u64> = match route {
            Route::ByKey(_) => vec![0; ROOM],
            _ => vec![0; 2 * ROOM],
        };
        let _held: Vec<_> = match route {
            Route::ByKey(_) => vec![hold(&pool, 0)],
            _ => vec![hold(&pool, 0), hold(&pool, 0)],
        };
        keys.iter().for_each(|key| pool.try_tell(Job::note(*key, 1)).expect("there is room"));
        let gave_up = pool.tell_blocking(Job::note(0, 99), Duration::from_millis(10));
        assert!(matches!(gave_up, Err(TryTellError::Full(Job { work: Work::Note(99), .. }))));
        let asked = pool.ask_blocking(Job::who(0), Duration::from_millis(10));
        assert!(matches!(asked, Err(AskBlockingError::Full(_))), "{asked:?}");
        running.kill();
        end_of(&running);
    }
}

fn the_least_loaded_worker_is_the_next_one(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 3, Route::LeastLoaded);
    // A message in hand counts: the three are at three workers.
    let mut held: Vec<_> = (0..3).map(|_| hold(&pool, 0)).collect();
    let mut indices: Vec<_> = held.iter().map(|(index, _)| *index).collect();
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2]);
    let (free, reply) = held.swap_remove(1);
    reply.send(());
    // Its end is seen once its worker has looked for the next message.
    while pool.stats().workers[free][FIFO].depth > 0 {
        std::thread::yield_now();
    }
    for n in 0..10 {
        pool.try_tell(Job::note(0, n)).expect("there is room");
        assert_eq!(wait(&notes), (free, n), "the other two are busy");
        while pool.stats().workers[free][FIFO].depth > 0 {
            std::thread::yield_now();
        }
    }
    drop(held);
    stop(&running);
}

fn a_key_has_one_worker_and_keeps_its_order_over_restarts(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 4, by_key());
    for n in 0..40 {
        for key in 0..8 {
            let number = key * 1000 + n;
            pool.tell_blocking(Job::note(key, number), PATIENCE).expect("there is room in time");
            if n % 7 == key % 7 {
                let panic = Job::of(FIFO, key, Work::Panic);
                pool.tell_blocking(panic, PATIENCE).expect("there is room in time");
            }
        }
    }
    let exit = stop(&running);
    assert!(exit.workers.iter().map(|exit| exit.restarts).sum::<u64>() >= 40);
    let seen: Vec<_> = notes.try_iter().collect();
    assert_eq!(seen.len(), 40 * 8);
    for key in 0..8 {
        let of_key = || seen.iter().filter(|(_, number)| number / 1000 == key);
        let workers: std::collections::HashSet<_> = of_key().map(|(worker, _)| worker).collect();
        assert_eq!(workers.len(), 1, "key {key}");
        let numbers: Vec<_> = of_key().map(|(_, number)| number % 1000).collect();
        assert_eq!(numbers, Vec::from_iter(0..40), "key {key}");
    }
}

fn a_full_worker_refuses_its_keys_while_others_have_room(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 2, by_key());
    let (index, reply) = hold(&pool, 0);
    (0..ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    assert!(matches!(pool.try_tell(Job::note(0, 99)), Err(TryTellError::Full(_))));
    let other = (1..).find(|key| {
        let who = pool.try_ask(Job::who(*key));
        who.is_ok_and(|answer| futures::executor::block_on(answer) != Ok(index))
    });
    assert!(other.is_some(), "the keys of the other worker are accepted");
    reply.send(());
    stop(&running);
    assert_eq!(numbers(&notes), Vec::from_iter(0..ROOM as u64));
}

fn an_ended_worker_is_skipped_but_not_for_its_keys(runtime: &dyn Runtime) {
    for route in [Route::RoundRobin, Route::LeastLoaded] {
        let (pool, running, notes) = routed(runtime, 3, route);
        running.workers()[1].kill();
        assert!(running.workers()[1].join_blocking(PATIENCE).is_some());
        for n in 0..12 {
            pool.try_tell(Job::note(0, n)).expect("two workers run");
            assert_ne!(wait(&notes).0, 1);
        }
        assert!(!pool.is_closed());
        running.workers().iter().for_each(actor_lanes::Running::kill);
        assert!(matches!(pool.try_tell(Job::note(0, 0)), Err(TryTellError::Closed(_))));
        assert!(pool.is_closed());
        end_of(&running);
    }
    let (pool, running, notes) = routed(runtime, 2, by_key());
    let index = pool.ask_blocking(Job::who(0), PATIENCE).expect("it answers");
    running.workers()[index].kill();
    assert!(matches!(pool.try_tell(Job::note(0, 1)), Err(TryTellError::Closed(_))));
    let told = within(&executor(runtime), {
        let pool = pool.clone();
        move || async move { pool.tell(Job::note(0, 1)).await.is_err() }
    });
    assert!(told, "no other worker takes its keys");
    stop(&running);
    assert_eq!(numbers(&notes), []);
}

fn an_ask_takes_the_route_of_its_message(runtime: &dyn Runtime) {
    let (pool, running, _notes) = routed(runtime, 4, by_key());
    for key in 0..16 {
        let blocking = pool.ask_blocking(Job::who(key), PATIENCE).expect("it answers");
        let (one, other) = (pool.clone(), pool.clone());
        let waited = within(&executor(runtime), move || async move {
            one.ask(Job::who(key)).await.expect("it answers")
        });
        let tried = within(&executor(runtime), move || {
            other.try_ask(Job::who(key)).expect("there is room")
        });
        assert_eq!((blocking, Ok(blocking)), (waited, tried));
    }
    stop(&running);
}

fn a_cancelled_ask_is_handled_by_no_worker(runtime: &dyn Runtime) {
    // The number of busy workers on the route of one key.
    for (busy, (pool, running, _notes)) in [
        (2, routed(runtime, 2, Route::RoundRobin)),
        (2, routed(runtime, 2, Route::LeastLoaded)),
        (1, routed(runtime, 2, by_key())),
        (2, queued(runtime, 2)),
    ] {
        let held: Vec<_> = (0..busy).map(|_| hold(&pool, 0)).collect();
        let asks: Vec<_> =
            (0..3).map(|_| pool.try_ask(Job::who(0)).expect("there is room")).collect();
        drop(asks);
        drop(held);
        let exit = stop(&running);
        let exits = exit.queue.iter().chain(&exit.workers);
        assert_eq!(exits.map(|exit| exit.lanes[FIFO].cancelled).sum::<u64>(), 3, "{exit:?}");
        assert_eq!(exit.handled(), busy);
    }
}

fn an_ask_with_a_time_limit_is_withdrawn_or_cancelled(runtime: &dyn Runtime) {
    let limit = Duration::from_millis(10);
    for (pool, running, _notes) in [
        routed(runtime, 1, Route::RoundRobin),
        routed(runtime, 1, Route::LeastLoaded),
        routed(runtime, 1, by_key()),
        queued(runtime, 1),
    ] {
        let held = hold(&pool, 0);
        let asking = pool.clone();
        let ask = move || {
            let pool = asking.clone();
            async move { pool.ask(Job::who(0)).timeout(limit).await }
        };
        for _ in 0..ROOM {
            let asked = within(&executor(runtime), ask.clone());
            assert!(matches!(asked, Err(AskBlockingError::Timeout)), "{asked:?}");
        }
        let asked = within(&executor(runtime), ask.clone());
        assert!(matches!(asked, Err(AskBlockingError::Full(Job { .. }))), "{asked:?}");
        drop(held);
        let asked = within(&executor(runtime), move || {
            let pool = pool.clone();
            async move { pool.ask(Job::who(0)).timeout(PATIENCE).await }
        });
        assert!(matches!(asked, Ok(0)), "{asked:?}");
        let exit = stop(&running);
        let exits = exit.queue.iter().chain(&exit.workers);
        let cancelled = exits.map(|exit| exit.lanes[FIFO].cancelled).sum::<u64>();
        assert_eq!(cancelled, ROOM as u64, "{exit:?}");
        assert_eq!(exit.handled(), 2);
    }
}

fn a_panic_drops_the_reply_of_its_ask_only(runtime: &dyn Runtime) {
    for (pool, running, _notes) in [routed(runtime, 1, Route::RoundRobin), queued(runtime, 1)] {
        let (_, reply) = hold(&pool, 0);
        pool.try_tell(Job::of(FIFO, 0, Work::Panic)).expect("there is room");
        let asked = pool.try_ask(Job::who(0)).expect("there is room");
        reply.send(());
        let answer = within(&executor(runtime), move || asked);
        assert_eq!(answer, Ok(0), "its message was queued behind the panic");
        stop(&running);
    }
}

fn each_worker_restarts_by_its_own_policy(runtime: &dyn Runtime) {
    let (_notes, make) = worker();
    let pool = Pool::new(2).restart(Restart::up_to(2));
    let (pool, running) = pool.start(&executor(runtime), make).expect("it starts");
    for _ in 0..4 {
        pool.tell_blocking(Job::of(FIFO, 0, Work::Panic), PATIENCE).expect("a worker runs");
    }
    pool.tell_blocking(Job::of(FIFO, 0, Work::Fail), PATIENCE).expect("a worker runs");
    assert!(running.workers()[0].join_blocking(PATIENCE).is_some(), "its third failure ends it");
    let left = pool.ask_blocking(Job::who(0), PATIENCE);
    assert!(matches!(left, Ok(1)), "the other one has had two");
    let exit = stop(&running);
    assert_eq!((exit.workers[0].restarts, exit.workers[1].restarts), (2, 2));
    assert!(matches!(exit.workers[0].reason, ExitReason::Failed(_)));
}

fn one_deadline_stops_all_workers(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 2, Route::RoundRobin);
    let (index, _reply) = hold(&pool, 0);
    (0..4).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    running.stop(Duration::from_millis(20));
    assert!(matches!(pool.try_tell(Job::note(0, 9)), Err(TryTellError::Closed(_))));
    let exit = end_of(&running);
    assert!(matches!(exit.workers[index].reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert!(matches!(exit.workers[1 - index].reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((numbers(&notes).len(), exit.undelivered()), (2, 2));
}

fn a_pool_without_handles_ends_after_its_queues(runtime: &dyn Runtime) {
    let (pool, running, notes) = routed(runtime, 3, Route::RoundRobin);
    let other = pool.clone();
    drop(pool);
    (0..9).for_each(|n| other.tell_blocking(Job::note(0, n), PATIENCE).expect("they run"));
    drop(other);
    let exit = end_of(&running);
    assert!(exit.workers.iter().all(|exit| matches!(exit.reason, ExitReason::Unreachable)));
    assert_eq!(numbers(&notes).len(), 9);
}

/// Refuses an actor once it has seated as many as it may.
struct Few(Arc<dyn Executor>, AtomicUsize);

impl Place for Few {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        let left = self.1.fetch_sub(1, Ordering::Relaxed);
        if left == 0 { Err(SpawnError::ExecutorStopped) } else { self.0.seat(wish) }
    }
}

fn a_refused_worker_ends_the_ones_before(runtime: &dyn Runtime) {
    for seats in 0..3 {
        let (notes, make) = worker();
        let few = Few(executor(runtime), AtomicUsize::new(seats));
        assert!(Pool::new(3).start(&few, make).is_err());
        // The makers of all workers have been dropped, and with them the last sender.
        assert_eq!(notes.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
        let (notes, make) = worker();
        let few = Few(executor(runtime), AtomicUsize::new(seats + 1));
        assert!(Pool::shared_queue(3).start(&few, make).is_err());
        assert_eq!(notes.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }
}

/// Seats actors on two executors in turn.
struct Both([Arc<dyn Executor>; 2], AtomicUsize);

impl Place for Both {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2].seat(wish)
    }
}

fn both(runtime: &dyn Runtime) -> Both {
    Both([executor(runtime), executor(runtime)], AtomicUsize::new(0))
}

fn a_pool_spreads_over_the_executors_of_its_place(runtime: &dyn Runtime) {
    let both = both(runtime);
    let (threads, seen) = signal();
    let make = move |index| {
        threads.send((index, std::thread::current().id())).expect("the test waits");
        Worker { index, notes: signal().0 }
    };
    let (_pool, running) = Pool::new(4).start(&both, make).expect("it starts");
    let mut threads: Vec<_> = (0..4).map(|_| wait(&seen)).collect();
    threads.sort_unstable_by_key(|(index, _)| *index);
    assert!(threads[0].1 == threads[2].1 && threads[1].1 == threads[3].1);
    assert_ne!(threads[0].1, threads[1].1);
    stop(&running);
}

fn a_shared_queue_lets_no_message_wait_behind_a_busy_worker(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 2);
    let (busy, reply) = hold(&pool, 0);
    for n in 0..20 {
        pool.tell_blocking(Job::note(0, n), PATIENCE).expect("there is room in time");
    }
    let seen: Vec<_> = (0..20).map(|_| wait(&notes)).collect();
    assert!(seen.iter().all(|(worker, _)| *worker != busy));
    assert_eq!(Vec::from_iter(seen.iter().map(|(_, n)| *n)), Vec::from_iter(0..20));
    reply.send(());
    stop(&running);
}

fn a_shared_queue_hands_out_one_message_to_each_worker(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 3);
    let held: Vec<_> = (0..3).map(|_| hold(&pool, 0)).collect();
    let mut indices: Vec<_> = held.iter().map(|(index, _)| *index).collect();
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2]);
    // All further messages stay in the lane of the queue, up to its capacity.
    (0..ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    assert!(matches!(pool.try_tell(Job::note(0, 99)), Err(TryTellError::Full(_))));
    let stats = pool.stats();
    assert_eq!(stats.queue.as_ref().expect("it has a queue")[FIFO].refused, 1);
    assert!(stats.workers.iter().all(|lanes| lanes[FIFO].accepted == 1), "{stats:?}");
    drop(held);
    stop(&running);
    let mut seen = numbers(&notes);
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..ROOM as u64));
}

fn a_shared_queue_keeps_the_order_and_the_evictions_of_its_lanes(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 1);
    let (_, reply) = hold(&pool, 0);
    let note = |lane, n| Job::of(lane, 0, Work::Note(n));
    for job in [note(FIFO, 1), note(NEWEST, 2), note(NEWEST, 3), note(NEWEST, 4), note(CONTROL, 5)]
    {
        pool.try_tell(job).expect("there is room, or an older message goes");
    }
    reply.send(());
    let exit = stop(&running);
    let seen = numbers(&notes);
    assert_eq!(seen[0], 5, "control comes first");
    let newest: Vec<_> = seen.iter().filter(|n| (2..5).contains(*n)).collect();
    assert_eq!(newest, [&4, &3]);
    assert!(seen.contains(&1) && seen.len() == 4, "{seen:?}");
    assert_eq!(exit.queue.expect("it has a queue").lanes[NEWEST].evicted, 1);
}

fn a_shared_queue_loses_only_the_message_in_hand_at_a_panic(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 2);
    for n in 0..100 {
        if n % 5 == 0 {
            let panic = Job::of(FIFO, 0, Work::Panic);
            pool.tell_blocking(panic, PATIENCE).expect("there is room in time");
        }
        pool.tell_blocking(Job::note(0, n), PATIENCE).expect("there is room in time");
    }
    let exit = stop(&running);
    let mut seen = numbers(&notes);
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..100));
    assert_eq!(exit.workers.iter().map(|exit| exit.restarts).sum::<u64>(), 20);
    assert_eq!((exit.handled(), exit.undelivered()), (120, 0));
}

fn a_shared_queue_gets_unhandled_messages_of_an_ended_worker_back(runtime: &dyn Runtime) {
    let (notes, make) = worker();
    let both = both(runtime);
    // The queue is on the first executor, and so is worker 1. Worker 0 is on the second one.
    let (pool, running) = Pool::shared_queue(2).start(&both, make).expect("it starts");
    running.started_blocking(PATIENCE).expect("all start");
    // Both executors are busy, so no worker takes a message handed to it.
    let release = both.0.each_ref().map(block);
    pool.try_tell(Job::note(0, 1)).expect("there is room");
    pool.try_tell(Job::note(0, 2)).expect("there is room");
    // The queue runs and hands out both. Worker 0 does not, and is killed with its message.
    release[0].send(()).expect("it is blocked");
    while pool.stats().workers[0][FIFO].accepted == 0 {
        std::thread::yield_now();
    }
    running.workers()[0].kill();
    release[1].send(()).expect("it is blocked");
    let mut seen = [wait(&notes), wait(&notes)];
    seen.sort_unstable();
    assert_eq!(seen, [(1, 1), (1, 2)], "worker 1 has handled both");
    let exit = stop(&running);
    assert!(matches!(exit.workers[0].reason, ExitReason::Killed));
    assert_eq!(exit.undelivered(), 0);
}

fn a_shared_queue_ends_with_its_last_worker(runtime: &dyn Runtime) {
    let (lost, losses) = signal();
    let (_notes, make) = worker();
    let pool = Pool::shared_queue(2).on_undelivered(move |_lane, job: Job| {
        lost.send(job.key).expect("the test waits");
    });
    let (pool, running) = pool.start(&executor(runtime), make).expect("it starts");
    // Without restarts, two failures end both workers. The queue is idle then.
    pool.tell_blocking(Job::of(FIFO, 0, Work::Panic), PATIENCE).expect("a worker runs");
    assert!(running.workers().iter().all(|running| {
        pool.tell_blocking(Job::of(FIFO, 0, Work::Panic), PATIENCE).is_err()
            || running.join_blocking(PATIENCE).is_some()
    }));
    let exit = end_of(&running);
    assert!(exit.workers.iter().all(|exit| matches!(exit.reason, ExitReason::Panicked(_))));
    assert!(pool.is_closed(), "no message waits for workers that never come");
    drop(pool);
    drop(losses);

    // With messages in the queue, they go to the hook.
    let (lost, losses) = signal();
    let (_notes, make) = worker();
    let pool = Pool::shared_queue(1).on_undelivered(move |_lane, job: Job| {
        lost.send(job.key).expect("the test waits");
    });
    let (pool, running) = pool.start(&executor(runtime), make).expect("it starts");
    let (_, reply) = hold(&pool, 0);
    pool.try_tell(Job::of(CONTROL, 0, Work::Panic)).expect("there is room");
    (1..4).for_each(|key| pool.try_tell(Job::note(key, 0)).expect("there is room"));
    reply.send(());
    let exit = end_of(&running);
    assert_eq!(exit.undelivered(), 3);
    assert_eq!(Vec::from_iter(losses.try_iter()), [1, 2, 3]);
}

fn a_shared_queue_hands_out_its_messages_at_a_stop(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 2);
    let held: Vec<_> = (0..2).map(|_| hold(&pool, 0)).collect();
    (0..ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    running.stop(PATIENCE);
    assert!(matches!(pool.try_tell(Job::note(0, 9)), Err(TryTellError::Closed(_))));
    assert!(running.join_blocking(Duration::from_millis(1)).is_none(), "its workers are busy");
    drop(held);
    let exit = end_of(&running);
    assert!(exit.is_normal(), "{exit:?}");
    let mut seen = numbers(&notes);
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..ROOM as u64));
    assert_eq!(exit.queue.expect("it has a queue").lost_work, 0);
}

fn a_shared_queue_without_handles_ends_after_its_messages(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 2);
    let (_, reply) = hold(&pool, 0);
    (0..ROOM as u64).for_each(|n| {
        pool.tell_blocking(Job::note(0, n), PATIENCE).expect("there is room in time");
    });
    drop(pool);
    assert!(running.join_blocking(Duration::from_millis(1)).is_none(), "a message is away");
    reply.send(());
    let exit = end_of(&running);
    assert!(exit.is_normal(), "{exit:?}");
    assert_eq!(numbers(&notes).len(), ROOM);
    let queue = exit.queue.expect("it has a queue");
    assert!(matches!(queue.reason, ExitReason::Unreachable), "{queue:?}");
}

fn a_shared_queue_gives_up_at_the_deadline(runtime: &dyn Runtime) {
    let (pool, running, _notes) = queued(runtime, 1);
    let (_, _reply) = hold(&pool, 0);
    (0..3).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    running.stop(Duration::from_millis(20));
    let exit = end_of(&running);
    assert_eq!(exit.undelivered(), 3, "{exit:?}");
    let queue = exit.queue.as_ref().expect("it has a queue");
    assert!(matches!(queue.reason, ExitReason::DeadlinePassed), "{queue:?}");
    assert!(matches!(exit.workers[0].reason, ExitReason::DeadlinePassed), "{exit:?}");
}

fn a_timer_of_a_worker_fetches_no_further_message(runtime: &dyn Runtime) {
    let (pool, running, notes) = queued(runtime, 1);
    // A timer's message is handled beside the lanes, while the worker is idle.
    for n in 0..10 {
        pool.try_tell(Job::of(FIFO, 0, Work::Arm(n))).expect("there is room");
        assert_eq!(wait(&notes), (0, n));
    }
    let (_, reply) = hold(&pool, 0);
    pool.try_tell(Job::note(0, 98)).expect("there is room");
    pool.try_tell(Job::note(0, 99)).expect("there is room");
    // With one report too many, a second message would have been handed out. The messages of the
    // timers are counted as well.
    assert_eq!(pool.stats().workers[0][FIFO].accepted, 10 + 10 + 1);
    reply.send(());
    stop(&running);
    assert_eq!(numbers(&notes), [98, 99]);
}

/// Keeps an executor busy until the sender sends.
fn block(executor: &Arc<dyn Executor>) -> SyncSender<()> {
    let ((began, beginning), (release, released)) = (signal(), signal::<()>());
    let block = move || {
        began.send(()).expect("the test waits");
        _ = released.recv_timeout(PATIENCE);
    };
    executor.spawn(Box::new(move || Box::pin(async move { block() }))).expect("the executor runs");
    wait(&beginning);
    release
}

fn a_worker_is_idle_after_a_message_expired_on_its_way(runtime: &dyn Runtime) {
    let (notes, make) = worker();
    let both = both(runtime);
    let (pool, running) = Pool::shared_queue(1).start(&both, make).expect("it starts");
    running.started_blocking(PATIENCE).expect("all start");
    // The queue hands the message out in time, and the worker's executor is late.
    let release = block(&both.0[1]);
    let deadline = both.0[1].now() + Duration::from_millis(50);
    pool.try_tell(Job::of(FIFO, 0, Work::Due(deadline, 1))).expect("there is room");
    while pool.stats().workers[0][FIFO].accepted == 0 && both.0[1].now() < deadline {
        std::thread::yield_now();
    }
    while both.0[1].now() < deadline {
        std::thread::yield_now();
    }
    release.send(()).expect("it is blocked");
    pool.try_tell(Job::note(0, 2)).expect("there is room");
    assert_eq!(wait(&notes), (0, 2), "the worker gets the next message");
    let exit = stop(&running);
    let expired = exit.queue.iter().chain(&exit.workers).map(|exit| exit.lanes[FIFO].expired);
    assert_eq!(expired.sum::<u64>(), 1);
}

fn a_worker_that_fails_to_start_gets_no_message(runtime: &dyn Runtime) {
    let (notes, make) = worker();
    let make = move |index| if index == 0 { Err("on purpose") } else { Ok(make(index)) };
    let (pool, running) = Pool::shared_queue(2).start(&executor(runtime), make).expect("it starts");
    for n in 0..10 {
        pool.tell_blocking(Job::note(0, n), PATIENCE).expect("there is room in time");
        assert_eq!(wait(&notes), (1, n));
    }
    let exit = stop(&running);
    assert!(matches!(exit.workers[0].reason, ExitReason::Failed(_)));
    assert_eq!(exit.handled(), 10);
}

fn a_killed_pool_handles_nothing_more(runtime: &dyn Runtime) {
    for (pool, running, notes) in [routed(runtime, 2, Route::RoundRobin), queued(runtime, 2)] {
        let _held: Vec<_> = (0..2).map(|_| hold(&pool, 0)).collect();
        (0..ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
        running.kill();
        let exit = end_of(&running);
        assert!(exit.workers.iter().all(|exit| matches!(exit.reason, ExitReason::Killed)));
        assert_eq!((numbers(&notes), exit.undelivered()), (vec![], ROOM as u64));
    }
}

fn a_system_stops_a_shared_queue_before_its_workers(runtime: &dyn Runtime) {
    let runtime = owned(runtime);
    let system = System::new("tested", runtime).expect("its thread starts");
    let (notes, make) = worker();
    let pool = Pool::shared_queue(2).named("jobs");
    let (pool, running) = pool.start(&system, make).expect("it starts");
    assert_eq!(running.workers()[1].name().as_deref(), Some("/jobs-1"));
    let held: Vec<_> = (0..2).map(|_| hold(&pool, 0)).collect();
    (0..ROOM as u64).for_each(|n| pool.try_tell(Job::note(0, n)).expect("there is room"));
    system.stop(PATIENCE);
    while !pool.is_closed() {
        std::thread::yield_now();
    }
    drop(held);
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    let exit = end_of(&running);
    assert_eq!((numbers(&notes).len(), exit.undelivered()), (ROOM, 0));
    let queue = report.actor("/jobs").expect("it is in the report");
    assert!(queue.exit.as_ref().is_some_and(|exit| exit.reason.is_normal()), "{queue:?}");
}
