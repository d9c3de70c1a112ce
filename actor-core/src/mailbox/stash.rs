//! The consumer's memory for lanes with an order of their own.

use std::collections::VecDeque;

use crate::mailbox::envelope::Envelope;
use crate::mailbox::lane::{Lane, LaneKind};
use crate::mailbox::turns::Turns;

/// The consumer's part of a lane: messages taken out of the ring and not yet returned.
pub(super) enum Stash<M> {
    /// Messages are returned in the ring's order, without a stash.
    None,
    /// Newest first; the oldest is in front.
    Newest(VecDeque<Envelope<M>>),
    Turns(Box<Turns<Envelope<M>>>),
}

impl<M> Stash<M> {
    const fn is_needed(lane: &Lane) -> bool {
        match lane.kind() {
            LaneKind::Control | LaneKind::Fifo => lane.share_of_source().is_some(),
            LaneKind::NewestFirst | LaneKind::Latest => true,
            LaneKind::LatestByKey => false,
        }
    }

    pub(super) fn new(lane: &Lane) -> Self {
        match lane.kind() {
            _ if !Self::is_needed(lane) => Self::None,
            LaneKind::NewestFirst | LaneKind::Latest => Self::Newest(VecDeque::new()),
            LaneKind::Control | LaneKind::Fifo | LaneKind::LatestByKey => {
                Self::Turns(Box::new(Turns::new()))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Newest(stash) => stash.len(),
            Self::Turns(turns) => turns.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The stashes of all lanes of a mailbox. On the heap, because most mailboxes need none.
pub(super) struct Stashes<M> {
    by_lane: Box<[Stash<M>]>,
}

impl<M> Stashes<M> {
    /// Returns whether any of the lanes needs a stash.
    pub(super) const fn are_needed(lanes: &[Lane]) -> bool {
        let mut lane = 0;
        while lane < lanes.len() {
            if Stash::<M>::is_needed(&lanes[lane]) {
                return true;
            }
            lane += 1;
        }
        false
    }

    pub(super) fn new(lanes: &[Lane]) -> Self {
        Self { by_lane: lanes.iter().map(Stash::new).collect() }
    }

    #[inline]
    pub(super) fn of(&self, lane: usize) -> &Stash<M> {
        &self.by_lane[lane]
    }

    #[inline]
    pub(super) fn of_mut(&mut self, lane: usize) -> &mut Stash<M> {
        &mut self.by_lane[lane]
    }
}
