//! The word of an actor's life: requests from several threads.

use std::sync::Arc;
use std::time::Instant;

use crate::checker::{check, thread};
use crate::mailbox::exit::ExitReason;
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

fn failed(text: &str) -> ExitReason {
    ExitReason::Panicked(text.to_owned())
}

#[test]
fn a_request_to_end_a_life_is_taken_exactly_once() {
    check(4, || {
        let life = Arc::new(Life::new());
        let asked = Arc::clone(&life);
        let asking = thread::spawn(move || asked.end_life(failed("first")));
        let meanwhile = life.take_request();
        asking.join().expect("asking does not panic");
        let later = life.take_request();
        assert_eq!(usize::from(meanwhile.is_some()) + usize::from(later.is_some()), 1);
        assert!(!life.is_asked() && life.take_request().is_none());
    });
}

#[test]
fn two_requests_to_end_a_life_lose_no_wake_and_leave_nothing_behind() {
    check(3, || {
        let life = Arc::new(Life::new());
        let threads = ["first", "second"].map(|text| {
            let life = Arc::clone(&life);
            thread::spawn(move || life.end_life(failed(text)))
        });
        let meanwhile = life.take_request();
        threads.into_iter().for_each(|one| one.join().expect("asking does not panic"));
        let later = life.take_request();
        assert!(meanwhile.is_some() || later.is_some());
        // Whatever is left is for the next life, and the task takes it back.
        drop(life.take_request());
        assert!(!life.is_asked() && life.take_request().is_none());
    });
}

#[test]
fn a_new_life_keeps_a_stop_that_races_with_its_begin() {
    check(4, || {
        let life = Arc::new(Life::new());
        life.end_after_this();
        let stopped = Arc::clone(&life);
        let stopping = thread::spawn(move || stopped.stop(now()));
        life.begin_again();
        stopping.join().expect("stopping does not panic");
        assert!(life.deadline().is_some() && !life.takes_no_more());
    });
}

#[test]
fn a_kill_is_kept_by_every_later_life() {
    check(4, || {
        let life = Arc::new(Life::new());
        let killed = Arc::clone(&life);
        let killing = thread::spawn(move || killed.kill());
        drop(life.take_request());
        life.begin_again();
        killing.join().expect("killing does not panic");
        assert!(life.is_killed());
    });
}

#[test]
fn one_decision_at_most_is_taken_for_a_question() {
    check(4, || {
        let life = Arc::new(Life::new());
        life.make_extras().verdict().ask();
        let deciding = [true, false].map(|begins| {
            let life = Arc::clone(&life);
            thread::spawn(move || life.make_extras().verdict().decide(begins))
        });
        let meanwhile = life.make_extras().verdict().take();
        let decided = deciding.map(|one| one.join().expect("deciding does not panic"));
        let later = life.make_extras().verdict().take();
        assert_ne!(meanwhile.is_some(), later.is_some(), "one decision is taken");
        assert_ne!(decided[0], decided[1], "one decision counts");
        assert_eq!(meanwhile.or(later), Some(decided[0]), "and it is the taken one");
    });
}
