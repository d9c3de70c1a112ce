//! The set of kept states, and the rebuilding of all other states when needed.

use std::sync::Arc;

use consensus::{Block, Checkpoint, Root, State, Store, process_block, process_slots};

use crate::chain::{anchor, extend, gossip, import, tick_to_slot, unsigned_store, vote};

/// The maximum number of kept states: the newest states, the pinned ones, and one in 32.
fn most_states(slots: u64) -> usize {
    64 + 4 + slots as usize / 32 + 1
}

/// Returns a store with a chain without votes, and the state after each block. The store may not
/// keep all of these states.
fn long_chain(slots: u64) -> (Store, Vec<(Checkpoint, Arc<State>)>) {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let mut chain = vec![(genesis, Arc::clone(store.head_state()))];
    for slot in 1..=slots {
        let (parent, _) = chain[chain.len() - 1];
        let block = extend(&mut store, parent.root, slot, &[]);
        chain
            .push((block, Arc::clone(store.state(&block.root).expect("the newest state is kept"))));
    }
    (store, chain)
}

fn block_after(state: &State, parent_root: Root, slot: u64) -> Block {
    let proposer_index = slot % state.validators.len() as u64;
    let mut block = Block { slot, proposer_index, parent_root, ..Block::default() };
    let mut state = process_slots(state, slot).expect("the block is after its parent");
    process_block(&mut state, &block).expect("the block is valid");
    block.state_root = Root::of(&state);
    block
}

#[test]
fn a_long_chain_without_finality_keeps_few_states() {
    let (store, chain) = long_chain(1_000);
    assert!(store.state_count() <= most_states(1_000), "{}", store.state_count());
    let (newest, _) = chain[1_000];
    assert_eq!(store.head(), newest.root);
    assert!(store.state(&newest.root).is_some());
    assert!(store.state(&chain[0].0.root).is_some(), "genesis is justified");
    let missing = chain.iter().filter(|(block, _)| store.state(&block.root).is_none()).count();
    assert!(missing > 800);
    for (block, state) in &chain {
        assert!(store.state(&block.root).is_none_or(|kept| kept == state));
    }
}

#[test]
fn a_fork_of_an_old_block_is_imported_although_its_state_is_not_kept() {
    let (mut store, chain) = long_chain(200);
    for slot in [1, 33, 50, 95, 96, 97] {
        let (parent, state) = &chain[slot];
        // The block includes the resulting state's root, so a wrong parent state would reject the
        // block.
        let block = block_after(state, parent.root, 201 + slot as u64);
        let root = Root::of(&block);
        import(&mut store, block).expect("the parent's state is made again");
        let fork = Arc::clone(store.state(&root).expect("the newest state is kept"));
        import(&mut store, block_after(&fork, root, 301 + slot as u64)).expect("the fork goes on");
    }
}

#[test]
fn a_head_that_moves_back_to_an_old_fork_has_its_state_rebuilt() {
    let (mut store, chain) = long_chain(20);
    let genesis = anchor(&store);
    let (parent, state) = &chain[10];
    let block = block_after(state, parent.root, 21);
    let fork = Checkpoint { root: Root::of(&block), slot: 21 };
    import(&mut store, block).expect("a valid block");
    let expected = Arc::clone(store.state(&fork.root).expect("the newest state is kept"));

    let (mut tip, _) = chain[20];
    for slot in 22..=150 {
        tip = extend(&mut store, tip.root, slot, &[]);
        if slot == 22 {
            tick_to_slot(&mut store, 22);
            gossip(&mut store, vote(22, genesis, tip), &[0]);
            store.accept_new_attestations();
        }
    }
    assert_eq!(store.head(), tip.root);
    assert!(store.state(&fork.root).is_none());

    tick_to_slot(&mut store, 151);
    gossip(&mut store, vote(151, genesis, fork), &[0, 1]);
    store.accept_new_attestations();
    assert_eq!(store.head(), fork.root);
    assert_eq!(store.head_state(), &expected);
}

#[test]
fn forgetting_states_leaves_the_kept_chains_usable() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let mut chain = vec![(genesis, Arc::clone(store.head_state()))];
    for slot in 1..=150u64 {
        let (parent, _) = chain[chain.len() - 1];
        let (grandparent, _) = chain[chain.len().saturating_sub(2)];
        let everyone: &[u64] = &[0, 1, 2];
        let votes = if (2..=100).contains(&slot) {
            vec![(vote(slot - 1, grandparent, parent), everyone)]
        } else {
            vec![]
        };
        let block = extend(&mut store, parent.root, slot, &votes);
        chain
            .push((block, Arc::clone(store.state(&block.root).expect("the newest state is kept"))));
    }
    let finalized = store.latest_finalized();
    assert_eq!(finalized.slot, 98);
    assert!(store.state(&finalized.root).is_some());

    let count = store.state_count();
    // Slot 70 is within a span of 32 slots, so the state after its block is not a base yet.
    let forgotten = store.forget_states(98 - 70);
    assert!(forgotten > 0);
    assert_eq!(store.state_count(), count - forgotten + 1, "the block of slot 70 became a base");
    assert_eq!(store.forget_states(98 - 70), 0);

    let (late, old) = (&chain[69], &chain[71]);
    let refused = import(&mut store, block_after(&late.1, late.0.root, 160));
    assert_eq!(refused, Err(consensus::Rejection::UnknownParentBlock));
    import(&mut store, block_after(&old.1, old.0.root, 161))
        .expect("the parent's state is made again");
}

#[test]
fn a_flood_of_forks_from_old_blocks_keeps_few_states() {
    let (mut store, chain) = long_chain(100);
    let (genesis, state) = &chain[0];
    let mut forks = Vec::new();
    for slot in 101..=800 {
        let block = block_after(state, genesis.root, slot);
        forks.push(Root::of(&block));
        import(&mut store, block).expect("a valid block");
    }
    assert!(store.state_count() <= 64 + 4 + 512, "{}", store.state_count());
    assert!(store.head_state().slot > 0);

    // New blocks can still extend both the chain and the forks.
    for number in [1, 33, 50, 99, 100] {
        let (parent, state) = &chain[number];
        import(&mut store, block_after(state, parent.root, 900 + number as u64))
            .expect("the state is made again");
    }
    let evicted = forks.iter().find(|root| store.state(root).is_none()).expect("not all are kept");
    let block = store.block(evicted).expect("blocks are never pruned").clone();
    let mut fork = process_slots(state, block.slot).expect("it is after genesis");
    process_block(&mut fork, &block).expect("it was valid before");
    import(&mut store, block_after(&fork, *evicted, 1_100)).expect("the state is made again");
}
