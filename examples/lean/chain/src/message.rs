//! Everything that the chain's owner may be sent, and the lane of each.

use actor_lanes::{Lane, Message, Reply};
use network::PeerId;

use crate::Fetched;
use crate::verifier::{Done, UNDER_WAY};
use consensus::{Checkpoint, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock, Slot, ValidatorIndex};
use network::{BlocksReply, MessageId, SlotRange, Status};

/// A message to the chain's owner. Senders use the methods of [`Chain`](super::Chain), one for each variant.
#[derive(Debug)]
pub enum ChainMessage {
    /// From its own timer: an interval has begun.
    Tick,
    /// From its own timer: the slot's block has not come in time, vote without it.
    VoteAnyway(Slot),
    /// From the network thread: a peer connected.
    PeerConnected(PeerId),
    /// From the network thread: a peer's last connection is gone.
    PeerDisconnected(PeerId),
    /// From the network thread: where a peer's chain stands.
    PeerStatus(PeerId, Status),
    /// From whoever wants to know where the chain stands now, after what was sent before.
    Head(Reply<ChainHead>),
    /// From the HTTP API: take up the aggregator's role, or lay it down; was it taken before?
    SetAggregator(bool, Reply<bool>),
    /// From the signer: one of our validators' vote.
    OwnVote(Box<SignedAttestation>),
    /// From the signer: our block.
    OwnBlock(Box<SignedBlock>),
    /// From the signer: a validator could not sign.
    NotSigned(ValidatorIndex, Slot, String),
    /// From the decoder: a gossiped block.
    Block(Box<SignedBlock>, Origin),
    /// From itself: synchronization goes on.
    Synchronize,
    /// From the decoder: what a request for blocks came to.
    Fetched(u64, Fetched),
    /// From the network thread: a peer asks for blocks.
    ServeBlocks(Vec<Root>, BlocksReply),
    /// From the network thread: a peer asks for the blocks of some slots.
    ServeRange(SlotRange, BlocksReply),
    /// From the decoder: a gossiped aggregate.
    Aggregate(Box<SignedAggregatedAttestation>, Origin),
    /// From the decoder: a gossiped vote.
    Vote(Box<SignedAttestation>, Origin),
    /// From a verifier or the prover, by its place in the pool: what came of jobs.
    Done(usize, Vec<Done>),
}

/// Where a gossip message came from, so that it can be reported on.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The message's name.
    pub id: MessageId,
    /// The peer that sent it first.
    pub source: PeerId,
}

/// Where the chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The head block.
    pub head: Checkpoint,
    /// The latest justified checkpoint.
    pub justified: Checkpoint,
    /// The latest finalized checkpoint.
    pub finalized: Checkpoint,
}

const CONTROL: usize = 0;
const OWN: usize = 1;
const BLOCKS: usize = 2;
const REQUESTS: usize = 3;
const AGGREGATES: usize = 4;
const VOTES: usize = 5;
const DONE: usize = 6;

impl ChainMessage {
    /// How many lanes the chain's mailbox has.
    pub(crate) const LANE_COUNT: usize = Self::LANES.len();
}

impl Message for ChainMessage {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 256),
        Lane::fifo("own", 1024).weight(8),
        Lane::fifo("blocks", 1024).weight(4),
        Lane::fifo("requests", 64),
        Lane::newest_first("aggregates", 4096).weight(4),
        Lane::newest_first("votes", 4096).weight(4),
        // Room for an outcome of everything that may be under way, so that none is refused. Served before more is begun.
        Lane::fifo("done", UNDER_WAY).weight(16),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Tick
            | Self::VoteAnyway(_)
            | Self::PeerConnected(_)
            | Self::PeerDisconnected(_)
            | Self::Head(_)
            | Self::SetAggregator(..) => CONTROL,
            Self::OwnVote(_) | Self::OwnBlock(_) | Self::NotSigned(..) => OWN,
            Self::Block(..) | Self::Fetched(..) | Self::Synchronize => BLOCKS,
            Self::PeerStatus(..) | Self::ServeBlocks(..) | Self::ServeRange(..) => REQUESTS,
            Self::Aggregate(..) => AGGREGATES,
            Self::Vote(..) => VOTES,
            Self::Done(..) => DONE,
        }
    }
}
