//! The shares of strangers in a bounded resource.

use std::collections::HashMap;

use network::PeerId;

use crate::sender::Sender;

/// Counts the items of each stranger, and of all strangers together. Configured peers are not
/// counted.
#[derive(Debug)]
pub(super) struct Shares {
    most: usize,
    most_of_one: usize,
    total: usize,
    peers: HashMap<PeerId, usize>,
}

impl Shares {
    /// Creates shares of at most `most` items, and at most `most_of_one` of each stranger.
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self { most, most_of_one, total: 0, peers: HashMap::new() }
    }

    /// Returns the number of items of all strangers.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Returns whether a stranger may have one more item.
    pub(super) fn have_room_for(&self, sender: Sender) -> bool {
        let of_one = self.peers.get(&sender.peer).copied().unwrap_or_default();
        self.total < self.most && of_one < self.most_of_one
    }

    pub(super) fn begin(&mut self, sender: Sender) {
        if !sender.is_configured {
            self.total += 1;
            *self.peers.entry(sender.peer).or_default() += 1;
        }
    }

    pub(super) fn end(&mut self, sender: Sender) {
        if sender.is_configured {
            return;
        }
        if let Some(of_one) = self.peers.get_mut(&sender.peer) {
            self.total -= 1;
            *of_one -= 1;
            if *of_one == 0 {
                self.peers.remove(&sender.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stranger_and_all_strangers_are_bounded_and_configured_peers_are_not() {
        let mut shares = Shares::new(5, 2);
        let strangers = [(); 3].map(|()| Sender { peer: PeerId::random(), is_configured: false });
        for stranger in strangers.iter().flat_map(|stranger| [stranger; 2]).take(5) {
            assert!(shares.have_room_for(*stranger));
            shares.begin(*stranger);
        }
        assert!(!shares.have_room_for(strangers[2]), "all strangers have 5");
        shares.begin(Sender { peer: PeerId::random(), is_configured: true });
        shares.end(strangers[0]);
        assert!(!shares.have_room_for(strangers[1]), "it has 2");
        assert!(shares.have_room_for(strangers[2]));
        for stranger in [0, 1, 1, 2] {
            shares.end(strangers[stranger]);
        }
        assert!(shares.total() == 0 && shares.peers.is_empty());
    }
}
