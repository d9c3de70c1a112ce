//! What is away to be verified.

use std::collections::BTreeMap;

use consensus::Interval;

/// Things that are away to be verified. What was found of them comes back in any order. It is acted on in that order
/// ([`take`](Self::take)), or in the order in which the things were sent away ([`settle`](Self::settle) and
/// [`next`](Self::next)). Bounded in number and in bytes: nobody has verified them.
#[derive(Debug)]
pub(super) struct UnderWay<T, F> {
    capacity: usize,
    most_bytes: usize,
    bytes: usize,
    next_number: u64,
    /// By number, which is the order of sending away.
    entries: BTreeMap<u64, Entry<T, F>>,
}

#[derive(Debug)]
struct Entry<T, F> {
    thing: T,
    bytes: usize,
    since: Interval,
    found: Option<F>,
}

impl<T, F> UnderWay<T, F> {
    pub(super) fn new(capacity: usize, most_bytes: usize) -> Self {
        Self { capacity, most_bytes, bytes: 0, next_number: 0, entries: BTreeMap::new() }
    }

    /// Says whether one more thing of so many bytes may be sent away.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.entries.len() < self.capacity && self.bytes + bytes <= self.most_bytes
    }

    /// Notes a thing as being sent away, and gives it a number. There must be [room](Self::has_room).
    pub(super) fn begin(&mut self, thing: T, bytes: usize, now: Interval) -> u64 {
        debug_assert!(self.has_room(bytes), "whoever sends something away looks for room first");
        let number = self.next_number;
        self.next_number += 1;
        self.bytes += bytes;
        self.entries.insert(number, Entry { thing, bytes, since: now, found: None });
        number
    }

    /// Takes a thing that has come back. None if it was given up, or has come back before.
    pub(super) fn take(&mut self, number: u64) -> Option<T> {
        let Entry { thing, bytes, .. } = self.entries.remove(&number)?;
        self.bytes -= bytes;
        Some(thing)
    }

    /// Notes what was found of a thing. What is found of one that was given up already, or found before, is left out.
    pub(super) fn settle(&mut self, number: u64, found: F) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.found.get_or_insert(found);
        }
    }

    /// Takes the thing that was sent away before all others, if it has been found what it is.
    pub(super) fn next(&mut self) -> Option<(T, F)> {
        let mut first = self.entries.first_entry()?;
        let found = first.get_mut().found.take()?;
        let Entry { thing, bytes, .. } = first.remove();
        self.bytes -= bytes;
        Some((thing, found))
    }

    /// Lists the things that were sent away before `oldest` and of which nothing was found.
    pub(super) fn overdue(&self, oldest: Interval) -> Vec<u64> {
        // Time does not run backwards, so those behind the first that is not overdue are not either.
        let early = self.entries.iter().take_while(|(_, entry)| entry.since < oldest);
        early.filter(|(_, entry)| entry.found.is_none()).map(|(number, _)| *number).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &entry.thing)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.values_mut().map(|entry| &mut entry.thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_given_out_in_the_order_of_sending_away() {
        let mut away = UnderWay::new(8, 100);
        let numbers = ["one", "two", "three"].map(|thing| away.begin(thing, 1, 0));
        away.settle(numbers[2], 'c');
        away.settle(numbers[1], 'b');
        assert_eq!(away.next(), None, "the first is still away");
        away.settle(numbers[0], 'a');
        let given: Vec<_> = std::iter::from_fn(|| away.next()).collect();
        assert_eq!(given, [("one", 'a'), ("two", 'b'), ("three", 'c')]);
        assert_eq!(away.begin("four", 1, 0), 3, "numbers are not used twice");
    }

    #[test]
    fn what_comes_back_can_be_taken_at_once_and_once_only() {
        let mut away = UnderWay::<_, ()>::new(2, 100);
        let [first, second] = ["one", "two"].map(|thing| away.begin(thing, 1, 0));
        assert_eq!((away.take(second), away.take(second)), (Some("two"), None));
        assert!(away.has_room(99));
        assert_eq!(away.take(first), Some("one"));
    }

    #[test]
    fn it_is_bounded_in_number_and_in_bytes_and_what_came_back_no_longer_counts() {
        let mut away = UnderWay::new(2, 10);
        let first = away.begin((), 8, 0);
        assert!(away.has_room(2) && !away.has_room(3));
        away.begin((), 1, 0);
        assert!(!away.has_room(0));
        away.settle(first, ());
        assert!(!away.has_room(0), "it is held until it is given out");
        assert!(away.next().is_some());
        assert!(away.has_room(9));
    }

    #[test]
    fn what_is_found_twice_or_too_late_changes_nothing() {
        let mut away = UnderWay::new(4, 10);
        let [first, second] = [3, 7].map(|now| away.begin(now, 1, now));
        assert_eq!(away.overdue(7), [first]);
        away.settle(first, "given up");
        away.settle(first, "late");
        assert_eq!(away.next(), Some((3, "given up")));
        away.settle(first, "later still");
        away.settle(second + 1, "of nothing");
        assert_eq!(away.next(), None);
        assert_eq!(away.iter().count(), 1);
    }
}
