//! Synchronization: how this node comes to have the blocks that its peers have.
//!
//! ```text
//!  a peer is far ahead           → [range]: slots from the head up, in batches, from several peers
//!  a block's parent is missing   → [backfill]: that block by its root, and then its parent, 512 deep
//! ```
//!
//! Both go on at once: while ranges are imported from below, gossip is held above them and linked when they meet.
//!
//! Pure: it takes events (peers come and go and tell their status, requests end, blocks are imported or refused, time
//! passes) and gives [`Action`]s. Whether a block is imported at once or verified elsewhere first makes no difference to
//! it: a block's outcome is an event of its own.
//!
//! Bounded, whatever peers do: 12 requests under way, 512 roots wanted, 32 MiB of blocks held until their turn, 64 denials
//! remembered.

mod asking;
mod backfill;
mod batch;
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

use libp2p::PeerId;

use crate::chain::sync::asking::Asking;
use crate::chain::sync::backfill::Backfill;
use crate::chain::sync::peers::Peers;
use crate::chain::sync::range::Ranges;
use crate::consensus::{Interval, MAX_ATTESTATIONS_DATA, Root, Slot, Store};
use crate::decoder::Fetched;
use crate::network::Offence;

pub(crate) use backfill::MAX_BACKFILL_DEPTH;
pub(crate) use peers::Claim;
pub(crate) use request::{Action, Request, Wanted};

/// What synchronization needs to know of the chain.
pub(crate) trait ChainView {
    /// Says whether a block is in the store.
    fn contains(&self, root: &Root) -> bool;
    fn head_slot(&self) -> Slot;
    fn finalized_slot(&self) -> Slot;
    fn finalized_root(&self) -> Root;
}

impl ChainView for Store {
    fn contains(&self, root: &Root) -> bool {
        self.contains_block(root)
    }

    fn head_slot(&self) -> Slot {
        Self::head_slot(self)
    }

    fn finalized_slot(&self) -> Slot {
        self.latest_finalized().slot
    }

    fn finalized_root(&self) -> Root {
        self.latest_finalized().root
    }
}

/// Decides what is asked of whom, what is imported when, and what peers are charged with.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    peers: Peers,
    asking: Asking,
    backfill: Backfill,
    ranges: Ranges,
    /// What the next step gives first.
    actions: Vec<Action>,
}

impl Sync {
    /// Learns that a peer is connected.
    pub(crate) fn connected(&mut self, peer: PeerId) {
        self.peers.connected(peer);
    }

    /// Learns that a peer is gone.
    pub(crate) fn disconnected(&mut self, peer: PeerId) {
        self.peers.disconnected(peer);
        self.actions.extend(self.ranges.disconnected(&peer));
    }

    /// Counts the connected peers.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Counts the blocks that no peer gave.
    pub(crate) fn given_up(&self) -> u64 {
        self.backfill.given_up()
    }

    /// Learns how far a peer's chain goes. Nothing later than the current slot may be told here.
    pub(crate) fn claims(&mut self, peer: PeerId, claim: Claim) {
        self.peers.claims(peer, claim);
    }

    /// Says whether ranges are being fetched, or will be with the next step.
    pub(crate) fn is_behind(&self, chain: &impl ChainView, now: Interval) -> bool {
        self.ranges.is_running() || self.ranges.is_behind(&self.peers, chain, now)
    }

    /// Wants a single block. `hint` is a peer that spoke of it.
    pub(crate) fn want(&mut self, root: Root, hint: Option<PeerId>) {
        self.backfill.want(root, hint);
    }

    /// Says whether a single block is wanted.
    pub(crate) fn wants(&self, root: &Root) -> bool {
        self.backfill.wants(root)
    }

    /// Learns that a block has come and waits for its parent.
    pub(crate) fn holds(&mut self, root: &Root) {
        self.backfill.have(root);
    }

    /// Learns that a block is in the store.
    pub(crate) fn imported(&mut self, root: &Root, now: Interval) {
        self.backfill.have(root);
        self.actions.extend(self.ranges.imported(root, &mut self.peers, now));
    }

    /// Learns that a block breaks a rule, in the form in which it came: another peer may have it with a valid proof.
    /// Whoever knows where it came from charges that peer.
    pub(crate) fn rejected(&mut self, root: &Root, now: Interval) {
        self.backfill.ended(root);
        self.actions.extend(self.ranges.refused(root, true, now));
    }

    /// Learns that nobody knows what to think of a block: its verification was lost.
    pub(crate) fn lost(&mut self, root: &Root, now: Interval) {
        self.backfill.ended(root);
        self.actions.extend(self.ranges.refused(root, false, now));
    }

    /// Learns that a block is of no use now, which is nobody's fault.
    pub(crate) fn ignored(&mut self, root: &Root, now: Interval) {
        self.backfill.have(root);
        self.actions.extend(self.ranges.refused(root, false, now));
    }

    /// Wants a single block no more.
    pub(crate) fn forget(&mut self, root: &Root) {
        self.backfill.have(root);
    }

    /// Takes the outcome of a request. One that was not made, or has ended before, changes nothing.
    pub(crate) fn answered(&mut self, id: u64, fetched: Fetched, now: Interval) {
        let Some(request) = self.asking.end(id) else { return };
        match request.wanted {
            Wanted::Block(root) => {
                if !self.single_block(request.peer, root, fetched) {
                    self.backfill.ended(&root);
                }
            }
            Wanted::Range(_) => {
                self.peers.no_longer_asked(&request.peer);
                let actions = self.ranges.answered(id, request.peer, fetched, &mut self.peers, now);
                self.actions.extend(actions);
            }
        }
    }

    /// Ends the requests that have been under way since before `oldest`: their outcome was lost on the way.
    pub(crate) fn expire(&mut self, oldest: Interval, now: Interval) {
        for id in self.asking.since_before(oldest) {
            self.answered(id, Fetched::Stalled, now);
        }
    }

    /// Gives what is to be done now. To be called after every event; what it gives to be imported is imported, or its
    /// outcome told, before it is called again.
    pub(crate) fn step(&mut self, chain: &impl ChainView, now: Interval) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        if actions.iter().any(|action| matches!(action, Action::Import(..))) {
            // What these lead to decides what is asked for next.
            return actions;
        }
        actions.extend(self.ranges.step(&mut self.peers, chain, &mut self.asking, now));
        actions.extend(self.backfill.step(&self.peers, &mut self.asking, now));
        actions
    }

    /// Looks at what came when one block was asked for. Says whether it was that block, whose outcome is still to come.
    fn single_block(&mut self, peer: PeerId, root: Root, fetched: Fetched) -> bool {
        let Fetched::Blocks(blocks) = fetched else { return false };
        // The network has seen to it that there are no more than were asked for.
        let Some(block) = blocks.into_iter().next() else { return false };
        // A body may be so large that merely computing its root would keep the owner busy.
        let is_hashable = block.block.body.attestations.len() <= MAX_ATTESTATIONS_DATA;
        if !is_hashable || Root::of(&block.block) != root {
            self.actions.push(Action::Penalise(peer, Offence::BadAnswer));
            return false;
        }
        self.actions.push(Action::Import(Arc::new(block), peer));
        true
    }
}
