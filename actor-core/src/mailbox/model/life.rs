//! The word of an actor's life: requests from several threads.

use std::sync::Arc;
use std::time::Instant;

use crate::checker::{check, thread};
use crate::mailbox::life::Life;

#[expect(
    clippy::disallowed_methods,
    reason = "any instant serves: it is only compared with itself"
)]
fn now() -> Instant {
    Instant::now()
}

/// Runs each step on a thread of its own, and returns the life after all of them.
fn after(steps: &[fn(&Life)]) -> Arc<Life> {
    let life = Arc::new(Life::new());
    let threads: Vec<_> = steps
        .iter()
        .map(|&step| {
            let life = Arc::clone(&life);
            thread::spawn(move || step(&life))
        })
        .collect();
    threads.into_iter().for_each(|one| one.join().expect("no step panics"));
    life
}

#[test]
fn a_stop_that_races_with_the_start_loses_neither() {
    check(4, || {
        let life = after(&[Life::start, |life| life.stop(now())]);
        assert!(life.has_started() && life.is_asked());
        assert!(life.deadline().is_some() && !life.is_killed());
    });
}

#[test]
fn a_stop_that_races_with_a_kill_and_the_start_loses_neither() {
    check(3, || {
        let life = after(&[Life::start, Life::kill, |life| life.stop(now())]);
        assert!(life.has_started());
        assert!(life.is_killed() && life.takes_no_more());
    });
}

#[test]
fn a_stop_that_races_with_the_actors_own_end_loses_neither() {
    check(4, || {
        let life = after(&[Life::end_after_this, |life| life.stop(now())]);
        assert!(life.takes_no_more() && life.deadline().is_some());
        assert!(!life.has_started() && !life.is_killed());
    });
}

#[test]
fn a_second_stop_hands_the_first_deadline_on() {
    check(4, || {
        let life = after(&[
            |life| life.stop(now()),
            |life| {
                life.stop(now());
                assert!(life.deadline().is_some());
            },
        ]);
        assert!(life.deadline().is_some());
    });
}
