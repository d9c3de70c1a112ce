//! Fork choice by the rule of today, and by the rule before #1181.
//!
//! Before #1181, the first of a validator's votes in one slot counted, in the order of a pool. The
//! store has no such order any more. So this file follows the order of the specification's pools,
//! and computes fork choice by its own walk over every vote and block.
//!
//! The walk is also made by the rule of today. A difference from the vector is explained by the
//! change only if this walk agrees with the store.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use consensus::{
    AttestationData, Block, Checkpoint, INTERVALS_PER_SLOT, Proofs, Root, Slot, Store,
    ValidatorIndex, validator_indices,
};

/// The votes of a pool, in the order of the specification's pool.
#[derive(Clone, Debug, Default)]
struct Order(Vec<AttestationData>);

impl Order {
    /// Returns the order in which the first of several votes is the one of today's rule.
    fn by_root(&self) -> Self {
        let mut votes = self.0.clone();
        votes.sort_by_key(|data| Reverse(Root::of(data)));
        Self(votes)
    }

    /// Returns the order after a step: the votes of before that are still there, then those of
    /// another pool, then the new ones.
    fn follow<'a>(
        &self,
        other: &Self,
        pool: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>,
    ) -> Self {
        let now: Vec<_> = pool.map(|(data, _)| *data).collect();
        let mut seen = HashSet::new();
        let all = self.0.iter().chain(&other.0).chain(&now);
        Self(all.filter(|data| now.contains(data) && seen.insert(**data)).copied().collect())
    }
}

/// The order of the votes in both pools of proofs, and what depended on it before #1181.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    known: Order,
    new: Order,
    /// The safe target by the rule before #1181, if it differed at its last update.
    safe_target: Option<Root>,
}

impl Orders {
    /// Returns the place of a vote in the order of its pool.
    pub(super) fn place(&self, data: &AttestationData) -> Option<usize> {
        let mut votes = self.known.0.iter().chain(&self.new.0);
        votes.position(|vote| vote == data)
    }

    /// Follows a step. The votes of an imported block come first among the counted ones.
    pub(super) fn follow(&mut self, store: &Store, block: Option<&Block>) {
        let of_block = block.into_iter().flat_map(|block| block.body.attestations.iter());
        let first = Order(of_block.map(|vote| vote.data).collect());
        let waited = std::mem::take(&mut self.new);
        let before = std::mem::take(&mut self.known);
        let joined = Order(first.0.into_iter().chain(before.0).collect());
        self.known = joined.follow(&waited, store.pools().known_proofs());
        self.new = waited.follow(&Order::default(), store.pools().new_proofs());
    }

    /// Follows one interval of a tick. The store updates its safe target in interval 3.
    pub(super) fn follow_interval(&mut self, store: &Store) {
        let pools = store.pools();
        if pools.known_proofs().chain(pools.new_proofs()).next().is_none() {
            // A tick may be a million intervals long.
            *self = Self::default();
            return;
        }
        self.follow(store, None);
        if store.time() % INTERVALS_PER_SLOT == 3 {
            let earlier = safe_target(store, &self.new);
            let is_explained = safe_target(store, &self.new.by_root()) == store.safe_target();
            let differs = is_explained && earlier != store.safe_target();
            self.safe_target = differs.then_some(earlier);
        }
    }
}

/// Returns the safe target by an order of the uncounted votes.
fn safe_target(store: &Store, order: &Order) -> Root {
    let pool: HashMap<_, _> = store.pools().new_proofs().collect();
    let votes = latest_votes(order, &pool, store.latest_finalized().slot);
    let least = (2 * store.head_state().validators.len() as u64).div_ceil(3);
    head(store, store.latest_justified().root, &votes, least)
}

/// The results of fork choice, as far as they depend on the order of votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) head: Root,
    pub(super) finalized: Checkpoint,
    pub(super) safe_target: Root,
    pub(super) weights: BTreeMap<Root, u64>,
}

impl View {
    /// Returns the store's own results.
    pub(super) fn of(store: &Store) -> Self {
        Self {
            head: store.head(),
            finalized: store.latest_finalized(),
            safe_target: store.safe_target(),
            weights: store.block_weights(),
        }
    }

    /// Returns the results by the rule before #1181, if they differ from the store's, and if the
    /// rule of today gives the store's.
    pub(super) fn earlier(store: &Store, orders: &Orders) -> Option<Self> {
        let own = Self::of(store);
        let today = Self::walk(store, &orders.known.by_root(), &own, None)?;
        let earlier = Self::walk(store, &orders.known, &own, orders.safe_target)?;
        (today == own && earlier != own).then_some(earlier)
    }

    fn walk(
        store: &Store,
        known: &Order,
        own: &Self,
        earlier_safe_target: Option<Root>,
    ) -> Option<Self> {
        let pool: HashMap<_, _> = store.pools().known_proofs().collect();
        // The head is selected before finality follows it.
        let votes = latest_votes(known, &pool, own.finalized.slot);
        let head = head(store, store.latest_justified().root, &votes, 0);
        let slot = store.state(&head)?.latest_finalized.slot;
        let mut chain = store.tree().chain(head);
        let finalized = chain
            .find(|(_, block)| block.slot <= slot)
            .filter(|(_, block)| block.slot == slot)
            .map_or(own.finalized, |(root, block)| Checkpoint { root, slot: block.slot });
        let votes = latest_votes(known, &pool, finalized.slot);
        Some(Self {
            head,
            finalized,
            safe_target: earlier_safe_target.unwrap_or(own.safe_target),
            weights: weights(store, &votes, finalized.slot),
        })
    }
}

/// Returns each validator's vote with the highest slot. Of several, the first one counts.
fn latest_votes(
    order: &Order,
    pool: &HashMap<&AttestationData, &Proofs>,
    finalized: Slot,
) -> BTreeMap<ValidatorIndex, AttestationData> {
    let mut latest: BTreeMap<ValidatorIndex, AttestationData> = BTreeMap::new();
    for data in order.0.iter().filter(|data| data.head.slot > finalized) {
        let proofs = pool.get(data).into_iter().flat_map(|proofs| proofs.iter());
        for voter in proofs.flat_map(|proof| validator_indices(&proof.participants)) {
            let vote = latest.entry(voter).or_insert(*data);
            if vote.slot < data.slot {
                *vote = *data;
            }
        }
    }
    latest
}

/// Adds each vote to its head and the head's ancestors after a slot.
fn weights(
    store: &Store,
    votes: &BTreeMap<ValidatorIndex, AttestationData>,
    slot: Slot,
) -> BTreeMap<Root, u64> {
    let mut weights = BTreeMap::new();
    for vote in votes.values() {
        let chain = store.tree().chain(vote.head.root);
        for (root, _) in chain.take_while(|(_, block)| block.slot > slot) {
            *weights.entry(root).or_default() += 1;
        }
    }
    weights
}

/// Descends to the heaviest child with at least this weight, and of several the largest root.
fn head(
    store: &Store,
    start: Root,
    votes: &BTreeMap<ValidatorIndex, AttestationData>,
    least: u64,
) -> Root {
    let slot = store.block(&start).map_or(0, |block| block.slot);
    let weights = weights(store, votes, slot);
    let weight = |root: &Root| weights.get(root).copied().unwrap_or(0);
    let mut head = start;
    loop {
        let children = store
            .tree()
            .blocks()
            .filter(|(root, block)| block.parent_root == head && weight(root) >= least);
        match children.map(|(root, _)| (weight(root), *root)).max() {
            Some((_, child)) => head = child,
            None => return head,
        }
    }
}
