//! Synchronization: fetching the blocks of peers.
//!
//! ```text
//!  a peer is far ahead         → range:    slots from the head up, in batches, from several peers
//!  a block's parent is missing → backfill: the parent by its root, then its parent, 512 deep
//! ```
//!
//! Both run at the same time. While ranges are imported from below, gossiped blocks are held above
//! them. They are linked when the two meet.
//!
//! Pure: it takes events and returns [`Action`]s. An event is a peer connecting, disconnecting or
//! reporting its status, the end of a request, the result of a block, or the passing of time. A
//! block's result is an event of its own, so a block may be imported immediately or verified by a
//! worker first.
//!
//! A missing block is requested while a held block waits for it: from one peer after the other,
//! with growing pauses between the rounds. Configured peers are asked first, and their claims count
//! first.
//!
//! Bounded, whatever peers do: 20 requests in flight, 512 wanted roots, 32 MiB of blocks waiting
//! for their turn, 64 denials.

mod asking;
mod backfill;
mod batch;
mod chain_view;
mod denials;
mod peers;
mod range;
mod request;
mod run;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod simulation_tests;

use std::sync::Arc;

use network::PeerId;

use crate::decoder::Fetched;
use crate::rank::Rank;
use crate::sender::Sender;
use crate::sync::asking::Asking;
use crate::sync::backfill::Backfill;
use crate::sync::chain_view::ChainView;
use crate::sync::peers::Peers;
use crate::sync::range::Ranges;
use consensus::{Interval, MAX_ATTESTATIONS_DATA, Root};
use network::Offence;

pub(crate) use backfill::MAX_BACKFILL_DEPTH;
pub(crate) use peers::Claim;
pub(crate) use request::Action;
pub use request::{Request, Wanted};

/// Decides on requests, imports and penalties.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    peers: Peers,
    asking: Asking,
    backfill: Backfill,
    ranges: Ranges,
    /// The first actions of the next step.
    actions: Vec<Action>,
}

impl Sync {
    /// Adds a connected peer.
    pub(crate) fn connected(&mut self, sender: Sender) {
        self.peers.connected(sender);
        if sender.is_configured {
            self.backfill.end_pauses();
        }
    }

    /// Returns a peer with the answer to whether the node's configuration names it.
    pub(crate) fn sender(&self, peer: PeerId) -> Sender {
        Sender { peer, is_configured: self.peers.is_configured(&peer) }
    }

    /// Removes a departed peer.
    pub(crate) fn disconnected(&mut self, peer: PeerId) {
        self.peers.disconnected(peer);
        self.backfill.disconnected(peer);
        self.actions.extend(self.ranges.disconnected(&peer));
    }

    /// Returns the number of connected peers.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Returns the number of blocks abandoned after several peers failed to return them.
    pub(crate) fn given_up(&self) -> u64 {
        self.backfill.given_up()
    }

    /// Notes the head of a peer's chain, or another block of it. Its slot must not be in the
    /// future.
    pub(crate) fn claims(&mut self, peer: PeerId, claim: Claim) {
        self.peers.claims(peer, claim);
    }

    /// Returns whether ranges are being fetched, or will be with the next step. For a block named
    /// by a configured peer, only the claims of configured peers count: those of strangers may be
    /// made up.
    pub(crate) fn is_behind(&self, rank: Rank, chain: &impl ChainView, now: Interval) -> bool {
        match rank {
            Rank::Configured => range::ahead_by_configured(&self.peers, chain, now).is_some(),
            _ => self.ranges.is_running() || self.ranges.is_behind(&self.peers, chain, now),
        }
    }

    /// Adds a wanted block. `hint` is a peer with knowledge of it, and `rank` that of the peer to
    /// name it.
    pub(crate) fn want(&mut self, root: Root, hint: Option<PeerId>, rank: Rank) {
        // The blocks and claims of a peer may arrive after its disconnection. No later event would
        // make room for the blocks that it named.
        let hint = hint.filter(|peer| self.peers.contains(peer));
        self.backfill.want(root, hint, rank);
    }

    /// Returns whether a single block is wanted.
    pub(crate) fn wants(&self, root: &Root) -> bool {
        self.backfill.wants(root)
    }

    /// Notes an arrived block, held for its parent.
    pub(crate) fn holds(&mut self, root: &Root) {
        self.backfill.have(root);
    }

    /// Notes a block in the store.
    pub(crate) fn imported(&mut self, root: &Root, now: Interval) {
        self.backfill.have(root);
        self.actions.extend(self.ranges.imported(root, &mut self.peers, now));
    }

    /// Notes a rejected copy of a block. Another peer may have the block with a valid proof. The
    /// caller penalises the sender.
    pub(crate) fn rejected(&mut self, root: &Root, now: Interval) {
        self.backfill.ended(root, &self.peers, now);
        self.actions.extend(self.ranges.refused(root, true, now));
    }

    /// Notes the lost verification of a block. Its validity is unknown.
    pub(crate) fn lost(&mut self, root: &Root, now: Interval) {
        self.backfill.ended(root, &self.peers, now);
        self.actions.extend(self.ranges.refused(root, false, now));
    }

    /// Notes an ignored block: not useful now, without a fault of its sender.
    pub(crate) fn ignored(&mut self, root: &Root, now: Interval) {
        self.backfill.have(root);
        self.actions.extend(self.ranges.refused(root, false, now));
    }

    /// Removes a wanted block.
    pub(crate) fn forget(&mut self, root: &Root) {
        self.backfill.have(root);
    }

    /// Processes the result of a request. The result of an unknown or ended request is ignored.
    pub(crate) fn answered(&mut self, id: u64, fetched: Fetched, now: Interval) {
        let Some(request) = self.asking.end(id) else { return };
        match request.wanted {
            Wanted::Block(root) => {
                if matches!(fetched, Fetched::Stalled) {
                    self.peers.pause(&request.peer, now);
                }
                if !self.single_block(request.peer, root, fetched) {
                    self.backfill.ended(&root, &self.peers, now);
                }
            }
            Wanted::Range(_) => {
                self.peers.no_longer_asked(&request.peer);
                let actions = self.ranges.answered(id, request.peer, fetched, &mut self.peers, now);
                self.actions.extend(actions);
            }
        }
    }

    /// Ends the requests made before `oldest`, because their results were lost.
    pub(crate) fn expire(&mut self, oldest: Interval, now: Interval) {
        for id in self.asking.since_before(oldest) {
            self.answered(id, Fetched::Stalled, now);
        }
    }

    /// Returns the next actions. `awaits` returns whether a held block waits for this one. Must be
    /// called after every event. Before the next call, each returned block must be imported or
    /// waiting for its verification, or its result reported.
    pub(crate) fn step(
        &mut self,
        chain: &impl ChainView,
        awaits: impl Fn(&Root) -> bool,
        now: Interval,
    ) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        if actions.iter().any(|action| matches!(action, Action::Import(..))) {
            // The results of these imports decide on the next requests.
            return actions;
        }
        actions.extend(self.ranges.step(&mut self.peers, chain, &mut self.asking, now));
        actions.extend(self.backfill.step(&self.peers, &mut self.asking, awaits, now));
        actions
    }

    /// Processes the answer to a request for a single block. Returns whether it was that block. Its
    /// import is then in progress.
    fn single_block(&mut self, peer: PeerId, root: Root, fetched: Fetched) -> bool {
        let Fetched::Blocks(blocks) = fetched else { return false };
        // The network rejects an answer of more blocks than requested.
        let Some(block) = blocks.into_iter().next() else { return false };
        // A body may be so large that hashing it keeps the actor busy.
        let is_hashable = block.block.body.attestations.len() <= MAX_ATTESTATIONS_DATA;
        if !is_hashable || Root::of(&block.block) != root {
            self.actions.push(Action::Penalise(peer, Offence::BadAnswer));
            return false;
        }
        if block.proof.proof.is_empty() {
            // The anchor of a peer's checkpoint sync. The peer has no proof of it, so it cannot be
            // used, and the peer is not at fault.
            return false;
        }
        self.actions.push(Action::Import(Arc::new(block), peer));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_named_by_peers_that_have_left_already_make_room_for_others() {
        let mut sync = Sync::default();
        for number in 0..1000_u64 {
            let mut root = [7; 32];
            root[..8].copy_from_slice(&number.to_le_bytes());
            sync.want(Root::from(root), Some(PeerId::random()), Rank::Unknown);
        }
        let stranger = Sender { peer: PeerId::random(), is_configured: false };
        sync.connected(stranger);
        let root = Root::from([1; 32]);
        sync.want(root, Some(stranger.peer), Rank::Unknown);
        assert!(sync.wants(&root));
    }
}
