//! The decision about the next life, and the requests to end a life around it.

use std::sync::Arc;

use crate::checker::{check_all, thread};
use crate::mailbox::exit::ExitReason;
use crate::mailbox::life::Life;

/// A life whose task waits for a decision.
fn asked() -> Arc<Life> {
    let life = Arc::new(Life::new());
    life.make_extras().verdict().ask();
    life
}

fn request() -> ExitReason {
    ExitReason::Panicked("its sibling".to_owned())
}

/// Decides as a governor does.
fn begin(life: &Life) -> bool {
    let verdict = life.make_extras().verdict();
    if !verdict.is_asked() {
        return false;
    }
    drop(life.take_request());
    verdict.decide(true)
}

#[test]
fn one_of_two_decisions_is_taken() {
    check_all(|| {
        let life = asked();
        let other = Arc::clone(&life);
        let ending = thread::spawn(move || other.make_extras().verdict().decide(false));
        let begins = life.make_extras().verdict().decide(true);
        let ends = ending.join().expect("deciding does not panic");
        assert!(begins != ends);
        assert_eq!(life.make_extras().verdict().take(), Some(begins));
        assert_eq!(life.make_extras().verdict().take(), None, "a question has one answer");
    });
}

#[test]
fn a_decision_is_taken_or_withdrawn_and_never_left_for_the_next_question() {
    check_all(|| {
        let life = asked();
        let other = Arc::clone(&life);
        let deciding = thread::spawn(move || other.make_extras().verdict().decide(true));
        life.make_extras().verdict().withdraw();
        deciding.join().expect("deciding does not panic");
        life.make_extras().verdict().ask();
        assert_eq!(life.make_extras().verdict().take(), None);
    });
}

#[test]
fn a_request_after_the_decision_is_for_the_next_life() {
    check_all(|| {
        let life = asked();
        let other = Arc::clone(&life);
        let governing = thread::spawn(move || {
            assert!(begin(&other));
            other.end_life(request());
        });
        let mut is_seen = false;
        if life.make_extras().verdict().take() == Some(true) {
            life.begin_again();
            is_seen = life.take_request().is_some();
        }
        governing.join().expect("governing does not panic");
        assert!(is_seen || life.take_request().is_some(), "the request is not lost");
    });
}

#[test]
fn a_request_before_the_decision_is_not_for_the_next_life() {
    check_all(|| {
        let life = asked();
        let other = Arc::clone(&life);
        let governing = thread::spawn(move || {
            other.end_life(request());
            assert!(begin(&other));
        });
        if life.make_extras().verdict().take() == Some(true) {
            life.begin_again();
            assert!(life.take_request().is_none());
        }
        governing.join().expect("governing does not panic");
        assert!(life.take_request().is_none());
    });
}
