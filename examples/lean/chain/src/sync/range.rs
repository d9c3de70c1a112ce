//! Catching up by ranges: the choice of peers and slots, and the checks of the answers.
//!
//! A run covers the slots from the head to the highest claim of any peer. Its batches are fetched
//! ahead from several peers and imported in order. One answer cannot prove by itself that it is
//! complete. The next answer does: its first block must be a child of the last block before it.
//!
//! ```text
//!  head    batch 1        batch 2        batch 3
//!   ●──●──●──○──●──●   ──●──●──○──○    ●──●──●──●──●
//!      peer A             peer B       ▲ peer C: is its parent missing from B's answer,
//!                                        or did C make it up?
//! ```
//!
//! If the link is missing, the fault is unknown: either the peers before denied blocks, or the last
//! peer made up its own. The last peer then becomes the *leader*. It alone is asked for everything
//! since the last imported block. An honest leader has all of it, and the peers with refuted
//! denials are penalised. A lying leader is exposed by its own answers, and penalised. If a
//! leader's first block has no known parent, the leader is asked for earlier slots. The step back
//! doubles each time, down to the finalized block, where its chain must begin. The peer of the
//! highest claim becomes the leader in the same way, if a run ends below that claim. Either a
//! faulty peer is exposed or the chain grows, so one honest peer among many others is enough.
//!
//! Memory is bounded: a run has at most eight batches, and fetches ahead at most [`HELD_BYTES`] of
//! answers and the answers to four more requests.

use network::PeerId;

use crate::decoder::Fetched;
use crate::sync::asking::Asking;
use crate::sync::batch::Answer;
use crate::sync::chain_view::ChainView;
use crate::sync::denials::Denials;
use crate::sync::peers::Peers;
use crate::sync::request::{Action, Wanted};
use crate::sync::run::{Leader, Run};
use consensus::{Interval, Root, Slot};
use network::{Offence, SlotRange};

/// The lead of a peer's chain, in slots, above which ranges are fetched. Nearer blocks are fetched
/// by root.
pub(super) const BEHIND: u64 = 8;

/// The largest number of range requests in flight.
const IN_FLIGHT: usize = 4;

/// The total size of waiting answers above which nothing more is fetched ahead: 32 MiB.
const HELD_BYTES: usize = 32 << 20;

/// The time for the first batch, in intervals, after which a second peer is asked for it.
const HEDGE: Interval = 10;

/// The largest number of blocks of a range being imported at the same time.
const UNRESOLVED: usize = 8;

/// The time for an import, in intervals, after which it counts as lost.
const IMPORT_PATIENCE: Interval = 50;

/// The time without an answer, in intervals, after which a run restarts: longer than any peer's
/// pause.
const RUN_PATIENCE: Interval = 300;

/// The pause after a run failed without a known fault of a peer, in intervals.
const PAUSE: Interval = 5;

/// Catches up by ranges. Pure: it returns the requests, and the actor sends them.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    run: Option<Run>,
    denials: Denials,
    paused_until: Interval,
}

impl Ranges {
    /// Returns whether a run is in progress.
    pub(super) fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Returns whether a peer's chain is far enough ahead of the head for ranges.
    pub(super) fn is_behind(&self, peers: &Peers, chain: &impl ChainView, now: Interval) -> bool {
        ahead(peers, chain, now).is_some()
    }

    /// Advances the run and returns the next actions.
    pub(super) fn step(
        &mut self,
        peers: &mut Peers,
        chain: &impl ChainView,
        asking: &mut Asking,
        now: Interval,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let is_stuck = |run: &Run| {
            let patience = if run.importing.is_some() { IMPORT_PATIENCE } else { RUN_PATIENCE };
            now.saturating_sub(run.progress) > patience
        };
        if self.run.as_ref().is_some_and(is_stuck) {
            self.pause(now, &mut actions);
        }
        if self.run.is_none() {
            self.begin(peers, chain, now);
        }
        self.advance(peers, chain, now, &mut actions);
        if self.run.as_ref().is_some_and(Run::is_over) {
            self.conclude(peers, chain, now, &mut actions);
        }
        self.ask(peers, asking, now, &mut actions);
        if self.run.as_ref().is_some_and(|run| run.is_waiting() && !peers.have_any(run.floor)) {
            // No peer is left to ask.
            self.end(&mut actions);
        }
        actions
    }

    /// Processes the result of a request.
    pub(super) fn answered(
        &mut self,
        id: u64,
        peer: PeerId,
        fetched: Fetched,
        peers: &mut Peers,
        now: Interval,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        match &fetched {
            Fetched::Blocks(_) | Fetched::Malformed | Fetched::Lost => {}
            Fetched::Refused | Fetched::Stalled => peers.pause(&peer, now),
            Fetched::Unsupported => peers.has_no_ranges(&peer),
        }
        let Some(run) = &mut self.run else { return actions };
        let is_led = run.leader.is_some();
        let Some(place) = run.batches.iter_mut().position(|batch| batch.asked.remove(&id)) else {
            return actions;
        };
        let Fetched::Blocks(blocks) = fetched else {
            if is_led {
                // No other peer can be asked about the chain of the leader.
                self.pause(now, &mut actions);
            }
            return actions;
        };
        run.progress = now;
        let Some(batch) = run.batches.get_mut(place) else { return actions };
        match Answer::check(peer, batch.start, batch.end, blocks) {
            Ok(answer) if batch.answer.is_none() => batch.answer = Some(answer),
            Ok(_) => {}
            Err(offence) => {
                actions.push(Action::Penalise(peer, offence));
                if is_led {
                    self.end(&mut actions);
                }
            }
        }
        actions
    }

    /// Notes an imported block.
    pub(super) fn imported(
        &mut self,
        root: &Root,
        peers: &mut Peers,
        now: Interval,
    ) -> Vec<Action> {
        let Some(run) = &mut self.run else { return Vec::new() };
        let Some(importing) = &mut run.importing else { return Vec::new() };
        let Some(slot) = importing.unresolved.remove(root) else { return Vec::new() };
        run.progress = now;
        run.floor = slot + 1;
        peers.was_useful(&importing.peer);
        if run.leader.is_none() {
            return Vec::new();
        }
        // A block of the leader refutes the denials for its slot.
        let supplier = importing.peer;
        let refuted = self.denials.refute(slot, supplier).into_iter();
        refuted.map(|peer| Action::Penalise(peer, Offence::Withheld)).collect()
    }

    /// Notes a refused block, with or without a fault of its supplier.
    pub(super) fn refused(&mut self, root: &Root, is_faulty: bool, now: Interval) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(run) = &mut self.run else { return actions };
        if run.importing.as_ref().is_none_or(|importing| !importing.unresolved.contains_key(root)) {
            return actions;
        }
        let Some(importing) = run.importing.take() else { return actions };
        if !is_faulty {
            self.pause(now, &mut actions);
            return actions;
        }
        if run.leader.is_some() {
            self.end(&mut actions);
            return actions;
        }
        run.want_again(run.floor, importing.batch_end, Some(importing.peer));
        actions
    }

    /// Notes a departed peer, and drops its answers. If one of them had no link, the peer could not
    /// be asked about it any more.
    pub(super) fn disconnected(&mut self, peer: &PeerId) -> Vec<Action> {
        let mut actions = Vec::new();
        for batch in self.run.iter_mut().flat_map(|run| &mut run.batches) {
            batch.answer.take_if(|answer| answer.peer == *peer);
        }
        let leads = |run: &Run| run.leader.as_ref().is_some_and(|leader| leader.peer == *peer);
        if self.run.as_ref().is_some_and(leads) {
            self.end(&mut actions);
        }
        self.denials.forget(peer);
        actions
    }

    fn begin(&mut self, peers: &Peers, chain: &impl ChainView, now: Interval) {
        if self.paused_until > now {
            return;
        }
        if let Some(target) = ahead(peers, chain, now) {
            self.denials.clear();
            self.start(None, chain.head_slot() + 1, target, now);
        }
    }

    fn start(&mut self, leader: Option<Leader>, began: Slot, target: Slot, now: Interval) {
        let led_by = leader.as_ref().map(|leader| leader.peer);
        tracing::info!(began, target, ?led_by, "catching up by range");
        self.run = Some(Run::new(leader, began, target, now));
    }

    fn end(&mut self, actions: &mut Vec<Action>) {
        if self.run.take().is_some() {
            actions.push(Action::RangesEnded);
        }
    }

    fn pause(&mut self, now: Interval, actions: &mut Vec<Action>) {
        self.end(actions);
        self.paused_until = now + PAUSE;
    }

    /// Processes the batches in their turn.
    fn advance(
        &mut self,
        peers: &mut Peers,
        chain: &impl ChainView,
        now: Interval,
        actions: &mut Vec<Action>,
    ) {
        while let Some(run) = &mut self.run {
            if !import_next(run, actions) {
                return;
            }
            let Some(answer) = run.batches.front_mut().and_then(|batch| batch.answer.take()) else {
                return;
            };
            let Some(batch) = run.batches.pop_front() else { return };
            let Some((first, parent)) = answer.first() else {
                if run.leader.is_none() {
                    self.denials.add(answer.peer, batch.start, batch.end);
                }
                continue;
            };
            if !chain.contains(&parent) {
                self.doubt(answer.peer, first, parent, peers, chain, now, actions);
                continue;
            }
            run.leader.iter_mut().for_each(|leader| leader.is_linked = true);
            let peer = answer.peer;
            let (last, covers_to) =
                (answer.last().unwrap_or(batch.end), answer.covers_to(batch.end));
            let is_led = run.leader.is_some();
            run.import(answer, batch.end, now);
            if !is_led {
                // It links to the chain, so no block is missing before it.
                self.denials.confirm_before(first);
                self.denials.add(peer, last + 1, covers_to);
            }
        }
    }

    /// Handles a block with an unknown parent.
    #[expect(clippy::too_many_arguments, reason = "the decision needs all of it")]
    fn doubt(
        &mut self,
        peer: PeerId,
        first: Slot,
        parent: Root,
        peers: &mut Peers,
        chain: &impl ChainView,
        now: Interval,
        actions: &mut Vec<Action>,
    ) {
        let Some(run) = self.run.take() else { return };
        let lowest = chain.finalized_slot() + 1;
        let target = peers.claim(&peer).map_or(first, |claim| claim.slot.max(first));
        let (began, back) = match &run.leader {
            // Blocks between the last one and this one were denied by others, or do not exist.
            None if run.floor < first => (run.floor, 0),
            None => (run.floor, FIRST_STEP_BACK),
            Some(leader) if leader.is_linked => {
                actions.push(Action::Penalise(peer, Offence::Inconsistent));
                actions.push(Action::RangesEnded);
                return;
            }
            Some(leader) if run.began > lowest => {
                (run.began, (leader.back * 2).max(FIRST_STEP_BACK))
            }
            Some(_) => {
                let is_child = parent == chain.finalized_root();
                let offence = if first == lowest && !is_child {
                    Offence::OtherChain
                } else {
                    Offence::Unlinked
                };
                actions.push(Action::Penalise(peer, offence));
                peers.serves_from(&peer, first);
                actions.push(Action::RangesEnded);
                return;
            }
        };
        let began = began.saturating_sub(back).max(lowest);
        self.start(Some(Leader { peer, is_linked: false, back }), began, target, now);
    }

    /// Evaluates a run with all its slots covered.
    fn conclude(
        &mut self,
        peers: &mut Peers,
        chain: &impl ChainView,
        now: Interval,
        actions: &mut Vec<Action>,
    ) {
        let Some(run) = self.run.take() else { return };
        actions.push(Action::RangesEnded);
        let suspect = match &run.leader {
            Some(leader) => peers.claim(&leader.peer).map(|claim| (leader.peer, claim)),
            None => peers.furthest(run.floor, now),
        };
        let is_there =
            |root: &Root, slot: Slot| chain.contains(root) || slot <= chain.head_slot() + BEHIND;
        let Some((peer, claim)) = suspect.filter(|(_, claim)| !is_there(&claim.root, claim.slot))
        else {
            return;
        };
        match run.leader {
            None => {
                let leader = Leader { peer, is_linked: false, back: 0 };
                self.start(Some(leader), run.floor, claim.slot, now);
            }
            // Its own chain does not lead to its claimed head.
            Some(_) if claim.is_status && claim.slot <= run.target => {
                actions.push(Action::Penalise(peer, Offence::FalseStatus));
                peers.disbelieve(&peer);
            }
            // It only passed on a block, without a claim to have it on its chain.
            Some(_) => {
                peers.disbelieve(&peer);
                peers.pause(&peer, now);
            }
        }
    }

    /// Makes the requests allowed now.
    fn ask(
        &mut self,
        peers: &mut Peers,
        asking: &mut Asking,
        now: Interval,
        actions: &mut Vec<Action>,
    ) {
        let Some(run) = &mut self.run else { return };
        run.extend();
        let is_full = run.held_bytes() >= HELD_BYTES;
        let leader = run.leader.as_ref().map(|leader| leader.peer);
        for (place, batch) in run.batches.iter_mut().enumerate() {
            let is_late =
                place == 0 && batch.asked.len() == 1 && now.saturating_sub(batch.asked_at) >= HEDGE;
            let is_hedged = is_late && leader.is_none() && batch.answer.is_none();
            let may_ask = asking.ranges() < IN_FLIGHT && (place == 0 || !is_full);
            if !(may_ask && (batch.is_wanted() || is_hedged)) {
                continue;
            }
            let peer = match leader {
                Some(leader) => Some(leader).filter(|leader| peers.is_free(leader, now)),
                None => {
                    if batch.is_wanted() && peers.are_all_tried(batch.start, &batch.tried) {
                        batch.tried.clear();
                    }
                    peers.choose(batch.start, &batch.tried, now)
                }
            };
            let Some(peer) = peer else { continue };
            let range = SlotRange { start_slot: batch.start, count: batch.end - batch.start + 1 };
            let request = asking.ask(peer, Wanted::Range(range), false, now);
            peers.asked(&peer);
            if batch.asked.is_empty() {
                batch.asked_at = now;
            }
            batch.asked.insert(request.id);
            batch.tried.insert(peer);
            actions.push(Action::Ask(request));
        }
    }
}

/// Returns the slot of the highest claim far enough ahead of our head. Claims of configured peers
/// count first.
fn ahead(peers: &Peers, chain: &impl ChainView, now: Interval) -> Option<Slot> {
    ahead_by_configured(peers, chain, now).or_else(|| {
        let (_, claim) = peers.furthest(chain.head_slot() + 1, now)?;
        (claim.slot > chain.head_slot() + BEHIND).then_some(claim.slot)
    })
}

/// Does the same with the claims of configured peers only.
pub(super) fn ahead_by_configured(
    peers: &Peers,
    chain: &impl ChainView,
    now: Interval,
) -> Option<Slot> {
    let slot = peers.furthest_configured(chain.head_slot() + 1, now)?;
    (slot > chain.head_slot() + BEHIND).then_some(slot)
}

/// The first step back of a leader, in slots before the first slot asked for.
const FIRST_STEP_BACK: u64 = 64;

/// Starts the import of the next blocks of an answer. Returns whether no answer is being imported
/// any more.
fn import_next(run: &mut Run, actions: &mut Vec<Action>) -> bool {
    let Some(importing) = &mut run.importing else { return true };
    while importing.unresolved.len() < UNRESOLVED
        && let Some((root, block)) = importing.left.pop_front()
    {
        importing.unresolved.insert(root, block.block.slot);
        actions.push(Action::Import(block, importing.peer));
    }
    if !importing.unresolved.is_empty() {
        return false;
    }
    let (covers_to, end) = (importing.covers_to, importing.batch_end);
    run.importing = None;
    run.want_again(covers_to + 1, end, None);
    true
}
