//! The blocks behind a checkpoint: fetched from peers by root, checked, and written to the store.
//!
//! A chain that begins at a checkpoint knows the roots of all blocks below it, because the state
//! of the checkpoint lists them. So a block needs no trust: its root must be the listed one, and
//! its proof must prove its votes and its proposal. The chain's owner has no part in this.
//!
//! Bounded: one request at a time, with at most [`ASKED`] blocks, and pauses between them.

use std::sync::Arc;
use std::time::Duration;

use actor_lanes::view::View;
use actor_lanes::{Actor, Context, Handle, Message};

use consensus::{Checkpoint, ProofScheme, Root, SignedBlock, Slot, Validators, block_statements};
use libssz::SszDecode as _;
use network::{
    BlocksReply, BlocksResponse, GossipMessage, Inbound, NetworkFront, Offence, PeerId, PeerTable,
    Refused, SlotRange, Status,
};
use storage::{Changes, Storage};

/// The blocks of one request.
const ASKED: usize = 64;

/// The numbers of requests from here on are those of this actor. The chain counts from 0.
const FIRST_REQUEST: u64 = 1 << 63;

/// The pause after an answer with new blocks: peers have other work.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest pause, after answers without new blocks.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The time limit for an answer. The network's own limit is shorter.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message to the actor that fills the gaps of the store.
#[derive(Debug, Message)]
pub(crate) enum BackfillMessage {
    /// From the network: the outcome of a request.
    #[lane(fifo = "answers", 4)]
    Blocks(BlocksResponse),
    /// From its own timer: go on.
    #[lane("answers")]
    GoOn,
    /// From its own timer: the request with this number has no outcome.
    #[lane("answers")]
    Overdue(u64),
}

/// What the actor works with.
pub(crate) struct Backfill {
    pub(crate) network: NetworkFront,
    pub(crate) peers: View<PeerTable>,
    pub(crate) storage: Storage,
    pub(crate) proofs: Arc<dyn ProofScheme>,
    pub(crate) validators: Validators,
    /// Blocks are kept for this many slots below the finalized one.
    pub(crate) horizon: Slot,
    pub(crate) progress: Progress,
}

/// The state of the work.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The blocks to fetch next, the newest first.
    wanted: Vec<Checkpoint>,
    /// The store has been searched for gaps from here on. `None`: not at all.
    searched: Option<Slot>,
    asked: Option<(u64, PeerId)>,
    next_request: u64,
    /// The place of the next peer to ask.
    turn: usize,
    pause: Duration,
    /// Changes that the store had no room for.
    unwritten: Option<Box<Changes>>,
    fetched: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            wanted: Vec::new(),
            searched: None,
            asked: None,
            next_request: FIRST_REQUEST,
            turn: 0,
            pause: PAUSE,
            unwritten: None,
            fetched: 0,
        }
    }
}

/// An answer, after its checks.
#[derive(Debug, PartialEq, Eq)]
struct Checked {
    /// The wanted blocks in it, with their roots.
    blocks: Vec<(Root, Arc<SignedBlock>)>,
    /// Whether it had anything else.
    offence: Option<Offence>,
}

impl Backfill {
    /// Does the next step, unless an answer is awaited.
    fn go_on(&mut self, cx: &mut Context<BackfillMessage>) {
        if self.progress.asked.is_some() {
            return;
        }
        if let Some(changes) = self.progress.unwritten.take()
            && let Err(refused) = self.storage.write(changes)
        {
            self.progress.unwritten = Some(refused);
            return self.go_on_later(cx);
        }
        if let Some(finalized) = self.storage.durable().finalized {
            // Peers do not keep older blocks either.
            let oldest = finalized.slot.saturating_sub(self.horizon);
            self.progress.wanted.retain(|wanted| wanted.slot >= oldest);
        }
        if self.progress.wanted.is_empty() && !self.search() {
            return;
        }
        let Some(peer) = self.next_peer() else { return self.go_on_later(cx) };
        let roots = self.progress.wanted.iter().map(|block| *block.root.as_bytes()).collect();
        let request = self.progress.next_request;
        self.progress.next_request += 1;
        match self.network.request_blocks(peer, roots, request) {
            Ok(()) => {
                self.progress.asked = Some((request, peer));
                cx.after(PATIENCE, BackfillMessage::Overdue(request));
            }
            Err(error) => {
                tracing::debug!(%error, "no request for older blocks");
                self.go_on_later(cx);
            }
        }
    }

    /// Searches the store for the next gaps. Returns whether there are any.
    fn search(&mut self) -> bool {
        let Some(finalized) = self.storage.durable().finalized else { return false };
        let from = finalized.slot.saturating_sub(self.horizon);
        let to = self.progress.searched.unwrap_or(finalized.slot.saturating_add(1));
        let gaps = self.storage.reader().gaps(from..to, ASKED);
        match gaps {
            Ok(gaps) => {
                let Some(oldest) = gaps.last() else {
                    tracing::info!(
                        fetched = self.progress.fetched,
                        "the older blocks are complete"
                    );
                    return false;
                };
                tracing::info!(
                    from = oldest.slot,
                    fetched = self.progress.fetched,
                    "fetching older blocks"
                );
                self.progress.searched = Some(oldest.slot);
                self.progress.wanted = gaps;
                true
            }
            Err(error) => {
                tracing::error!(%error, "older blocks are not fetched, because the store cannot be read");
                false
            }
        }
    }

    /// Returns the peer to ask now. Configured peers come first in the table.
    fn next_peer(&self) -> Option<PeerId> {
        let table = self.peers.get();
        let place = self.progress.turn.checked_rem(table.connected.len())?;
        Some(table.connected[place].peer)
    }

    fn go_on_later(&mut self, cx: &mut Context<BackfillMessage>) {
        cx.after(self.progress.pause, BackfillMessage::GoOn);
    }

    /// Asks another peer, after a longer pause.
    fn try_another(&mut self, cx: &mut Context<BackfillMessage>) {
        self.progress.turn = self.progress.turn.wrapping_add(1);
        self.progress.pause = (self.progress.pause * 2).min(LONGEST_PAUSE);
        self.go_on_later(cx);
    }

    fn answered(&mut self, response: BlocksResponse, cx: &mut Context<BackfillMessage>) {
        let BlocksResponse { request_id, peer, outcome, credit: _credit } = response;
        if self.progress.asked != Some((request_id, peer)) {
            return;
        }
        self.progress.asked = None;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(failure) => {
                tracing::debug!(%peer, %failure, "a request for older blocks brought nothing");
                return self.try_another(cx);
            }
        };
        let Checked { blocks, offence } =
            check(&self.progress.wanted, &answer, &self.validators, &*self.proofs);
        if let Some(offence) = offence {
            tracing::debug!(%peer, ?offence, "an answer with older blocks was wrong");
            // If the network's lane is full, the peer is not penalised this time.
            drop(self.network.charge(peer, offence));
        }
        if blocks.is_empty() {
            return self.try_another(cx);
        }
        self.progress.wanted.retain(|wanted| blocks.iter().all(|(root, _)| *root != wanted.root));
        if !self.progress.wanted.is_empty() {
            // This peer has left some out.
            self.progress.turn = self.progress.turn.wrapping_add(1);
        }
        self.progress.fetched += blocks.len() as u64;
        self.progress.pause = PAUSE;
        self.progress.unwritten = Some(Box::new(Changes { blocks, ..Changes::default() }));
        self.go_on_later(cx);
    }
}

/// Checks an answer: each block must be wanted, and its proof must be valid. The first other one
/// ends the check.
fn check(
    wanted: &[Checkpoint],
    answer: &[Vec<u8>],
    validators: &Validators,
    proofs: &dyn ProofScheme,
) -> Checked {
    let mut checked = Checked { blocks: Vec::new(), offence: None };
    for bytes in answer {
        let Ok(signed) = SignedBlock::from_ssz_bytes(bytes) else {
            checked.offence = Some(Offence::BadAnswer);
            break;
        };
        let root = Root::of(&signed.block);
        let is_known = checked.blocks.iter().any(|(known, _)| *known == root);
        if is_known || !wanted.iter().any(|wanted| wanted.root == root) {
            checked.offence = Some(Offence::BadAnswer);
            break;
        }
        if signed.proof.proof.is_empty() {
            // A peer that began at this block has no proof of it either. That is no offence.
            continue;
        }
        let is_proven = block_statements(&signed.block, root, validators)
            .is_ok_and(|statements| proofs.verify_merged(&signed.proof, &statements).is_ok());
        if !is_proven {
            checked.offence = Some(Offence::InvalidBlock);
            break;
        }
        checked.blocks.push((root, Arc::new(signed)));
    }
    checked
}

impl Actor for Backfill {
    type Message = BackfillMessage;

    async fn started(&mut self, cx: &mut Context<BackfillMessage>) {
        self.go_on_later(cx);
    }

    async fn handle(&mut self, message: BackfillMessage, cx: &mut Context<BackfillMessage>) {
        match message {
            BackfillMessage::Blocks(response) => self.answered(response, cx),
            BackfillMessage::GoOn => self.go_on(cx),
            BackfillMessage::Overdue(request) => {
                if self.progress.asked.is_some_and(|(asked, _)| asked == request) {
                    self.progress.asked = None;
                    self.try_another(cx);
                }
            }
        }
    }
}

/// Routes the answers to the requests of [`Backfill`] to it, and everything else to the chain.
#[derive(Debug)]
pub(crate) struct Route<I> {
    pub(crate) inner: I,
    /// `None`: nothing is requested there.
    pub(crate) backfill: Option<Handle<BackfillMessage>>,
}

impl<I: Inbound> Inbound for Route<I> {
    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused> {
        match &self.backfill {
            Some(backfill) if response.request_id >= FIRST_REQUEST => {
                backfill.try_tell(BackfillMessage::Blocks(response)).map_err(|_| Refused)
            }
            _ => self.inner.blocks(response),
        }
    }

    fn gossip(&self, message: GossipMessage) -> Result<(), Refused> {
        self.inner.gossip(message)
    }

    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused> {
        self.inner.status(peer, status)
    }

    fn peer_connected(&self, peer: PeerId, is_configured: bool) -> Result<(), Refused> {
        self.inner.peer_connected(peer, is_configured)
    }

    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused> {
        self.inner.peer_disconnected(peer)
    }

    fn serve_blocks(
        &self,
        peer: PeerId,
        roots: Vec<[u8; 32]>,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.inner.serve_blocks(peer, roots, reply)
    }

    fn serve_range(
        &self,
        peer: PeerId,
        range: SlotRange,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.inner.serve_range(peer, range, reply)
    }

    fn our_status(&self) -> Status {
        self.inner.our_status()
    }
}

#[cfg(test)]
mod tests {
    use consensus::{
        Block, BlockBody, MockProofs, MultiMessageAggregate, ProofBytes, SingleMessageAggregate,
        aggregation_bits,
    };
    use libssz::SszEncode as _;
    use xmss::PublicKey;

    use super::*;

    fn validators() -> Validators {
        let key = PublicKey::new([1; PublicKey::LENGTH]);
        Validators::new([(key, key)]).expect("one is few")
    }

    /// Returns a block whose mock proof is valid.
    fn proven(slot: Slot) -> SignedBlock {
        let block = Block {
            slot,
            proposer_index: 0,
            parent_root: Root::ZERO,
            state_root: Root::ZERO,
            body: BlockBody::default(),
        };
        let statement = block_statements(&block, Root::of(&block), &validators())
            .expect("its proposer is in the registry")
            .remove(0);
        let bytes = b"\x00MOCKED-AGGREGATION-PROOF\x00".to_vec();
        let marker = SingleMessageAggregate {
            participants: aggregation_bits([0]).expect("one validator"),
            proof: ProofBytes::try_from(bytes).expect("it is short"),
        };
        let proof = MockProofs::Marked.merge(&[(&marker, statement)]).expect("it has the marker");
        SignedBlock { block, proof }
    }

    fn place(block: &SignedBlock) -> Checkpoint {
        Checkpoint { root: Root::of(&block.block), slot: block.block.slot }
    }

    /// Returns the slots taken of an answer, and the offence in it. Blocks 1 to 3 are wanted.
    fn taken(answer: &[SignedBlock]) -> (Vec<Slot>, Option<Offence>) {
        let wanted = [1, 2, 3].map(|slot| place(&proven(slot)));
        let answer: Vec<_> = answer.iter().map(|block| block.to_ssz()).collect();
        let Checked { blocks, offence } =
            check(&wanted, &answer, &validators(), &MockProofs::Bound);
        (blocks.iter().map(|(_, block)| block.block.slot).collect(), offence)
    }

    #[test]
    fn only_wanted_blocks_with_valid_proofs_are_taken_from_an_answer() {
        let all = [1, 2, 3].map(proven);
        assert_eq!(taken(&all), (vec![1, 2, 3], None));
        assert_eq!(taken(&[]), (vec![], None));
        assert_eq!(taken(&[proven(3), proven(1)]), (vec![3, 1], None));
        let other = taken(&[proven(2), proven(4), proven(1)]);
        assert_eq!(other, (vec![2], Some(Offence::BadAnswer)), "not asked for");
        let twice = taken(&[proven(2), proven(2)]);
        assert_eq!(twice, (vec![2], Some(Offence::BadAnswer)), "a block and its copy");
        let of_another = SignedBlock { proof: proven(2).proof, ..proven(3) };
        assert_eq!(taken(&[proven(1), of_another]), (vec![1], Some(Offence::InvalidBlock)));
    }

    #[test]
    fn a_block_without_its_proof_is_left_out_and_is_no_offence() {
        let bare = SignedBlock { proof: MultiMessageAggregate::default(), ..proven(1) };
        assert_eq!(taken(&[bare, proven(2)]), (vec![2], None));
    }

    #[test]
    fn bytes_that_are_no_block_are_an_offence() {
        let wanted = [place(&proven(1))];
        let checked = check(&wanted, &[vec![1, 2, 3]], &validators(), &MockProofs::Bound);
        assert_eq!(checked, Checked { blocks: vec![], offence: Some(Offence::BadAnswer) });
    }
}
