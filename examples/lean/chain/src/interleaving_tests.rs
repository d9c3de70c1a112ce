//! For every order of results, the final store equals that of an actor without verifiers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, proptest};
use proptest::sample::Index;

use crate::effect::Effect;
use crate::in_flight_tests::{begun, finish};
use crate::state::ChainState;
use crate::state_tests::{Producer, chain, origin, run_jobs, tick};
use consensus::{
    AttestationData, Checkpoint, Root, SignedAttestation, SignedBlock, SingleMessageAggregate,
    ValidatorIndex, validator_indices,
};

const SLOTS: u64 = 8;

/// A message of a peer.
#[derive(Clone, Debug)]
enum Arrival {
    Block(Arc<SignedBlock>),
    Vote(Arc<SignedAttestation>),
}

/// Blocks of a chain and of a fork, votes, repeated votes, and forged votes.
static ARRIVALS: LazyLock<Vec<Arrival>> = LazyLock::new(|| {
    let mut producer = Producer::new();
    let mut arrivals = Vec::new();
    for slot in 1..=SLOTS {
        let (block, votes) = producer.slot(slot);
        arrivals.push(Arrival::Block(Arc::new(block)));
        let forged = SignedAttestation { validator_index: 1, ..votes[0].clone() };
        let again = votes[2].clone();
        arrivals.extend(
            votes.into_iter().chain([forged, again]).map(|vote| Arrival::Vote(Arc::new(vote))),
        );
    }
    let mut other = Producer::new();
    (1..SLOTS - 2).for_each(|slot| drop(other.slot(slot)));
    let (rival, _) = other.slot(SLOTS - 1);
    arrivals.push(Arrival::Block(Arc::new(rival)));
    arrivals
});

fn arrive(chain: &mut ChainState, arrival: &Arrival) -> Vec<Effect> {
    match arrival {
        Arrival::Block(block) => chain.block(SignedBlock::clone(block), origin()),
        Arrival::Vote(vote) => chain.vote(SignedAttestation::clone(vote), origin()),
    }
}

/// The order-independent part of a store: checkpoints, blocks, and the voters of each vote still
/// counted.
#[derive(Debug, PartialEq)]
struct View {
    head: Root,
    checkpoints: [Checkpoint; 2],
    blocks: BTreeSet<Root>,
    signatures: BTreeMap<Root, BTreeSet<ValidatorIndex>>,
    new: BTreeMap<Root, BTreeSet<ValidatorIndex>>,
    known: BTreeMap<Root, BTreeSet<ValidatorIndex>>,
}

fn view(chain: &ChainState) -> View {
    let store = &chain.base.store;
    let counts = |data: &AttestationData| {
        store.is_above_finalized(data) && data.target.slot > store.latest_justified().slot
    };
    let voters = |proofs: &[Arc<SingleMessageAggregate>]| {
        proofs
            .iter()
            .flat_map(|proof| validator_indices(&proof.participants))
            .collect::<BTreeSet<_>>()
    };
    let signatures = store.pools().attestation_signatures().filter(|(data, _)| counts(data));
    let pool = |pool: Vec<(&AttestationData, BTreeSet<ValidatorIndex>)>| {
        pool.into_iter()
            .filter(|(data, _)| counts(data))
            .map(|(data, voters)| (Root::of(data), voters))
            .collect()
    };
    View {
        head: store.head(),
        checkpoints: [store.latest_justified(), store.latest_finalized()],
        blocks: store.tree().blocks().map(|(root, _)| *root).collect(),
        signatures: signatures.map(|(data, voters)| (Root::of(data), voters.collect())).collect(),
        new: pool(
            store.pools().new_proofs().map(|(data, proofs)| (data, voters(proofs))).collect(),
        ),
        known: pool(
            store.pools().known_proofs().map(|(data, proofs)| (data, voters(proofs))).collect(),
        ),
    }
}

/// Whether a job ends next (else a message arrives), and the index of the job.
type Choice = (bool, Index);

/// Sends all arrivals to `chain` in order, while the resulting jobs end in the order of `choices`.
fn interleave(chain: &mut ChainState, arrivals: &[Arrival], choices: &[Choice]) {
    let mut arrivals = arrivals.iter();
    let mut jobs = Vec::new();
    for (ends, index) in choices.iter().cycle() {
        let effects = if *ends && !jobs.is_empty() || arrivals.len() == 0 {
            if jobs.is_empty() {
                return;
            }
            finish(chain, jobs.swap_remove(index.index(jobs.len())))
        } else {
            arrivals.next().map(|arrival| arrive(chain, arrival)).unwrap_or_default()
        };
        jobs.extend(begun(effects).0);
    }
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    vec(any::<Choice>(), 50..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn results_in_any_order_lead_to_the_same_store(
        arrivals in Just(ARRIVALS.clone()).prop_shuffle(),
        choices in choices(),
    ) {
        let [mut expected, mut chain] = [(); 2].map(|()| chain([]));
        // Late enough for all blocks of the fork to arrive before finality passes them.
        for chain in [&mut expected, &mut chain] {
            tick(chain, SLOTS * 5 + 4);
        }
        for arrival in &arrivals {
            let effects = arrive(&mut expected, arrival);
            run_jobs(&mut expected, effects);
        }
        interleave(&mut chain, &arrivals, &choices);
        assert_eq!(view(&chain), view(&expected));
        assert_eq!(chain.snapshot().blocks_imported, SLOTS + 1);

        // The same holds after the votes have been aggregated and counted.
        for interval in SLOTS * 5 + 5..SLOTS * 5 + 15 {
            tick(&mut expected, interval);
            tick(&mut chain, interval);
        }
        assert_eq!(view(&chain), view(&expected));
    }

    #[test]
    fn results_in_a_later_interval_lead_to_the_same_head(choices in choices()) {
        let [mut expected, mut chain] = [(); 2].map(|()| chain([]));
        for (slot, arrivals) in (1..).zip(ARRIVALS.chunks_exact(7)) {
            for chain in [&mut expected, &mut chain] {
                tick(chain, slot * 5 + 1);
            }
            for arrival in arrivals {
                let effects = arrive(&mut expected, arrival);
                run_jobs(&mut expected, effects);
            }
            // Intervals begin while votes are verified and a round of aggregation is proved.
            let mut jobs = Vec::new();
            for (interval, part) in (slot * 5 + 2..slot * 5 + 5).zip(arrivals.chunks(3)) {
                tick(&mut expected, interval);
                jobs.extend(part.iter().flat_map(|arrival| begun(arrive(&mut chain, arrival)).0));
                jobs.extend(begun(chain.tick(interval)).0);
                for (ends, index) in choices.iter().take(3) {
                    if *ends && !jobs.is_empty() {
                        let job = jobs.swap_remove(index.index(jobs.len()));
                        jobs.extend(begun(finish(&mut chain, job)).0);
                    }
                }
            }
            while let Some(job) = jobs.pop() {
                jobs.extend(begun(finish(&mut chain, job)).0);
            }
        }
        for interval in SLOTS * 5 + 5..SLOTS * 5 + 20 {
            tick(&mut expected, interval);
            tick(&mut chain, interval);
        }
        assert_eq!(view(&chain), view(&expected));
    }
}
