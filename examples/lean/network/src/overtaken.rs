//! Messages of configured peers that a stranger sent first.
//!
//! Gossipsub refuses each further copy of a message. A stranger that forwards a message before the
//! configured peer does would therefore decide its turn: that of a stranger, or none if the
//! stranger's share is used up. So the first copy from a configured peer is delivered once more,
//! unless the message was accepted or rejected before.
//!
//! The node then has the message twice. The verdict `Ignore` on one copy decides nothing while the
//! other one has no verdict.

use std::collections::{HashSet, VecDeque};

use wire::message_id::MessageId;

/// The most messages remembered. The oldest is forgotten first.
const MOST: usize = 8192;

/// The messages that strangers sent first.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// Neither accepted nor rejected, nor delivered again.
    open: Known,
    /// Delivered twice, and without a verdict on either copy.
    twice: Known,
}

impl Overtaken {
    /// Notes a message delivered from a stranger.
    pub(super) fn delivered(&mut self, id: &MessageId) {
        self.open.insert(first_bytes(id));
    }

    /// Returns whether no message can be delivered again.
    pub(super) fn is_empty(&self) -> bool {
        self.open.known.is_empty()
    }

    /// Returns whether a configured peer's copy of the message with these first bytes of its id is
    /// to be delivered. It is so once.
    pub(super) fn takes(&mut self, id: u64) -> bool {
        self.open.remove(id)
    }

    /// Notes that a message without a verdict was delivered again.
    pub(super) fn delivered_twice(&mut self, id: &MessageId) {
        self.twice.insert(first_bytes(id));
    }

    /// Notes a verdict. Returns whether it decides on the message.
    pub(super) fn decided(&mut self, id: &MessageId, is_ignored: bool) -> bool {
        let id = first_bytes(id);
        let is_first_of_two = self.twice.remove(id);
        if !is_ignored {
            self.open.remove(id);
        }
        !(is_ignored && is_first_of_two)
    }
}

/// The newest messages, by the first bytes of their ids.
#[derive(Debug, Default)]
struct Known {
    known: HashSet<u64>,
    /// The known ones, and some removed ones.
    order: VecDeque<u64>,
}

impl Known {
    fn insert(&mut self, id: u64) {
        if self.known.insert(id) {
            self.order.push_back(id);
        }
        while self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn remove(&mut self, id: u64) -> bool {
        self.known.remove(&id)
    }
}

/// Returns the first bytes of an id.
pub(super) fn first_bytes(id: &MessageId) -> u64 {
    id.0.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: MessageId = MessageId([7; 20]);

    #[test]
    fn a_message_is_delivered_again_once_and_not_after_its_verdict() {
        let mut overtaken = Overtaken::default();
        assert!(!overtaken.takes(first_bytes(&ID)), "no stranger sent it");
        for is_ignored in [true, false] {
            overtaken.delivered(&ID);
            assert!(overtaken.decided(&ID, is_ignored));
            assert_eq!(overtaken.takes(first_bytes(&ID)), is_ignored);
            assert!(!overtaken.takes(first_bytes(&ID)) && overtaken.is_empty());
        }
    }

    #[test]
    fn the_first_ignore_of_two_decides_nothing_and_every_other_verdict_decides() {
        for (verdicts, decides) in [
            ([true, true], [false, true]),
            ([true, false], [false, true]),
            ([false, true], [true, true]),
        ] {
            let mut overtaken = Overtaken::default();
            overtaken.delivered(&ID);
            assert!(overtaken.takes(first_bytes(&ID)));
            overtaken.delivered_twice(&ID);
            assert_eq!(verdicts.map(|is_ignored| overtaken.decided(&ID, is_ignored)), decides);
        }
    }

    #[test]
    fn the_number_of_messages_is_bounded() {
        let mut known = Known::default();
        for id in 0..3 * MOST as u64 {
            known.insert(id);
            if id % 3 == 0 {
                known.remove(id);
            }
        }
        assert!(known.known.len() <= MOST && known.order.len() <= MOST);
        assert!(known.remove(3 * MOST as u64 - 1) && !known.remove(1));
    }
}
