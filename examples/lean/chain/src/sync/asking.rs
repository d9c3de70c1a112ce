//! The requests in flight, of both kinds.

use std::collections::HashMap;

use network::PeerId;

use crate::sync::request::{Request, Wanted};
use consensus::Interval;

/// The requests without a result yet. `Backfill` and `Ranges` bound their number.
#[derive(Debug, Default)]
pub(super) struct Asking {
    in_flight: HashMap<u64, InFlight>,
    last_id: u64,
}

/// A request without a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) peer: PeerId,
    pub(super) wanted: Wanted,
    /// Whether a stranger without merit named the block.
    is_low: bool,
    since: Interval,
}

impl Asking {
    /// Creates a request. `is_low` is whether a stranger without merit named the block.
    pub(super) fn ask(
        &mut self,
        peer: PeerId,
        wanted: Wanted,
        is_low: bool,
        now: Interval,
    ) -> Request {
        self.last_id += 1;
        self.in_flight.insert(self.last_id, InFlight { peer, wanted, is_low, since: now });
        Request { id: self.last_id, peer, wanted }
    }

    /// Ends a request. Returns `None` if it ended before, or was never made.
    pub(super) fn end(&mut self, id: u64) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Returns the requests made before `oldest`.
    pub(super) fn since_before(&self, oldest: Interval) -> Vec<u64> {
        let late = self.in_flight.iter().filter(|(_, request)| request.since < oldest);
        late.map(|(id, _)| *id).collect()
    }

    /// Returns the number of requests for single blocks.
    pub(super) fn blocks(&self) -> usize {
        self.in_flight.values().filter(|request| is_block(request)).count()
    }

    /// Returns the number of requests for single blocks named by strangers without merit, or of all
    /// others.
    pub(super) fn blocks_by_rank(&self, is_low: bool) -> usize {
        let of_rank = |request: &&InFlight| is_block(request) && request.is_low == is_low;
        self.in_flight.values().filter(of_rank).count()
    }

    /// Returns the number of requests for single blocks to one peer.
    pub(super) fn blocks_of(&self, peer: &PeerId) -> usize {
        self.in_flight.values().filter(|request| is_block(request) && request.peer == *peer).count()
    }

    /// Returns the number of requests for ranges.
    pub(super) fn ranges(&self) -> usize {
        self.in_flight.len() - self.blocks()
    }
}

fn is_block(request: &InFlight) -> bool {
    matches!(request.wanted, Wanted::Block(_))
}
