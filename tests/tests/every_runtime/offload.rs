//! Offloaded work, and actors started by other actors.

use std::sync::Arc;
use std::task;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::actor::WorkError;
use actor_lanes::runtime::{ExecutorStopped, Maker, Timer};
use actor_lanes::{
    Actor, Context, Executor, ExitReason, Handle, Lane, Message, Running, Runtime, Spawn, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, Letter, PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait,
};

on_every_runtime! {
    the_result_comes_as_a_message,
    the_actor_handles_messages_meanwhile,
    a_panic_comes_as_a_message,
    work_keeps_its_actor_reachable,
    work_whose_actor_has_ended_is_dropped,
    a_graceful_stop_waits_for_work_in_flight,
    work_that_outlasts_the_deadline_is_counted,
    a_handler_may_offload_more_while_it_is_stopped,
    a_result_that_makes_no_message_is_counted,
    work_without_a_thread_returns_an_error,
    late_results_not_handled_are_undelivered,
    a_result_waits_for_room,
    results_without_room_occupy_no_thread_of_the_pool,
    a_child_runs_beside_its_parent,
}

fn the_result_comes_as_a_message(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let offloads = Letter::act(FIFO, move |_, cx| {
        let owner = thread::current().id();
        cx.offload(
            || (6 * 7, thread::current().id()),
            move |result| {
                let (n, worker) = result.expect("the work does not panic");
                Letter::act(FIFO, move |_, _| {
                    assert_eq!(thread::current().id(), owner, "the result is handled by the owner");
                    told.send((n, worker == owner)).expect("the test waits");
                })
            },
        );
    });
    desk.try_tell(offloads).expect("there is room");
    assert_eq!(wait(&tells), (42, false));
}

/// Lets the actor offload work that waits for a release. Returns the sender of the release.
fn offload_waiting(desk: &Handle<Letter>) -> std::sync::mpsc::SyncSender<()> {
    let (release, released) = signal::<()>();
    let (began, beginning) = signal();
    let offloads = Letter::act(CONTROL, move |_, cx| {
        let work = move || {
            began.send(()).expect("the test waits");
            released.recv_timeout(PATIENCE).is_ok()
        };
        cx.offload(work, |released| {
            Letter::note(FIFO, u64::from(released.expect("the work does not panic")))
        });
    });
    desk.try_tell(offloads).expect("there is room");
    wait(&beginning);
    release
}

fn the_actor_handles_messages_meanwhile(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = offload_waiting(&desk);
    desk.try_tell(Letter::note(FIFO, 7)).expect("there is room");
    assert_eq!(Desk::read(&desk), [7]);
    release.send(()).expect("the work waits");
    while desk.stats()[FIFO].handled < 3 {
        thread::yield_now();
    }
    assert_eq!(Desk::read(&desk), [7, 1]);
}

fn a_panic_comes_as_a_message(runtime: &dyn Runtime) {
    let (desk, _running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let offloads = Letter::act(FIFO, move |_, cx| {
        cx.offload(
            || panic!("boom {}", 1),
            move |result: Result<(), WorkError>| {
                Letter::act(FIFO, move |_, _| told.send(result).expect("the test waits"))
            },
        );
    });
    desk.try_tell(offloads).expect("there is room");
    assert_eq!(wait(&tells), Err(WorkError::Panicked("boom 1".to_owned())));
    assert_eq!(Desk::read(&desk), [], "the actor lives");
}

fn work_keeps_its_actor_reachable(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = offload_waiting(&desk);
    drop(desk);
    assert!(running.exit().is_none());
    release.send(()).expect("the work waits");
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].handled, 1, "the result came first");
}

fn work_whose_actor_has_ended_is_dropped(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
    let release = offload_waiting(&desk);
    running.kill();
    let exit = end_of(&running);
    assert_eq!((exit.lanes[FIFO].accepted, exit.lost_work), (0, 1));
    release.send(()).expect("the work waits");
    let (told, tells) = signal();
    executor.run_blocking(Box::new(move || told.send(()).expect("the test waits")));
    wait(&tells);
    assert_eq!(
        running.exit().map(|exit| exit.lost_work),
        Some(1),
        "it stays lost, and is counted once"
    );
}

fn a_graceful_stop_waits_for_work_in_flight(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    // Stopped by its spawner, with and without a deadline, and by itself.
    let stops: [fn(&Handle<Letter>, &Running); 3] = [
        |_desk, running| running.stop(PATIENCE),
        |_desk, running| running.stop(Duration::MAX),
        |desk, _running| {
            desk.try_tell(Letter::act(FIFO, |_, cx| cx.stop_when_drained())).expect("there is room")
        },
    ];
    for (n, stop) in stops.into_iter().enumerate() {
        let (desk, running) = spawn(&executor, Desk::default).expect("it starts");
        let release = offload_waiting(&desk);
        stop(&desk, &running);
        while !desk.is_closed() {
            thread::yield_now();
        }
        assert!(running.exit().is_none(), "it waits");
        release.send(()).expect("the work waits");
        let exit = end_of(&running);
        assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
        assert_eq!((exit.lost_work, exit.undelivered()), (0, 0));
        let handled = 1 + u64::from(n == 2);
        assert_eq!(
            (exit.lanes[FIFO].accepted, exit.lanes[FIFO].handled),
            (handled, handled),
            "{exit:?}"
        );
    }
}

fn work_that_outlasts_the_deadline_is_counted(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let releases = [offload_waiting(&desk), offload_waiting(&desk)];
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed), "{exit:?}");
    assert_eq!((exit.lost_work, exit.undelivered()), (2, 0));
    drop(releases);
}

fn a_handler_may_offload_more_while_it_is_stopped(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let release = Desk::hold(&desk);
    let again = Letter::act(FIFO, |_, cx| {
        cx.offload(
            || 1,
            |one| {
                Letter::act(FIFO, move |_, cx| {
                    cx.offload(
                        move || one.expect("it does not panic") + 1,
                        |n| Letter::note(FIFO, n.expect("nor this")),
                    );
                })
            },
        );
    });
    desk.try_tell(again).expect("there is room");
    running.stop(PATIENCE);
    release.send(());
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!((exit.lanes[FIFO].handled, exit.lost_work), (3, 0));
}

fn a_result_that_makes_no_message_is_counted(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let offloads = Letter::act(FIFO, |_, cx| {
        cx.offload(|| (), |_| panic!("no message, as the test wants it"))
    });
    desk.try_tell(offloads).expect("there is room");
    running.stop(PATIENCE);
    let exit = end_of(&running);
    assert!(
        matches!(exit.reason, ExitReason::Stopped),
        "its actor lives, and is not kept waiting: {exit:?}"
    );
    assert_eq!(exit.lost_work, 1);
}

/// Drops all work, as if no thread could be started for it.
#[derive(Debug)]
struct Idle(Arc<dyn Executor>);

impl Executor for Idle {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.0.spawn(maker)
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
        drop(work);
    }

    fn stop(&self) {
        self.0.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.0.join(timeout)
    }
}

fn work_without_a_thread_returns_an_error(runtime: &dyn Runtime) {
    let idle: Arc<dyn Executor> = Arc::new(Idle(executor(runtime)));
    let (desk, running) = spawn(&idle, Desk::default).expect("it starts");
    let (told, tells) = signal();
    let offloads = Letter::act(FIFO, move |_, cx| {
        cx.offload(
            || (),
            move |result| Letter::act(FIFO, move |_, _| told.send(result).expect("the test waits")),
        );
    });
    desk.try_tell(offloads).expect("there is room");
    running.stop(PATIENCE);
    assert_eq!(wait(&tells), Err(WorkError::NotRun));
    assert_eq!(end_of(&running).lost_work, 0);
}

fn late_results_not_handled_are_undelivered(runtime: &dyn Runtime) {
    let (desk, mailbox) = actor_lanes::mailbox();
    let (lost, found) = signal();
    let hook =
        move |lane, letter: Letter| lost.send((lane, letter.number())).expect("the test waits");
    let running = Spawn::new(mailbox)
        .on_undelivered(hook)
        .start(&executor(runtime), Desk::default)
        .expect("it starts");
    let work = offload_waiting(&desk);
    let _held = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n)).expect("there is room"));
    work.send(()).expect("the work waits");
    // The result may return before the end or after. The sums below must hold in both cases.
    running.stop(SOON);
    let exit = end_of(&running);
    let late = found.try_iter().filter(|(lane, n)| *lane == "fifo" && *n == Some(1)).count() as u64;
    // Its own note is the 65th. The other note with this number is among the 64 queued ones.
    assert_eq!(late - 1 + exit.lost_work, 1, "{exit:?}");
    let lane = &exit.lanes[FIFO];
    assert_eq!(lane.accepted, lane.handled + lane.undelivered);
    assert_eq!(lane.undelivered + exit.lost_work, 65);
}

fn a_result_waits_for_room(runtime: &dyn Runtime) {
    let (desk, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let work = offload_waiting(&desk);
    let release = Desk::hold(&desk);
    (0..64).for_each(|n| desk.try_tell(Letter::note(FIFO, n + 2)).expect("there is room"));
    work.send(()).expect("the work waits");
    drop(desk);
    release.send(());
    assert_eq!(end_of(&running).lanes[FIFO].handled, 65, "nothing was lost");
}

/// More than the number of threads in any runtime's pool.
const MANY: usize = 600;

/// A lane with room for one result.
struct Narrow(Option<AsyncSignal>);

impl Message for Narrow {
    const LANES: &'static [Lane] = &[Lane::fifo("results", 1)];
}

type AsyncSignal = std::sync::mpsc::SyncSender<usize>;

/// Offloads more than the capacity of its lane and its pool, and then waits for the pool in its
/// handler.
#[derive(Default)]
struct Greedy {
    results: usize,
    told: Option<AsyncSignal>,
}

impl Actor for Greedy {
    type Message = Narrow;

    async fn handle(&mut self, message: Narrow, cx: &mut Context<Narrow>) {
        match message {
            Narrow(Some(told)) => {
                self.told = Some(told);
                (0..MANY).for_each(|_| cx.offload(|| (), |_| Narrow(None)));
                let (done, waited) = futures::channel::oneshot::channel();
                cx.executor()
                    .run_blocking(Box::new(move || done.send(()).expect("the handler waits")));
                waited.await.expect("the pool has a thread for it");
            }
            Narrow(None) => self.results += 1,
        }
        if self.results == MANY
            && let Some(told) = self.told.take()
        {
            told.send(self.results).expect("the test waits");
        }
    }
}

fn results_without_room_occupy_no_thread_of_the_pool(runtime: &dyn Runtime) {
    let (greedy, _running) = spawn(&executor(runtime), Greedy::default).expect("it starts");
    let (told, tells) = signal();
    greedy.tell_blocking(Narrow(Some(told)), PATIENCE).expect("there is room");
    assert_eq!(wait(&tells), MANY, "no result is lost");
    assert_eq!(greedy.stats()[0].refused, 0, "what waits is not refused");
}

fn a_child_runs_beside_its_parent(runtime: &dyn Runtime) {
    let (parent, running) = spawn(&executor(runtime), Desk::default).expect("it starts");
    let (told, tells) = signal();
    let starts = Letter::act(FIFO, move |_, cx| {
        let (child, child_running) =
            spawn(cx.executor(), Desk::default).expect("its executor runs");
        told.send((child, child_running, thread::current().id())).expect("the test waits");
    });
    parent.try_tell(starts).expect("there is room");
    let (child, child_running, thread_of_parent) = wait(&tells);
    let (told, tells) = signal();
    let says =
        Letter::act(FIFO, move |_, _| told.send(thread::current().id()).expect("the test waits"));
    child.try_tell(says).expect("there is room");
    assert_eq!(wait(&tells), thread_of_parent);
    running.kill();
    drop(end_of(&running));
    assert_eq!(Desk::read(&child), [], "it outlives its parent");
    child_running.stop(PATIENCE);
    assert!(end_of(&child_running).reason.is_normal());
}
