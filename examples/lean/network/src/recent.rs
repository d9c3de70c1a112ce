//! The recent messages of one peer, to recognise a second copy: by a hash of the compressed bytes
//! without decompressing it, and by the first bytes of the id after that.

use std::collections::{HashSet, VecDeque};

/// The most hashes remembered per peer.
const MOST: usize = 16_384;

/// Hashes of the newest messages of a peer. A hash of compressed bytes must be keyed: a peer must
/// not be able to choose two messages with the same hash.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    /// Returns whether a message with this hash is among the newest.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.known.contains(&hash)
    }

    /// Adds a message, and forgets the oldest of more than `room`.
    pub(super) fn insert(&mut self, hash: u64, room: usize) {
        if !self.known.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        while self.order.len() > room.min(MOST)
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_messages_are_known_and_their_number_is_bounded() {
        let mut recent = Recent::default();
        for hash in [1, 2, 2, 3, 4] {
            recent.insert(hash, 3);
        }
        assert!(!recent.contains(1) && [2, 3, 4].iter().all(|hash| recent.contains(*hash)));
        (0..20_000).for_each(|hash| recent.insert(hash, usize::MAX));
        assert_eq!((recent.known.len(), recent.order.len()), (MOST, MOST));
    }
}
