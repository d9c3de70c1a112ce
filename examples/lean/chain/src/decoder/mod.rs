//! Bytes become blocks and votes here: neither on the network's thread, which must not compute, nor on the chain's,
//! which must not parse.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_lanes::{Actor, Context, Lane, Message};
use libssz::SszDecode;

use crate::{Chain, Fetched, Origin};
use consensus::{SignedAggregatedAttestation, SignedAttestation, SignedBlock};
use network::{BlocksResponse, GossipMessage, NetworkFront, Offence, PeerId, TopicKind, Verdict};

/// Undecoded input, from the network thread.
#[derive(Debug)]
pub enum DecoderMessage {
    /// A gossip message, decompressed.
    Gossip(GossipMessage),
    /// The outcome of a request for blocks.
    Blocks(BlocksResponse),
}

impl Message for DecoderMessage {
    const LANES: &'static [Lane] = &[
        Lane::fifo("blocks", 256).weight(4),
        Lane::fifo("responses", 64).weight(4),
        Lane::newest_first("aggregates", 1024).weight(4),
        Lane::newest_first("votes", 4096).weight(4),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Gossip(GossipMessage { kind: TopicKind::Block, .. }) => 0,
            Self::Blocks(_) => 1,
            Self::Gossip(GossipMessage { kind: TopicKind::Aggregation, .. }) => 2,
            Self::Gossip(GossipMessage { kind: TopicKind::Attestation { .. }, .. }) => 3,
        }
    }
}

/// Decodes, and passes on to the chain.
#[derive(Debug)]
pub struct Decoder {
    chain: Chain,
    network: NetworkFront,
    undecodable: Undecodable,
}

/// Counts what was not the SSZ that it should have been; read by anyone.
#[derive(Clone, Debug, Default)]
pub struct Undecodable(Arc<AtomicU64>);

impl Undecodable {
    /// Returns how many messages were not.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Decoder {
    /// Makes a decoder that sends to `chain`, reports to `network` and counts in `undecodable`.
    pub fn new(chain: Chain, network: NetworkFront, undecodable: Undecodable) -> Self {
        Self { chain, network, undecodable }
    }

    fn gossip(&self, message: GossipMessage) {
        let GossipMessage { kind, ssz, id, source } = message;
        let origin = Origin { id, source };
        let verdict = match kind {
            TopicKind::Block => {
                self.pass_on(&ssz, origin.clone(), |block: SignedBlock, origin| self.chain.block(block, origin).is_ok())
            }
            TopicKind::Aggregation => {
                self.pass_on(&ssz, origin.clone(), |vote: SignedAggregatedAttestation, origin| {
                    self.chain.aggregate(vote, origin).is_ok()
                })
            }
            TopicKind::Attestation { .. } => self
                .pass_on(&ssz, origin.clone(), |vote: SignedAttestation, origin| self.chain.vote(vote, origin).is_ok()),
        };
        if let Some(verdict) = verdict {
            // If the lane is full the network forgets the message by itself, as if it had been ignored.
            drop(self.network.report(origin.id, origin.source, verdict));
        }
    }

    /// Decodes and sends; gives the verdict if the chain will not.
    fn pass_on<T: SszDecode>(
        &self,
        ssz: &[u8],
        origin: Origin,
        send: impl FnOnce(T, Origin) -> bool,
    ) -> Option<Verdict> {
        match T::from_ssz_bytes(ssz) {
            // A full lane counts its refusal; it is nobody's fault.
            Ok(value) => (!send(value, origin)).then_some(Verdict::Ignore),
            Err(error) => {
                self.undecodable.count();
                tracing::debug!(source = %origin.source, ?error, "gossip was not the SSZ that its topic says");
                Some(Verdict::Reject)
            }
        }
    }

    fn blocks(&self, response: BlocksResponse) {
        let BlocksResponse { request_id, peer, outcome } = response;
        let fetched = match outcome {
            Ok(blocks) => self.decode_blocks(peer, &blocks),
            Err(failure) => {
                tracing::debug!(%peer, %failure, "a request for blocks brought nothing");
                Fetched::failed(&failure)
            }
        };
        // A refusal is counted by the lane; the chain then takes the request for lost after a while, and asks another.
        let _ = self.chain.fetched(request_id, fetched);
    }

    fn decode_blocks(&self, peer: PeerId, blocks: &[Vec<u8>]) -> Fetched {
        match blocks.iter().map(|ssz| SignedBlock::from_ssz_bytes(ssz)).collect() {
            Ok(blocks) => Fetched::Blocks(blocks),
            Err(error) => {
                self.undecodable.count();
                tracing::debug!(%peer, ?error, "an answer was not a block");
                // If the lane is full it costs the peer nothing this time.
                drop(self.network.charge(peer, Offence::BadAnswer));
                Fetched::Malformed
            }
        }
    }
}

impl Actor for Decoder {
    type Message = DecoderMessage;

    async fn handle(&mut self, message: DecoderMessage, _cx: &mut Context<DecoderMessage>) {
        match message {
            DecoderMessage::Gossip(message) => self.gossip(message),
            DecoderMessage::Blocks(response) => self.blocks(response),
        }
    }
}
