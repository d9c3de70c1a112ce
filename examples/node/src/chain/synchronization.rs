//! Where this node's chain meets its peers': what they have that is missing here, and what they may have of ours.

use std::sync::Arc;

use libp2p::PeerId;

use crate::chain::blocks::Source;
use crate::chain::effect::Effect;
use crate::chain::state::ChainState;
use crate::chain::sync::{Action, Claim, MAX_BACKFILL_DEPTH};
use crate::consensus::{INTERVALS_PER_SLOT, Root, SignedBlock, Slot};
use crate::decoder::Fetched;
use crate::network::wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;
use crate::network::{Offence, SlotRange, Status};

/// How many blocks synchronization gives to be imported before other messages have their turn.
const IMPORTS_AT_ONCE: usize = 8;

impl ChainState {
    /// Looks at where a peer's chain stands, and fetches what is missing here: ranges if that is much, or else its head.
    pub(crate) fn peer_status(&mut self, peer: PeerId, status: &Status) -> Vec<Effect> {
        if self.is_of_another_chain(status) {
            self.count("STATUS_OF_ANOTHER_CHAIN");
            return vec![Effect::Charge(peer, Offence::OtherChain)];
        }
        let (root, slot) = (Root::from(status.head_root), status.head_slot);
        if self.is_in_future(slot) {
            self.count("STATUS_FROM_FUTURE");
            return self.fetch();
        }
        self.sync.claims(peer, Claim { root, slot, is_status: true });
        if !self.store.contains_block(&root) && slot > self.store.latest_finalized().slot {
            self.want_below(root, Some(peer));
        }
        self.fetch()
    }

    /// Takes the outcome of a request for blocks.
    pub(crate) fn fetched(&mut self, request: u64, fetched: Fetched) -> Vec<Effect> {
        self.sync.answered(request, fetched, self.store.time());
        self.fetch()
    }

    /// Goes on with synchronization: gives what it has brought to be imported, a few blocks at a time, and makes its
    /// requests.
    pub(crate) fn fetch(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut imports = 0;
        loop {
            let (before, mut has_ended) = (imports, false);
            for action in self.sync.step(&self.store, self.store.time()) {
                match action {
                    Action::Ask(request) => effects.push(Effect::Fetch(request)),
                    Action::Charge(peer, offence) => effects.push(Effect::Charge(peer, offence)),
                    Action::Import(block, peer) => {
                        imports += 1;
                        effects.extend(self.take_block(block, Source::Peer(peer)));
                    }
                    Action::RangesEnded => {
                        has_ended = true;
                        for root in self.pending_blocks.missing_parents() {
                            self.want_below(root, None);
                        }
                    }
                }
            }
            if imports == before && !has_ended {
                return effects;
            }
            if imports >= IMPORTS_AT_ONCE {
                // Ticks and gossip have their turn in between.
                effects.push(Effect::Synchronize);
                return effects;
            }
        }
    }

    /// Has the first block fetched that is missing on the way to `root`, unless it is being verified. If much is missing,
    /// ranges bring it.
    pub(super) fn want_below(&mut self, root: Root, hint: Option<PeerId>) {
        let (missing, depth) = self.pending_blocks.first_missing(root);
        if let Some(under_way) = self.blocks.iter_mut().find(|under_way| under_way.root == missing) {
            under_way.is_needed = true;
        } else if self.store.contains_block(&missing) || self.sync.is_behind(&self.store, self.store.time()) {
            // It comes by itself.
        } else if depth >= MAX_BACKFILL_DEPTH {
            self.count("BACKFILL_TOO_DEEP");
        } else {
            self.sync.want(missing, hint);
        }
    }

    /// Finds the blocks of the head's chain in these slots, as they were signed, first to last.
    ///
    /// # Errors
    ///
    /// Why none can be had: the range begins before the window in which a node has to answer
    /// (`MIN_SLOTS_FOR_BLOCK_REQUESTS`), or ends before the anchor of this one.
    pub(crate) fn range(&self, range: SlotRange) -> Result<Vec<Arc<SignedBlock>>, &'static str> {
        let now = self.store.time() / INTERVALS_PER_SLOT;
        if range.start_slot < now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS) {
            return Err("the requested slots are before the history window");
        }
        if range.slots().all(|slot| slot < self.history_from) {
            return Err("the requested slots are before this node's history");
        }
        let to_head = range.slots().take_while(|slot| *slot <= self.store.head_slot());
        let roots = to_head.filter_map(|slot| self.canonical_root(slot));
        Ok(roots.filter_map(|root| self.signed_blocks.get(&root)).map(Arc::clone).collect())
    }

    /// Finds blocks as they were signed, in the order asked for, leaving out what is not there.
    pub(crate) fn signed_blocks<'a>(&'a self, roots: &'a [Root]) -> impl Iterator<Item = &'a Arc<SignedBlock>> {
        roots.iter().filter_map(|root| self.signed_blocks.get(root))
    }

    /// Says whether a peer has finalized another block than we have in the same slot.
    fn is_of_another_chain(&self, status: &Status) -> bool {
        let (root, slot) = (Root::from(status.finalized_root), status.finalized_slot);
        slot <= self.store.latest_finalized().slot && !root.is_zero() && self.canonical_root(slot) != Some(root)
    }

    /// Returns the block of the head's chain in this slot, if there is one.
    fn canonical_root(&self, slot: Slot) -> Option<Root> {
        if slot == self.store.head_slot() {
            return Some(self.store.head());
        }
        // The state remembers the root of every slot before its block's, and zero for the empty ones.
        let place = usize::try_from(slot).ok()?;
        self.store.head_state().historical_block_hashes.get(place).filter(|root| !root.is_zero()).copied()
    }
}
