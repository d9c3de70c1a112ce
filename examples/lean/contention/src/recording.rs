//! The load: all network input for one node, recorded in advance and identical for both kinds of
//! dispatch.
//!
//! The recorder grows a chain with the specification's block production, voting and aggregation, on
//! a store with no delay. The output of its validators is encoded as in gossip, and scheduled on
//! the time line.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use libssz::SszEncode as _;

use chain::{ChainHead, ChainState, Role};
use consensus::{
    AttestationData, Block, Checkpoint, INTERVALS_PER_SLOT, MockProofs, ProofError, Rejection,
    Root, SignedAggregatedAttestation, SignedBlock, Slot, State, Store, genesis,
    interval_from_slot, proposer_for_slot,
};
use network::{
    BlocksResponse, GossipMessage, HostKey, HostKeyError, MessageId, PeerId, Status, TopicKind,
};
use xmss::{GenerateError, SignError};

use super::schedule::Schedule;
use super::site::Site;
use super::voters::{SCHEME, Voters};

/// The number of peers connected to the node.
const PEERS: u8 = 8;

/// One in this many validators votes without having seen the newest block.
const ONE_IN_BEHIND: u64 = 5;

/// The number of aggregators that publish an aggregate of the votes they heard, before the
/// aggregate of all votes.
const AGGREGATORS: usize = 8;

/// The maximum number of blocks in a peer's request.
const BLOCKS_ASKED: usize = 8;

/// The load of one node, starting at slot 0.
pub(super) struct Recording {
    /// The first state and block of the chain.
    pub(super) genesis: (State, Block),
    /// The peers, connected from the start.
    pub(super) peers: Vec<PeerId>,
    /// The network input, in order of time.
    pub(super) events: Vec<Event>,
    /// Every encoded block, by root, for answers to the node's requests.
    pub(super) blocks: HashMap<Root, Vec<u8>>,
    /// The final head of a node with no delay in its input.
    pub(super) head: ChainHead,
}

/// One network input, with its time since the start of slot 0.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) at: Duration,
    pub(super) call: Incoming,
}

/// The kinds of network input.
#[derive(Clone, Debug)]
pub(super) enum Incoming {
    /// An encoded gossip message.
    Gossip(GossipMessage),
    /// A peer requests blocks.
    BlocksRequest(Vec<[u8; 32]>),
    /// A peer sends its status and requests ours.
    StatusRequest(PeerId, Status),
    /// A peer answers a request of this node.
    Blocks(BlocksResponse),
}

/// The load could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No key can sign in that many slots.
    #[error(transparent)]
    Keys(#[from] GenerateError),
    /// A signature could not be created.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A block or a vote broke a consensus rule.
    #[error("the recorded chain broke a rule: {0}")]
    Rejected(#[from] Rejection),
    /// A proof could not be created.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The key of a peer is invalid.
    #[error(transparent)]
    Peer(#[from] HostKeyError),
}

impl Recording {
    /// Creates the node under load. It is an aggregator, like every node of a devnet. It has no
    /// validators, so it publishes no blocks or votes of its own.
    pub(super) fn node(&self) -> Result<ChainState, Rejection> {
        let (state, block) = self.genesis.clone();
        let store = Store::new(state, block, None)?;
        let role = Role {
            validators: Vec::new(),
            is_aggregator: true,
            first_duty_slot: 0,
            scheme: SCHEME,
        };
        Ok(ChainState::new(store, Arc::new(MockProofs::default()), role))
    }
}

impl Incoming {
    /// Returns the call site of this input.
    pub(super) fn site(&self) -> Site {
        match self {
            Self::Gossip(GossipMessage { kind: TopicKind::Block, .. }) => Site::GossipBlock,
            Self::Gossip(GossipMessage { kind: TopicKind::Aggregation, .. }) => {
                Site::GossipAggregate
            }
            Self::Gossip(GossipMessage { kind: TopicKind::Attestation { .. }, .. }) => {
                Site::GossipVote
            }
            Self::BlocksRequest(_) => Site::BlocksByRootRequest,
            Self::StatusRequest(..) => Site::StatusRequest,
            Self::Blocks(_) => Site::BlocksByRootResponse,
        }
    }
}

/// Records `slots` slots of a network of `validators` validators.
pub(super) fn record(
    validators: u64,
    slots: Slot,
    interval_ms: u64,
) -> Result<Recording, RecordError> {
    let voters = Voters::grow(validators, slots)?;
    let registry = voters.registry().ok_or(Rejection::ValidatorIndexOutOfRange)?;
    // The genesis time is part of the chain's states, so it is fixed for all runs. Each run has its
    // own clock.
    let (state, block) = genesis(0, registry);
    let store = Store::new(state.clone(), block.clone(), None)?;
    let peers = (1..=PEERS)
        .map(|peer| Ok(HostKey::from_secret([peer; 32])?.peer_id()))
        .collect::<Result<_, _>>();
    let mut recorder = Recorder {
        behind: store.clone(),
        store,
        voters,
        schedule: Schedule::new(interval_ms, slots),
        peers: peers.map_err(RecordError::Peer)?,
        events: Vec::new(),
        blocks: Vec::new(),
    };
    for slot in 0..slots {
        recorder.slot(slot)?;
    }
    // Peers keep sending their status, so that a node without the last block learns of it.
    recorder.requests(slots);
    Ok(recorder.finish((state, block)))
}

struct Recorder {
    /// Receives everything without delay.
    store: Store,
    /// The store before the newest block, for a proposer that has not received that block.
    behind: Store,
    voters: Voters,
    schedule: Schedule,
    peers: Vec<PeerId>,
    events: Vec<Event>,
    blocks: Vec<(Root, Vec<u8>)>,
}

impl Recorder {
    fn slot(&mut self, slot: Slot) -> Result<(), RecordError> {
        self.requests(slot);
        if slot > 0 {
            self.propose(slot)?;
        }
        let aggregates = self.vote(slot)?;
        let last = interval_from_slot(slot) + INTERVALS_PER_SLOT - 1;
        let folded = self.store.on_tick(last, false, true, &MockProofs::default());
        let published: Vec<_> = aggregates.into_iter().chain(folded).collect();
        for (place, aggregate) in published.iter().enumerate() {
            let at = self.schedule.aggregate(slot, place, published.len());
            self.gossip(at, TopicKind::Aggregation, aggregate.to_ssz());
        }
        Ok(())
    }

    fn propose(&mut self, slot: Slot) -> Result<(), RecordError> {
        let proofs = MockProofs::default();
        let proposer = proposer_for_slot(slot, self.store.head_state().validators.len());
        let proposer = proposer.ok_or(Rejection::EmptyValidatorRegistry)?;
        let signed = if self.schedule.is_proposer_late(slot) {
            let produced = self.behind.clone().produce_block(slot, proposer, &proofs)?;
            let signed = self.voters.sign_block(&produced)?;
            self.store.on_tick(interval_from_slot(slot), false, false, &proofs);
            self.store.on_block(&signed, &proofs)?;
            signed
        } else {
            self.behind = self.store.clone();
            let produced = self.store.produce_block(slot, proposer, &proofs)?;
            self.store.update_head();
            self.voters.sign_block(&produced)?
        };
        self.gossip_block(slot, &signed);
        Ok(())
    }

    /// Creates and gossips the votes of all validators, and returns the aggregates of these votes.
    fn vote(&mut self, slot: Slot) -> Result<Vec<SignedAggregatedAttestation>, RecordError> {
        let (data, behind) = self.votes_of(slot);
        let choose =
            |index: u64| if index % ONE_IN_BEHIND == ONE_IN_BEHIND - 1 { behind } else { data };
        let votes = self.voters.vote(slot, choose)?;
        for (place, vote) in votes.iter().enumerate() {
            let at = self.schedule.vote(slot, place, votes.len());
            self.gossip(at, TopicKind::Attestation { subnet: 0 }, vote.to_ssz());
        }
        let aggregates = self.voters.aggregate(&votes, AGGREGATORS)?;
        for aggregate in &aggregates {
            self.store.insert_aggregated_attestation(aggregate.clone());
        }
        Ok(aggregates)
    }

    /// Returns two votes: one of a validator that has seen everything, and one of a validator
    /// without the newest block.
    fn votes_of(&self, slot: Slot) -> (AttestationData, AttestationData) {
        let data = self.store.produce_attestation_data(slot);
        let parent_root = self.store.head_block().parent_root;
        let parent =
            self.store.block(&parent_root).filter(|parent| parent.slot >= data.target.slot);
        let head =
            parent.map_or(data.head, |parent| Checkpoint { root: parent_root, slot: parent.slot });
        (data, AttestationData { head, ..data })
    }

    /// Schedules peers' requests for the newest blocks, and their status messages, with the state
    /// at the start of the slot.
    fn requests(&mut self, slot: Slot) {
        let newest = self.blocks.iter().rev().take(BLOCKS_ASKED).map(|(root, _)| *root.as_bytes());
        let mut roots: Vec<_> = newest.collect();
        if roots.is_empty() {
            roots.push(*self.store.head().as_bytes());
        }
        for at in self.schedule.blocks_requests(slot) {
            self.events.push(Event { at, call: Incoming::BlocksRequest(roots.clone()) });
        }
        let finalized = self.store.latest_finalized();
        let status = Status {
            finalized_root: *finalized.root.as_bytes(),
            finalized_slot: finalized.slot,
            head_root: *self.store.head().as_bytes(),
            head_slot: self.store.head_slot(),
        };
        for (at, peer) in self.schedule.status_requests(slot).zip(self.peers.iter().cycle()) {
            self.events.push(Event { at, call: Incoming::StatusRequest(*peer, status) });
        }
    }

    fn gossip_block(&mut self, slot: Slot, block: &SignedBlock) {
        let ssz = block.to_ssz();
        self.blocks.push((Root::of(&block.block), ssz.clone()));
        self.gossip(self.schedule.block(slot), TopicKind::Block, ssz);
    }

    fn gossip(&mut self, at: Duration, kind: TopicKind, ssz: Vec<u8>) {
        let id = MessageId::of_valid(kind.to_string().as_bytes(), &ssz);
        let source = self.peers[self.events.len() % self.peers.len()];
        let message = GossipMessage { kind, ssz, id, source, is_configured: true };
        self.events.push(Event { at, call: Incoming::Gossip(message) });
    }

    fn finish(mut self, genesis: (State, Block)) -> Recording {
        self.events.sort_by_key(|event| event.at);
        let head = ChainHead {
            head: Checkpoint { root: self.store.head(), slot: self.store.head_slot() },
            justified: self.store.latest_justified(),
            finalized: self.store.latest_finalized(),
        };
        let Self { peers, events, blocks, .. } = self;
        Recording { genesis, peers, events, blocks: blocks.into_iter().collect(), head }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(recording: &Recording) -> Vec<(Duration, Vec<u8>)> {
        let bytes = recording.events.iter().map(|event| match &event.call {
            Incoming::Gossip(message) => (event.at, message.ssz.clone()),
            Incoming::BlocksRequest(roots) => (event.at, roots.concat()),
            Incoming::StatusRequest(peer, status) => {
                (event.at, [peer.to_bytes(), status.to_ssz().to_vec()].concat())
            }
            Incoming::Blocks(_) => panic!("the node's own requests are not recorded"),
        });
        bytes.collect()
    }

    #[test]
    fn the_load_is_the_same_every_time_and_in_order() {
        let [first, second] =
            [(), ()].map(|()| record(5, 6, 100).expect("the recording keeps to the rules"));
        assert_eq!(bytes(&first), bytes(&second));
        assert!(first.events.is_sorted_by_key(|event| event.at));
        assert_eq!(first.head, second.head);
    }

    #[test]
    fn the_chain_forks_and_finalizes_and_its_head_is_not_the_last_block() {
        let recording = record(5, 12, 100).expect("the recording keeps to the rules");
        assert_eq!(recording.blocks.len(), 11);
        assert_eq!(
            recording.head.head.slot, 10,
            "the last block is on an older one, and votes are not for it"
        );
        assert!(recording.head.finalized.slot > 0, "{:?}", recording.head);
    }
}
