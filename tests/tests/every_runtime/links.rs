//! Links: actors that end together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use actor_lanes::life::Restart;
use actor_lanes::{Executor, ExitReason, Handle, Running, Runtime, Spawn, spawn};
use actor_tests::{Desk, FIFO, Letter, PATIENCE, end_of, executor, on_every_runtime};

on_every_runtime! {
    an_abnormal_end_ends_the_linked_actor_with_its_cause,
    a_normal_end_leaves_the_linked_actor_alone,
    a_link_joins_both_actors_in_the_same_way,
    a_removed_link_has_no_effect_whichever_side_removes_it,
    linking_to_an_actor_that_ended_abnormally_ends_at_once,
    linking_to_an_actor_that_ended_normally_has_no_effect,
    a_chain_of_links_ends_with_the_first_cause,
    an_actor_with_restarts_begins_another_life_after_a_linked_end,
    a_restart_is_not_an_end_for_linked_actors,
    an_actor_linked_before_its_start_ends_at_its_start,
    an_actor_can_link_to_itself_without_effect,
}

fn start(executor: &Arc<dyn Executor>) -> (Handle<Letter>, Running) {
    spawn(executor, Desk::default).expect("it starts")
}

fn panics() -> Letter {
    Letter::act(FIFO, |_, _| panic!("boom, as the test wants it"))
}

fn linked_end(running: &Running) -> String {
    match end_of(running).reason {
        ExitReason::Linked(first) => first.reason.to_string(),
        other => panic!("it ended by itself: {other}"),
    }
}

fn an_abnormal_end_ends_the_linked_actor_with_its_cause(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((one, running), (other, linked)) = (start(&executor), start(&executor));
    running.link(&other);
    // Twice is once.
    running.link(&other);
    one.try_tell(panics()).expect("there is room");
    assert_eq!(linked_end(&linked), "panicked: boom, as the test wants it");
    // From a handler, and while the other one waits in a handler.
    let ((one, running), (other, linked)) = (start(&executor), start(&executor));
    let release = Desk::hold(&other);
    let to = other.clone();
    one.try_tell(Letter::act(FIFO, move |_, cx| cx.link(&to))).expect("there is room");
    assert_eq!(Desk::read(&one), []);
    running.kill();
    assert_eq!(linked_end(&linked), "killed");
    drop(release);
}

fn a_normal_end_leaves_the_linked_actor_alone(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let ((_one, running), (other, linked)) = (start(&executor), start(&executor));
    running.link(&other);
    running.stop(PATIENCE);
    assert!(end_of(&running).reason.is_normal());
    assert_eq!(Desk::read(&other), []);
    linked.stop(PATIENCE);
    assert!(matches!(end_of(&linked).reason, ExitReason::Stopped));
}

fn a_link_joins_both_actors_in_the_same_way(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    for links_back in [false, true] {
        let ((_one, running), (other, linked)) = (start(&executor), start(&executor));
        running.link(&linked);
        if links_back {
            linked.link(&running);
        }
        other.try_tell(panics()).expect("there is room");
        assert_eq!(linked_end(&running), "panicked: boom, as the test wants it");
    }
}

fn a_removed_link_has_no_effect_whichever_side_removes_it(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    for own_side in [false, true] {
        let ((_one, running), (other, linked)) = (start(&executor), start(&executor));
        running.link(&other);
        linked.link(&running);
        if own_side {
            running.unlink(&other)
        } else {
            linked.unlink(&running)
        }
        running.kill();
        _ = end_of(&running);
        assert_eq!(Desk::read(&other), []);
        // Linking again has an effect again.
        let (_third, again) = start(&executor);
        again.link(&other);
        again.unlink(&other);
        again.link(&other);
        again.kill();
        assert_eq!(linked_end(&linked), "killed");
    }
}

fn linking_to_an_actor_that_ended_abnormally_ends_at_once(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (one, running) = start(&executor);
    one.try_tell(panics()).expect("there is room");
    _ = end_of(&running);
    let (_other, linked) = start(&executor);
    linked.link(&one);
    assert_eq!(linked_end(&linked), "panicked: boom, as the test wants it");
    // In the other direction as well.
    let (other, linked) = start(&executor);
    running.link(&other);
    assert_eq!(linked_end(&linked), "panicked: boom, as the test wants it");
}

fn linking_to_an_actor_that_ended_normally_has_no_effect(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (one, running) = start(&executor);
    running.stop(PATIENCE);
    _ = end_of(&running);
    let (other, linked) = start(&executor);
    linked.link(&one);
    running.link(&other);
    assert_eq!(Desk::read(&other), []);
    linked.stop(PATIENCE);
    assert!(matches!(end_of(&linked).reason, ExitReason::Stopped));
}

fn a_chain_of_links_ends_with_the_first_cause(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let chain: Vec<_> = (0..200).map(|_| start(&executor)).collect();
    chain.windows(2).for_each(|pair| pair[0].1.link(&pair[1].0));
    chain[0].0.try_tell(panics()).expect("there is room");
    for (_, running) in &chain[1..] {
        assert_eq!(linked_end(running), "panicked: boom, as the test wants it");
    }
}

fn an_actor_with_restarts_begins_another_life_after_a_linked_end(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (handle, mailbox) = actor_lanes::mailbox();
    let lives = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lives);
    let linked = Spawn::new(mailbox)
        .restart(Restart::up_to(5))
        .start(&executor, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Desk::default()
        })
        .expect("it starts");
    for n in 1..=2 {
        let (_one, running) = start(&executor);
        assert_eq!(Desk::read(&handle), [], "it lives");
        assert_eq!(lives.load(Ordering::SeqCst), n);
        running.link(&handle);
        running.kill();
        _ = end_of(&running);
        while lives.load(Ordering::SeqCst) == n {
            thread::yield_now();
        }
    }
    linked.stop(PATIENCE);
    let exit = end_of(&linked);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit}");
    assert_eq!(exit.restarts, 2);
}

fn a_restart_is_not_an_end_for_linked_actors(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (handle, mailbox) = actor_lanes::mailbox();
    let restarting = Spawn::new(mailbox)
        .restart(Restart::up_to(1))
        .start(&executor, Desk::default)
        .expect("it starts");
    let (other, linked) = start(&executor);
    restarting.link(&other);
    handle.try_tell(panics()).expect("there is room");
    assert_eq!(Desk::read(&handle), [], "its second life");
    assert_eq!(Desk::read(&other), [], "its only one");
    // The second panic ends the actor, and the link has outlived the restart.
    handle.try_tell(panics()).expect("there is room");
    assert_eq!(linked_end(&linked), "panicked: boom, as the test wants it");
}

fn an_actor_linked_before_its_start_ends_at_its_start(runtime: &dyn Runtime) {
    let executor = executor(runtime);
    let (one, running) = start(&executor);
    let (handle, mailbox) = actor_lanes::mailbox::<Letter>();
    running.link(&handle);
    running.kill();
    _ = end_of(&running);
    let linked = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
    assert_eq!(linked_end(&linked), "killed");
    drop(one);
}

fn an_actor_can_link_to_itself_without_effect(runtime: &dyn Runtime) {
    let (desk, running) = start(&executor(runtime));
    running.link(&desk);
    running.stop(PATIENCE);
    assert!(matches!(end_of(&running).reason, ExitReason::Stopped));
}
