//! Tests of timely and late ticks: aggregation, missed intervals, and the limits of the duty gate.

use crate::effect::Effect;
use crate::in_flight_tests::{begun, finish};
use crate::state::ChainState;
use crate::state_tests::{Producer, VALIDATORS, chain, gossip_block, gossip_vote, tick, votes};
use crate::verifier::{Done, JobId, NotDone};
use consensus::{Interval, validator_indices};

fn proposes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_)))
}

/// Returns the voters of each published aggregate.
fn published(effects: &[Effect]) -> Vec<Vec<u64>> {
    let published = effects.iter().filter_map(|effect| match effect {
        Effect::PublishAggregate(vote) => {
            Some(validator_indices(&vote.proof.participants).collect())
        }
        _ => None,
    });
    published.collect()
}

/// A chain in interval 1 of slot 1 with the slot's block and the votes of all validators but the
/// last, and the last vote.
fn with_signatures() -> (ChainState, consensus::SignedAttestation) {
    let (block, mut votes) = Producer::new().slot(1);
    let mut chain = chain([]);
    tick(&mut chain, 6);
    gossip_block(&mut chain, block);
    let last = votes.pop().expect("there are validators");
    for vote in votes {
        gossip_vote(&mut chain, vote);
    }
    (chain, last)
}

#[test]
fn aggregation_begins_in_interval_2_and_is_published_after_its_proof() {
    let (mut chain, last) = with_signatures();
    let (mut jobs, others) = begun(chain.tick(7));
    assert_eq!(published(&others), Vec::<Vec<u64>>::new());
    assert!(matches!(jobs[..], [(JobId::Aggregation(_), _)]));
    gossip_vote(&mut chain, last);
    let effects = finish(&mut chain, jobs.remove(0));
    assert_eq!(published(&effects), [[0, 1, 2]]);
    assert_eq!(
        (chain.base.store.pools().signature_count(), chain.base.store.pools().new_proof_count()),
        (1, 1),
        "the last one came too late"
    );
}

#[test]
fn a_round_in_flight_prevents_a_second_one_and_the_next_round_has_the_later_votes() {
    let (mut chain, last) = with_signatures();
    let (mut jobs, _) = begun(chain.tick(7));
    gossip_vote(&mut chain, last);
    (8..12).for_each(|interval| drop(tick(&mut chain, interval)));
    let (none, _) = begun(chain.tick(12));
    assert!(none.is_empty());
    assert_eq!(chain.snapshot().dropped["AGGREGATION_STILL_UNDER_WAY"], 1);
    assert_eq!(published(&finish(&mut chain, jobs.remove(0))), [[0, 1, 2]]);
    (13..17).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 17)), [[0, 1, 2, 3]]);
}

#[test]
fn a_lost_round_is_counted_and_its_votes_are_in_the_next() {
    let (mut chain, _) = with_signatures();
    let (mut jobs, _) = begun(chain.tick(7));
    let (id, _) = jobs.remove(0);
    chain.jobs_done(vec![Done { id, outcome: Err(NotDone::Lost) }]);
    assert_eq!(chain.snapshot().dropped["NOT_PROVED"], 1);
    (8..12).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 12)), [[0, 1, 2]]);
}

#[test]
fn an_overdue_round_is_abandoned_and_its_late_result_is_ignored() {
    let (mut chain, _) = with_signatures();
    let (mut jobs, _) = begun(chain.tick(7));
    (8..=33).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(chain.snapshot().dropped["NOT_PROVED"], 1);
    assert_eq!(published(&finish(&mut chain, jobs.remove(0))), Vec::<Vec<u64>>::new());
    assert_eq!(chain.snapshot().dropped["AGGREGATION_LATE"], 1);
    (34..37).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 37)), [[0, 1, 2]]);
}

#[test]
fn a_tick_late_by_up_to_a_slot_runs_every_interval_since() {
    let (mut chain, _) = with_signatures();
    let missed = chain.snapshot().missed_intervals;
    // Interval 2 of slot 1 is on the way to interval 1 of slot 2.
    let effects = tick(&mut chain, 11);
    assert_eq!(published(&effects), [[0, 1, 2]]);
    assert_eq!((chain.snapshot().missed_intervals, chain.snapshot().time), (missed, 11));
}

#[test]
fn a_later_tick_skips_and_counts_the_intervals_more_than_a_slot_ago() {
    for (late, missed) in [(11, 0), (12, 1), (13, 2), (100, 89)] {
        let mut chain = chain([]);
        (0..=6).for_each(|interval| drop(tick(&mut chain, interval)));
        tick(&mut chain, late);
        assert_eq!((chain.snapshot().missed_intervals, chain.snapshot().time), (missed, late));
    }
    // The slot's own aggregation interval was skipped, so the next slot's aggregates its votes.
    let (mut chain, _) = with_signatures();
    assert_eq!(published(&tick(&mut chain, 12)), [[0, 1, 2]], "interval 12 is slot 2's");
}

#[test]
fn a_late_proposal_is_not_made_and_late_votes_are_cast() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(tick(&mut chain, interval)));
    let effects = tick(&mut chain, 6);
    assert!(!proposes(&effects));
    assert!(votes(&effects).is_empty(), "there is no block of this slot yet");
    assert_eq!(votes(&chain.vote_anyway(1)).len(), VALIDATORS as usize);
    assert!(votes(&tick(&mut chain, 7)).is_empty(), "once in a slot");
    let effects = tick(&mut chain, 14);
    let late: Vec<_> =
        effects.iter().filter(|effect| matches!(effect, Effect::VoteAnyway(2))).collect();
    assert_eq!(late.len(), 1);
    assert_eq!(votes(&chain.vote_anyway(2)).len(), VALIDATORS as usize);
}

/// Returns the effects of a tick of a later slot, in a node with all validators and with blocks up
/// to slot 10.
fn behind(now: Interval, former: &[Interval]) -> Vec<Effect> {
    let mut producer = Producer::new();
    let blocks: Vec<_> = (1..=10).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain(0..VALIDATORS);
    chain.base.role.is_aggregator = false;
    chain.base.store.skip_to(50);
    blocks.into_iter().for_each(|block| drop(gossip_block(&mut chain, block)));
    assert_eq!(chain.snapshot().head.slot, 10);
    former.iter().for_each(|interval| drop(tick(&mut chain, *interval)));
    tick(&mut chain, now)
}

#[test]
fn the_gate_is_open_at_a_lag_of_4_and_closed_at_5_if_newer_blocks_exist() {
    assert!(proposes(&behind(70, &[])), "slot 14");
    assert!(!proposes(&behind(75, &[])), "slot 15");
    // Once closed, a lag of 3 does not open it. But the newest block is more than 8 slots old, so
    // the network has stalled.
    assert!(!proposes(&behind(90, &[75])), "slot 18: the newest block is 8 slots old");
    assert!(proposes(&behind(95, &[75])), "slot 19: it is 9 slots old");
}
