//! Work that leaves the owner of state, and actors that start others.

use std::thread;

use actor::{Actor, Context, ExitReason, Handle, Lane, Message, Runtime, WorkPanicked, spawn};
use actor_tests::{CONTROL, Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime, signal, wait};

on_every_runtime! {
    the_result_comes_as_a_message,
    the_actor_goes_on_meanwhile,
    a_panic_comes_as_a_message,
    work_keeps_its_actor_reachable,
    work_whose_actor_has_ended_is_dropped,
    a_result_waits_for_room,
    results_without_room_hold_no_thread_that_the_actor_waits_for,
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

/// Has the actor offload work that waits for the test's word. Gives the right to say it.
fn offload_waiting(desk: &Handle<Letter>) -> std::sync::mpsc::SyncSender<()> {
    let (release, released) = signal::<()>();
    let (began, beginning) = signal();
    let offloads = Letter::act(CONTROL, move |_, cx| {
        let work = move || {
            began.send(()).expect("the test waits");
            released.recv_timeout(PATIENCE).is_ok()
        };
        cx.offload(work, |released| Letter::note(FIFO, u64::from(released.expect("the work does not panic"))));
    });
    desk.try_tell(offloads).expect("there is room");
    wait(&beginning);
    release
}

fn the_actor_goes_on_meanwhile(runtime: &dyn Runtime) {
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
            move |result: Result<(), WorkPanicked>| {
                Letter::act(FIFO, move |_, _| told.send(result).expect("the test waits"))
            },
        );
    });
    desk.try_tell(offloads).expect("there is room");
    assert_eq!(wait(&tells), Err(WorkPanicked("boom 1".to_owned())));
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
    running.stop_now();
    let exit = end_of(&running);
    assert_eq!(exit.lanes[FIFO].accepted, 0);
    release.send(()).expect("the work waits");
    let (told, tells) = signal();
    executor.run_blocking(Box::new(move || told.send(()).expect("the test waits")));
    wait(&tells);
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

/// More than either runtime's pool has threads.
const MANY: usize = 600;

/// A lane with room for one result.
struct Narrow(Option<AsyncSignal>);

impl Message for Narrow {
    const LANES: &'static [Lane] = &[Lane::fifo("results", 1)];
}

type AsyncSignal = std::sync::mpsc::SyncSender<usize>;

/// Offloads more than its lane and its pool hold, and then waits for the pool in its handler.
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
                cx.executor().run_blocking(Box::new(move || done.send(()).expect("the handler waits")));
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

fn results_without_room_hold_no_thread_that_the_actor_waits_for(runtime: &dyn Runtime) {
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
        let (child, child_running) = spawn(cx.executor(), Desk::default).expect("its executor runs");
        told.send((child, child_running, thread::current().id())).expect("the test waits");
    });
    parent.try_tell(starts).expect("there is room");
    let (child, child_running, thread_of_parent) = wait(&tells);
    let (told, tells) = signal();
    let says = Letter::act(FIFO, move |_, _| told.send(thread::current().id()).expect("the test waits"));
    child.try_tell(says).expect("there is room");
    assert_eq!(wait(&tells), thread_of_parent);
    running.stop_now();
    drop(end_of(&running));
    assert_eq!(Desk::read(&child), [], "it outlives its parent");
    child_running.stop(PATIENCE);
    assert!(end_of(&child_running).reason.is_normal());
}
