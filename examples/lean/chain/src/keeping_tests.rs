//! The changes for a store on disk, a restart from them, and the finality that may be announced.

use std::ops::Range;
use std::sync::Arc;

use storage::{ChainStore as _, Changes, MemoryStore, ReadChain as _};

use crate::effect::Effect;
use crate::range_from_disk::range_from_disk;
use crate::role::Role;
use crate::state::ChainState;
use crate::state_tests::{Producer, chain, gossip_block, gossip_vote, tick};
use consensus::{MockProofs, SignedBlock, Slot, Store};
use network::SlotRange;
use xmss::Scheme;

/// Follows a producer for some slots, and returns the changes of each turn that has some.
fn follow(follower: &mut ChainState, slots: Slot) -> Vec<Changes> {
    let mut producer = Producer::new();
    let mut all = Vec::new();
    for slot in 1..=slots {
        let (block, votes) = producer.slot(slot);
        let mut effects = tick(follower, slot * 5);
        effects.extend(gossip_block(follower, block));
        effects.extend(tick(follower, slot * 5 + 1));
        for vote in votes {
            effects.extend(gossip_vote(follower, vote));
        }
        effects.extend((2..5).flat_map(|interval| tick(follower, slot * 5 + interval)));
        if effects.iter().any(|effect| matches!(effect, Effect::Store)) {
            all.push(*follower.take_changes().expect("an effect asked for them"));
        }
        assert!(follower.take_changes().is_none(), "slot {slot} has changes without an effect");
    }
    all
}

/// Returns the anchor of all chains here.
fn anchor() -> Arc<SignedBlock> {
    let block = (**chain([]).base.store.head_block()).clone();
    Arc::new(SignedBlock { block, ..SignedBlock::default() })
}

/// Returns a chain with a store on disk, which has the anchor.
fn kept() -> ChainState {
    kept_by(chain([]))
}

fn kept_by(chain: ChainState) -> ChainState {
    chain.kept(&anchor(), &[])
}

/// Returns a store on disk with the anchor of all chains here.
fn disk() -> MemoryStore {
    let store = chain([]).base.store;
    let state = Arc::clone(store.head_state());
    let mut disk = MemoryStore::new();
    disk.write(&Changes {
        blocks: vec![(store.head(), anchor())],
        finalized: Some(storage::Finalized { checkpoint: store.latest_finalized(), state }),
        ..Changes::default()
    })
    .expect("a model takes all");
    disk
}

/// Starts a chain from a store on disk.
fn restarted(disk: &MemoryStore) -> ChainState {
    let loaded = disk.reader().load().expect("it is intact").expect("it has an anchor");
    let mut store =
        Store::new(loaded.state, loaded.anchor.block.clone(), None).expect("they belong together");
    for block in &loaded.blocks {
        store.restore_block(block).expect("it was valid");
    }
    store.restore_votes(&loaded.votes);
    let role = Role {
        validators: Vec::new(),
        is_aggregator: true,
        first_duty_slot: 0,
        scheme: Scheme::LONG,
    };
    ChainState::new(store, Arc::new(MockProofs::default()), role)
        .kept(&loaded.anchor, &loaded.blocks)
}

#[test]
fn a_restarted_chain_has_the_head_and_the_finality_of_the_earlier_run() {
    let mut follower = kept();
    let mut disk = disk();
    for changes in follow(&mut follower, 12) {
        disk.write(&changes).expect("a model takes all");
    }
    let restarted = restarted(&disk);
    assert_eq!(restarted.head(), follower.head());
    assert!(follower.head().finalized.slot >= 8);
    let store = |chain: &ChainState| chain.base.store.block_weights();
    assert_eq!(store(&restarted), store(&follower), "the votes are counted again");
}

#[test]
fn a_restarted_chain_serves_its_blocks_from_memory_and_names_those_on_the_disk() {
    let mut follower = kept();
    let mut disk = disk();
    for changes in follow(&mut follower, 12) {
        disk.write(&changes).expect("a model takes all");
    }
    let restarted = restarted(&disk);
    let finalized = restarted.head().finalized.slot;
    let range = SlotRange { start_slot: 1, count: 12 };
    let (on_disk, rest) = restarted.find_range(range).expect("it is within the window");
    assert_eq!(on_disk, 1..finalized + 1);
    let read = disk.reader().blocks(on_disk, 12).expect("it is intact");
    let served: Vec<_> = read.into_iter().chain(rest).collect();
    assert_eq!(served, follower.serve_range(range).expect("it is within the window"));
}

#[test]
fn an_answer_from_the_disk_begins_after_the_last_hole_and_is_refused_if_nothing_is_left() {
    let mut follower = kept();
    let mut changes = Changes::default();
    follow(&mut follower, 12).into_iter().for_each(|turn| changes.join(turn));
    let finalized = changes.finalized.as_ref().expect("twelve slots have finality").checkpoint;
    let answer = |known: &dyn Fn(Slot) -> bool, slots: Range<Slot>| {
        // The finalized chain is known to its first slot, as after a start at a checkpoint.
        let mut changes = changes.clone();
        changes.blocks.retain(|(_, block)| known(block.block.slot));
        let mut disk = MemoryStore::new();
        disk.write(&changes).expect("the finalized block is among them");
        let answer = range_from_disk(Arc::new(disk.reader()), slots, Vec::new());
        answer.map(|blocks| blocks.map(|block| block.block.slot).collect::<Vec<_>>())
    };
    let last = finalized.slot;
    let all = answer(&|_| true, 1..last + 1).expect("it has them");
    assert_eq!(all, (1..=last).collect::<Vec<_>>());
    let behind = answer(&|slot| slot != 3, 1..last + 1).expect("it has some");
    assert_eq!(behind, (4..=last).collect::<Vec<_>>());
    assert!(answer(&|slot| slot >= last, 1..last).is_err(), "no block before the checkpoint");
    assert!(answer(&|slot| slot != 3, 2..4).is_err(), "a hole at the end of the range");
}

#[test]
fn finality_is_announced_when_it_is_durable_and_not_before() {
    let mut follower = kept();
    let anchor = follower.head().finalized;
    let changes = follow(&mut follower, 12);
    let own = follower.snapshot();
    assert!(own.finalized.slot > 4);
    let mut announced = |on_disk| {
        let mut snapshot = own.clone();
        follower.announce_durable(on_disk, &mut snapshot);
        let state = snapshot.finalized_state.expect("it is shared");
        assert_eq!(state.slot, snapshot.finalized.slot, "the state is the announced one");
        assert!(snapshot.head_finalized.slot <= snapshot.finalized.slot);
        snapshot.finalized
    };
    assert_eq!(announced(Some(anchor)), anchor);
    for changes in changes.iter().filter_map(|changes| changes.finalized.as_ref()) {
        assert_eq!(announced(Some(changes.checkpoint)), changes.checkpoint);
    }
    assert_eq!(announced(Some(own.finalized)), own.finalized);
}

#[test]
fn finality_by_an_own_block_is_sent_to_the_store_in_the_slot_of_the_block() {
    let mut producer = Producer::new();
    producer.chain = kept_by(producer.chain);
    let mut sent = producer.chain.head().finalized;
    for slot in 1..=8 {
        let (block, _votes) = producer.slot(slot);
        producer.chain.own_block(block);
        let changes = producer.chain.take_changes().expect("there is a block");
        sent = changes.finalized.map_or(sent, |finalized| finalized.checkpoint);
        assert_eq!(sent, producer.chain.head().finalized, "slot {slot}");
    }
    assert!(sent.slot >= 4, "{sent:?}");
}

#[test]
fn the_view_of_fork_choice_begins_at_the_announced_finality() {
    let mut follower = kept();
    follow(&mut follower, 12);
    let own = follower.head().finalized.slot;
    assert!(own > 2);
    for announced in [own - 2, own - 1, own, own - 2, own + 5] {
        let view = follower.fork_choice_view(announced);
        let first = view.nodes.iter().map(|node| node.slot).min();
        assert_eq!(first, Some(announced.min(own)), "of {own}");
    }
}

#[test]
fn refused_changes_are_sent_with_the_next_ones_and_nothing_is_lost() {
    let mut follower = kept();
    let (mut each, mut late) = (disk(), disk());
    let all = follow(&mut follower, 12);
    for changes in &all {
        each.write(changes).expect("a model takes all");
    }
    for changes in all {
        // The lane is full in each slot.
        follower.not_stored(changes);
    }
    let changes = follower.take_changes().expect("they wait");
    assert_eq!(changes.blocks.len(), 12);
    late.write(&changes).expect("a model takes all");
    let load = |disk: &MemoryStore| disk.reader().load().expect("it is intact");
    assert_eq!(load(&late), load(&each));
}

#[test]
fn a_chain_without_a_store_collects_nothing_and_announces_its_own_finality() {
    let mut follower = chain([]);
    assert!(follow(&mut follower, 6).is_empty());
    let mut snapshot = follower.snapshot();
    let own = snapshot.finalized;
    follower.announce_durable(None, &mut snapshot);
    assert_eq!(snapshot.finalized, own);
}
