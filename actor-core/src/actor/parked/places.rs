//! The parked messages with their indexes. Each change keeps all indexes equal to the entries.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::actor::parked::group::{Claim, Group, Rank};

/// One parked message.
#[derive(Debug)]
pub(super) struct Entry<K, M> {
    pub(super) key: K,
    pub(super) message: M,
    pub(super) source: Option<u64>,
    pub(super) weight: usize,
    pub(super) worth: u64,
    pub(super) deadline: Option<Instant>,
}

/// The most messages of each kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) all: usize,
    pub(super) key: usize,
    pub(super) source: usize,
    pub(super) weight: usize,
}

/// Messages by their number, which is their age: the smallest is the oldest.
pub(super) struct Places<K, M> {
    entries: BTreeMap<u64, Entry<K, M>>,
    last: u64,
    weight: usize,
    /// A key whose `Ord` panics may leave the number of a removed message here. Such numbers are
    /// skipped.
    keys: BTreeMap<K, Group>,
    sources: BTreeMap<Option<u64>, Group>,
    /// The sources by their number of messages, and by their weight.
    largest: [BTreeSet<(Claim, Option<u64>)>; 2],
    deadlines: BTreeSet<(Instant, u64)>,
}

impl<K: Ord + Clone, M> Places<K, M> {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            last: 0,
            weight: 0,
            keys: BTreeMap::new(),
            sources: BTreeMap::new(),
            largest: [BTreeSet::new(), BTreeSet::new()],
            deadlines: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry<K, M>> {
        self.entries.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Entry<K, M>)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.keys.keys()
    }

    pub(super) fn awaits(&self, key: &K) -> bool {
        self.keys.contains_key(key)
    }

    /// Returns the messages of a key in the order of their arrival.
    pub(super) fn ids_of(&self, key: &K) -> Vec<u64> {
        self.keys.get(key).map(Group::by_age).unwrap_or_default()
    }

    pub(super) fn next_deadline(&self) -> Option<(Instant, u64)> {
        self.deadlines.first().copied()
    }

    pub(super) fn insert(&mut self, entry: Entry<K, M>) -> u64 {
        let id = self.last + 1;
        let rank = (entry.worth, id);
        // First, because it runs the key's own code.
        self.keys.entry(entry.key.clone()).or_default().insert(rank, entry.weight);
        self.last = id;
        let weight = entry.weight;
        self.change(entry.source, |group| group.insert(rank, weight));
        self.weight += weight;
        self.deadlines.extend(entry.deadline.map(|deadline| (deadline, id)));
        self.entries.insert(id, entry);
        id
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Entry<K, M>> {
        let entry = self.entries.remove(&id)?;
        let rank: Rank = (entry.worth, id);
        self.weight -= entry.weight;
        self.change(entry.source, |group| group.remove(rank, entry.weight));
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        // Last, because it runs the key's own code.
        if let Some(group) = self.keys.get_mut(&entry.key) {
            group.remove(rank, entry.weight);
            if group.is_empty() {
                self.keys.remove(&entry.key);
            }
        }
        Some(entry)
    }

    /// Returns the message to evict after the last one, if a bound does not hold.
    pub(super) fn over(&self, newest: u64, bounds: &Bounds) -> Option<u64> {
        let newest = self.entries.get(&newest)?;
        let of_key = self.keys.get(&newest.key)?;
        if of_key.len() > bounds.key {
            return of_key.first();
        }
        let of_source = self.sources.get(&newest.source)?;
        if newest.source.is_some() && of_source.len() > bounds.source {
            return of_source.first();
        }
        let [by_number, by_weight] = &self.largest;
        let largest = match () {
            () if self.len() > bounds.all => by_number,
            () if self.weight > bounds.weight => by_weight,
            () => return None,
        };
        let (_, source) = largest.last()?;
        self.sources.get(source)?.first()
    }

    /// Changes the group of a source, and its claims with it.
    fn change(&mut self, source: Option<u64>, change: impl FnOnce(&mut Group)) {
        let group = self.sources.entry(source).or_default();
        for (largest, claim) in self.largest.iter_mut().zip(group.claims().into_iter().flatten()) {
            largest.remove(&(claim, source));
        }
        change(group);
        for (largest, claim) in self.largest.iter_mut().zip(group.claims().into_iter().flatten()) {
            largest.insert((claim, source));
        }
        if group.is_empty() {
            self.sources.remove(&source);
        }
    }
}
