//! The waits of an actor's handlers, with a look from another thread.

use std::sync::Arc;

use crate::checker::{check, thread};
use crate::mailbox::waits::{Waits, What};

/// Two threads wait at the same time: each in a place of its own, and a look sees only waits that
/// were begun. At the end none is left.
#[test]
fn waits_of_two_threads_take_two_places_and_leave_none() {
    check(3, || {
        let waits = Arc::new(Waits::new());
        let waiting: Vec<_> = [1, 2]
            .map(|number| {
                let waits = Arc::clone(&waits);
                thread::spawn(move || {
                    let place = waits.begin(What::Answer, number).expect("there is a place");
                    let own: Vec<_> = waits.look();
                    assert!(own.iter().any(|wait| wait.number == number), "{own:?}");
                    waits.end(place);
                })
            })
            .into_iter()
            .collect();
        let seen = waits.look();
        assert!(seen.iter().all(|wait| [1, 2].contains(&wait.number)), "{seen:?}");
        waiting.into_iter().for_each(|one| one.join().expect("no panic"));
        assert!(waits.look().is_empty());
    });
}

/// A wait read twice, with one stamp, is one wait: it was not ended in between.
#[test]
fn a_wait_seen_twice_with_one_stamp_was_not_ended_in_between() {
    check(3, || {
        let waits = Arc::new(Waits::new());
        let first = waits.begin(What::Answer, 7).expect("there is a place");
        let before = waits.look();
        let moved = Arc::clone(&waits);
        // A future moved to another thread ends its wait there, and the actor waits again.
        let other = thread::spawn(move || {
            moved.end(first);
            let again = moved.begin(What::Answer, 7).expect("there is a place");
            let after = moved.look();
            moved.end(again);
            after
        });
        let now = waits.look();
        let after = other.join().expect("no panic");
        assert_ne!(before, after, "the second wait has another stamp");
        assert!(now.is_empty() || now == before || now == after, "{now:?}");
        assert!(waits.look().is_empty());
    });
}

/// A ring of waits is certain once two rounds of looks find the same ones. Here one of two waits
/// ends before the other begins, so no two rounds may agree on a ring.
#[test]
fn two_rounds_never_agree_on_a_ring_that_never_was() {
    check(3, || {
        let (one, other) = (Arc::new(Waits::new()), Arc::new(Waits::new()));
        let actors = (Arc::clone(&one), Arc::clone(&other));
        let waiting = thread::spawn(move || {
            let (one, other) = actors;
            let place = one.begin(What::Answer, 2).expect("there is a place");
            one.end(place);
            let place = other.begin(What::Answer, 1).expect("there is a place");
            other.end(place);
        });
        let round = || (one.look(), other.look());
        let (first, second) = (round(), round());
        let is_ring = !first.0.is_empty() && !first.1.is_empty() && first == second;
        assert!(!is_ring, "{first:?}");
        waiting.join().expect("no panic");
    });
}
