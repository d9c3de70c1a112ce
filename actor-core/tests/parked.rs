//! Parked messages behave like a plain list of them, whatever is done in which order.

use std::cell::Cell;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use actor_core::actor::{Parked, ParkedId};
use proptest::collection::vec;
use proptest::prelude::*;

/// A parked message of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Letter {
    number: u64,
    source: Option<u64>,
    weight: usize,
    worth: u64,
}

/// The same with a list: every operation visits all messages.
#[derive(Debug, Default)]
struct Model {
    letters: Vec<(u8, Letter, Option<u64>)>,
    bounds: [usize; 4],
}

/// The message of a group to evict first.
fn first<'a>(group: impl Iterator<Item = &'a Letter>) -> Option<u64> {
    group.min_by_key(|letter| (letter.worth, letter.number)).map(|letter| letter.number)
}

impl Model {
    fn take(&mut self, number: u64) -> (u8, Letter) {
        let place = self.letters.iter().position(|(_, letter, _)| letter.number == number);
        let (key, letter, _) = self.letters.remove(place.expect("it is in the list"));
        (key, letter)
    }

    /// Returns the messages without a place. The new one may be the last of them.
    fn park(&mut self, key: u8, letter: Letter, deadline: Option<u64>) -> Vec<(u8, Letter)> {
        let [all, of_key, of_source, weight] = self.bounds;
        if letter.weight > weight {
            return vec![(key, letter)];
        }
        let (number, source) = (letter.number, letter.source);
        self.letters.push((key, letter, deadline));
        let mut out = Vec::new();
        loop {
            let letters = || self.letters.iter().map(|(_, letter, _)| letter);
            let mut alike = self.letters.iter().filter(|(other, ..)| *other == key);
            let next = if alike.clone().count() > of_key {
                first(alike.by_ref().map(|(_, letter, _)| letter))
            } else if source.is_some()
                && letters().filter(|letter| letter.source == source).count() > of_source
            {
                first(letters().filter(|letter| letter.source == source))
            } else if letters().count() > all {
                self.of_largest(|_| 1)
            } else if letters().map(|letter| letter.weight).sum::<usize>() > weight {
                self.of_largest(|letter| letter.weight)
            } else {
                return out;
            };
            let next = next.expect("a bound is exceeded");
            let taken = self.take(next);
            out.push(taken);
            if next == number {
                return out;
            }
        }
    }

    /// The first message of the source with the greatest sum.
    fn of_largest(&self, size: impl Fn(&Letter) -> usize) -> Option<u64> {
        let group = |source| {
            let letters = self.letters.iter().map(|(_, letter, _)| letter);
            letters.filter(move |letter| letter.source == source)
        };
        let claim = |source| {
            let sum: usize = group(source).map(&size).sum();
            let first = group(source).map(|letter| (letter.worth, letter.number)).min();
            (sum, std::cmp::Reverse(first))
        };
        let sources = self.letters.iter().map(|(_, letter, _)| letter.source);
        first(group(sources.max_by_key(|source| claim(*source))?))
    }

    fn remove_if(
        &mut self,
        mut meant: impl FnMut(u8, &Letter, Option<u64>) -> bool,
    ) -> Vec<(u8, Letter)> {
        let numbers: Vec<u64> = self
            .letters
            .iter()
            .filter(|(key, letter, deadline)| meant(*key, letter, *deadline))
            .map(|(_, letter, _)| letter.number)
            .collect();
        numbers.into_iter().map(|number| self.take(number)).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Park { key: u8, source: Option<u64>, weight: usize, worth: u64, after: Option<u64> },
    Release(u8, usize),
    Expire(u64),
    Remove(u64),
    RemoveWorth(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let park =
        (0..4_u8, prop::option::of(0..4_u64), 0..9_usize, 0..3_u64, prop::option::of(0..9_u64))
            .prop_map(|(key, source, weight, worth, after)| Step::Park {
                key,
                source,
                weight,
                worth,
                after,
            });
    prop_oneof![
        8 => park,
        1 => (0..4_u8, 0..9_usize).prop_map(|(key, most)| Step::Release(key, most)),
        1 => (1..4_u64).prop_map(Step::Expire),
        1 => (0..99_u64).prop_map(Step::Remove),
        1 => (0..3_u64).prop_map(Step::RemoveWorth),
    ]
}

proptest! {
    #[test]
    fn parked_messages_behave_like_a_list_of_them(
        bounds in (1..9_usize, 1..6_usize, 1..6_usize, 1..30_usize),
        has_sources in any::<bool>(),
        steps in vec(step(), 0..120),
    ) {
        let (all, of_key, of_source, weight) = bounds;
        let mut model = Model { bounds: [all, of_key, of_source, weight], ..Model::default() };
        let mut parked = Parked::new(all)
            .per_key(of_key)
            .weighing(weight, |letter: &Letter| letter.weight)
            .worth(|letter| letter.worth);
        if has_sources {
            parked = parked.per_source(of_source, |letter| letter.source);
        }
        let begin = epoch();
        let at = |time: u64| begin + Duration::from_secs(time);
        let (mut number, mut time, mut ids) = (0, 0, Vec::<Option<ParkedId>>::new());
        let mut counts = [0_u64; 6];
        for step in steps {
            match step {
                Step::Park { key, source, weight, worth, after } => {
                    let source = source.filter(|_| has_sources);
                    let letter = Letter { number, source, weight, worth };
                    let deadline = after.map(|after| time + after);
                    let placed = match deadline {
                        Some(deadline) => parked.park_until(key, letter.clone(), at(deadline)),
                        None => parked.park(key, letter.clone()),
                    };
                    let out = model.park(key, letter, deadline);
                    let is_refused = out.last().is_some_and(|(_, last)| last.number == number);
                    prop_assert_eq!(placed.id.is_none(), is_refused);
                    counts[usize::from(is_refused)] += 1;
                    counts[3] += (out.len() - usize::from(is_refused)) as u64;
                    prop_assert_eq!(placed.evicted, out);
                    ids.push(placed.id);
                    number += 1;
                }
                Step::Release(key, most) => {
                    let released: Vec<_> = parked.release(&key).take(most).collect();
                    let mut left = most;
                    let expected = model.remove_if(|other, _, _| {
                        let is_meant = other == key && left > 0;
                        left -= usize::from(is_meant);
                        is_meant
                    });
                    counts[2] += released.len() as u64;
                    let expected: Vec<_> = expected.into_iter().map(|(_, letter)| letter).collect();
                    prop_assert_eq!(released, expected);
                }
                Step::Expire(seconds) => {
                    time += seconds;
                    let expired = Vec::from_iter(parked.expire(at(time)));
                    let mut expected = model.letters.clone();
                    expected.retain(|(.., deadline)| deadline.is_some_and(|at| at <= time));
                    expected.sort_by_key(|(_, letter, deadline)| (*deadline, letter.number));
                    model.remove_if(|_, _, deadline| deadline.is_some_and(|at| at <= time));
                    counts[4] += expired.len() as u64;
                    let expected: Vec<_> =
                        expected.into_iter().map(|(key, letter, _)| (key, letter)).collect();
                    prop_assert_eq!(expired, expected);
                }
                Step::Remove(which) => {
                    let Some(Some(id)) = ids.get(which as usize).copied() else { continue };
                    let expected = model.remove_if(|_, letter, _| letter.number == which).pop();
                    prop_assert_eq!(
                        parked.get(id).map(|(key, letter)| (*key, letter.clone())),
                        expected.clone()
                    );
                    counts[5] += u64::from(expected.is_some());
                    prop_assert_eq!(parked.remove(id), expected);
                }
                Step::RemoveWorth(worth) => {
                    let removed = parked.remove_where(|_, letter| letter.worth == worth);
                    counts[5] += removed.len() as u64;
                    let expected = model.remove_if(|_, letter, _| letter.worth == worth);
                    prop_assert_eq!(removed, expected);
                }
            }
            let all: Vec<_> =
                parked.iter().map(|(key, letter)| (*key, letter.clone())).collect();
            let expected: Vec<_> =
                model.letters.iter().map(|(key, letter, _)| (*key, letter.clone())).collect();
            prop_assert_eq!(all, expected);
            let mut keys: Vec<_> = model.letters.iter().map(|(key, ..)| *key).collect();
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(parked.keys().copied().collect::<Vec<_>>(), keys);
            let next = model.letters.iter().filter_map(|(.., deadline)| *deadline).min();
            prop_assert_eq!(parked.next_deadline(), next.map(at));
            let stats = parked.stats();
            prop_assert_eq!(stats.waiting, model.letters.len());
            let weights = model.letters.iter().map(|(_, letter, _)| letter.weight);
            prop_assert_eq!(stats.weight, weights.sum::<usize>());
            prop_assert_eq!(
                [
                    stats.parked,
                    stats.refused,
                    stats.released,
                    stats.evicted,
                    stats.expired,
                    stats.removed,
                ],
                counts
            );
        }
    }
}

/// Some time: tests of parked messages choose all others after it.
#[expect(
    clippy::disallowed_methods,
    reason = "any instant will do, and there is no other way to one"
)]
fn epoch() -> Instant {
    Instant::now()
}

thread_local! {
    /// The comparisons of keys until one panics.
    static LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// A key whose order panics at a chosen comparison.
#[derive(Clone, PartialEq, Eq)]
struct Fragile(u8);

impl Ord for Fragile {
    fn cmp(&self, other: &Self) -> Ordering {
        LEFT.set(LEFT.get() - 1);
        assert!(LEFT.get() > 0, "on purpose");
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Fragile {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn a_key_that_panics_loses_at_most_its_own_message() {
    for panics_at in 1..12 {
        LEFT.set(u32::MAX);
        let mut parked = Parked::new(4);
        for n in 0..4 {
            parked.park(Fragile(n % 3), n);
        }
        LEFT.set(panics_at);
        let parking = catch_unwind(AssertUnwindSafe(|| parked.park(Fragile(1), 4).evicted.len()));
        LEFT.set(u32::MAX);
        let waiting = parked.len();
        assert!(waiting == 4 || parking.is_err() && (3..=5).contains(&waiting), "{panics_at}");
        // All operations still work, and account for what is there.
        let rest: usize = (0..3).map(|key| parked.release(&Fragile(key)).count()).sum();
        assert_eq!((rest, parked.len()), (waiting, 0), "{panics_at}");
        for n in 0..9 {
            parked.park(Fragile(n % 3), n);
        }
        assert_eq!(parked.len(), 4, "{panics_at}");
    }
}

#[test]
fn a_panic_in_a_function_of_the_message_changes_nothing() {
    let mut parked = Parked::new(4).weighing(100, |n: &usize| {
        assert_ne!(*n, 7, "on purpose");
        *n
    });
    parked.park(1, 5);
    let before = parked.stats();
    assert!(catch_unwind(AssertUnwindSafe(|| parked.park(1, 7))).is_err());
    assert_eq!(parked.stats(), before);
    let meant = |_: &i32, n: &usize| *n == 5 || panic!("on purpose");
    parked.park(1, 6);
    assert!(catch_unwind(AssertUnwindSafe(|| parked.remove_where(meant))).is_err());
    assert_eq!(Vec::from_iter(parked.release(&1)), [5, 6]);
}

#[test]
fn a_flood_evicts_only_the_messages_of_its_source_by_number_and_by_weight() {
    let source = |message: &(u64, usize)| Some(message.0);
    let mut by_number = Parked::new(8).per_source(usize::MAX, source);
    (0..3).for_each(|n| drop(by_number.park("block", (1, n))));
    (10..100).for_each(|n| drop(by_number.park("block", (2, n))));
    (0..2).for_each(|n| drop(by_number.park("block", (3 + n, 200))));
    let numbers: Vec<_> = by_number.release(&"block").map(|message| message.1).collect();
    assert_eq!(numbers, [0, 1, 2, 97, 98, 99, 200, 200]);

    let mut by_weight =
        Parked::new(1000).per_source(usize::MAX, source).weighing(100, |message| message.1);
    (0..9).for_each(|_| drop(by_weight.park("block", (1, 5))));
    (0..9).for_each(|_| drop(by_weight.park("block", (2, 30))));
    let honest = by_weight.iter().filter(|(_, message)| message.0 == 1).count();
    assert_eq!(honest, 9, "the heavy source loses its own messages");
}
