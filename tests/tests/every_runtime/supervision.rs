//! Supervision trees: restarts alone and together, their order, and the mailboxes through them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_lanes::handle::AskBlockingError;
use actor_lanes::life::{Backoff, NotStarted, OnPanic, Restart};
use actor_lanes::supervise::{Strategy, Supervisor};
use actor_lanes::{
    Actor, Context, Executor, ExitReason, Handle, Mailbox, Reply, Running, Runtime, Spawn, System,
};
use actor_tests::{PATIENCE, SOON, end_of, executor, on_every_runtime, signal, wait};

use crate::cast::{Cast, Did, Member, Task, boom, hang, note_one, read, stop, tell, with_siblings};

on_every_runtime! {
    children_start_in_order_each_after_the_one_before,
    one_for_one_restarts_the_failed_child_alone_and_keeps_its_queue,
    one_for_all_ends_the_others_in_reverse_and_begins_all_in_order,
    rest_for_one_leaves_the_children_before_the_failed_one,
    the_queue_of_a_sibling_survives_a_restart_together,
    an_asker_of_a_failed_life_sees_its_reply_dropped,
    only_a_permanent_child_begins_again_after_its_own_stop,
    a_temporary_child_ends_alone,
    a_maker_that_fails_at_first_is_tried_again,
    a_tree_that_never_starts_ends_with_the_last_reason,
    an_exhausted_tree_ends_with_the_last_reason,
    an_exhausted_team_begins_again_with_its_mailboxes,
    a_stop_ends_the_children_in_reverse_each_after_its_queue,
    a_stop_ends_a_backoff_and_the_queue_is_handled,
    a_stop_during_the_start_ends_the_tree,
    a_passed_deadline_leaves_no_child,
    a_kill_leaves_no_child,
    a_place_that_refuses_a_child_leaves_no_other,
    a_tree_without_handles_ends_by_itself,
    children_have_paths_below_their_supervisor,
    a_shutdown_stops_a_tree_in_its_order,
    an_exhausted_tree_may_end_its_system,
    a_message_that_ends_each_life_reaches_the_hook,
    children_of_all_places_are_one_tree,
}

/// A tree of three, started.
fn three(place: &Arc<dyn Executor>, strategy: Strategy) -> (Cast, Running, [Handle<Task>; 3]) {
    let cast = Cast::new();
    let (tree, a) = cast.add(Supervisor::new(strategy).named("net"), place, "a");
    let (tree, b) = cast.add(tree, place, "b");
    let (tree, c) = cast.add(tree, place, "c");
    let running = tree.start(place).expect("it starts");
    running.started_blocking(PATIENCE).expect("it starts in time");
    cast.expect_starts(["a", "b", "c"]);
    (cast, running, [a, b, c])
}

fn children_start_in_order_each_after_the_one_before(runtime: &dyn Runtime) {
    struct Slow {
        release: Option<actor_lanes::reply::Answer<()>>,
        inner: Member,
    }
    impl Actor for Slow {
        type Message = Task;
        async fn started(&mut self, cx: &mut Context<Task>) {
            let release = self.release.take().expect("it starts once");
            release.await.expect("the test releases it");
            self.inner.started(cx).await;
        }
        async fn handle(&mut self, task: Task, cx: &mut Context<Task>) {
            self.inner.handle(task, cx).await;
        }
    }

    let (first, others) = (executor(runtime), executor(runtime));
    let cast = Cast::new();
    let (release, held) = Reply::pair();
    let (mut held, mut make) = (Some(held), cast.make("a"));
    let (_a, mailbox) = actor_lanes::mailbox();
    let tree = Supervisor::new(Strategy::OneForOne)
        .child(Spawn::new(mailbox), &first, move || Slow { release: held.take(), inner: make() });
    let (tree, b) = cast.add(tree, &others, "b");
    let running = tree.start(&others).expect("it starts");
    // A message to a child not begun waits in its mailbox.
    tell(&b, Task::Note(7));
    assert!(matches!(running.started_blocking(SOON), Err(NotStarted::Timeout)));
    cast.expect_nothing();
    release.send(());
    running.started_blocking(PATIENCE).expect("it starts");
    cast.expect_starts(["a", "b"]);
    assert_eq!(read(&b), [7]);
}

fn one_for_one_restarts_the_failed_child_alone_and_keeps_its_queue(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (cast, running, [a, b, c]) = three(&place, Strategy::OneForOne);
    [&a, &b, &c].into_iter().for_each(|handle| tell(handle, Task::Note(1)));
    b.try_tell_all([Task::Fail, Task::Note(2), Task::Note(3)]).expect("there is room");
    assert_eq!(read(&b), [2, 3], "the state is new, and the queue is not");
    cast.expect([("b", boom()), ("b", Did::Start)]);
    assert_eq!([read(&a), read(&c)], [[1], [1]], "the others have their states");
    running.stop(PATIENCE);
    assert!(end_of(&running).reason.is_normal());
    assert_eq!(b.stats()[0].handled, 5);
    cast.expect(["c", "b", "a"].map(|name| (name, stop("stopped"))));
    cast.expect_nothing();
}

fn one_for_all_ends_the_others_in_reverse_and_begins_all_in_order(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (cast, _running, [a, b, c]) = three(&place, Strategy::OneForAll);
    [&a, &b, &c].into_iter().for_each(note_one);
    tell(&b, Task::Fail);
    cast.expect([("b", boom()), ("c", with_siblings()), ("a", with_siblings())]);
    cast.expect_starts(["a", "b", "c"]);
    assert!([&a, &b, &c].into_iter().all(|handle| read(handle).is_empty()));
    cast.expect_nothing();
}

fn rest_for_one_leaves_the_children_before_the_failed_one(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (cast, _running, [a, b, c]) = three(&place, Strategy::RestForOne);
    [&a, &b, &c].into_iter().for_each(note_one);
    tell(&b, Task::Fail);
    cast.expect([("b", boom()), ("c", with_siblings())]);
    cast.expect_starts(["b", "c"]);
    assert_eq!([&a, &b, &c].map(read), [vec![1], vec![], vec![]]);
    cast.expect_nothing();
}

fn the_queue_of_a_sibling_survives_a_restart_together(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (cast, _running, [a, b, _c]) = three(&place, Strategy::OneForAll);
    hang(&a);
    a.try_tell_all([1, 2, 3].map(Task::Note)).expect("there is room");
    tell(&b, Task::Fail);
    cast.expect([("b", boom()), ("c", with_siblings()), ("a", with_siblings())]);
    assert_eq!(read(&a), [1, 2, 3], "the handler was dropped at its wait, its queue was not");
}

fn an_asker_of_a_failed_life_sees_its_reply_dropped(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (_cast, _running, [a, b, _c]) = three(&place, Strategy::OneForAll);
    let (began, beginning) = signal();
    let asked = a.try_ask(|reply| Task::Answer(began, reply)).expect("there is room");
    wait(&beginning);
    let queued = a.try_ask(Task::Read).expect("there is room");
    tell(&b, Task::Fail);
    assert!(futures::executor::block_on(asked).is_err(), "it was in the hands of the last life");
    assert_eq!(futures::executor::block_on(queued), Ok(vec![]), "the next life answers");
}

fn only_a_permanent_child_begins_again_after_its_own_stop(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let (permanent, mailbox) = actor_lanes::mailbox();
    let spawn = Spawn::new(mailbox).restart(Restart::permanent());
    let tree = Supervisor::new(Strategy::OneForOne).child(spawn, &place, cast.make("permanent"));
    let (tree, transient) = cast.add(tree, &place, "transient");
    let running = tree.start(&place).expect("it starts");
    cast.expect_starts(["permanent", "transient"]);
    tell(&permanent, Task::Stop);
    cast.expect([("permanent", stop("stopped")), ("permanent", Did::Start)]);
    tell(&transient, Task::Stop);
    cast.expect([("transient", stop("stopped"))]);
    futures::executor::block_on(transient.closed());
    assert_eq!(read(&permanent), []);
    assert!(running.exit().is_none());
}

fn a_temporary_child_ends_alone(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let (tree, steady) = cast.add(Supervisor::new(Strategy::OneForAll), &place, "steady");
    let (temporary, mailbox) = actor_lanes::mailbox();
    let spawn = Spawn::new(mailbox).restart(Restart::temporary());
    let _running = tree.child(spawn, &place, cast.make("temporary")).start(&place).expect("starts");
    cast.expect_starts(["steady", "temporary"]);
    tell(&temporary, Task::Fail);
    futures::executor::block_on(temporary.closed());
    tell(&steady, Task::Note(1));
    assert_eq!(read(&steady), [1]);
    cast.expect([("temporary", boom())]);
    cast.expect_nothing();
}

fn a_maker_that_fails_at_first_is_tried_again(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let (handle, mailbox) = actor_lanes::mailbox();
    let (mut failures, mut make) = (0, cast.make("a"));
    let tree = Supervisor::new(Strategy::OneForAll).restart(Restart::up_to(2));
    let tree = tree.child(Spawn::new(mailbox), &place, move || -> Result<Member, &'static str> {
        failures += 1;
        if failures < 3 { Err("no disk") } else { Ok(make()) }
    });
    let running = tree.start(&place).expect("it starts");
    running.started_blocking(PATIENCE).expect("the third attempt succeeds");
    assert_eq!(read(&handle), []);
}

fn a_tree_that_never_starts_ends_with_the_last_reason(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let (tree, first) = cast.add(Supervisor::new(Strategy::OneForOne), &place, "first");
    let (second, mailbox) = actor_lanes::mailbox();
    let tries = Arc::new(AtomicU32::new(0));
    let tried = Arc::clone(&tries);
    let tree = tree.restart(Restart::up_to(3));
    let tree = tree.child(Spawn::new(mailbox), &place, move || -> Result<Member, &'static str> {
        tried.fetch_add(1, Ordering::Relaxed);
        Err("no disk")
    });
    let running = tree.start(&place).expect("it starts");
    let Err(NotStarted::Ended(exit)) = running.started_blocking(PATIENCE) else {
        panic!("it never starts")
    };
    assert_eq!(exit.reason.to_string(), "failed: no disk");
    assert_eq!(tries.load(Ordering::Relaxed), 4, "once, and three times again");
    assert!(first.is_closed() && second.is_closed());
}

fn an_exhausted_tree_ends_with_the_last_reason(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let tree = Supervisor::new(Strategy::OneForOne).restart(Restart::up_to(1));
    let (tree, a) = cast.add(tree, &place, "a");
    let (tree, b) = cast.add(tree, &place, "b");
    let running = tree.start(&place).expect("it starts");
    cast.expect_starts(["a", "b"]);
    tell(&a, Task::Fail);
    cast.expect([("a", boom()), ("a", Did::Start)]);
    // One restart for both children together.
    tell(&b, Task::Fail);
    let exit = end_of(&running);
    assert!(matches!(&exit.reason, ExitReason::Panicked(text) if text == "boom"), "{exit:?}");
    assert!(a.is_closed() && b.is_closed());
    cast.expect([("b", boom()), ("a", stop("killed"))]);
}

fn an_exhausted_team_begins_again_with_its_mailboxes(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let inner = Supervisor::new(Strategy::OneForOne).restart(Restart::up_to(0));
    let (inner, x) = cast.add(inner, &place, "x");
    let (inner, y) = cast.add(inner, &place, "y");
    let (tree, a) = cast.add(Supervisor::new(Strategy::RestForOne), &place, "a");
    let (tree, b) = cast.add(tree.supervisor(inner), &place, "b");
    let running = tree.start(&place).expect("it starts");
    cast.expect_starts(["a", "x", "y", "b"]);
    [&a, &x, &y, &b].into_iter().for_each(note_one);
    x.try_tell_all([Task::Fail, Task::Note(2)]).expect("there is room");
    cast.expect([("x", boom()), ("y", with_siblings()), ("b", with_siblings())]);
    cast.expect_starts(["x", "y", "b"]);
    assert_eq!([&a, &x, &y, &b].map(read), [vec![1], vec![2], vec![], vec![]]);
    assert!(running.exit().is_none());
}

fn a_stop_ends_the_children_in_reverse_each_after_its_queue(runtime: &dyn Runtime) {
    let (place, elsewhere) = (executor(runtime), executor(runtime));
    let cast = Cast::new();
    let (tree, a) = cast.add(Supervisor::new(Strategy::OneForOne), &place, "a");
    let (inner, x) = cast.add(Supervisor::new(Strategy::OneForAll), &elsewhere, "x");
    let (inner, y) = cast.add(inner, &place, "y");
    let (tree, b) = cast.add(tree.supervisor(inner), &elsewhere, "b");
    let running = tree.start(&place).expect("it starts");
    running.started_blocking(PATIENCE).expect("it starts");
    cast.expect_starts(["a", "x", "y", "b"]);
    for handle in [&a, &x, &y, &b] {
        handle.try_tell_all((0..50).map(Task::Note)).expect("there is room");
    }
    running.stop(PATIENCE);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
    cast.expect(["b", "y", "x", "a"].map(|name| (name, stop("stopped"))));
    for handle in [a, x, y, b] {
        assert!(handle.is_closed());
        assert_eq!((handle.stats()[0].handled, handle.stats()[0].undelivered), (50, 0));
    }
}

fn a_stop_ends_a_backoff_and_the_queue_is_handled(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let hour = Duration::from_secs(60 * 60);
    let tree = Supervisor::new(Strategy::OneForOne)
        .restart(Restart::up_to(5).within(2 * hour).backoff(Backoff::constant(hour)));
    let (tree, a) = cast.add(tree, &place, "a");
    let running = tree.start(&place).expect("it starts");
    cast.expect_starts(["a"]);
    a.try_tell_all([Task::Fail, Task::Note(1), Task::Fail, Task::Note(2)]).expect("room");
    cast.expect([("a", boom())]);
    running.stop(PATIENCE);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
    assert_eq!(a.stats()[0].handled + a.stats()[0].undelivered, 4);
    assert!(a.stats()[0].handled >= 3, "a life without a delay");
}

fn a_stop_during_the_start_ends_the_tree(runtime: &dyn Runtime) {
    struct Never;
    impl Actor for Never {
        type Message = Task;
        async fn started(&mut self, _cx: &mut Context<Task>) {
            pending().await
        }
        async fn handle(&mut self, _task: Task, _cx: &mut Context<Task>) {}
    }

    let place = executor(runtime);
    let cast = Cast::new();
    let (never, mailbox) = actor_lanes::mailbox();
    let tree = Supervisor::new(Strategy::OneForOne);
    let tree = tree.child(Spawn::new(mailbox), &place, || Never);
    let (tree, next) = cast.add(tree, &place, "next");
    let running = tree.start(&place).expect("it starts");
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed | ExitReason::Stopped), "{exit:?}");
    futures::executor::block_on(never.closed());
    futures::executor::block_on(next.closed());
}

fn a_passed_deadline_leaves_no_child(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (_cast, running, [a, b, c]) = three(&place, Strategy::OneForOne);
    hang(&b);
    running.stop(SOON);
    let exit = end_of(&running);
    assert!(matches!(exit.reason, ExitReason::DeadlinePassed | ExitReason::Stopped), "{exit:?}");
    for handle in [a, b, c] {
        futures::executor::block_on(handle.closed());
    }
}

fn a_kill_leaves_no_child(runtime: &dyn Runtime) {
    let (place, elsewhere) = (executor(runtime), executor(runtime));
    let cast = Cast::new();
    let (tree, a) = cast.add(Supervisor::new(Strategy::OneForOne), &place, "a");
    let (tree, b) = cast.add(tree, &elsewhere, "b");
    let running = tree.start(&place).expect("it starts");
    cast.expect_starts(["a", "b"]);
    hang(&a);
    running.kill();
    assert!(matches!(end_of(&running).reason, ExitReason::Killed));
    futures::executor::block_on(a.closed());
    futures::executor::block_on(b.closed());
    let mut ends = [wait(&cast.logged), wait(&cast.logged)];
    ends.sort_by_key(|(name, _)| *name);
    assert_eq!(ends, ["a", "b"].map(|name| (name, stop("killed"))));
}

fn a_place_that_refuses_a_child_leaves_no_other(runtime: &dyn Runtime) {
    let (place, refusing) = (executor(runtime), executor(runtime));
    refusing.stop();
    let cast = Cast::new();
    let (tree, a) = cast.add(Supervisor::new(Strategy::OneForOne), &place, "a");
    let (tree, b) = cast.add(tree, &refusing, "b");
    let error = tree.start(&place).map(drop).expect_err("one place has ended");
    assert_eq!(error.to_string(), "the executor has been stopped");
    futures::executor::block_on(a.closed());
    assert!(b.is_closed());
    cast.expect_nothing();
}

fn a_tree_without_handles_ends_by_itself(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let (cast, running, handles) = three(&place, Strategy::OneForAll);
    drop(handles);
    assert!(end_of(&running).reason.is_normal());
    for _ in 0..3 {
        assert_eq!(wait(&cast.logged).1, stop("became unreachable"));
    }
}

fn children_have_paths_below_their_supervisor(runtime: &dyn Runtime) {
    let system = System::on("test", executors(runtime));
    let cast = Cast::new();
    let (a, a_mailbox) = actor_lanes::mailbox::<Task>();
    let (b, b_mailbox) = actor_lanes::mailbox::<Task>();
    let inner = Supervisor::new(Strategy::OneForOne).named("peers").child(
        Spawn::new(b_mailbox).named("b"),
        &system,
        cast.make("b"),
    );
    let running = Supervisor::new(Strategy::OneForOne)
        .named("net")
        .child(Spawn::new(a_mailbox).named("a"), &system, cast.make("a"))
        .supervisor(inner)
        .start(&system)
        .expect("it starts");
    cast.expect_starts(["a", "b"]);
    let mut paths: Vec<_> = system.actors().iter().map(|actor| actor.path.to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["/net", "/net/a", "/net/peers/b"]);
    drop((a, b));
    assert!(end_of(&running).reason.is_normal());
}

fn executors(runtime: &dyn Runtime) -> actor_lanes::executors::Executors {
    actor_lanes::executors::Executors::start(runtime, "test", 2).expect("they start")
}

fn a_shutdown_stops_a_tree_in_its_order(runtime: &dyn Runtime) {
    let system = System::on("test", executors(runtime));
    let cast = Cast::new();
    let mut tree = Supervisor::new(Strategy::OneForOne).named("net");
    let mut handles = Vec::new();
    for name in ["a", "b", "c"] {
        let (handle, mailbox): (_, Mailbox<Task>) = actor_lanes::mailbox();
        tree = tree.child(Spawn::new(mailbox).named(name), &system, cast.make(name));
        handles.push(handle);
    }
    let running = tree.start(&system).expect("it starts");
    running.started_blocking(PATIENCE).expect("it starts");
    cast.expect_starts(["a", "b", "c"]);
    handles.iter().for_each(|handle| tell(handle, Task::Note(1)));
    let report = system.stop_blocking(PATIENCE);
    cast.expect(["c", "b", "a"].map(|name| (name, stop("stopped"))));
    assert_eq!(report.actors.len(), 4, "{report}");
}

fn an_exhausted_tree_may_end_its_system(runtime: &dyn Runtime) {
    let system = System::on("test", executors(runtime));
    let cast = Cast::new();
    let (a, mailbox) = actor_lanes::mailbox::<Task>();
    let _running = Supervisor::new(Strategy::OneForOne)
        .named("net")
        .restart(Restart::up_to(0))
        .on_panic(OnPanic::EndSystem)
        .child(Spawn::new(mailbox).named("a"), &system, cast.make("a"))
        .start(&system)
        .expect("it starts");
    tell(&a, Task::Fail);
    let report = system.stopped_blocking(PATIENCE).expect("the panic ends the system");
    assert!(report.to_string().contains("boom"), "{report}");
}

fn a_message_that_ends_each_life_reaches_the_hook(runtime: &dyn Runtime) {
    let place = executor(runtime);
    let cast = Cast::new();
    let (handle, mailbox) = actor_lanes::mailbox();
    let (poisoned, poison) = signal();
    let spawn = Spawn::new(mailbox).restart(Restart::transient()).on_poison(
        |task: &Task| matches!(task, Task::Fail),
        move |was_bad, reason| poisoned.send((was_bad, reason.to_string())).expect("it waits"),
    );
    let tree = Supervisor::new(Strategy::OneForAll).child(spawn, &place, cast.make("a"));
    let _running = tree.start(&place).expect("it starts");
    tell(&handle, Task::Note(1));
    tell(&handle, Task::Fail);
    assert_eq!(wait(&poison), (true, "panicked: boom".to_owned()));
    assert_eq!(read(&handle), []);
}

fn children_of_all_places_are_one_tree(runtime: &dyn Runtime) {
    let cast = Cast::new();
    let runtimes = actor_lanes::runtime::all();
    let places: Vec<_> = runtimes.iter().map(|other| executor(&**other)).collect();
    let mut tree = Supervisor::new(Strategy::OneForAll).restart(Restart::up_to(100));
    let mut handles = Vec::new();
    for (place, name) in places.iter().zip(["a", "b", "c"]) {
        let handle;
        (tree, handle) = cast.add(tree, place, name);
        handles.push(handle);
    }
    let own = executor(runtime);
    let running = tree.start(&own).expect("it starts");
    cast.expect_starts(["a", "b", "c"]);
    for round in 0..20 {
        tell(&handles[round % handles.len()], Task::Fail);
        let mut ends: Vec<_> = (0..3).map(|_| wait(&cast.logged).0).collect();
        ends.sort_unstable();
        assert_eq!(ends, ["a", "b", "c"]);
        cast.expect_starts(["a", "b", "c"]);
    }
    handles.iter().for_each(|handle| assert_eq!(read(handle), []));
    running.stop(PATIENCE);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
    let late = handles[0].ask_blocking(Task::Read, PATIENCE);
    assert!(matches!(late, Err(AskBlockingError::Closed(_))));
}
