//! The chain actor's messages, and their lanes.

use actor_lanes::mailbox::Variant;
use actor_lanes::{Message, Reply};
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
///
/// Due ticks need no lane: a timer's message goes before all lanes. Configured peers and strangers
/// have separate lanes for gossip. A peer can fill its share of a lane, and no more.
#[derive(Debug, Message)]
pub enum ChainMessage {
    /// From its own timer: an interval has begun.
    #[lane(control, 256)]
    Tick,
    /// From its own timer: the slot's block is late, so vote without it.
    #[lane("control")]
    #[variant(skip)]
    VoteAnyway(Slot),
    /// From the network thread: a peer connected, and whether the configuration names it.
    #[lane("control")]
    PeerConnected(PeerId, bool),
    /// From the network thread: a peer's last connection closed.
    #[lane("control")]
    #[variant(skip)]
    PeerDisconnected(PeerId),
    /// From any caller: return the current head. Earlier control messages are handled first.
    #[lane("control")]
    #[variant(skip)]
    Head(Reply<ChainHead>),
    /// From the HTTP API: start or stop aggregating. The reply is the previous setting.
    #[lane("control")]
    SetAggregator(bool, Reply<bool>),
    /// From the signer: the vote of one of our validators.
    #[lane(fifo = "own", 1024, weight = 8)]
    #[variant(skip)]
    OwnVote(Box<SignedAttestation>),
    /// From the signer: our block.
    #[lane("own")]
    #[variant(skip)]
    OwnBlock(Box<SignedBlock>),
    /// From the signer: a validator could not sign.
    #[lane("own")]
    NotSigned(ValidatorIndex, Slot, NotSigned),
    /// From the decoder: a gossiped block.
    #[lane(fifo = "blocks", 1024, share = 128, weight = 8, when = by_configured)]
    #[lane(fifo = "stranger_blocks", 256, share = 8)]
    Block(Box<SignedBlock>, #[source(Origin::source)] Origin),
    /// From the network thread: a peer's head and finalized block. There are more keys than
    /// connections.
    #[lane(latest_by_key = "statuses", 1024)]
    PeerStatus(#[key(source_of)] PeerId, Status),
    /// From the network thread: a peer requests blocks.
    #[lane(fifo = "requests", 256, share = 8)]
    ServeBlocks(#[source(source_of)] PeerId, Vec<Root>, BlocksReply),
    /// From the network thread: a peer requests the blocks of some slots.
    #[lane("requests")]
    ServeRange(#[source(source_of)] PeerId, SlotRange, BlocksReply),
    /// From the decoder: a gossiped aggregate.
    #[lane(newest_first = "aggregates", 4096, weight = 4, when = by_configured)]
    #[lane(fifo = "stranger_aggregates", 1024, share = 32, weight = 2)]
    Aggregate(Box<SignedAggregatedAttestation>, #[source(Origin::source)] Origin),
    /// From the decoder: a gossiped vote.
    #[lane(newest_first = "votes", 4096, weight = 4, when = by_configured)]
    #[lane(fifo = "stranger_votes", 4096, share = 128, weight = 2)]
    Vote(Box<SignedAttestation>, #[source(Origin::source)] Origin),
    /// From a verifier or the prover: the results of jobs. There is room for those of all jobs in
    /// flight, so that none is refused. The weight serves results before new jobs start.
    #[lane(fifo = "done", IN_FLIGHT, weight = 16)]
    JobsDone(JobsDone),
    /// From itself: continue synchronization.
    #[lane(fifo = "sync", 64, weight = 4)]
    Synchronize,
    /// From the decoder: the result of a request for blocks. This node's own requests are few.
    #[lane("sync")]
    Fetched(u64, Fetched),
}

/// Returns whether a configured peer sent a gossip message.
fn by_configured<T>(_gossip: &T, origin: &Origin) -> bool {
    origin.sender.is_configured
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
