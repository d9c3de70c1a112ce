//! Groups: several actors, each on a thread of its own, ended in order.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use actor_lanes::life::SpawnError;
use actor_lanes::{Context, ExitReason, Group, Handle, Runtime, Spawn, ThreadConfig, mailbox};
use actor_tests::{Desk, FIFO, Letter, PATIENCE, on_every_runtime, owned, signal, wait};

on_every_runtime! {
    a_group_ends_in_the_order_of_its_starts,
    a_stuck_member_is_named,
    a_panic_of_a_member_is_a_problem_of_its_own,
    a_member_without_a_thread_is_not_added,
    the_drop_of_a_group_stops_its_actors,
}

fn group(runtime: &dyn Runtime) -> Group {
    Group::new(owned(runtime))
}

fn member(group: &mut Group, name: &str) -> Handle<Letter> {
    let (desk, desk_mailbox) = mailbox();
    let running = group.spawn(name, desk_mailbox, Desk::default).expect("it starts");
    assert_eq!(running.name().as_deref(), Some(name));
    desk
}

/// Passes a letter on to the next desk.
fn pass_on(next: &Handle<Letter>, n: u64) -> Letter {
    let next = next.clone();
    Letter::act(FIFO, move |_, _| {
        next.try_tell(Letter::note(FIFO, n)).expect("the next one still accepts");
    })
}

fn a_group_ends_in_the_order_of_its_starts(runtime: &dyn Runtime) {
    let mut group = group(runtime);
    let [first, last] = ["first", "last"].map(|name| member(&mut group, name));
    let (tell, told) = signal();
    let look = move |_: &mut Desk, _: &mut Context<Letter>| {
        tell.send(thread::current().name().map(str::to_owned)).expect("the test waits");
    };
    first.try_tell(Letter::act(FIFO, look)).expect("there is room");
    assert_eq!(wait(&told).as_deref(), Some("first"), "its thread has its name");
    (0..50).for_each(|n| first.try_tell(pass_on(&last, n)).expect("there is room"));
    let report = group.stop(PATIENCE);
    assert!(report.is_clean(), "{report}");
    let handled = report.members.iter().map(|member| {
        let exit = member.exit.as_ref().expect("it ended in time");
        (&*member.name, exit.lanes[FIFO].handled)
    });
    assert_eq!(Vec::from_iter(handled), [("first", 51), ("last", 50)]);
}

fn a_stuck_member_is_named(runtime: &dyn Runtime) {
    let mut group = group(runtime);
    let [stuck, other] = ["stuck", "other"].map(|name| member(&mut group, name));
    let (unblock, blocked) = sync_channel::<()>(0);
    let (began, beginning) = signal();
    let block = move |_: &mut Desk, _: &mut Context<Letter>| {
        began.send(()).expect("the test waits");
        assert!(blocked.recv().is_err(), "the test drops the sender");
    };
    stuck.try_tell(Letter::act(FIFO, block)).expect("there is room");
    wait(&beginning);
    other.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let report = group.stop(Duration::from_secs(2));
    assert_eq!(report.late().collect::<Vec<_>>(), ["stuck"]);
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems, ["stuck: still busy when the time was up"]);
    assert!(!report.members[0].thread_has_ended && report.members[1].thread_has_ended);
    assert!(!report.is_clean());
    drop(unblock);
}

fn a_panic_of_a_member_is_a_problem_of_its_own(runtime: &dyn Runtime) {
    let mut group = group(runtime);
    let [faulty, other] = ["faulty", "other"].map(|name| member(&mut group, name));
    faulty.try_tell(Letter::act(FIFO, |_, _| panic!("no such block"))).expect("there is room");
    let faulty = group.members()[0].running.clone();
    let exit = faulty.join_blocking(PATIENCE).expect("it panics");
    assert!(matches!(exit.reason, ExitReason::Panicked(_)));
    other.try_tell(Letter::note(FIFO, 1)).expect("the others run");
    let report = group.stop(PATIENCE);
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems, ["faulty: panicked: no such block"]);
}

fn a_member_without_a_thread_is_not_added(runtime: &dyn Runtime) {
    let mut group = group(runtime);
    let (desk, desk_mailbox) = mailbox::<Letter>();
    let nowhere = ThreadConfig::named("nowhere").on_core(usize::MAX);
    let refused = group.start(nowhere, Spawn::new(desk_mailbox), Desk::default).map(drop);
    assert!(matches!(refused, Err(SpawnError::NoThread(_))), "{refused:?}");
    assert!(desk.is_closed() && group.members().is_empty());
    assert!(group.stop(PATIENCE).is_clean());
}

fn the_drop_of_a_group_stops_its_actors(runtime: &dyn Runtime) {
    let mut group = group(runtime);
    let [first, last] = ["first", "last"].map(|name| member(&mut group, name));
    first.try_tell(Letter::note(FIFO, 1)).expect("there is room");
    let members: Vec<_> =
        group.members().iter().map(|m| (m.running.clone(), Arc::clone(&m.executor))).collect();
    drop(group);
    assert!(first.is_closed() && last.is_closed(), "nothing new is accepted");
    for (running, executor) in members {
        let exit = running.join_blocking(PATIENCE).expect("the drop stops it");
        assert!(matches!(exit.reason, ExitReason::Stopped), "{}", exit.reason);
        assert_eq!(exit.undelivered(), 0, "its queue is handled");
        assert!(executor.join(PATIENCE), "and its thread ends");
    }
}
