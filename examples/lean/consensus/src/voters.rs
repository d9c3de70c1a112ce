//! Sets of validators as words of bits. Joining or comparing two sets takes at most 64 instructions
//! on words.

use crate::attestation::AggregationBits;
use crate::bits::{WORD, words};
use crate::slot::ValidatorIndex;

/// A set of validators, as long as needed for its highest member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Voters {
    /// The last word is not zero, so sets with the same members compare equal.
    words: Vec<u64>,
}

impl Voters {
    /// Collects the validators with a set bit.
    pub(crate) fn of(bits: &AggregationBits) -> Self {
        Self::of_bits(bits.as_bytes(), 0, bits.len())
    }

    /// Collects the validators with a set bit among `length` bits starting at position `from`.
    pub(crate) fn of_bits(bytes: &[u8], from: usize, length: usize) -> Self {
        let mut words: Vec<u64> = words(bytes, from, length).collect();
        let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        words.truncate(used);
        Self { words }
    }

    pub(crate) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns whether all members are below `end`.
    pub(crate) fn are_below(&self, end: usize) -> bool {
        self.words.iter().rposition(|word| *word != 0).is_none_or(|last| {
            let highest = last * WORD + self.words[last].ilog2() as usize;
            highest < end
        })
    }

    pub(crate) fn contains(&self, voter: ValidatorIndex) -> bool {
        usize::try_from(voter)
            .ok()
            .and_then(|voter| Some(self.words.get(voter / WORD)? >> (voter % WORD)))
            .is_some_and(|bits| bits & 1 == 1)
    }

    /// Returns the members, lowest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ValidatorIndex> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let lowest = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some((place * WORD + lowest) as ValidatorIndex)
            })
        })
    }

    /// Returns the number of members not in the other set.
    pub(crate) fn count_without(&self, other: &Self) -> usize {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words
            .iter()
            .zip(others)
            .map(|(word, other)| (word & !other).count_ones() as usize)
            .sum()
    }

    /// Adds the members of another set and returns the number of new members.
    pub(crate) fn join(&mut self, other: &Self) -> usize {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        let mut joined = 0;
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            joined += (other & !*word).count_ones() as usize;
            *word |= other;
        }
        joined
    }

    /// Returns the common members of the two sets.
    pub(crate) fn common(&self, other: &Self) -> Self {
        let both = self.words.iter().zip(&other.words).map(|(word, other)| word & other);
        let mut common = Self { words: both.collect() };
        common.trim();
        common
    }

    /// Removes the members of another set.
    pub(crate) fn remove(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
        self.trim();
    }

    /// Removes one member.
    pub(crate) fn remove_one(&mut self, voter: ValidatorIndex) {
        let place = usize::try_from(voter).unwrap_or(usize::MAX);
        if let Some(word) = self.words.get_mut(place / WORD) {
            *word &= !(1 << (place % WORD));
        }
        self.trim();
    }

    /// Adds one member, which must be below the largest size of a registry.
    pub(crate) fn insert(&mut self, voter: ValidatorIndex) {
        let place = voter as usize;
        if self.words.len() <= place / WORD {
            self.words.resize(place / WORD + 1, 0);
        }
        self.words[place / WORD] |= 1 << (place % WORD);
    }

    fn trim(&mut self) {
        let used = self.words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        self.words.truncate(used);
    }

    /// Returns the members as words of 64 bits, lowest first.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.words.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::Voters;
    use crate::attestation::aggregation_bits;
    use crate::slot::ValidatorIndex;

    fn voters(members: &BTreeSet<ValidatorIndex>) -> Voters {
        aggregation_bits(members.iter().copied()).map(|bits| Voters::of(&bits)).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn they_are_sets(first in btree_set(0u64..300, 0..40), second in btree_set(0u64..300, 0..40), end in 0u64..310) {
            let (mut joined, other) = (voters(&first), voters(&second));
            prop_assert_eq!(joined.len(), first.len());
            prop_assert_eq!(joined.is_empty(), first.is_empty());
            prop_assert_eq!(joined.contains(end), first.contains(&end));
            prop_assert_eq!(joined.are_below(end as usize), first.iter().all(|member| *member < end));
            prop_assert_eq!(joined.count_without(&other), first.difference(&second).count());
            let common = voters(&first.intersection(&second).copied().collect());
            prop_assert_eq!(joined.common(&other), common);
            prop_assert_eq!(joined.iter().collect::<BTreeSet<_>>(), first.clone());
            let mut rest = joined.clone();
            rest.remove(&other);
            prop_assert_eq!(&rest, &voters(&first.difference(&second).copied().collect()));
            let mut one_by_one = Voters::default();
            other.iter().for_each(|voter| one_by_one.insert(voter));
            prop_assert_eq!(&one_by_one, &other);
            first.iter().for_each(|voter| one_by_one.remove_one(*voter));
            prop_assert_eq!(one_by_one, voters(&second.difference(&first).copied().collect()));
            prop_assert_eq!(joined.join(&other), second.difference(&first).count());
            prop_assert_eq!(joined, voters(&first.union(&second).copied().collect()));
        }
    }
}
