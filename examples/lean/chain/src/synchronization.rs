//! Synchronization with peers: requests for missing blocks, and answers to the requests of others.

use network::PeerId;

use crate::blocks::Source;
use crate::decoder::Fetched;
use crate::effect::Effect;
use crate::history::canonical_root;
use crate::sender::Sender;
use crate::state::ChainState;
use crate::sync::{Action, Claim};
use consensus::Root;
use network::{Offence, Status};

/// The number of blocks processed by one turn of synchronization before other messages have their
/// turn.
const IMPORTS_A_TURN: usize = 8;

/// The largest number of blocks waiting for the disk with which synchronization goes on.
const MOST_WAITING_BLOCKS: usize = 256;

impl ChainState {
    /// Adds a connected peer. `is_configured` is whether the node's configuration names it.
    pub fn peer_connected(&mut self, peer: PeerId, is_configured: bool) -> Vec<Effect> {
        self.sync.connected(Sender { peer, is_configured });
        self.continue_sync();
        self.base.effects.publish_snapshot();
        self.end_turn()
    }

    /// Removes a departed peer.
    pub fn peer_disconnected(&mut self, peer: PeerId) -> Vec<Effect> {
        self.sync.disconnected(peer);
        self.blocks.disconnected(&peer, &mut self.base);
        self.continue_sync();
        self.base.effects.publish_snapshot();
        self.end_turn()
    }

    /// Compares a peer's chain with ours, and requests missing blocks: ranges if many are missing,
    /// else the peer's head.
    pub fn peer_status(&mut self, peer: PeerId, status: &Status) -> Vec<Effect> {
        let (root, slot) = (Root::from(status.head_root), status.head_slot);
        if self.is_of_another_chain(status) {
            self.base.counters.drop_for("STATUS_OF_ANOTHER_CHAIN");
            self.base.effects.penalise(peer, Offence::OtherChain);
            return self.end_turn();
        }
        if self.base.is_in_future(slot) {
            self.base.counters.drop_for("STATUS_FROM_FUTURE");
        } else {
            self.sync.claims(peer, Claim { root, slot, is_status: true });
            if !self.base.store.contains_block(&root)
                && slot > self.base.store.latest_finalized().slot
            {
                let rank = self.blocks.records.of_peer(self.sync.sender(peer));
                self.blocks.want_below(root, Some(peer), rank, &mut self.sync, &mut self.base);
            }
        }
        self.continue_sync();
        self.end_turn()
    }

    /// Processes the result of a request for blocks.
    pub fn fetched(&mut self, request: u64, fetched: Fetched) -> Vec<Effect> {
        self.sync.answered(request, fetched, self.base.now());
        self.continue_sync();
        self.end_turn()
    }

    /// Continues synchronization after other messages had their turn.
    pub fn synchronize(&mut self) -> Vec<Effect> {
        self.continue_sync();
        self.end_turn()
    }

    /// Processes fetched blocks, a few at a time, and makes the next requests.
    pub(super) fn continue_sync(&mut self) {
        if self.keeping.waiting_blocks() > MOST_WAITING_BLOCKS {
            // The disk is behind. A tick goes on.
            return;
        }
        let Self { blocks, sync, base, .. } = self;
        let mut imports = 0;
        loop {
            let (before, mut has_ended) = (imports, false);
            for action in sync.step(&base.store, |root| blocks.pending.awaits(root), base.now()) {
                match action {
                    Action::Ask(request) => base.effects.fetch(request),
                    Action::Penalise(peer, offence) => base.effects.penalise(peer, offence),
                    Action::Import(block, peer) => {
                        imports += 1;
                        blocks.process(block, Source::Requested(sync.sender(peer)), sync, base);
                    }
                    Action::RangesEnded => {
                        has_ended = true;
                        for (root, rank) in blocks.pending.missing_parents() {
                            blocks.want_below(root, None, rank, sync, base);
                        }
                    }
                }
            }
            if imports == before && !has_ended {
                return;
            }
            if imports >= IMPORTS_A_TURN {
                // Ticks and gossip have their turn in between.
                return base.effects.synchronize();
            }
        }
    }

    /// Returns whether a peer has finalized another block than ours in the same slot.
    fn is_of_another_chain(&self, status: &Status) -> bool {
        let (root, slot) = (Root::from(status.finalized_root), status.finalized_slot);
        let store = &self.base.store;
        slot <= store.latest_finalized().slot
            && !root.is_zero()
            && canonical_root(store, slot) != Some(root)
    }
}
