//! The node's progress along the chain, and its readiness for duties and clients.

use std::fmt;

use crate::health::Condition;
use chain::Snapshot;
use consensus::Slot;
use network::NetworkCounters;

/// Connected peers, and those named in the node's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peers {
    pub(crate) connected: u64,
    /// The peers named in the configuration.
    pub(crate) configured: u64,
    /// Those of them that are connected.
    pub(crate) configured_connected: u64,
}

/// The phase of synchronization, with the names of leanMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncStatus {
    /// There is no peer to synchronize with.
    Idle,
    /// Blocks of the peers' chains are missing.
    Syncing,
    /// No peer is known to be ahead.
    Synced,
}

/// The node's progress at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SyncState {
    pub(crate) status: SyncStatus,
    pub(crate) head_slot: Slot,
    pub(crate) current_slot: Slot,
    pub(crate) finalized_slot: Slot,
    pub(crate) peers: Peers,
}

/// Whether the node can do its duties and answer clients with current data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It can.
    Ready,
    /// It answers, with old data.
    Syncing(SyncState),
    /// It cannot, for this reason.
    NotReady(String),
}

impl Peers {
    /// Reads the numbers of peers.
    pub(crate) fn read(chain: &Snapshot, network: &NetworkCounters) -> Self {
        Self {
            connected: chain.peers as u64,
            configured: network.configured_total.get(),
            configured_connected: network.configured_connected.get(),
        }
    }

    /// Returns whether peers are configured, and none of them is connected.
    pub(crate) fn is_alone(&self) -> bool {
        self.configured > 0 && self.configured_connected == 0
    }
}

impl SyncStatus {
    /// The statuses in the order of leanMetrics.
    pub(crate) const ALL: [Self; 3] = [Self::Idle, Self::Syncing, Self::Synced];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Syncing => "syncing",
            Self::Synced => "synced",
        }
    }
}

impl SyncState {
    /// Returns the progress of a node with this snapshot in this slot.
    pub(crate) fn of(chain: &Snapshot, current_slot: Slot, peers: Peers) -> Self {
        let status = match (peers.connected, chain.is_syncing) {
            (0, _) => SyncStatus::Idle,
            (_, true) => SyncStatus::Syncing,
            (_, false) => SyncStatus::Synced,
        };
        let (head_slot, finalized_slot) = (chain.head.slot, chain.finalized.slot);
        Self { status, head_slot, current_slot, finalized_slot, peers }
    }

    /// Returns the number of slots from the head to the clock. Slots without a block count as well.
    pub(crate) fn distance(&self) -> Slot {
        self.current_slot.saturating_sub(self.head_slot)
    }
}

impl fmt::Display for SyncState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the head is at slot {} of {}", self.head_slot, self.current_slot)
    }
}

impl Readiness {
    /// Returns whether the node is ready.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Decides on the readiness of a node. `seconds_to_genesis` is 0 after genesis.
    ///
    /// A node without any configured peer is ready alone, because nobody else may exist.
    pub(crate) fn of(
        condition: &Condition,
        has_published: bool,
        seconds_to_genesis: u64,
        sync: SyncState,
    ) -> Self {
        if *condition != Condition::Healthy {
            return Self::NotReady(condition.to_string());
        }
        if !has_published {
            return Self::NotReady("the chain's owner is starting".to_owned());
        }
        if seconds_to_genesis > 0 {
            return Self::NotReady(format!("waiting for genesis, {seconds_to_genesis} s"));
        }
        if sync.peers.is_alone() {
            return Self::NotReady("no configured peer is connected".to_owned());
        }
        match sync.status {
            SyncStatus::Syncing => Self::Syncing(sync),
            SyncStatus::Idle | SyncStatus::Synced => Self::Ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(peers: u64, configured: u64, is_syncing: bool) -> SyncState {
        let chain = Snapshot { peers: peers as usize, is_syncing, ..Snapshot::default() };
        let peers = Peers { connected: peers, configured, configured_connected: peers };
        SyncState::of(&chain, 7, peers)
    }

    #[test]
    fn a_node_is_ready_when_it_runs_follows_its_peers_and_has_one() {
        let ready = |condition: &Condition, published, genesis, sync| {
            Readiness::of(condition, published, genesis, sync)
        };
        let healthy = &Condition::Healthy;
        assert_eq!(ready(healthy, true, 0, sync(1, 1, false)), Readiness::Ready);
        assert_eq!(ready(healthy, true, 0, sync(0, 0, false)), Readiness::Ready);
        let syncing = sync(1, 1, true);
        assert_eq!(ready(healthy, true, 0, syncing), Readiness::Syncing(syncing));
        for (not_ready, says) in [
            (ready(&Condition::Stopping, true, 0, sync(1, 1, false)), "stopping"),
            (ready(&Condition::Stuck(30), true, 0, sync(1, 1, false)), "30 intervals behind"),
            (ready(healthy, false, 0, sync(1, 1, false)), "starting"),
            (ready(healthy, true, 12, sync(1, 1, false)), "waiting for genesis, 12 s"),
            (ready(healthy, true, 0, sync(0, 3, false)), "no configured peer"),
        ] {
            let Readiness::NotReady(reason) = not_ready else { panic!("{not_ready:?}") };
            assert!(reason.contains(says), "{reason}");
        }
    }

    #[test]
    fn without_peers_there_is_nobody_to_synchronize_with() {
        assert_eq!(sync(0, 1, true).status, SyncStatus::Idle);
        assert_eq!(sync(2, 1, true).status, SyncStatus::Syncing);
        assert_eq!(sync(2, 1, false).status, SyncStatus::Synced);
        assert_eq!(sync(2, 1, false).distance(), 7);
    }
}
