//! Tests of synchronization with peers of every kind.

use proptest::prelude::{Strategy, prop, prop_assert, proptest};

use crate::rank::Rank;
use crate::sync::simulation::{Manner, Simulation};
use consensus::Slot;
use network::Offence;

const HONEST: Manner = Manner::Honest { delay: 1 };

#[test]
fn a_node_that_joins_late_imports_the_whole_chain_in_order_from_several_peers() {
    let mut simulation = Simulation::new(1..=1000, 0, 1);
    let peers: Vec<_> = (0..3).map(|_| simulation.connect(HONEST)).collect();
    assert!(simulation.run(200), "it came to {}", simulation.head());
    assert!(simulation.imported.is_sorted());
    assert!(simulation.penalised.is_empty(), "{:?}", simulation.penalised);
    assert!(simulation.most_under_way <= 20);
    assert_eq!(peers.len(), 3);
}

#[test]
fn many_empty_slots_in_a_row_penalise_no_peer() {
    let slots = (1..40).chain(300..310).chain(700..701).chain(1500..1600);
    let mut simulation = Simulation::new(slots, 0, 1);
    simulation.connect(HONEST);
    simulation.connect(HONEST);
    assert!(simulation.run(300), "it came to {}", simulation.head());
    assert!(simulation.penalised.is_empty(), "{:?}", simulation.penalised);
}

#[test]
fn a_slow_peer_is_backed_by_another_and_not_penalised() {
    let mut simulation = Simulation::new(1..=500, 0, 1);
    let slow = simulation.connect(Manner::Honest { delay: 24 });
    simulation.connect(HONEST);
    assert!(simulation.run(300), "it came to {}", simulation.head());
    // This peer is slower than the time for a request.
    let slower = simulation.connect(Manner::Honest { delay: 60 });
    assert!(
        !simulation.penalised.contains_key(&slow) && !simulation.penalised.contains_key(&slower)
    );
}

#[test]
fn a_peer_slower_than_the_time_for_a_request_is_not_penalised() {
    let mut simulation = Simulation::new(1..=100, 0, 1);
    let slow = simulation.connect(Manner::Honest { delay: 60 });
    assert!(!simulation.run(2000), "it never answers in time");
    assert!(!simulation.penalised.contains_key(&slow));
}

#[test]
fn a_node_on_its_own_fork_returns_to_the_last_common_block() {
    for (known, fork) in [(100, 10), (100, 150), (400, 5)] {
        let mut simulation = Simulation::new(1..=900, known, 1);
        simulation.fork(known - 1, fork);
        simulation.finalize(40);
        simulation.connect(HONEST);
        simulation.connect(HONEST);
        assert!(simulation.run(400), "it came to {}", simulation.head());
        assert!(simulation.penalised.is_empty(), "{:?}", simulation.penalised);
    }
}

#[test]
fn denied_blocks_are_fetched_from_the_leader_and_the_denier_is_penalised() {
    let mut simulation = Simulation::new(1..=600, 0, 1);
    let denier = simulation.connect(Manner::Denies);
    let honest = simulation.connect(HONEST);
    assert!(simulation.run(400), "it came to {}", simulation.head());
    let penalised = &simulation.penalised[&denier];
    assert!(
        penalised.iter().all(|offence| matches!(offence, Offence::Withheld | Offence::FalseStatus)),
        "{penalised:?}"
    );
    assert!(!simulation.penalised.contains_key(&honest));
}

#[test]
fn a_peer_of_another_chain_is_disconnected_immediately() {
    let mut simulation = Simulation::new(1..=100, 0, 1);
    let other = simulation.connect(Manner::OfAnotherChain);
    for _ in 0..50 {
        simulation.tick();
    }
    assert_eq!(simulation.penalised[&other], [Offence::OtherChain]);
    assert!(simulation.banned.contains(&other));
    simulation.connect(HONEST);
    assert!(simulation.run(100), "it came to {}", simulation.head());
}

#[test]
fn a_peer_with_a_later_anchor_is_asked_only_for_its_own_slots() {
    let mut simulation = Simulation::new(1..=600, 100, 1);
    simulation.finalize(99);
    let young = simulation.connect(Manner::Young { from: 400 });
    for _ in 0..100 {
        simulation.tick();
    }
    assert!(!simulation.banned.contains(&young), "{:?}", simulation.penalised);
    simulation.connect(HONEST);
    assert!(simulation.run(400), "it came to {}", simulation.head());
    assert!(!simulation.banned.contains(&young), "{:?}", simulation.penalised);
}

#[test]
fn one_honest_peer_suffices_against_every_kind_of_liar() {
    for lie in Manner::LIES {
        let mut simulation = Simulation::new(1..=400, 0, 1);
        let liars: Vec<_> = (0..4).map(|_| simulation.connect(lie)).collect();
        let honest = simulation.connect(HONEST);
        assert!(simulation.run(3000), "{lie:?}: it came to {}", simulation.head());
        assert!(
            !simulation.banned.contains(&honest),
            "{lie:?}: {:?}",
            simulation.penalised[&honest]
        );
        assert_eq!(liars.len(), 4);
    }
}

/// A node at the block before the last one, with a held child of the last one.
fn with_missing_parent(seed: u64) -> Simulation {
    Simulation::new(1..=4, 3, seed)
}

#[test]
fn a_missing_parent_is_fetched_from_the_only_peer_with_it_among_dishonest_ones() {
    for lie in Manner::LIES {
        let mut simulation = with_missing_parent(1);
        let first = simulation.connect_without_claim(lie, true);
        (0..10).for_each(|_| _ = simulation.connect_without_claim(lie, false));
        simulation.connect_without_claim(HONEST, false);
        simulation.hold_child_of(3, first, Rank::Unknown);
        (0..2000).for_each(|_| simulation.tick());
        assert_eq!(simulation.imported, [4], "{lie:?}");
    }
}

#[test]
fn a_missing_parent_is_fetched_when_a_peer_with_it_connects_however_late() {
    let mut simulation = with_missing_parent(1);
    let stranger = simulation.connect_without_claim(Manner::Denies, false);
    simulation.hold_child_of(3, stranger, Rank::Configured);
    (0..5000).for_each(|_| simulation.tick());
    assert!(simulation.blocks_asked < 100, "{} requests in vain", simulation.blocks_asked);
    simulation.disconnect(stranger);
    simulation.connect_without_claim(HONEST, false);
    (0..100).for_each(|_| simulation.tick());
    assert_eq!(simulation.imported, [4]);
}

#[test]
fn a_block_without_a_held_child_is_given_up() {
    let mut simulation = with_missing_parent(1);
    let stranger = simulation.connect_without_claim(Manner::Denies, false);
    simulation.hold_child_of(3, stranger, Rank::Configured);
    simulation.awaited.clear();
    (0..500).for_each(|_| simulation.tick());
    assert_eq!((simulation.blocks_asked, simulation.sync.given_up()), (6, 1));
}

fn slots() -> impl Strategy<Value = Vec<Slot>> {
    // Mostly a block in every slot, with gaps of up to three batches.
    prop::collection::vec(
        prop::sample::select(vec![1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 70, 200]),
        20..400,
    )
    .prop_map(|steps| {
        let mut slot = 0;
        steps
            .into_iter()
            .map(|step| {
                slot += step;
                slot
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_missing_parent_arrives_whenever_one_connected_honest_peer_has_it(
        lies in prop::collection::vec(prop::sample::select(Manner::LIES.to_vec()), 0..12),
        leave in 0_usize..12,
        is_configured: bool,
        seed: u64,
    ) {
        let mut simulation = with_missing_parent(seed);
        let liars: Vec<_> =
            lies.into_iter().map(|lie| simulation.connect_without_claim(lie, false)).collect();
        let honest = simulation.connect_without_claim(HONEST, is_configured);
        let hint = liars.first().copied().unwrap_or(honest);
        simulation.hold_child_of(3, hint, Rank::Unknown);
        (0..100).for_each(|_| simulation.tick());
        liars.iter().take(leave).for_each(|liar| simulation.disconnect(*liar));
        (0..3000).for_each(|_| simulation.tick());
        prop_assert!(simulation.imported == [4], "{:?}", simulation.sync);
        prop_assert!(!simulation.banned.contains(&honest));
        prop_assert!(simulation.blocks_asked < 200);
    }

    #[test]
    fn an_honest_minority_is_enough(
        slots in slots(),
        lies in prop::collection::vec(prop::sample::select(Manner::LIES.to_vec()), 0..9),
        delays in prop::collection::vec(0_u64..12, 1..3),
        known in 0_usize..20,
        fork in 0_u64..20,
        seed: u64,
    ) {
        let mut simulation = Simulation::new(slots, known, seed);
        if fork > 0 && known > 0 {
            simulation.fork(known - 1, fork);
        }
        for lie in lies {
            simulation.connect(lie);
        }
        for delay in delays {
            simulation.connect(Manner::Honest { delay });
        }
        prop_assert!(simulation.run(6000), "it came to {}: {:?}, {:?}", simulation.head(), simulation.penalised, simulation.sync);
        let left: Vec<_> = simulation.banned.iter().map(|peer| simulation.peers[peer]).collect();
        prop_assert!(!left.iter().any(|manner| manner.is_honest()), "{left:?}, {:?}", simulation.penalised);
        prop_assert!(simulation.most_under_way <= 20);
    }
}
