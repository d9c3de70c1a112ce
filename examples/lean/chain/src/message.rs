//! The chain actor's messages, and their lanes.

use actor_lanes::mailbox::Variant;
use actor_lanes::{Lane, Message, Reply};
use network::PeerId;

use crate::decoder::{Decoded, Fetched, Origin};
use crate::signer::{NotSigned, Signed};
use crate::verifier::{IN_FLIGHT, JobsDone};
use consensus::{
    Checkpoint, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock, Slot,
    ValidatorIndex,
};
use network::{BlocksReply, SlotRange, Status};

/// A message to the chain's actor.
///
/// The network and the API send with the methods of [`Chain`](super::Chain). The decoder, the
/// signer and the verifiers do not depend on the chain. They send their own result types through a
/// [`Recipient`](actor_lanes::Recipient), and the [`Variant`] implementations below map each result
/// to its variant. One word names a message everywhere: its variant, the sender's method or result,
/// the arm in the actor, and the method of [`ChainState`](super::ChainState).
#[derive(Debug)]
pub enum ChainMessage {
    /// From its own timer: an interval has begun.
    Tick,
    /// From its own timer: the slot's block is late, so vote without it.
    VoteAnyway(Slot),
    /// From the network thread: a peer connected, and whether the configuration names it.
    PeerConnected(PeerId, bool),
    /// From the network thread: a peer's last connection closed.
    PeerDisconnected(PeerId),
    /// From the network thread: a peer's head and finalized block.
    PeerStatus(PeerId, Status),
    /// From any caller: return the current head. Earlier control messages are handled first.
    Head(Reply<ChainHead>),
    /// From the HTTP API: start or stop aggregating. The reply is the previous setting.
    SetAggregator(bool, Reply<bool>),
    /// From the signer: the vote of one of our validators.
    OwnVote(Box<SignedAttestation>),
    /// From the signer: our block.
    OwnBlock(Box<SignedBlock>),
    /// From the signer: a validator could not sign.
    NotSigned(ValidatorIndex, Slot, NotSigned),
    /// From the decoder: a gossiped block.
    Block(Box<SignedBlock>, Origin),
    /// From itself: continue synchronization.
    Synchronize,
    /// From the decoder: the result of a request for blocks.
    Fetched(u64, Fetched),
    /// From the network thread: a peer requests blocks.
    ServeBlocks(Vec<Root>, BlocksReply),
    /// From the network thread: a peer requests the blocks of some slots.
    ServeRange(SlotRange, BlocksReply),
    /// From the decoder: a gossiped aggregate.
    Aggregate(Box<SignedAggregatedAttestation>, Origin),
    /// From the decoder: a gossiped vote.
    Vote(Box<SignedAttestation>, Origin),
    /// From a verifier or the prover: the results of jobs.
    JobsDone(JobsDone),
}

/// The chain's current checkpoints.
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
    /// The number of lanes.
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
        // Room for the results of all jobs in flight, so that none is refused. The weight serves
        // results before new jobs start.
        Lane::fifo("done", IN_FLIGHT).weight(16),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Tick
            | Self::VoteAnyway(_)
            | Self::PeerConnected(..)
            | Self::PeerDisconnected(_)
            | Self::Head(_)
            | Self::SetAggregator(..) => CONTROL,
            Self::OwnVote(_) | Self::OwnBlock(_) | Self::NotSigned(..) => OWN,
            Self::Block(..) | Self::Fetched(..) | Self::Synchronize => BLOCKS,
            Self::PeerStatus(..) | Self::ServeBlocks(..) | Self::ServeRange(..) => REQUESTS,
            Self::Aggregate(..) => AGGREGATES,
            Self::Vote(..) => VOTES,
            Self::JobsDone(_) => DONE,
        }
    }
}

impl Variant<Decoded> for ChainMessage {
    fn wrap(decoded: Decoded) -> Self {
        match decoded {
            Decoded::Block(block, origin) => Self::Block(block, origin),
            Decoded::Aggregate(vote, origin) => Self::Aggregate(vote, origin),
            Decoded::Vote(vote, origin) => Self::Vote(vote, origin),
            Decoded::Fetched(request, fetched) => Self::Fetched(request, fetched),
        }
    }

    fn unwrap(self) -> Option<Decoded> {
        match self {
            Self::Block(block, origin) => Some(Decoded::Block(block, origin)),
            Self::Aggregate(vote, origin) => Some(Decoded::Aggregate(vote, origin)),
            Self::Vote(vote, origin) => Some(Decoded::Vote(vote, origin)),
            Self::Fetched(request, fetched) => Some(Decoded::Fetched(request, fetched)),
            _ => None,
        }
    }
}

impl Variant<Signed> for ChainMessage {
    fn wrap(signed: Signed) -> Self {
        match signed {
            Signed::OwnVote(vote) => Self::OwnVote(vote),
            Signed::OwnBlock(block) => Self::OwnBlock(block),
            Signed::NotSigned(validator, slot, why) => Self::NotSigned(validator, slot, why),
        }
    }

    fn unwrap(self) -> Option<Signed> {
        match self {
            Self::OwnVote(vote) => Some(Signed::OwnVote(vote)),
            Self::OwnBlock(block) => Some(Signed::OwnBlock(block)),
            Self::NotSigned(validator, slot, why) => Some(Signed::NotSigned(validator, slot, why)),
            _ => None,
        }
    }
}

impl Variant<JobsDone> for ChainMessage {
    fn wrap(done: JobsDone) -> Self {
        Self::JobsDone(done)
    }

    fn unwrap(self) -> Option<JobsDone> {
        match self {
            Self::JobsDone(done) => Some(done),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use actor_lanes::TryTellError;

    use super::*;
    use crate::Chain;
    use crate::verifier::{Done, JobId, Outcome};

    #[test]
    fn there_is_room_for_the_result_of_every_job_in_flight() {
        let (chain, _mailbox) = Chain::new();
        let results = chain.recipient::<JobsDone>();
        let done = || Done { id: JobId::Vote(0), outcome: Ok(Outcome::Vote(Ok(()))) };
        let sent = |_: &usize| results.try_tell(JobsDone { worker: 0, done: vec![done()] }).is_ok();
        assert_eq!((0..IN_FLIGHT).filter(sent).count(), IN_FLIGHT);
    }

    #[test]
    fn a_result_refused_by_a_full_lane_is_handed_back_as_the_senders_own_type() {
        let (chain, _mailbox) = Chain::new();
        let results = chain.recipient::<Signed>();
        let not_signed = || Signed::NotSigned(1, 2, NotSigned::NoKey);
        let refused = (0..=1024)
            .find_map(|_| results.try_tell(not_signed()).err())
            .expect("the lane is bounded");
        assert!(matches!(refused, TryTellError::Full(Signed::NotSigned(1, 2, _))));
    }
}
