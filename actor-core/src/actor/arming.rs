//! Values in the order of their times. Each is found by its id as well. Pure.
//!
//! Two B-trees: a place in a B-tree costs O(log n) steps in every case, and its memory follows the
//! number of values. A heap in one block would double its block in one step, and a cancelled value
//! would stay in it. The second tree has only values that were armed again, because an id states
//! the time of its first arming.

use std::collections::BTreeMap;
// Not the model checkers': a static outlives their runs, and nothing depends on its order.
use std::sync::atomic::{AtomicU64, Ordering};

/// Values with times of type `T`.
pub(crate) struct Arming<T, V> {
    /// In the order of the times, and of the numbers for equal times.
    queue: BTreeMap<Place<T>, V>,
    /// By the number of each value armed again: its id, and its time now.
    moved: BTreeMap<u64, (T, T)>,
    /// The first place of `queue`, because the actor compares it for each message.
    first: Option<Place<T>>,
    /// The number of the last new value.
    last: u64,
}

/// The time and the number of a value. The place of the first arming is the value's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place<T> {
    at: T,
    number: u64,
}

/// A value taken from its place.
pub(crate) struct Taken<T, V> {
    pub(crate) at: T,
    pub(crate) number: u64,
    pub(crate) value: V,
}

/// The first number of the next [`Arming`], so that an id of an ended life or of another actor
/// names no value of this one, also on a clock that stands still.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// More than an actor arms in one life.
const MOST_VALUES: u64 = 1 << 40;

impl<T: Copy + Ord, V> Arming<T, V> {
    pub(crate) fn new() -> Self {
        let last = NUMBERS.fetch_add(MOST_VALUES, Ordering::Relaxed);
        Self { queue: BTreeMap::new(), moved: BTreeMap::new(), first: None, last }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns the values and their times, in this order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (T, &V)> {
        self.queue.iter().map(|(place, value)| (place.at, value))
    }

    /// Returns the earliest time.
    #[inline]
    pub(crate) fn first(&self) -> Option<T> {
        self.first.map(|place| place.at)
    }

    /// Adds a value. Returns its id.
    pub(crate) fn insert(&mut self, at: T, value: V) -> Place<T> {
        self.last += 1;
        let place = Place { at, number: self.last };
        self.put(place, value);
        place
    }

    /// Takes the earliest value. The caller then calls [`again`](Self::again) or
    /// [`forget`](Self::forget) with its number, unless it was never armed again.
    pub(crate) fn pop(&mut self) -> Option<Taken<T, V>> {
        let (Place { at, number }, value) = self.queue.pop_first()?;
        self.see_first();
        Some(Taken { at, number, value })
    }

    /// Puts a taken value at another time. Its id stays the same.
    pub(crate) fn again(&mut self, taken: Taken<T, V>, at: T) {
        let Taken { at: before, number, value } = taken;
        self.moved.entry(number).and_modify(|(_id, now)| *now = at).or_insert((before, at));
        self.put(Place { at, number }, value);
    }

    /// Ends the id of a taken value.
    pub(crate) fn forget(&mut self, number: u64) {
        self.moved.remove(&number);
    }

    /// Removes a value by its id.
    pub(crate) fn remove(&mut self, id: Place<T>) -> Option<V> {
        let place = match self.moved.get(&id.number) {
            // The id of another actor may have the same number.
            Some((at, _)) if *at != id.at => return None,
            Some(&(_, at)) => Place { at, ..id },
            None => id,
        };
        let value = self.queue.remove(&place)?;
        self.moved.remove(&id.number);
        if self.first == Some(place) {
            self.see_first();
        }
        Some(value)
    }

    fn put(&mut self, place: Place<T>, value: V) {
        self.queue.insert(place, value);
        if self.first.is_none_or(|first| place < first) {
            self.first = Some(place);
        }
    }

    fn see_first(&mut self) {
        self.first = self.queue.first_key_value().map(|(&place, _)| place);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering as Order;

    use super::*;

    thread_local!(static COMPARISONS: Cell<u64> = const { Cell::new(0) });

    /// A time that counts its comparisons.
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Counted(u64);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Order {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Order> {
            Some(self.cmp(other))
        }
    }

    /// Returns the most comparisons of one operation, with this number of values.
    fn most_comparisons(values: u64) -> u64 {
        let most = Cell::new(0);
        let count = |operation: &mut dyn FnMut()| {
            COMPARISONS.set(0);
            operation();
            most.set(most.get().max(COMPARISONS.get()));
        };
        let mut arming = Arming::new();
        // A permutation of the numbers below 2^20, so the times come in no order.
        let time = |n: u64| Counted(n.wrapping_mul(0x9_e377) % (1 << 20));
        let mut ids = Vec::new();
        for n in 0..values {
            count(&mut || ids.push(arming.insert(time(n), n)));
        }
        for id in ids.into_iter().step_by(3) {
            count(&mut || assert!(arming.remove(id).is_some()));
        }
        for n in 0..values / 3 {
            count(&mut || {
                let taken = arming.pop().expect("two thirds are left");
                arming.again(taken, Counted((1 << 20) + n));
            });
        }
        while arming.len() > 0 {
            count(&mut || _ = arming.pop());
        }
        most.get()
    }

    #[test]
    fn each_operation_takes_a_logarithmic_number_of_comparisons() {
        // At most 11 comparisons for each of the levels, with 6 values in a node at least.
        assert!(most_comparisons(100) <= 24, "{}", most_comparisons(100));
        assert!(most_comparisons(10_000) <= 56, "{}", most_comparisons(10_000));
        assert!(most_comparisons(100_000) <= 72, "{}", most_comparisons(100_000));
    }

    #[test]
    fn an_id_with_the_number_of_another_value_finds_nothing() {
        let mut arming = Arming::new();
        arming.insert(5, "kept");
        let taken = arming.pop().expect("it was inserted");
        let number = taken.number;
        arming.again(taken, 6);
        assert_eq!(arming.remove(Place { at: 6, number }), None);
        assert_eq!(arming.remove(Place { at: 5, number }), Some("kept"));
    }

    #[test]
    fn an_id_of_another_actor_at_the_same_time_finds_nothing() {
        let (mut one, mut other) = (Arming::new(), Arming::new());
        let [first, second] = [&mut one, &mut other].map(|arming| arming.insert(5, "kept"));
        assert_ne!(first, second);
        assert_eq!(one.remove(second), None);
        assert_eq!(one.remove(first), Some("kept"));
    }
}
