//! What time brings, also when it comes late: aggregation, missed intervals, and the duty gate at its edges.

use crate::ChainState;
use crate::effect::Effect;
use crate::state_tests::{Producer, VALIDATORS, chain, gossip_block, gossip_vote, tick, votes};
use crate::under_way_tests::{begun, finish};
use crate::verifier::{Done, JobId, NotDone};
use consensus::{Interval, validator_indices};

fn proposes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SignBlock(_)))
}

/// Whose votes are in the aggregates that these effects publish.
fn published(effects: &[Effect]) -> Vec<Vec<u64>> {
    let published = effects.iter().filter_map(|effect| match effect {
        Effect::PublishAggregate(vote) => Some(validator_indices(&vote.proof.participants).collect()),
        _ => None,
    });
    published.collect()
}

/// A chain in interval 1 of slot 1 that has the slot's block, and that holds the votes of all but the last validator.
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
fn aggregation_begins_in_interval_2_and_is_published_when_it_has_been_proved() {
    let (mut chain, last) = with_signatures();
    let (mut jobs, others) = begun(chain.interval(7));
    assert_eq!(published(&others), Vec::<Vec<u64>>::new());
    assert!(matches!(jobs[..], [(JobId::Aggregation(_), _)]));
    gossip_vote(&mut chain, last);
    let effects = finish(&mut chain, jobs.remove(0));
    assert_eq!(published(&effects), [[0, 1, 2]]);
    assert_eq!(
        (chain.store.pools().signature_count(), chain.store.pools().new_proof_count()),
        (1, 1),
        "the last one came too late"
    );
}

#[test]
fn a_round_that_is_still_under_way_is_not_doubled_and_what_it_left_is_in_the_next() {
    let (mut chain, last) = with_signatures();
    let (mut jobs, _) = begun(chain.interval(7));
    gossip_vote(&mut chain, last);
    (8..12).for_each(|interval| drop(tick(&mut chain, interval)));
    let (none, _) = begun(chain.interval(12));
    assert!(none.is_empty());
    assert_eq!(chain.snapshot().dropped["AGGREGATION_STILL_UNDER_WAY"], 1);
    assert_eq!(published(&finish(&mut chain, jobs.remove(0))), [[0, 1, 2]]);
    (13..17).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 17)), [[0, 1, 2, 3]]);
}

#[test]
fn a_round_that_was_lost_is_counted_and_its_votes_are_in_the_next() {
    let (mut chain, _) = with_signatures();
    let (mut jobs, _) = begun(chain.interval(7));
    let (id, _) = jobs.remove(0);
    chain.done(vec![Done { id, outcome: Err(NotDone::Lost) }]);
    assert_eq!(chain.snapshot().dropped["NOT_PROVED"], 1);
    (8..12).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 12)), [[0, 1, 2]]);
}

#[test]
fn a_round_that_never_ends_is_given_up_so_that_there_are_others_and_is_left_out_when_it_ends_after_all() {
    let (mut chain, _) = with_signatures();
    let (mut jobs, _) = begun(chain.interval(7));
    (8..=33).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(chain.snapshot().dropped["NOT_PROVED"], 1);
    assert_eq!(published(&finish(&mut chain, jobs.remove(0))), Vec::<Vec<u64>>::new());
    assert_eq!(chain.snapshot().dropped["AGGREGATION_LATE"], 1);
    (34..37).for_each(|interval| drop(tick(&mut chain, interval)));
    assert_eq!(published(&tick(&mut chain, 37)), [[0, 1, 2]]);
}

#[test]
fn a_tick_that_is_late_by_up_to_a_slot_does_every_interval_on_the_way() {
    let (mut chain, _) = with_signatures();
    let missed = chain.snapshot().missed_intervals;
    // Interval 2 of slot 1 is on the way to interval 1 of slot 2.
    let effects = tick(&mut chain, 11);
    assert_eq!(published(&effects), [[0, 1, 2]]);
    assert_eq!((chain.snapshot().missed_intervals, chain.snapshot().time), (missed, 11));
}

#[test]
fn a_tick_that_is_later_leaves_out_what_is_more_than_a_slot_ago_and_counts_it() {
    for (late, missed) in [(11, 0), (12, 1), (13, 2), (100, 89)] {
        let mut chain = chain([]);
        (0..=6).for_each(|interval| drop(tick(&mut chain, interval)));
        tick(&mut chain, late);
        assert_eq!((chain.snapshot().missed_intervals, chain.snapshot().time), (missed, late));
    }
    // The slot's own aggregation interval was left out, so the next slot's does it.
    let (mut chain, _) = with_signatures();
    assert_eq!(published(&tick(&mut chain, 12)), [[0, 1, 2]], "interval 12 is slot 2's");
}

#[test]
fn a_proposal_that_is_late_is_not_made_and_votes_that_are_late_are_cast() {
    let mut chain = chain(0..VALIDATORS);
    (0..5).for_each(|interval| drop(tick(&mut chain, interval)));
    let effects = tick(&mut chain, 6);
    assert!(!proposes(&effects));
    assert!(votes(&effects).is_empty(), "there is no block of this slot yet");
    assert_eq!(votes(&chain.vote_anyway(1)).len(), VALIDATORS as usize);
    assert!(votes(&tick(&mut chain, 7)).is_empty(), "once in a slot");
    let effects = tick(&mut chain, 14);
    let late: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::VoteAfterPatience(2))).collect();
    assert_eq!(late.len(), 1);
    assert_eq!(votes(&chain.vote_anyway(2)).len(), VALIDATORS as usize);
}

/// A node with all validators that has blocks up to slot 10, at an interval of a later slot.
fn behind(now: Interval, former: &[Interval]) -> Vec<Effect> {
    let mut producer = Producer::new();
    let blocks: Vec<_> = (1..=10).map(|slot| producer.slot(slot).0).collect();
    let mut chain = chain(0..VALIDATORS);
    chain.role.is_aggregator = false;
    chain.store.skip_to(50);
    blocks.into_iter().for_each(|block| drop(gossip_block(&mut chain, block)));
    assert_eq!(chain.snapshot().head.slot, 10);
    former.iter().for_each(|interval| drop(tick(&mut chain, *interval)));
    tick(&mut chain, now)
}

#[test]
fn the_gate_is_open_at_a_lag_of_4_and_closed_at_5_if_somebody_has_newer_blocks() {
    assert!(proposes(&behind(70, &[])), "slot 14");
    assert!(!proposes(&behind(75, &[])), "slot 15");
    // Closed once, a lag of 3 would not open it; but nobody has anything newer than 8 slots, so the network stalls.
    assert!(!proposes(&behind(90, &[75])), "slot 18: the newest block is 8 slots old");
    assert!(proposes(&behind(95, &[75])), "slot 19: it is 9 slots old");
}
