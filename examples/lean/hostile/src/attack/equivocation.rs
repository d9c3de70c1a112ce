//! A dishonest proposer: many valid blocks of each slot in which it is its turn. Mock proofs need
//! no key.

use std::collections::HashMap;
use std::io;

use consensus::{
    AggregatedAttestation, AggregatedAttestations, Block, BlockBody, MockProofs, ProofScheme, Root,
    SignedBlock, State, aggregation_bits, block_statements, process_block, process_slots,
    state_transition,
};
use libssz::{SszDecode, SszEncode};
use wire::request::{Request, SlotRange, encode_request};
use wire::response::decode_response;
use wire::topic::TopicKind;

use crate::attack::Scene;
use crate::attack::content::{self, DISHONEST};
use crate::chain_view::ChainView;
use crate::forge::{Content, Forge, different_data};
use crate::gossip_pipe::GossipPipe;
use crate::link::{Link, Manner};
use crate::pace::Pace;
use crate::request::ask;

/// The different blocks of one slot.
const BLOCKS: usize = 64;

/// The numbers of votes that are tried for a block.
const TRIES: usize = 256;

/// The states after the victim's blocks, computed from its answers.
struct CopiedChain {
    states: HashMap<Root, State>,
    newest: u64,
}

/// Sends many valid blocks of the present slot to the victim, in each slot.
pub(super) async fn propose(scene: &Scene, number: usize) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pipe = GossipPipe::open(&link).await?;
    let mut forge = Forge::new(number);
    let mut chain = CopiedChain::new(&scene.view());
    let mut pace = Pace::new(scene.rate);
    let mut place = 0;
    while !link.is_closed() {
        pace.step().await;
        let view = scene.view();
        // A refused request is repeated with the next block.
        let _ = chain.catch_up(&link, &view).await;
        place = (place + 1) % BLOCKS;
        if let Some(block) = chain.block(&mut forge, &view, place) {
            content::send(scene, &mut pipe, block).await?;
        }
    }
    Ok(())
}

impl CopiedChain {
    fn new(view: &ChainView) -> Self {
        let state = State::clone(&view.anchor);
        let mut header = state.latest_block_header;
        if header.state_root.is_zero() {
            header.state_root = Root::of(&state);
        }
        Self { newest: header.slot, states: HashMap::from([(Root::of(&header), state)]) }
    }

    /// Requests the blocks up to the head, unless the head's state is known.
    async fn catch_up(&mut self, link: &Link, view: &ChainView) -> io::Result<()> {
        if self.states.contains_key(&view.head.root) {
            return Ok(());
        }
        let start_slot = self.newest.saturating_sub(8).max(1);
        let range = SlotRange { start_slot, count: view.head.slot.saturating_sub(start_slot) + 1 };
        let request = Request::BlocksByRange(range);
        let bytes = encode_request(&request).map_err(io::Error::other)?;
        let answer = ask(link, request.kind().protocol(), &bytes).await?;
        let chunks = decode_response(&answer).map_err(io::Error::other)?;
        for ssz in chunks.into_iter().flatten() {
            if let Ok(block) = SignedBlock::from_ssz_bytes(&ssz) {
                self.apply(&block.block);
            }
        }
        Ok(())
    }

    fn apply(&mut self, block: &Block) {
        let parent = self.states.get(&block.parent_root);
        if let Some(Ok(state)) = parent.map(|state| state_transition(state, block)) {
            self.newest = self.newest.max(block.slot);
            self.states.insert(Root::of(block), state);
        }
    }

    /// Returns the valid block with this number of the present slot, if the head's state is known.
    fn block(&self, forge: &mut Forge, view: &ChainView, place: usize) -> Option<Content> {
        let slot = view.current_slot();
        if slot % view.validators().max(1) as u64 != DISHONEST {
            return None;
        }
        let parent = view
            .blocks
            .iter()
            .rfind(|block| block.slot < slot && self.states.contains_key(&block.root))?;
        let parent_state = self.states.get(&parent.root)?;
        // Each number is another vote of the proposer, so the blocks have different roots.
        let data = (0..TRIES).find_map(|more| different_data(view, place + more))?;
        let count = view.validators();
        let voters = [DISHONEST];
        let vote = AggregatedAttestation { aggregation_bits: aggregation_bits(voters)?, data };
        let mut state = process_slots(parent_state, slot).ok()?;
        let mut block = Block {
            slot,
            proposer_index: slot % count as u64,
            parent_root: parent.root,
            state_root: Root::ZERO,
            body: BlockBody {
                attestations: AggregatedAttestations::try_from(vec![vote]).unwrap_or_default(),
            },
        };
        process_block(&mut state, &block).ok()?;
        block.state_root = Root::of(&state);
        let root = Root::of(&block);
        let parts = [
            forge.accepted_proof(view, &voters, Root::of(&data), data.slot)?,
            forge.accepted_proposal(view, block.proposer_index, root, slot)?,
        ];
        let statements = block_statements(&block, root, &state.validators).ok()?;
        let parts: Vec<_> = parts.iter().zip(statements).collect();
        let proof = MockProofs::Bound.merge(&parts).ok()?;
        Some((TopicKind::Block, SignedBlock { block, proof }.to_ssz()))
    }
}
