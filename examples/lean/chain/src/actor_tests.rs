//! The chain's actor with real verifiers on every runtime: verdicts to the network, and failing
//! verifiers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use actor_lanes::view::View;
use actor_lanes::{Group, Mailbox, Runtime, mailbox, view};

use crate::actor::ChainActor;
use crate::decoder::Decoded;
use crate::decoder::Origin;
use crate::front::Chain;
use crate::signer::{Signer, SignerMessage};
use crate::snapshot::Snapshot;
use crate::state_tests::{Producer, chain, gossip_block, gossip_vote, tick};
use crate::verifier::{Assigned, Pool, Verifier};
use crate::wall_clock::WallClock;
use consensus::{
    AggregationBits, AttestationData, ChildProof, Interval, MockProofs, MultiMessageAggregate,
    ProofError, ProofScheme, RawSignature, Root, SignedAggregatedAttestation, SignedAttestation,
    SignedBlock, SingleMessageAggregate, Slot, SlotClock, Statement,
};
use network::{Command, MessageId, PeerId, Verdict, command_mailbox};

const ENOUGH: Duration = Duration::from_secs(60);

/// Returns every runtime, and a plain epoll loop as the thread of each actor.
fn runtimes() -> impl Iterator<Item = Arc<dyn Runtime>> {
    let epoll: Arc<dyn Runtime> = Arc::new(epoll_loop::EpollRuntime::new());
    actor_lanes::runtime::all().into_iter().chain([epoll])
}

/// A chain's actor and its verifiers, with a clock stopped at interval 1 of slot 1, and the
/// reported verdicts.
struct Owner {
    chain: Chain,
    published: View<Snapshot>,
    verdicts: Receiver<(MessageId, Verdict)>,
    /// In the order of their end: the verifiers, the prover, the actor.
    actors: Group,
    _signer: Mailbox<SignerMessage>,
    sent: u8,
}

impl Owner {
    fn start(runtime: &Arc<dyn Runtime>, verifiers: usize, proofs: &Arc<dyn ProofScheme>) -> Self {
        let wall = WallClock::stopped::<{ 6 * 800 }>();
        Self::start_at(runtime, verifiers, proofs, SlotClock::new(0), wall)
    }

    fn start_at(
        runtime: &Arc<dyn Runtime>,
        verifiers: usize,
        proofs: &Arc<dyn ProofScheme>,
        clock: SlotClock,
        wall: WallClock,
    ) -> Self {
        let mut actors = Group::new(Arc::clone(runtime));
        let mut workers: Vec<_> = (0..=verifiers)
            .map(|_| {
                let (handle, mailbox) = mailbox::<Assigned>();
                let proofs = Arc::clone(proofs);
                let spawned = actors.spawn("verifier", mailbox, move || Verifier::new(proofs));
                spawned.expect("a thread starts");
                handle
            })
            .collect();
        let prover = workers.pop().expect("the last one");
        let (front, mut commands) = command_mailbox();
        let (signer, signer_mailbox) = mailbox();
        let (front_of_chain, chain_mailbox) = Chain::new();
        let pool = Pool::new(workers, prover, front_of_chain.recipient());
        let (publisher, published) = view::publisher(Snapshot::default());
        let spawned = actors.spawn("chain", chain_mailbox, move || {
            let signer = Signer::new(signer);
            ChainActor::new(chain([]), clock, wall, front, signer, pool, publisher)
        });
        spawned.expect("a thread starts");
        let (tell, verdicts) = sync_channel(1024);
        thread::spawn(move || {
            futures::executor::block_on(async {
                while let Some(command) = commands.recv().await {
                    forward(command, &tell);
                }
            });
        });
        Self {
            chain: front_of_chain,
            published,
            verdicts,
            actors,
            _signer: signer_mailbox,
            sent: 0,
        }
    }

    fn origin(&mut self) -> Origin {
        self.sent += 1;
        Origin::new(MessageId([self.sent; 20]), PeerId::random(), false)
    }

    fn gossip(&self, decoded: Decoded) {
        self.chain.recipient().try_tell(decoded).expect("there is room");
    }

    fn block(&mut self, block: &SignedBlock) {
        let origin = self.origin();
        self.gossip(Decoded::Block(Box::new(block.clone()), origin));
    }

    fn vote(&mut self, vote: &SignedAttestation) {
        let origin = self.origin();
        self.gossip(Decoded::Vote(Box::new(vote.clone()), origin));
    }

    fn aggregate(&mut self, vote: &SignedAggregatedAttestation) {
        let origin = self.origin();
        self.gossip(Decoded::Aggregate(Box::new(vote.clone()), origin));
    }

    /// Waits for the next verdict, and checks its message: the last one sent.
    fn verdict(&self) -> Verdict {
        let (id, verdict) =
            self.verdicts.recv_timeout(ENOUGH).expect("every gossip message has a verdict");
        assert_eq!(id, MessageId([self.sent; 20]));
        verdict
    }

    /// Waits until the actor has handled all votes.
    fn head_after_votes(&self) -> bool {
        let votes = || {
            let lanes = self.chain.stats().into_iter();
            lanes.filter(|lane| lane.name == "stranger_votes").map(|lane| lane.depth).next()
        };
        // `Head` overtakes votes, so it is sent again until the lane is empty.
        while votes() != Some(0) {
            if self.chain.head(ENOUGH).is_none() {
                return false;
            }
        }
        true
    }

    /// Waits for the tick of an interval, and returns its lateness.
    fn lateness_of(&self, interval: Interval) -> Duration {
        loop {
            let snapshot = self.published.get();
            if snapshot.time >= interval {
                return snapshot.tick_lateness;
            }
            assert!(self.chain.head(ENOUGH).is_some(), "the actor runs");
        }
    }

    /// Ends all actors in order, and returns the counts of dropped messages.
    fn stop(self) -> Vec<(&'static str, u64)> {
        let report = self.actors.stop(ENOUGH);
        assert!(report.members.iter().all(|actor| actor.exit.is_some()), "{report}");
        assert!(report.members.iter().all(|actor| actor.thread_has_ended), "{report}");
        self.published.get().dropped.clone().into_iter().collect()
    }
}

fn forward(command: Command, tell: &SyncSender<(MessageId, Verdict)>) {
    if let Command::Report { id, verdict, .. } = command {
        // The test may have ended.
        let _ = tell.try_send((id, verdict));
    }
}

fn mock() -> Arc<dyn ProofScheme> {
    Arc::new(MockProofs::default())
}

/// Returns the aggregate of an honest aggregator of these votes.
fn aggregate(votes: &[SignedAttestation], block: &SignedBlock) -> SignedAggregatedAttestation {
    let mut chain = chain([]);
    tick(&mut chain, 6);
    gossip_block(&mut chain, block.clone());
    for vote in votes {
        gossip_vote(&mut chain, vote.clone());
    }
    chain.base.store.aggregate(&MockProofs::default()).remove(0)
}

#[test]
fn each_class_of_verdict_reaches_the_network_on_every_runtime() {
    let (block, votes) = Producer::new().slot(1);
    let folded = aggregate(&votes[..2], &block);
    let unknown = AttestationData { head: Default::default(), ..votes[0].data };
    for runtime in runtimes() {
        let mut owner = Owner::start(&runtime, 2, &mock());
        owner.block(&SignedBlock { proof: MultiMessageAggregate::default(), ..block.clone() });
        assert_eq!(owner.verdict(), Verdict::Reject, "INVALID_BLOCK_PROOF");
        owner.block(&block);
        assert_eq!(owner.verdict(), Verdict::Accept);
        owner.block(&block);
        assert_eq!(owner.verdict(), Verdict::Ignore, "DUPLICATE_BLOCK");

        owner.vote(&SignedAttestation { validator_index: 3, ..votes[2].clone() });
        assert_eq!(owner.verdict(), Verdict::Reject, "INVALID_SIGNATURE");
        owner.vote(&votes[2]);
        assert_eq!(owner.verdict(), Verdict::Accept);
        owner.vote(&votes[2]);
        assert_eq!(owner.verdict(), Verdict::Ignore, "DUPLICATE_VOTE");
        owner.vote(&SignedAttestation { data: unknown, ..votes[3].clone() });
        assert_eq!(owner.verdict(), Verdict::Ignore, "UNKNOWN_HEAD_BLOCK");

        let proof = SingleMessageAggregate { proof: Default::default(), ..folded.proof.clone() };
        owner.aggregate(&SignedAggregatedAttestation { data: folded.data, proof });
        assert_eq!(owner.verdict(), Verdict::Reject, "INVALID_SIGNATURE");
        owner.aggregate(&folded);
        assert_eq!(owner.verdict(), Verdict::Accept);
        let data = AttestationData { slot: 9, ..folded.data };
        owner.aggregate(&SignedAggregatedAttestation { data, proof: folded.proof.clone() });
        assert_eq!(owner.verdict(), Verdict::Ignore, "ATTESTATION_TOO_FAR_IN_FUTURE");

        let expected = [
            ("ATTESTATION_TOO_FAR_IN_FUTURE", 1),
            ("DUPLICATE_BLOCK", 1),
            ("DUPLICATE_VOTE", 1),
            ("INVALID_BLOCK_PROOF", 1),
            ("INVALID_SIGNATURE", 2),
        ];
        assert_eq!(owner.stop(), expected, "on {}", runtime.name());
    }
}

#[test]
fn each_vote_of_a_batch_with_bad_votes_gets_its_own_verdict_on_every_runtime() {
    let (block, votes) = Producer::new().slot(1);
    for runtime in runtimes() {
        let mut owner = Owner::start(&runtime, 3, &mock());
        owner.block(&block);
        assert_eq!(owner.verdict(), Verdict::Accept);
        let mut good = Vec::new();
        for round in 0..50 {
            let vote = &votes[round % 4];
            let is_good = round % 3 != 0;
            let validator_index =
                if is_good { vote.validator_index } else { (vote.validator_index + 1) % 4 };
            owner.vote(&SignedAttestation { validator_index, ..vote.clone() });
            good.extend(is_good.then_some(owner.sent));
        }
        let mut accepted = 0;
        for _ in 0..50 {
            let (id, verdict) =
                owner.verdicts.recv_timeout(ENOUGH).expect("every vote has a verdict");
            // A copy of a held vote is ignored, valid or not.
            let wrong = if good.contains(&id.0[0]) { Verdict::Reject } else { Verdict::Accept };
            assert_ne!(verdict, wrong, "on {}", runtime.name());
            accepted += u32::from(verdict == Verdict::Accept);
        }
        assert!(accepted >= 4, "each validator's vote is accepted at least once");
        owner.stop();
    }
}

/// Proofs with a check that panics, or waits until a channel is closed.
#[derive(Debug)]
struct Troubled {
    begins: async_channel::Sender<()>,
    word: Option<async_channel::Receiver<()>>,
}

impl ProofScheme for Troubled {
    fn aggregate(
        &self,
        _children: &[ChildProof<'_>],
        _signatures: &[RawSignature],
        _message: Root,
        _slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError> {
        Err(ProofError::Empty)
    }

    fn verify(
        &self,
        _proof: &SingleMessageAggregate,
        _statement: &Statement,
    ) -> Result<(), ProofError> {
        self.begins.try_send(()).expect("the test listens");
        let word = self.word.as_ref().expect("this proof is poison");
        assert!(word.recv_blocking().is_err(), "nothing is sent through it");
        Ok(())
    }

    fn merge(
        &self,
        _parts: &[(&SingleMessageAggregate, Statement)],
    ) -> Result<MultiMessageAggregate, ProofError> {
        Err(ProofError::Empty)
    }

    fn verify_merged(
        &self,
        _proof: &MultiMessageAggregate,
        _statements: &[Statement],
    ) -> Result<(), ProofError> {
        Ok(())
    }

    fn split(
        &self,
        _proof: &MultiMessageAggregate,
        _statements: &[Statement],
        _index: usize,
        _participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError> {
        Err(ProofError::Empty)
    }
}

#[test]
fn a_panicking_verification_is_counted_and_its_verifier_continues_on_every_runtime() {
    let (block, votes) = Producer::new().slot(1);
    let folded = aggregate(&votes[..2], &block);
    for runtime in runtimes() {
        let (begins, _begun) = async_channel::bounded(1);
        let troubled: Arc<dyn ProofScheme> = Arc::new(Troubled { begins, word: None });
        let mut owner = Owner::start(&runtime, 1, &troubled);
        owner.block(&block);
        assert_eq!(owner.verdict(), Verdict::Accept);
        owner.aggregate(&folded);
        assert_eq!(owner.verdict(), Verdict::Ignore, "its validity is unknown");
        owner.vote(&votes[2]);
        assert_eq!(owner.verdict(), Verdict::Accept);
        assert_eq!(owner.stop(), [("VERIFICATION_PANICKED", 1)], "on {}", runtime.name());
    }
}

#[test]
fn the_jobs_of_an_ended_verifier_are_counted_as_lost_and_the_others_continue_on_every_runtime() {
    let (block, votes) = Producer::new().slot(1);
    let folded = aggregate(&votes[..2], &block);
    for runtime in runtimes() {
        let (begins, begun) = async_channel::bounded(1);
        let (word, waits) = async_channel::bounded(1);
        let troubled: Arc<dyn ProofScheme> = Arc::new(Troubled { begins, word: Some(waits) });
        let mut owner = Owner::start(&runtime, 1, &troubled);
        owner.block(&block);
        assert_eq!(owner.verdict(), Verdict::Accept);
        owner.aggregate(&folded);
        begun.recv_blocking().expect("the only verifier has begun");
        owner.vote(&votes[2]);
        owner.vote(&votes[3]);
        // After this, the actor has handled the votes, and their jobs wait in the verifier's lane.
        assert!(owner.head_after_votes(), "the actor does not wait for its verifiers");
        owner.actors.members()[0].running.kill();
        drop(word);
        let mut verdicts = Vec::new();
        for _ in 0..3 {
            verdicts.push(owner.verdicts.recv_timeout(ENOUGH).expect("each has a verdict"));
        }
        verdicts.sort_by_key(|(id, _)| id.0);
        // The running job completes, and its result is reported.
        let expected = [Verdict::Accept, Verdict::Ignore, Verdict::Ignore];
        assert_eq!(verdicts.into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>(), expected);
        owner.vote(&votes[2]);
        assert_eq!(owner.verdict(), Verdict::Accept, "the prover does the work");
        assert_eq!(owner.stop(), [("VERIFICATION_LOST", 2)], "on {}", runtime.name());
    }
}

#[test]
fn ticks_follow_the_wall_clock_through_its_steps_on_every_runtime() {
    /// The time of the clock, in Unix milliseconds.
    static NOW: AtomicU64 = AtomicU64::new(0);
    let wall = WallClock::new(|| UNIX_EPOCH + Duration::from_millis(NOW.load(Ordering::Relaxed)));
    let set = |milliseconds| NOW.store(milliseconds, Ordering::Relaxed);
    for runtime in runtimes() {
        set(60);
        let clock = SlotClock::new(0).with_interval(10);
        let owner = Owner::start_at(&runtime, 1, &mock(), clock, wall);
        assert_eq!(owner.lateness_of(6), Duration::ZERO, "it began in this interval");
        set(95);
        assert_eq!(owner.lateness_of(9), Duration::from_millis(25), "interval 7 was due at 70");
        set(40);
        assert!(owner.chain.head(ENOUGH).is_some());
        set(115);
        assert_eq!(owner.lateness_of(11), Duration::from_millis(15), "no interval begins twice");
        owner.stop();
    }
}
