//! The peer behind a message, and its name in lanes with a share for each peer.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use network::PeerId;

/// The peer that sent a block, a vote or a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) peer: PeerId,
    /// Whether the node's configuration names the peer. Every other peer is a stranger.
    pub(crate) is_configured: bool,
}

/// Returns a peer's source for [`Message::source`](actor_lanes::Message::source).
///
/// The hash has a random key for each process, so no peer can choose an identity with the source of
/// another peer.
pub(crate) fn source_of(peer: &PeerId) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_one_source_and_two_peers_have_two() {
        let [one, two] = [PeerId::random(), PeerId::random()];
        assert_eq!(source_of(&one), source_of(&one));
        assert_ne!(source_of(&one), source_of(&two));
    }
}
