//! Fork choice, compared with the specification's own walks over every vote and every block.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use proptest::collection::{btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::Store;
use crate::attestation::{
    ProofBytes, SignedAggregatedAttestation, SingleMessageAggregate, aggregation_bits,
};
use crate::block::Block;
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use crate::state::{State, genesis};
use crate::store::pool::MOST_VOTES;
use crate::validator::Validators;
use xmss::PublicKey;

const VALIDATORS: u8 = 70;

/// The validator with thousands of votes.
const FLOODER: ValidatorIndex = 66;

/// A pool without bounds: every vote ever added, with its root and its voters.
type Pool = BTreeMap<(Slot, Root), (AttestationData, BTreeSet<ValidatorIndex>)>;

/// The specification's pools of proofs.
#[derive(Default)]
struct Pools {
    new: Pool,
    known: Pool,
}

fn add(pool: &mut Pool, data: AttestationData, voters: &BTreeSet<ValidatorIndex>) {
    let entry = pool.entry((data.slot, Root::of(&data))).or_insert((data, BTreeSet::new()));
    entry.1.extend(voters);
}

/// Returns the latest vote of each validator (`extract_attestations_from_aggregated_payloads`).
fn latest_votes(pool: &Pool, finalized: Slot) -> BTreeMap<ValidatorIndex, AttestationData> {
    let mut latest = BTreeMap::new();
    // Oldest first, so that the vote with the highest slot and root stays.
    for (data, voters) in pool.values().filter(|(data, _)| data.head.slot > finalized) {
        latest.extend(voters.iter().map(|voter| (*voter, *data)));
    }
    latest
}

/// Returns the weight of each block after a slot (`accumulate_ancestor_weights`).
fn weights(
    store: &Store,
    votes: &BTreeMap<ValidatorIndex, AttestationData>,
    start: Slot,
) -> HashMap<Root, u64> {
    let mut weights = HashMap::new();
    for vote in votes.values() {
        let mut root = vote.head.root;
        while let Some(block) = store.block(&root).filter(|block| block.slot > start) {
            *weights.entry(root).or_default() += 1;
            root = block.parent_root;
        }
    }
    weights
}

/// Returns the head above a block (`compute_lmd_ghost_head`).
fn head(
    store: &Store,
    start: Root,
    votes: &BTreeMap<ValidatorIndex, AttestationData>,
    least: u64,
) -> Root {
    let start_slot = store.block(&start).expect("the start is known").slot;
    let weights = weights(store, votes, start_slot);
    let weight = |root: &Root| weights.get(root).copied().unwrap_or(0);
    let mut head = start;
    loop {
        let children = store
            .tree()
            .blocks()
            .filter(|(_, block)| block.parent_root == head)
            .map(|(root, _)| *root);
        match children
            .filter(|child| weight(child) >= least)
            .max_by_key(|child| (weight(child), *child))
        {
            Some(child) => head = child,
            None => return head,
        }
    }
}

/// Returns the finalized checkpoint of the head's state (the second half of `update_head`).
fn finalized(store: &Store, head: Root) -> Checkpoint {
    let slot = store.state(&head).expect("few blocks").latest_finalized.slot;
    let mut root = head;
    while let Some(block) = store.block(&root).filter(|block| block.slot > slot) {
        root = block.parent_root;
    }
    let is_there = store.block(&root).is_some_and(|block| block.slot == slot);
    if is_there { Checkpoint { root, slot } } else { store.latest_finalized() }
}

fn check_update_head(store: &mut Store, pools: &Pools) {
    let votes = latest_votes(&pools.known, store.latest_finalized().slot);
    let head = head(store, store.latest_justified().root, &votes, 0);
    let finalized = finalized(store, head);
    store.update_head();
    assert_eq!((store.head(), store.latest_finalized()), (head, finalized));

    let votes = latest_votes(&pools.known, finalized.slot);
    let weights: BTreeMap<_, _> = weights(store, &votes, finalized.slot).into_iter().collect();
    assert_eq!(store.block_weights(), weights);
}

fn check_safe_target(store: &mut Store, pools: &Pools) {
    let votes = latest_votes(&pools.new, store.latest_finalized().slot);
    let least = (2 * u64::from(VALIDATORS)).div_ceil(3);
    let safe_target = head(store, store.latest_justified().root, &votes, least);
    store.update_safe_target();
    assert_eq!(store.safe_target(), safe_target);
}

/// Compares the tree's ancestors with a walk from parent to parent.
fn check_tree(store: &Store) {
    let newest = store.tree().blocks().map(|(_, block)| block.slot).max();
    assert_eq!(Some(store.tree().newest_slot()), newest);
    for (place, (root, _)) in store.tree().blocks().enumerate() {
        assert_eq!(store.tree.place(root), Some(place));
        let mut walked = Vec::new();
        let mut next = *root;
        while let Some(block) = store.block(&next) {
            walked.push(Checkpoint { root: next, slot: block.slot });
            next = block.parent_root;
        }
        let chain: Vec<_> = store
            .tree()
            .chain(*root)
            .map(|(root, block)| Checkpoint { root, slot: block.slot })
            .collect();
        assert_eq!(chain, walked);
        for slot in 0..=walked[0].slot {
            let ancestor = walked.iter().copied().find(|ancestor| ancestor.slot <= slot);
            assert_eq!(store.tree.ancestor_at(*root, slot), ancestor);
        }
    }
}

/// A change of a store. Blocks are named by their places, counted from the newest block.
#[derive(Clone, Debug)]
enum Step {
    /// A block with two of its ancestors as checkpoints, and a vote.
    Block {
        parent: usize,
        gap: Slot,
        justified: usize,
        finalized: usize,
        vote: usize,
    },
    Vote {
        head: usize,
        slot: Slot,
        voters: BTreeSet<ValidatorIndex>,
        is_counted: bool,
    },
    /// Many different votes of one validator, for different heads and slots.
    Flood {
        head: usize,
        slot: Slot,
        slots: Slot,
        count: u64,
        is_counted: bool,
    },
    Accept,
    SafeTarget,
    Prune,
    Withdraw(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly on the newest blocks and justified far back, as in a growing chain.
    let place = || prop_oneof![3 => 0usize..3, 1 => any::<usize>()];
    let block = (place(), 1u64..4, any::<usize>(), any::<usize>(), any::<usize>()).prop_map(
        |(parent, gap, justified, finalized, vote)| Step::Block {
            parent,
            gap,
            justified,
            finalized,
            vote,
        },
    );
    let voters = btree_set(0..u64::from(VALIDATORS), 1..40);
    let flood = (any::<usize>(), 0u64..12, 1u64..120, 1u64..400, any::<bool>()).prop_map(
        |(head, slot, slots, count, is_counted)| Step::Flood {
            head,
            slot,
            slots,
            count,
            is_counted,
        },
    );
    let vote = (place(), 0u64..12, voters, any::<bool>())
        .prop_map(|(head, slot, voters, is_counted)| Step::Vote { head, slot, voters, is_counted });
    let step = prop_oneof![
        6 => block,
        8 => vote,
        2 => flood,
        2 => Just(Step::Accept),
        2 => Just(Step::SafeTarget),
        1 => Just(Step::Prune),
        1 => place().prop_map(Step::Withdraw),
    ];
    vec(step, 1..60)
}

fn store() -> Store {
    let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
    let validators = Validators::new((0..VALIDATORS).map(|index| (key(index), key(index))))
        .expect("few validators");
    let (state, block) = genesis(0, validators);
    Store::new(state, block, None).expect("genesis names its state")
}

/// Returns a block by its place, counted from the newest block.
fn block_at(store: &Store, place: usize) -> Checkpoint {
    let count = store.tree().blocks().len();
    let (root, block) = store
        .tree()
        .blocks()
        .nth(count - 1 - place % count)
        .expect("the place is within the blocks");
    Checkpoint { root: *root, slot: block.slot }
}

fn ancestor(store: &Store, root: Root, place: usize) -> Checkpoint {
    let chain: Vec<_> = store
        .tree()
        .chain(root)
        .map(|(root, block)| Checkpoint { root, slot: block.slot })
        .collect();
    chain[place % chain.len()]
}

/// Adds a vote to the store and to the specification's pools.
fn cast(
    store: &mut Store,
    pools: &mut Pools,
    data: AttestationData,
    voters: &BTreeSet<ValidatorIndex>,
    is_counted: bool,
) {
    let participants = aggregation_bits(voters.iter().copied()).expect("some voters");
    let proof = SingleMessageAggregate { participants, proof: ProofBytes::default() };
    if is_counted {
        add(&mut pools.known, data, voters);
        store.insert_known_proof(data, Arc::new(proof));
    } else {
        add(&mut pools.new, data, voters);
        store.insert_aggregated_attestation(SignedAggregatedAttestation { data, proof });
    }
}

fn take(store: &mut Store, pools: &mut Pools, step: Step) {
    match step {
        Step::Block { parent, gap, justified, finalized, vote } => {
            let parent = block_at(store, parent);
            let justified = ancestor(store, parent.root, justified);
            let finalized = ancestor(store, justified.root, finalized);
            let block = Block {
                slot: parent.slot + gap,
                parent_root: parent.root,
                proposer_index: store.tree().blocks().len() as ValidatorIndex,
                ..Block::default()
            };
            let validators = store.head_state().validators.clone();
            let state = State {
                latest_justified: justified,
                latest_finalized: finalized,
                validators,
                ..State::default()
            };
            let other = AttestationData {
                slot: vote as Slot % 12,
                head: parent,
                target: justified,
                source: finalized,
            };
            store.pools.known.note([other].into_iter());
            store.adopt(Root::of(&block), Arc::new(block), Arc::new(state));
            check_update_head(store, pools);
        }
        Step::Vote { head, slot, voters, is_counted } => {
            let head = block_at(store, head);
            let data = AttestationData { slot, head, ..AttestationData::default() };
            cast(store, pools, data, &voters, is_counted);
            check_update_head(store, pools);
        }
        Step::Flood { head, slot, slots, count, is_counted } => {
            for number in 0..count {
                let head = block_at(store, head.wrapping_add(number as usize));
                let target = Checkpoint { root: Root::ZERO, slot: number };
                let slot = slot + number % slots;
                let data = AttestationData { slot, head, target, ..AttestationData::default() };
                cast(store, pools, data, &BTreeSet::from([FLOODER]), is_counted);
            }
            assert!(store.pools().known_proofs().count() <= MOST_VOTES);
            assert!(store.pools().new_proofs().count() <= MOST_VOTES);
            check_update_head(store, pools);
        }
        Step::Accept => {
            store.accept_new_attestations();
            for (data, voters) in std::mem::take(&mut pools.new).into_values() {
                add(&mut pools.known, data, &voters);
            }
            check_update_head(store, pools);
        }
        Step::SafeTarget => check_safe_target(store, pools),
        Step::Prune => {
            store.prune_stale_attestation_data();
            for pool in [&mut pools.new, &mut pools.known] {
                pool.retain(|_, (data, _)| store.is_above_finalized(data));
            }
            check_update_head(store, pools);
        }
        Step::Withdraw(place) => {
            let block = block_at(store, place);
            // Nobody votes for a block that was never signed.
            let mut votes = pools.new.values().chain(pools.known.values());
            if votes.any(|(data, _)| data.head == block) {
                return;
            }
            let has_children =
                store.tree().blocks().any(|(_, other)| other.parent_root == block.root);
            let count = store.tree().blocks().len();
            let is_withdrawn = store.withdraw_block(&block.root);
            assert!(!(has_children && is_withdrawn));
            assert_eq!(store.tree().blocks().len(), count - usize::from(is_withdrawn));
            check_update_head(store, pools);
        }
    }
}

proptest! {
    #[test]
    fn heads_weights_and_safe_targets_equal_those_of_a_store_without_bounds(steps in steps()) {
        let (mut store, mut pools) = (store(), Pools::default());
        for step in steps {
            take(&mut store, &mut pools, step);
        }
        check_safe_target(&mut store, &pools);
        check_tree(&store);
    }
}
