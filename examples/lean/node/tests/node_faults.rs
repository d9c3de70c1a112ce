//! Tests of invalid messages from a peer: each is refused for a stated reason and counted, and the
//! honest nodes continue to finalize.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use consensus::{
    AttestationData, Block, BlockBody, Checkpoint, MultiMessageAggregate, ProofBytes, Root,
    SignedAggregatedAttestation, SignedAttestation, SignedBlock, SingleMessageAggregate,
    aggregation_bits,
};
use lean_node::report::StatusLine;
use libp2p::{Multiaddr, PeerId};
use libssz::SszEncode;
use network::{
    BlocksReply, BlocksResponse, Command, GossipMessage, HostKey, Inbound, Network, NetworkConfig,
    NetworkFront, Refused, SlotRange, Status, TopicKind,
};
use support::{finalized, network, start};
use xmss::{Scheme, SecretKey};

const ENOUGH: Duration = Duration::from_secs(60);

/// A peer without reactions: it refuses all events and sends nothing by itself.
struct Silent {
    connected: SyncSender<PeerId>,
}

impl Inbound for Silent {
    fn gossip(&self, _message: GossipMessage) -> Result<(), Refused> {
        Err(Refused)
    }
    fn blocks(&self, _response: BlocksResponse) -> Result<(), Refused> {
        Err(Refused)
    }
    fn status(&self, _peer: PeerId, _status: Status) -> Result<(), Refused> {
        Err(Refused)
    }
    fn peer_connected(&self, peer: PeerId, _is_configured: bool) -> Result<(), Refused> {
        self.connected.try_send(peer).map_err(|_| Refused)
    }
    fn peer_disconnected(&self, _peer: PeerId) -> Result<(), Refused> {
        Ok(())
    }
    fn serve_blocks(
        &self,
        _peer: PeerId,
        _roots: Vec<[u8; 32]>,
        _reply: BlocksReply,
    ) -> Result<(), Refused> {
        Err(Refused)
    }
    fn serve_range(
        &self,
        _peer: PeerId,
        _range: SlotRange,
        _reply: BlocksReply,
    ) -> Result<(), Refused> {
        Err(Refused)
    }
    fn our_status(&self) -> Status {
        // A nonexistent head: a node requesting this block never receives it.
        Status { head_root: [0xab; 32], head_slot: 1, ..Status::default() }
    }
}

/// Connects a malicious peer to one node.
fn intruder(node: &Multiaddr) -> Network {
    let (connected, connections) = sync_channel(16);
    let listen = "/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("a QUIC address");
    let config = NetworkConfig {
        peers: vec![node.clone()],
        heartbeat: Duration::from_millis(100),
        ..NetworkConfig::new(HostKey::generate(), listen)
    };
    let network = Network::start(config, Silent { connected }).expect("the port is free");
    connections.recv_timeout(ENOUGH).expect("the node takes the connection");
    network
}

fn gossip(front: &NetworkFront, kind: TopicKind, ssz: Vec<u8>) {
    front.publish(kind, ssz).expect("the lane has room");
}

/// Waits until the node has counted drops for each of these reasons.
fn dropped(reports: &Receiver<StatusLine>, reasons: &[&str]) -> BTreeMap<String, u64> {
    loop {
        let line = reports.recv_timeout(ENOUGH).expect("the node reports every slot");
        if reasons.iter().all(|reason| line.dropped.contains_key(*reason)) {
            return line.dropped;
        }
        assert!(line.slot < 100, "not all of {reasons:?} were counted: {line:#?}");
    }
}

fn vote(validator_index: u64, data: AttestationData, key: &mut SecretKey) -> Vec<u8> {
    let signature =
        key.sign(data.slot, Root::of(&data).as_bytes()).expect("the slot is active and unused");
    SignedAttestation { validator_index, data, signature }.to_ssz()
}

#[test]
fn invalid_messages_are_refused_and_counted_and_honest_nodes_still_finalize() {
    let runtimes = lean_node::runtime::all();
    let nodes: Vec<_> = network(2, 4, 3)
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    let (victim, reports) = &nodes[0];
    let intruder = intruder(victim.listen_address());
    let front = intruder.front();
    let seen = finalized(reports, 1);
    let head = Checkpoint { root: seen.head_root, slot: seen.head_slot };
    let finalized_now = Checkpoint { root: seen.finalized_root, slot: seen.finalized_slot };
    let data = AttestationData { slot: head.slot, head, target: head, source: finalized_now };
    let mut stranger = SecretKey::generate(Scheme::TEST, [99; 32], 0, 256).expect("256 slots");

    // Bytes other than SSZ, on each topic.
    gossip(&front, TopicKind::Block, vec![1; 100]);
    gossip(&front, TopicKind::Aggregation, vec![2; 100]);
    gossip(&front, TopicKind::Attestation { subnet: 0 }, vec![3; 100]);
    // A vote with another key's signature, a vote of a nonexistent validator, and a vote from the
    // future.
    gossip(&front, TopicKind::Attestation { subnet: 0 }, vote(0, data, &mut stranger));
    gossip(&front, TopicKind::Attestation { subnet: 0 }, vote(1000, data, &mut stranger));
    let future = AttestationData { slot: 200, ..data };
    gossip(&front, TopicKind::Attestation { subnet: 0 }, vote(0, future, &mut stranger));
    // An aggregate with an invalid proof.
    let participants = aggregation_bits([0, 1, 2, 3]).expect("four validators");
    let proof = SingleMessageAggregate { participants, proof: ProofBytes::default() };
    gossip(&front, TopicKind::Aggregation, SignedAggregatedAttestation { data, proof }.to_ssz());
    // A block from the future, one of the wrong proposer, and one with an unknown parent.
    let block = |slot, proposer_index, parent_root| {
        let block = Block {
            slot,
            proposer_index,
            parent_root,
            state_root: Root::ZERO,
            body: BlockBody::default(),
        };
        SignedBlock { block, proof: MultiMessageAggregate::default() }.to_ssz()
    };
    gossip(&front, TopicKind::Block, block(u64::MAX, 0, head.root));
    gossip(&front, TopicKind::Block, block(head.slot + 1, head.slot + 3, head.root));
    gossip(&front, TopicKind::Block, block(head.slot, 0, Root::from([0xcd; 32])));

    let counted = dropped(
        reports,
        &[
            "gossip not SSZ",
            "INVALID_SIGNATURE",
            "VALIDATOR_NOT_IN_STATE",
            "ATTESTATION_TOO_FAR_IN_FUTURE",
            "BLOCK_TOO_FAR_IN_FUTURE",
            "FETCH_GIVEN_UP",
        ],
    );
    assert_eq!(counted["gossip not SSZ"], 3);
    assert_eq!(counted["INVALID_SIGNATURE"], 2, "the vote's and the aggregate's");

    let later = finalized(reports, seen.finalized_slot + 6);
    assert!(later.slot - later.finalized_slot <= 4, "finality keeps up: {later:#?}");
    assert!(later.finalized_slot > seen.finalized_slot);
    finalized(&nodes[1].1, later.finalized_slot);
    intruder.stop(Duration::from_secs(5)).expect("the intruder ends");
    for (node, _) in nodes {
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}

#[test]
fn a_flood_of_votes_for_unknown_blocks_is_bounded_and_leaves_the_other_lanes_served() {
    const FLOOD: u64 = 20_000;
    let runtimes = lean_node::runtime::all();
    let nodes: Vec<_> = network(2, 4, 3)
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    let (victim, reports) = &nodes[0];
    let intruder = intruder(victim.listen_address());
    let front = intruder.front();
    let seen = finalized(reports, 1);
    let known = Checkpoint { root: seen.head_root, slot: seen.head_slot };
    let data = AttestationData { slot: known.slot, head: known, target: known, source: known };
    let mut stranger = SecretKey::generate(Scheme::TEST, [99; 32], 0, 256).expect("256 slots");
    let signature = stranger
        .sign(data.slot, Root::of(&data).as_bytes())
        .expect("the slot is active and unused");
    for n in 0..FLOOD {
        let mut root = [0xee; 32];
        root[..8].copy_from_slice(&n.to_le_bytes());
        let data = AttestationData { head: Checkpoint { root: Root::from(root), ..known }, ..data };
        let vote = SignedAttestation { validator_index: n % 4, data, signature: signature.clone() }
            .to_ssz();
        let mut kind = TopicKind::Attestation { subnet: 0 };
        let mut ssz = vote;
        // The intruder's own lane is bounded as well.
        while let Err(refused) = front.publish(kind, ssz) {
            let Command::Publish { kind: again, ssz: vote } = *refused.command else {
                panic!("it is what was told")
            };
            (kind, ssz) = (again, vote);
            std::thread::yield_now();
        }
    }
    let later = finalized(reports, seen.finalized_slot + 6);
    assert!(later.pending_votes > 0 && later.pending_votes <= 4096, "{later:#?}");
    for lane in later.lanes.iter().filter(|lane| lane.name != "stranger_votes") {
        assert_eq!((lane.refused, lane.evicted), (0, 0), "{lane:?}");
    }
    finalized(&nodes[1].1, later.finalized_slot);
    intruder.stop(Duration::from_secs(30)).expect("the intruder ends");
    for (node, _) in nodes {
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}
