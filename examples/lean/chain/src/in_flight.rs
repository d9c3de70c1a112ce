//! Blocks and votes in flight: sent to a verifier, without a result yet.

use std::collections::{BTreeMap, BTreeSet};

use consensus::Interval;

/// Items in flight, with their results as they arrive.
///
/// Results arrive in any order. They are processed on arrival ([`take`](Self::take)), or in the
/// order of starting within a [`Line`] ([`settle`](Self::settle) and [`next`](Self::next)). The
/// items are unverified, so their number and their total size are bounded.
#[derive(Debug)]
pub(super) struct InFlight<T, R> {
    capacity: usize,
    most_bytes: usize,
    bytes: usize,
    next_number: u64,
    /// By number, which is the order of starting.
    entries: BTreeMap<u64, Entry<T, R>>,
    /// The numbers of each line.
    lines: [BTreeSet<u64>; Line::ALL.len()],
}

/// Items processed in the order of their start. No line waits for another: the verification of a
/// stranger's item may take long, because its turn comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// This node's own items and those of configured peers.
    First,
    /// Items of strangers.
    Stranger,
}

impl Line {
    const ALL: [Self; 2] = [Self::First, Self::Stranger];
}

#[derive(Debug)]
struct Entry<T, R> {
    item: T,
    line: Line,
    bytes: usize,
    since: Interval,
    result: Option<R>,
}

impl<T, R> InFlight<T, R> {
    pub(super) fn new(capacity: usize, most_bytes: usize) -> Self {
        let lines = Line::ALL.map(|_| BTreeSet::new());
        Self { capacity, most_bytes, bytes: 0, next_number: 0, entries: BTreeMap::new(), lines }
    }

    /// Returns the number of items.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether one more item of this size may start.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.entries.len() < self.capacity && self.bytes + bytes <= self.most_bytes
    }

    /// Adds an item and returns its number. There must be [room](Self::has_room).
    pub(super) fn begin(&mut self, item: T, bytes: usize, now: Interval, line: Line) -> u64 {
        debug_assert!(self.has_room(bytes), "the caller checks for room first");
        let number = self.next_number;
        self.next_number += 1;
        self.bytes += bytes;
        self.lines[line as usize].insert(number);
        self.entries.insert(number, Entry { item, line, bytes, since: now, result: None });
        number
    }

    /// Removes an item. Returns `None` if it was removed before.
    pub(super) fn take(&mut self, number: u64) -> Option<T> {
        let Entry { item, line, bytes, .. } = self.entries.remove(&number)?;
        self.lines[line as usize].remove(&number);
        self.bytes -= bytes;
        Some(item)
    }

    /// Stores an item's result. A second result, and the result of a removed item, are ignored.
    pub(super) fn settle(&mut self, number: u64, result: R) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.result.get_or_insert(result);
        }
    }

    /// Removes the oldest item of a line, if it has its result. The first line comes first.
    pub(super) fn next(&mut self) -> Option<(T, R)> {
        let oldest = Line::ALL.map(|line| self.lines[line as usize].first().copied());
        oldest.into_iter().flatten().find_map(|number| {
            let result = self.entries.get_mut(&number)?.result.take()?;
            Some((self.take(number)?, result))
        })
    }

    /// Returns the items started before `oldest` and without a result.
    pub(super) fn overdue(&self, oldest: Interval) -> Vec<u64> {
        // Time does not run backwards, so no item after the first recent one is overdue.
        let early = self.entries.iter().take_while(|(_, entry)| entry.since < oldest);
        early.filter(|(_, entry)| entry.result.is_none()).map(|(number, _)| *number).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &entry.item)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.values_mut().map(|entry| &mut entry.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_returned_in_the_order_of_starting() {
        let mut in_flight = InFlight::new(8, 100);
        let numbers = ["one", "two", "three"].map(|item| in_flight.begin(item, 1, 0, Line::First));
        in_flight.settle(numbers[2], 'c');
        in_flight.settle(numbers[1], 'b');
        assert_eq!(in_flight.next(), None, "the first has no result yet");
        in_flight.settle(numbers[0], 'a');
        let returned: Vec<_> = std::iter::from_fn(|| in_flight.next()).collect();
        assert_eq!(returned, [("one", 'a'), ("two", 'b'), ("three", 'c')]);
        assert_eq!(in_flight.begin("four", 1, 0, Line::First), 3, "numbers are not used twice");
    }

    #[test]
    fn a_result_of_the_first_line_waits_for_no_item_of_strangers() {
        let mut in_flight = InFlight::new(8, 100);
        let stranger = in_flight.begin("stranger", 1, 0, Line::Stranger);
        let configured = ["one", "two"].map(|item| in_flight.begin(item, 1, 0, Line::First));
        in_flight.settle(configured[0], 'a');
        assert_eq!(in_flight.next(), Some(("one", 'a')));
        in_flight.settle(stranger, 's');
        assert_eq!(in_flight.next(), Some(("stranger", 's')), "and no stranger waits for it");
        in_flight.settle(configured[1], 'b');
        assert_eq!(in_flight.next(), Some(("two", 'b')));
        assert!(in_flight.lines.iter().all(BTreeSet::is_empty));
    }

    #[test]
    fn an_item_can_be_taken_out_of_order_and_only_once() {
        let mut in_flight = InFlight::<_, ()>::new(2, 100);
        let [first, second] = ["one", "two"].map(|item| in_flight.begin(item, 1, 0, Line::First));
        assert_eq!((in_flight.take(second), in_flight.take(second)), (Some("two"), None));
        assert!(in_flight.has_room(99));
        assert_eq!(in_flight.take(first), Some("one"));
    }

    #[test]
    fn number_and_bytes_are_bounded_and_a_returned_item_no_longer_counts() {
        let mut in_flight = InFlight::new(2, 10);
        let first = in_flight.begin((), 8, 0, Line::First);
        assert!(in_flight.has_room(2) && !in_flight.has_room(3));
        in_flight.begin((), 1, 0, Line::First);
        assert!(!in_flight.has_room(0));
        in_flight.settle(first, ());
        assert!(!in_flight.has_room(0), "it is held until it is returned");
        assert!(in_flight.next().is_some());
        assert!(in_flight.has_room(9));
    }

    #[test]
    fn a_second_or_late_result_changes_nothing() {
        let mut in_flight = InFlight::new(4, 10);
        let [first, second] = [3, 7].map(|now| in_flight.begin(now, 1, now, Line::First));
        assert_eq!(in_flight.overdue(7), [first]);
        in_flight.settle(first, "given up");
        in_flight.settle(first, "late");
        assert_eq!(in_flight.next(), Some((3, "given up")));
        in_flight.settle(first, "later still");
        in_flight.settle(second + 1, "of nothing");
        assert_eq!(in_flight.next(), None);
        assert_eq!(in_flight.iter().count(), 1);
    }
}
