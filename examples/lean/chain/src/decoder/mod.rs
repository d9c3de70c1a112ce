//! Decodes bytes from the network into blocks and votes.
//!
//! Decoding has its own thread, because the network's thread must not compute and the chain's
//! thread must not parse. Results go to a [`Recipient`] of [`Decoded`], so this module does not
//! depend on the chain.

mod message;
mod meters;
mod origin;
#[cfg(test)]
mod size_tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_lanes::{Actor, Context, Recipient};
use libssz::SszDecode;

use crate::wall_clock::WallClock;
use consensus::{SignedAttestation, SignedBlock, SlotClock};
use network::{BlocksResponse, GossipMessage, NetworkFront, Offence, PeerId, TopicKind, Verdict};

pub use message::{Decoded, DecoderMessage, Fetched};
pub use meters::{GossipMeters, Position, TopicMeters};
pub use origin::Origin;

/// Decodes messages and sends the results to the chain. A clone goes on where this one has ended.
#[derive(Clone, Debug)]
pub struct Decoder {
    results: Recipient<Decoded>,
    network: NetworkFront,
    undecodable: Undecodable,
    arrivals: Arrivals,
}

/// The record of arriving gossip.
#[derive(Clone, Debug)]
struct Arrivals {
    meters: Arc<GossipMeters>,
    clock: SlotClock,
    wall: WallClock,
}

/// A counter of inputs with invalid SSZ. Any thread may read it.
///
/// `Relaxed` suffices: the counter orders nothing else.
#[derive(Clone, Debug, Default)]
pub struct Undecodable(Arc<AtomicU64>);

impl Undecodable {
    /// Returns the count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Decoder {
    /// Creates a decoder with these receivers of its results, its verdicts and its count of
    /// undecodable input.
    pub fn new(
        results: Recipient<Decoded>,
        network: NetworkFront,
        undecodable: Undecodable,
    ) -> Self {
        let arrivals =
            Arrivals { meters: Arc::default(), clock: SlotClock::new(0), wall: WallClock::SYSTEM };
        Self { results, network, undecodable, arrivals }
    }

    /// Records sizes and arrival times by these clocks, in meters shared with readers.
    #[must_use]
    pub fn measured(self, meters: Arc<GossipMeters>, clock: SlotClock, wall: WallClock) -> Self {
        Self { arrivals: Arrivals { meters, clock, wall }, ..self }
    }

    fn gossip(&self, message: GossipMessage) {
        let GossipMessage { kind, ssz, id, source, is_configured } = message;
        let Arrivals { meters, clock, wall } = &self.arrivals;
        let clock = *clock;
        let origin = Origin::new(id, source, is_configured).promised(self.network.clone());
        match kind {
            TopicKind::Block => self.pass_on(&ssz, origin, |block: SignedBlock, origin| {
                meters.block(ssz.len(), block.block.slot, clock, wall.now());
                Decoded::Block(Box::new(block), origin)
            }),
            TopicKind::Aggregation => self.pass_on(&ssz, origin, |vote, origin| {
                meters.aggregate(ssz.len(), clock, wall.now());
                Decoded::Aggregate(Box::new(vote), origin)
            }),
            TopicKind::Attestation { .. } => {
                self.pass_on(&ssz, origin, |vote: SignedAttestation, origin| {
                    meters.vote(ssz.len(), vote.data.slot, clock, wall.now());
                    Decoded::Vote(Box::new(vote), origin)
                });
            }
        }
    }

    /// Decodes a value and sends it to the chain.
    fn pass_on<T: SszDecode>(
        &self,
        ssz: &[u8],
        origin: Origin,
        wrap: impl FnOnce(T, Origin) -> Decoded,
    ) {
        match T::from_ssz_bytes(ssz) {
            // A full lane counts its refusal, and the dropped origin reports `Ignore`, because the
            // sending peer is not at fault.
            Ok(value) => drop(self.results.try_tell(wrap(value, origin))),
            Err(error) => {
                self.undecodable.count();
                tracing::debug!(?origin, ?error, "gossip was not the SSZ of its topic");
                // If the network's lane is full, the network expires the message by itself.
                drop(origin.report(Verdict::Reject, &self.network));
            }
        }
    }

    fn blocks(&self, response: BlocksResponse) {
        // The credit returns at the end: the network then asks the peer for more.
        let BlocksResponse { request_id, peer, outcome, credit: _credit } = response;
        let fetched = match outcome {
            Ok(blocks) => self.decode_blocks(peer, &blocks),
            Err(failure) => {
                tracing::debug!(%peer, %failure, "a request for blocks brought nothing");
                Fetched::failed(&failure)
            }
        };
        // The lane counts a refusal. The chain later expires the request and asks another peer.
        let _ = self.results.try_tell(Decoded::Fetched(request_id, fetched));
    }

    fn decode_blocks(&self, peer: PeerId, blocks: &[Vec<u8>]) -> Fetched {
        match blocks.iter().map(|ssz| SignedBlock::from_ssz_bytes(ssz)).collect() {
            Ok(blocks) => Fetched::Blocks(blocks),
            Err(error) => {
                self.undecodable.count();
                tracing::debug!(%peer, ?error, "an answer was not a block");
                // If the network's lane is full, the peer is not penalised this time.
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
