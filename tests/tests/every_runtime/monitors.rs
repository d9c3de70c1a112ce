//! The ends of other actors, as messages and as futures.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;

use actor_lanes::actor::Down;
use actor_lanes::life::Restart;
use actor_lanes::{
    Actor, Context, Executor, ExitReason, Handle, Message, Running, Runtime, Spawn, spawn,
};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, end_of, executor, on_every_runtime,
    signal, wait,
};

on_every_runtime! {
    every_kind_of_end_comes_as_a_message_with_its_reason,
    an_end_before_the_monitor_comes_as_well,
    each_of_several_monitors_receives_its_own_message,
    a_removed_monitor_never_fires_and_drops_its_function,
    an_end_comes_behind_the_messages_sent_before_it_in_its_lane,
    an_end_for_a_full_lane_is_handled_and_counted_in_its_lane,
    an_end_for_an_evicting_lane_is_never_evicted,
    ends_that_skip_their_lane_and_other_messages_take_turns,
    a_pending_monitor_keeps_its_watcher_reachable,
    a_weak_monitor_does_not_keep_its_watcher_reachable,
    a_pending_monitor_does_not_keep_a_stop_waiting,
    an_end_queued_before_a_stop_is_part_of_the_drain,
    a_panic_in_the_function_of_a_monitor_ends_the_watcher,
    an_ended_watcher_receives_nothing_and_its_targets_go_on,
    an_actor_can_watch_itself_without_effect,
    a_future_of_the_end_has_the_reason_also_after_the_end,
    a_weak_handle_without_a_trace_reports_an_unknown_end,
    a_mailbox_without_an_actor_ends_when_it_is_dropped,
    a_monitor_does_not_outlive_the_life_that_set_it,
    a_restart_does_not_fire_a_monitor,
}

type Started = (Handle<Letter>, Running);

fn start(executor: &Arc<dyn Executor>) -> Started {
    spawn(executor, Desk::default).expect("it starts")
}

/// Runs in the actor, and returns once it has run.
fn run<T: Send + 'static>(
    desk: &Handle<Letter>,
    act: impl FnOnce(&mut Context<Letter>) -> T + Send + 'static,
) -> T {
    let (told, tells) = signal();
    let act = Letter::act(CONTROL, move |_, cx| {
        told.send(act(cx)).expect("the test waits");
    });
    desk.try_tell(act).expect("there is room");
    wait(&tells)
}

/// Lets `watcher` report the end of `target` with a letter in this lane.
fn monitor(watcher: &Handle<Letter>, target: &Handle<Letter>, lane: usize) -> Receiver<Down> {
    let (told, tells) = signal();
    let target = target.clone();
    run(watcher, move |cx| {
        cx.monitor(&target, move |down| report(lane, down, told));
    });
    tells
}

fn report(lane: usize, down: Down, told: SyncSender<Down>) -> Letter {
    Letter::act(lane, move |_, _| told.send(down).expect("the test waits"))
}

/// The number of monitors that have not fired is not visible, so a further one shows that all
/// earlier ones have had their turn: an actor that has ended fires at once.
fn settle(watcher: &Handle<Letter>, ended: &Handle<Letter>) {
    wait(&monitor(watcher, ended, FIFO));
}

/// Ends an actor in one way.
type End = fn(&Handle<Letter>, &Running);

fn every_kind_of_end_comes_as_a_message_with_its_reason(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (watcher, _watching) = start(&executor);
    let ends: [(End, &str); 4] = [
        (|_, running| running.stop(PATIENCE), "stopped"),
        (|_, running| running.kill(), "killed"),
        (
            |desk, _| {
                desk.try_tell(Letter::act(FIFO, |_, cx| cx.fail("no disk"))).expect("there is room")
            },
            "failed: no disk",
        ),
        (
            |desk, _| {
                let panics = Letter::act(FIFO, |_, _| panic!("boom, as the test wants it"));
                desk.try_tell(panics).expect("there is room");
            },
            "panicked: boom, as the test wants it",
        ),
    ];
    for (end, reason) in ends {
        let (target, running) = start(&executor);
        let downs = monitor(&watcher, &target, FIFO);
        end(&target, &running);
        assert_eq!(wait(&downs).reason.to_string(), reason);
    }
    let (target, _running) = start(&executor);
    let weak = target.downgrade();
    let (told, downs) = signal();
    run(&watcher, move |cx| _ = cx.monitor(&weak, |down| report(FIFO, down, told)));
    drop(target);
    assert!(matches!(wait(&downs).reason, ExitReason::Unreachable));
}

fn an_end_before_the_monitor_comes_as_well(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, _watching), (target, running)) = (start(&executor), start(&executor));
    running.kill();
    _ = end_of(&running);
    for _ in 0..2 {
        let down = wait(&monitor(&watcher, &target, FIFO));
        assert!(matches!(down.reason, ExitReason::Killed), "{down}");
    }
    // Its `Running` keeps the reason as well.
    let (told, downs) = signal();
    drop(target);
    run(&watcher, move |cx| _ = cx.monitor(&running, |down| report(FIFO, down, told)));
    assert!(matches!(wait(&downs).reason, ExitReason::Killed));
}

fn each_of_several_monitors_receives_its_own_message(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, _watching), (target, running)) = (start(&executor), start(&executor));
    let downs: Vec<_> = (0..3).map(|_| monitor(&watcher, &target, FIFO)).collect();
    running.kill();
    let mut ids: Vec<_> = downs.iter().map(|downs| wait(downs).id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(downs.iter().all(|downs| downs.recv().is_err()), "each fires once");
}

fn a_removed_monitor_never_fires_and_drops_its_function(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, _watching), (target, running)) = (start(&executor), start(&executor));
    let (told, downs) = signal();
    let monitored = target.clone();
    let removed = run(&watcher, move |cx| {
        let id = cx.monitor(&monitored, |down| report(FIFO, down, told));
        (cx.demonitor(id), cx.demonitor(id))
    });
    assert_eq!(removed, (true, false));
    assert!(downs.recv().is_err(), "the function has been dropped");
    running.kill();
    _ = end_of(&running);
    settle(&watcher, &target);
}

fn an_end_comes_behind_the_messages_sent_before_it_in_its_lane(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, _watching), (target, running)) = (start(&executor), start(&executor));
    let monitored = target.clone();
    run(&watcher, move |cx| _ = cx.monitor(&monitored, |_| Letter::note(FIFO, 99)));
    let to = watcher.clone();
    // The last words of the target, while the watcher is busy.
    let release = Desk::hold(&watcher);
    run(&target, move |cx| {
        (0..20).for_each(|n| to.try_tell(Letter::note(FIFO, n)).expect("there is room"));
        cx.stop();
    });
    _ = end_of(&running);
    release.send(());
    settle(&watcher, &target);
    let notes = Desk::read(&watcher);
    assert_eq!(notes, Vec::from_iter((0..20).chain([99])));
}

fn an_end_for_a_full_lane_is_handled_and_counted_in_its_lane(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, running)) = (start(&executor), start(&executor));
    let downs = monitor(&watcher, &target, FIFO);
    let release = Desk::hold(&watcher);
    let mut queued = 0;
    while watcher.try_tell(Letter::note(FIFO, queued)).is_ok() {
        queued += 1;
    }
    running.kill();
    _ = end_of(&running);
    release.send(());
    assert!(matches!(wait(&downs).reason, ExitReason::Killed));
    watching.stop(PATIENCE);
    let lane = &end_of(&watching).lanes[FIFO];
    assert_eq!((lane.accepted, lane.handled), (queued + 1, queued + 1), "{lane:?}");
}

fn an_end_for_an_evicting_lane_is_never_evicted(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (watcher, watching) = start(&executor);
    let targets: Vec<_> = (0..30).map(|_| start(&executor)).collect();
    let downs: Vec<_> = targets
        .iter()
        .enumerate()
        .map(|(n, (target, _))| monitor(&watcher, target, if n % 2 == 0 { NEWEST } else { LATEST }))
        .collect();
    let release = Desk::hold(&watcher);
    targets.iter().for_each(|(_, running)| running.kill());
    targets.iter().for_each(|(_, running)| _ = end_of(running));
    release.send(());
    downs.iter().for_each(|downs| assert!(matches!(wait(downs).reason, ExitReason::Killed)));
    watching.stop(PATIENCE);
    let exit = end_of(&watching);
    assert_eq!((exit.lanes[NEWEST].handled, exit.lanes[LATEST].handled), (15, 15));
}

fn ends_that_skip_their_lane_and_other_messages_take_turns(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (watcher, _watching) = start(&executor);
    let (target, running) = start(&executor);
    let monitored = target.clone();
    run(&watcher, move |cx| {
        (0..100).for_each(|_| _ = cx.monitor(&monitored, |_| Letter::note(LATEST, 1)));
    });
    let release = Desk::hold(&watcher);
    (0..10).for_each(|_| watcher.try_tell(Letter::note(FIFO, 2)).expect("there is room"));
    running.kill();
    _ = end_of(&running);
    release.send(());
    while watcher.stats()[LATEST].handled < 100 {
        thread::yield_now();
    }
    let notes = Desk::read(&watcher);
    let last_of_lane = notes.iter().rposition(|&n| n == 2).expect("they were handled");
    assert!(last_of_lane <= 20, "one of each kind in turn: {notes:?}");
}

/// Watches an actor that it does not keep, without a handle of its own.
fn watch_alone(executor: &Arc<dyn Executor>, is_weak: bool) -> (Started, Running) {
    let (target, targeted) = start(executor);
    let (watcher, watching) = start(executor);
    let monitored = target.clone();
    run(&watcher, move |cx| {
        let into = |_: Down| Letter::note(FIFO, 1);
        _ = if is_weak { cx.monitor_weak(&monitored, into) } else { cx.monitor(&monitored, into) };
    });
    // By a message, so that the last handle is dropped by a running actor.
    drop(watcher);
    ((target, targeted), watching)
}

fn a_pending_monitor_keeps_its_watcher_reachable(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((target, targeted), watching) = watch_alone(&executor, false);
    // The target handles a message on the same executor: the watcher has had its turn.
    (0..3).for_each(|_| assert_eq!(Desk::read(&target), []));
    assert!(watching.exit().is_none());
    targeted.kill();
    let exit = end_of(&watching);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
    assert_eq!(exit.lanes[FIFO].handled, 1, "the end came first");

    // A stop reaches it while it waits.
    for stop in [|running: &Running| running.stop(PATIENCE), Running::kill] {
        let (_target, watching) = watch_alone(&executor, false);
        stop(&watching);
        assert_eq!(end_of(&watching).lanes[FIFO].accepted, 0);
    }
}

fn a_weak_monitor_does_not_keep_its_watcher_reachable(runtime: &dyn Runtime) {
    let (_target, watching) = watch_alone(&executor(runtime), true);
    let exit = end_of(&watching);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
}

fn a_pending_monitor_does_not_keep_a_stop_waiting(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, _running)) = (start(&executor), start(&executor));
    let downs = monitor(&watcher, &target, FIFO);
    watching.stop(PATIENCE);
    let exit = end_of(&watching);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert!(downs.recv().is_err(), "its function was dropped with the actor");
}

fn an_end_queued_before_a_stop_is_part_of_the_drain(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, running)) = (start(&executor), start(&executor));
    running.kill();
    _ = end_of(&running);
    let (told, downs) = signal();
    run(&watcher, move |cx| {
        // Taken after this message, in the lane before the next one: the stop comes later.
        cx.monitor(&target, |down| report(FIFO, down, told));
        cx.offload(|| (), |_| Letter::act(FIFO, |_, cx| cx.stop_when_drained()));
    });
    assert!(matches!(wait(&downs).reason, ExitReason::Killed));
    assert!(matches!(end_of(&watching).reason, ExitReason::Stopped));
}

fn a_panic_in_the_function_of_a_monitor_ends_the_watcher(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, running)) = (start(&executor), start(&executor));
    run(&watcher, move |cx| {
        _ = cx.monitor(&target, |_| panic!("no message, as the test wants it"))
    });
    running.kill();
    let exit = end_of(&watching);
    assert_eq!(exit.reason.to_string(), "panicked: no message, as the test wants it");
}

fn an_ended_watcher_receives_nothing_and_its_targets_go_on(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, running)) = (start(&executor), start(&executor));
    let downs = monitor(&watcher, &target, FIFO);
    watching.kill();
    _ = end_of(&watching);
    assert!(downs.recv().is_err());
    assert_eq!(Desk::read(&target), []);
    running.stop(PATIENCE);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
    assert_eq!(watching.exit().map(|exit| exit.lanes[FIFO].accepted), Some(0));
}

fn an_actor_can_watch_itself_without_effect(runtime: &dyn Runtime) {
    let (desk, running) = start(&executor(runtime));
    run(&desk, |cx| {
        let own = cx.handle();
        cx.monitor(&own, |_| unreachable!("it never fires"));
    });
    drop(desk);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{exit:?}");
}

fn a_future_of_the_end_has_the_reason_also_after_the_end(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (desk, running) = start(&executor);
    let (handle, weak) = (desk.clone(), desk.downgrade());
    let (told, tells) = signal();
    let waiting = {
        let told = told.clone();
        move || async move {
            told.send(handle.ended().await).expect("the test waits");
        }
    };
    executor.spawn(Box::new(move || Box::pin(waiting()))).expect("it runs");
    assert_eq!(Desk::read(&desk), []);
    running.kill();
    assert!(matches!(wait(&tells).reason, ExitReason::Killed));
    for _ in 0..2 {
        let (desk, weak, told) = (desk.clone(), weak.clone(), told.clone());
        let waiting = move || async move {
            told.send(desk.ended().await).expect("the test waits");
            told.send(weak.ended().await).expect("the test waits");
        };
        executor.spawn(Box::new(move || Box::pin(waiting()))).expect("it runs");
        assert!(matches!(wait(&tells).reason, ExitReason::Killed));
        assert!(matches!(wait(&tells).reason, ExitReason::Killed));
    }
}

fn a_weak_handle_without_a_trace_reports_an_unknown_end(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (watcher, _watching) = start(&executor);
    let (target, targeted) = start(&executor);
    let weak = target.downgrade();
    drop(target);
    _ = end_of(&targeted);
    drop(targeted);
    let (told, downs) = signal();
    run(&watcher, move |cx| {
        cx.monitor(&weak, |down| report(FIFO, down, told));
    });
    let reason = wait(&downs).reason;
    // The task of the ended actor may not have been dropped yet, and keeps the reason.
    assert!(matches!(reason, ExitReason::Unknown | ExitReason::Unreachable), "{reason}");
}

struct Tick;
impl Message for Tick {}

struct Idle;
impl Actor for Idle {
    type Message = Tick;
    async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {}
}

fn a_mailbox_without_an_actor_ends_when_it_is_dropped(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (watcher, _watching) = start(&executor);
    let watch = |handle: Handle<Tick>| {
        let (told, downs) = signal();
        run(&watcher, move |cx| {
            cx.monitor(&handle.recipient::<Tick>(), |down| report(FIFO, down, told));
        });
        downs
    };
    let (handle, mailbox) = actor_lanes::mailbox::<Tick>();
    let downs = watch(handle);
    drop(mailbox);
    assert!(matches!(wait(&downs).reason, ExitReason::Stopped));
    // An actor never started was abandoned.
    let (handle, mailbox) = actor_lanes::mailbox::<Tick>();
    let downs = watch(handle.clone());
    drop(Spawn::new(mailbox));
    assert!(matches!(wait(&downs).reason, ExitReason::Abandoned));
    // And one that runs ends as any other.
    let (handle, mailbox) = actor_lanes::mailbox::<Tick>();
    let downs = watch(handle.clone());
    let running = Spawn::new(mailbox).start(&executor, || Idle).expect("it runs");
    running.kill();
    assert!(matches!(wait(&downs).reason, ExitReason::Killed));
}

/// Starts an actor that restarts at each panic.
fn start_restarting(executor: &Arc<dyn Executor>) -> Started {
    let (handle, mailbox) = actor_lanes::mailbox();
    let running = Spawn::new(mailbox).restart(Restart::up_to(5)).start(executor, Desk::default);
    (handle, running.expect("it starts"))
}

fn panics() -> Letter {
    Letter::act(FIFO, |_, _| panic!("boom, as the test wants it"))
}

fn a_monitor_does_not_outlive_the_life_that_set_it(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, watching), (target, running)) = (start_restarting(&executor), start(&executor));
    let downs = monitor(&watcher, &target, FIFO);
    watcher.try_tell(panics()).expect("there is room");
    assert_eq!(Desk::read(&watcher), [], "its second life");
    assert!(downs.recv().is_err(), "the function was dropped with the first one");
    let again = monitor(&watcher, &target, FIFO);
    running.kill();
    assert!(matches!(wait(&again).reason, ExitReason::Killed));
    watching.stop(PATIENCE);
    let exit = end_of(&watching);
    assert_eq!((exit.restarts, exit.lanes[FIFO].handled), (1, 3), "{exit}");
}

fn a_restart_does_not_fire_a_monitor(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((watcher, _watching), (target, running)) = (start(&executor), start_restarting(&executor));
    let downs = monitor(&watcher, &target, FIFO);
    target.try_tell(panics()).expect("there is room");
    assert_eq!(Desk::read(&target), [], "its second life");
    running.stop(PATIENCE);
    let down = wait(&downs);
    assert!(matches!(down.reason, ExitReason::Stopped), "{down}");
}
