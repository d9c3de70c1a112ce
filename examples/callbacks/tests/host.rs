//! The functions as a host in C calls them, on several threads.
#![expect(unsafe_code, reason = "the functions of C are unsafe")]

use std::thread;

use callbacks::{votes_on_vote, votes_start, votes_stop};

const THREADS: u64 = 4;
const EACH: u64 = 1_000;

#[test]
fn every_vote_of_every_callback_is_counted() {
    let votes = votes_start();
    assert!(!votes.is_null());
    let address = votes.expose_provenance();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(move || {
                for slot in 0..EACH {
                    // SAFETY: the votes are stopped after this scope.
                    while !unsafe {
                        votes_on_vote(std::ptr::with_exposed_provenance(address), slot)
                    } {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    // SAFETY: no callback runs any more.
    assert_eq!(unsafe { votes_stop(votes) }, THREADS * EACH);
}
