//! The waits of one actor's handlers for other actors, readable by any thread.
//!
//! # Protocol
//!
//! A fixed number of places, each one word: whether it is in use, what is awaited, the number of
//! the awaited actor, and a stamp.
//!
//! ```text
//! begin: the thread that polls the waiting future      end: the thread that polls or drops it
//!   a word not in use -> in use, the stamp + 1           the word -> not in use, the same stamp
//!     by an exchange: one of several threads succeeds
//!
//! look: any thread                                     reads each word once
//! ```
//!
//! Usually one thread begins and ends all waits of an actor. A future polled in a handler may be
//! moved to another thread, and end its wait there: the exchange keeps two waits out of one place.
//!
//! The stamp of a place changes with each wait in it. So a word read twice, at two looks, is one
//! wait, and that wait lasted from the first look to the second. (After 2^26 waits in one place the
//! stamp comes back.) The words of several actors read twice, all with the same values, therefore
//! were true at the same moment: between the two rounds. This makes a ring of waits certain.
//!
//! A wait beyond [`MOST`] at the same time is not written down.

use crate::mailbox::seen::SeenWait;
use crate::sync::{AtomicU64, Ordering};

/// The waits of one actor that are written down at the same time.
pub(crate) const MOST: usize = 6;

/// The place is in use.
const IN_USE: u64 = 1 << 63;
/// The wait is for room, not for an answer.
const ROOM: u64 = 1 << 62;
/// The bits of the awaited actor's number.
const NUMBER: u64 = (1 << 36) - 1;
/// One step of the stamp.
const STAMP: u64 = NUMBER + 1;
/// The bits of the stamp.
const STAMPS: u64 = ROOM - STAMP;

/// What a handler waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Answer,
    Room,
}

/// The place of one wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

/// The places of one actor's waits.
pub(crate) struct Waits {
    places: [AtomicU64; MOST],
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self { places: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Writes a wait down. `None` if all places are in use.
    pub(crate) fn begin(&self, what: What, number: u64) -> Option<Place> {
        let what = if what == What::Room { ROOM } else { 0 };
        let begins = |word: u64| {
            let stamp = word.wrapping_add(STAMP) & STAMPS;
            (word & IN_USE == 0).then_some(IN_USE | what | stamp | (number & NUMBER))
        };
        let free = |place: &AtomicU64| {
            // Release: pairs with the Acquire of a look, which may then read the awaited actor.
            place.fetch_update(Ordering::AcqRel, Ordering::Relaxed, begins).is_ok()
        };
        self.places.iter().position(free).map(|place| Place(place as u32))
    }

    /// Ends a wait. Called once for each begin.
    pub(crate) fn end(&self, Place(place): Place) {
        if let Some(place) = self.places.get(place as usize) {
            // No other thread writes a word in use.
            let word = place.load(Ordering::Relaxed);
            place.store(word & !IN_USE, Ordering::Release);
        }
    }

    /// Returns the waits that last now.
    pub(crate) fn look(&self) -> Vec<SeenWait> {
        let words = self.places.iter().map(|place| place.load(Ordering::Acquire));
        let waiting = |(place, word): (usize, u64)| {
            (word & IN_USE != 0).then_some(SeenWait {
                number: word & NUMBER,
                is_for_room: word & ROOM != 0,
                stamp: ((word & STAMPS) / STAMP) * MOST as u64 + place as u64,
            })
        };
        words.enumerate().filter_map(waiting).collect()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seen_from_its_begin_to_its_end_and_then_no_more() {
        let waits = Waits::new();
        let first = waits.begin(What::Answer, 7).expect("there is a place");
        let second = waits.begin(What::Room, NUMBER).expect("there is a place");
        let seen = waits.look();
        assert_eq!(
            seen.iter().map(|wait| (wait.is_for_room, wait.number)).collect::<Vec<_>>(),
            [(false, 7), (true, NUMBER)]
        );
        waits.end(first);
        assert_eq!(waits.look(), seen[1..]);
        waits.end(second);
        assert_eq!(waits.look(), []);
    }

    #[test]
    fn the_same_wait_begun_again_has_another_stamp() {
        let waits = Waits::new();
        let mut stamps = Vec::new();
        for _ in 0..100 {
            let place = waits.begin(What::Answer, 7).expect("there is a place");
            stamps.push(waits.look()[0].stamp);
            waits.end(place);
        }
        stamps.dedup();
        assert_eq!(stamps.len(), 100);
    }

    #[test]
    fn a_stamp_at_its_end_begins_again_and_changes_nothing_else() {
        let waits = Waits::new();
        waits.places[0].store(STAMPS, Ordering::Relaxed);
        waits.begin(What::Room, 3).expect("there is a place");
        assert_eq!(waits.look(), [SeenWait { is_for_room: true, number: 3, stamp: 0 }]);
    }

    #[test]
    fn a_wait_without_a_place_is_not_written_down() {
        let waits = Waits::new();
        let places: Vec<_> = (0..MOST).map(|_| waits.begin(What::Answer, 1)).collect();
        assert!(places.iter().all(Option::is_some));
        assert_eq!(waits.begin(What::Answer, 1), None);
        places.into_iter().flatten().for_each(|place| waits.end(place));
        assert!(waits.begin(What::Answer, 1).is_some());
    }
}
