//! The chain actor's messages, and their lanes.

use actor_lanes::mailbox::Variant;
use actor_lanes::{Lane, Message, Reply};
use network::PeerId;

use crate::decoder::{Decoded, Fetched, Origin};
use crate::sender::source_of;
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
    ServeBlocks(PeerId, Vec<Root>, BlocksReply),
    /// From the network thread: a peer requests the blocks of some slots.
    ServeRange(PeerId, SlotRange, BlocksReply),
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
const STATUSES: usize = 3;
const REQUESTS: usize = 4;
const AGGREGATES: usize = 5;
const VOTES: usize = 6;
const DONE: usize = 7;
const SYNC: usize = 8;
const STRANGER_BLOCKS: usize = 9;
const STRANGER_AGGREGATES: usize = 10;
const STRANGER_VOTES: usize = 11;

impl ChainMessage {
    /// Returns the origin of a gossip message.
    fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Block(_, origin) | Self::Aggregate(_, origin) | Self::Vote(_, origin) => {
                Some(origin)
            }
            _ => None,
        }
    }

    /// Returns the first lane for gossip of a configured peer, and the second one for gossip of a
    /// stranger.
    fn by_sender(origin: &Origin, configured: usize, stranger: usize) -> usize {
        if origin.sender.is_configured { configured } else { stranger }
    }
}

impl Message for ChainMessage {
    // Due ticks need no lane: a timer's message goes before all lanes. Configured peers and
    // strangers have separate lanes for gossip. A peer can fill its share of a lane, and no more.
    const LANES: &'static [Lane] = &[
        Lane::control("control", 256),
        Lane::fifo("own", 1024).weight(8),
        Lane::fifo("blocks", 1024).share(128).weight(8),
        // One for each peer. There are more keys than connections.
        Lane::latest_by_key("statuses", 1024),
        Lane::fifo("requests", 256).share(8),
        Lane::newest_first("aggregates", 4096).weight(4),
        Lane::newest_first("votes", 4096).weight(4),
        // Room for the results of all jobs in flight, so that none is refused. The weight serves
        // results before new jobs start.
        Lane::fifo("done", IN_FLIGHT).weight(16),
        // Answers to this node's own requests, which are few.
        Lane::fifo("sync", 64).weight(4),
        Lane::fifo("stranger_blocks", 256).share(8),
        Lane::fifo("stranger_aggregates", 1024).share(32).weight(2),
        Lane::fifo("stranger_votes", 4096).share(128).weight(2),
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
            Self::Fetched(..) | Self::Synchronize => SYNC,
            Self::PeerStatus(..) => STATUSES,
            Self::ServeBlocks(..) | Self::ServeRange(..) => REQUESTS,
            Self::Block(_, origin) => Self::by_sender(origin, BLOCKS, STRANGER_BLOCKS),
            Self::Aggregate(_, origin) => Self::by_sender(origin, AGGREGATES, STRANGER_AGGREGATES),
            Self::Vote(_, origin) => Self::by_sender(origin, VOTES, STRANGER_VOTES),
            Self::JobsDone(_) => DONE,
        }
    }

    fn source(&self) -> Option<u64> {
        match self {
            Self::ServeBlocks(peer, ..) | Self::ServeRange(peer, ..) => Some(source_of(peer)),
            _ => self.origin().map(|origin| source_of(&origin.sender.peer)),
        }
    }

    fn key(&self) -> u64 {
        match self {
            Self::PeerStatus(peer, _) => source_of(peer),
            _ => 0,
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
    use std::sync::LazyLock;

    use actor_lanes::TryTellError;
    use network::{Command, MessageId, NetworkFront, Verdict, command_mailbox};
    use xmss::{Scheme, SecretKey, Signature};

    use super::*;
    use crate::Chain;
    use crate::verifier::{Done, JobId, Outcome};
    use consensus::AttestationData;

    #[test]
    fn there_is_room_for_the_result_of_every_job_in_flight() {
        let (chain, _mailbox) = Chain::new();
        let results = chain.recipient::<JobsDone>();
        let done = || Done { id: JobId::Vote(0), outcome: Ok(Outcome::Vote(Ok(()))) };
        let sent = |_: &usize| results.try_tell(JobsDone { worker: 0, done: vec![done()] }).is_ok();
        assert_eq!((0..IN_FLIGHT).filter(sent).count(), IN_FLIGHT);
    }

    static SIGNATURE: LazyLock<Signature> = LazyLock::new(|| {
        let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 8).expect("8 slots");
        key.sign(1, &[0; 32]).expect("an unused slot")
    });

    fn gossiped_vote(number: u64, is_configured: bool, network: &NetworkFront) -> Decoded {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&number.to_le_bytes());
        let origin = Origin::new(MessageId(id), PeerId::random(), is_configured);
        let vote = SignedAttestation {
            validator_index: 0,
            data: AttestationData::default(),
            signature: SIGNATURE.clone(),
        };
        Decoded::Vote(Box::new(vote), origin.promised(network.clone()))
    }

    #[test]
    fn a_vote_evicted_or_refused_by_its_lane_has_the_verdict_ignore() {
        for is_configured in [true, false] {
            let (network, mut commands) = command_mailbox();
            let (chain, mut mailbox) = Chain::new();
            let votes = chain.recipient::<Decoded>();
            for number in 0..6000 {
                drop(votes.try_tell(gossiped_vote(number, is_configured, &network)));
                if number % 1000 == 0 {
                    // The actor takes one from time to time, and reports its verdict.
                    let taken = mailbox.try_recv().expect("it was sent");
                    let ChainMessage::Vote(_, origin) = taken else {
                        panic!("only votes are sent")
                    };
                    origin.report(Verdict::Accept, &network).expect("there is room");
                }
            }
            drop(mailbox);
            let ids = std::iter::from_fn(|| commands.try_recv()).map(|command| match command {
                Command::Report { id, .. } => id,
                other => panic!("only verdicts are sent: {other:?}"),
            });
            let mut ids: Vec<_> = ids.collect();
            assert_eq!(ids.len(), 6000, "one for each vote");
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 6000, "and no second one");
        }
    }

    #[test]
    fn a_strangers_messages_take_no_place_of_configured_peers_or_of_other_strangers() {
        let (network, _commands) = command_mailbox();
        let (chain, _mailbox) = Chain::new();
        let votes = chain.recipient::<Decoded>();
        let flooder = PeerId::random();
        let from = |peer, is_configured| {
            let origin = Origin::new(MessageId([0; 20]), peer, is_configured);
            let Decoded::Vote(vote, _) = gossiped_vote(0, is_configured, &network) else {
                panic!("it is a vote")
            };
            votes.try_tell(Decoded::Vote(vote, origin)).is_ok()
        };
        assert_eq!((0..5000).filter(|_| from(flooder, false)).count(), 128);
        assert!(from(PeerId::random(), false) && from(PeerId::random(), true));
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
