//! Test of a long period without finality: with half of the validators offline for 5,000 slots,
//! memory stays within stated bounds.
//!
//! The test has its own binary, because it counts every byte allocated by its process.

#[path = "../benches/chain/live_bytes.rs"]
mod live_bytes;

use consensus::{
    MockProofs, ProofBytes, SignedAggregatedAttestation, SingleMessageAggregate, Slot, Store,
    Validators, aggregation_bits, genesis,
};
use live_bytes::live_bytes;
use xmss::PublicKey;

const SLOTS: Slot = 5_000;

const VALIDATORS: u64 = 8;

/// The most votes in a pool.
const MOST_VOTES: usize = 1_024;

fn store() -> Store {
    let key = |index: u64| PublicKey::new([index as u8; PublicKey::LENGTH]);
    let keys = (0..VALIDATORS).map(|index| (key(index), key(index + VALIDATORS)));
    let (state, block) = genesis(0, Validators::new(keys).expect("few validators"));
    Store::new(state, block, None).expect("genesis names its state")
}

/// Advances by one slot: the proposer builds on the head with its known votes, and half of the
/// validators vote.
fn slot(store: &mut Store, slot: Slot) {
    store.produce_block(slot, slot % VALIDATORS, &MockProofs::Marked).expect("it is its turn");
    store.update_head();
    let data = store.produce_attestation_data(slot);
    let proof = [b"\x00MOCKED-AGGREGATION-PROOF\x00".as_slice(), &[0; 32]].concat();
    let proof = SingleMessageAggregate {
        participants: aggregation_bits(0..VALIDATORS / 2).expect("some voters"),
        proof: ProofBytes::try_from(proof).expect("58 bytes are within the limit"),
    };
    store.insert_aggregated_attestation(SignedAggregatedAttestation { data, proof });
}

#[test]
fn five_thousand_slots_without_a_supermajority_stay_within_stated_memory() {
    let before = live_bytes();
    let mut store = store();
    let mut bytes = Vec::new();
    for number in 1..=SLOTS {
        slot(&mut store, number);
        if number % 1_000 == 0 {
            bytes.push(live_bytes() - before);
        }
    }
    println!("bytes after each 1,000 slots: {bytes:?}");
    assert_eq!(store.head_slot(), SLOTS);
    assert_eq!((store.latest_justified().slot, store.latest_finalized().slot), (0, 0));
    assert_eq!(store.tree().blocks().len() as u64, SLOTS + 1, "blocks are never pruned");
    assert!(store.pools().known_proofs().count() <= MOST_VOTES);
    // The newest states, the pinned ones, and one in 32.
    assert!(store.state_count() <= 64 + 4 + SLOTS as usize / 32 + 1, "{}", store.state_count());

    assert!(bytes.iter().all(|bytes| *bytes < 8 << 20), "a store of 8 MiB at most: {bytes:?}");
    let growth: Vec<_> = bytes.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(
        growth.iter().all(|growth| *growth < 1 << 20),
        "about a kilobyte a slot at most: {growth:?}"
    );
}
