//! The requests under way, of both kinds.

use std::collections::HashMap;

use network::PeerId;

use crate::sync::request::{Request, Wanted};
use consensus::Interval;

/// The requests that have no outcome yet. Whoever asks bounds their number.
#[derive(Debug, Default)]
pub(super) struct Asking {
    under_way: HashMap<u64, UnderWay>,
    last_id: u64,
}

/// A request without an outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) peer: PeerId,
    pub(super) wanted: Wanted,
    since: Interval,
}

impl Asking {
    /// Makes a request.
    pub(super) fn ask(&mut self, peer: PeerId, wanted: Wanted, now: Interval) -> Request {
        self.last_id += 1;
        self.under_way.insert(self.last_id, UnderWay { peer, wanted, since: now });
        Request { id: self.last_id, peer, wanted }
    }

    /// Ends a request. `None` if it had ended before, or was never made.
    pub(super) fn end(&mut self, id: u64) -> Option<UnderWay> {
        self.under_way.remove(&id)
    }

    /// Returns the requests that have been under way since before `oldest`.
    pub(super) fn since_before(&self, oldest: Interval) -> Vec<u64> {
        let late = self.under_way.iter().filter(|(_, request)| request.since < oldest);
        late.map(|(id, _)| *id).collect()
    }

    /// Counts the requests for single blocks.
    pub(super) fn blocks(&self) -> usize {
        self.under_way.values().filter(|request| is_block(request)).count()
    }

    /// Counts the requests for single blocks to one peer.
    pub(super) fn blocks_of(&self, peer: &PeerId) -> usize {
        self.under_way.values().filter(|request| is_block(request) && request.peer == *peer).count()
    }

    /// Counts the requests for ranges.
    pub(super) fn ranges(&self) -> usize {
        self.under_way.len() - self.blocks()
    }
}

fn is_block(request: &UnderWay) -> bool {
    matches!(request.wanted, Wanted::Block(_))
}
