//! Events about others: peers, bans, losses and attacks.

use serde::{Deserialize, Serialize};

/// Connected peers and bans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peers {
    /// Connected peers, as the chain's owner knows them.
    pub connected: u64,
    /// Peers named in the configuration.
    pub configured: u64,
    /// Those of them that are connected.
    pub configured_connected: u64,
    /// Inbound connections of strangers.
    pub strangers_inbound: u64,
    /// Outbound connections of strangers.
    pub strangers_outbound: u64,
    /// Peers in gossipsub's meshes.
    pub in_mesh: u64,
    /// Bans since the start.
    pub bans: u64,
    /// The peers, configured ones first; at most [`MOST_PEERS`](crate::events::MOST_PEERS).
    pub peers: Vec<PeerRecord>,
    /// The number of connected peers left out.
    pub peers_left_out: u64,
    /// The bans in force, the longest first; at most as many.
    pub banned: Vec<Ban>,
    /// The number of bans left out.
    pub banned_left_out: u64,
}

/// One connected peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerRecord {
    /// The peer's identity.
    pub id: String,
    /// Whether it is named in the configuration.
    pub is_configured: bool,
    /// Whether it dialled.
    pub is_inbound: bool,
    /// The time since it connected, in whole minutes.
    pub connected_min: u64,
    /// Its points, of 100. It is banned without points.
    pub points: u64,
}

/// One ban.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ban {
    /// The peer's identity.
    pub id: String,
    /// The rest of the ban, in minutes begun.
    pub left_min: u64,
}

/// Lost messages and attacks since the start, in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Losses {
    /// The groups. Each is present, also without a loss.
    pub groups: Vec<LossGroup>,
}

/// Losses at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LossGroup {
    /// The name of the group, for a person.
    pub name: String,
    /// The sum of all reasons.
    pub total: u64,
    /// The reasons with a count above 0, by name; at most
    /// [`MOST_REASONS`](crate::events::MOST_REASONS), those with the largest counts.
    pub reasons: Vec<Loss>,
    /// The sum of the reasons left out.
    pub left_out: u64,
}

/// A reason and its count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loss {
    /// The reason.
    pub reason: String,
    /// How often.
    pub count: u64,
}

impl LossGroup {
    /// Creates a group of these reasons, within its bound.
    pub(crate) fn new(name: &str, reasons: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut all: Vec<_> = reasons.into_iter().filter(|(_, count)| *count > 0).collect();
        let total = all.iter().map(|(_, count)| *count).sum();
        all.sort_by(|(one, fewer), (other, more)| more.cmp(fewer).then_with(|| one.cmp(other)));
        let rest = all.split_off(all.len().min(crate::events::MOST_REASONS));
        all.sort();
        Self {
            name: name.to_owned(),
            total,
            reasons: all.into_iter().map(|(reason, count)| Loss { reason, count }).collect(),
            left_out: rest.into_iter().map(|(_, count)| count).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::MOST_REASONS;

    #[test]
    fn a_group_keeps_the_most_frequent_reasons_and_sums_up_the_others() {
        let reasons = (0..100).map(|n| (format!("reason {n:02}"), n));
        let group = LossGroup::new("chain", reasons);
        assert_eq!(group.reasons.len(), MOST_REASONS);
        assert_eq!(group.total, 4950);
        let shown: u64 = group.reasons.iter().map(|loss| loss.count).sum();
        assert_eq!(shown + group.left_out, group.total);
        assert_eq!(group.reasons[0], Loss { reason: "reason 68".to_owned(), count: 68 });
        assert!(group.reasons.is_sorted_by_key(|loss| loss.reason.clone()));
        assert_eq!(LossGroup::new("chain", [("never".to_owned(), 0)]).reasons, []);
    }
}
