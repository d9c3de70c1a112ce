//! Credit for the answers to this node's own requests for blocks.
//!
//! A request takes one credit of its peer and one of all peers. Both travel with the request, then
//! with its outcome, and return when the outcome is dropped: after the node has decoded it. So a
//! peer whose answers are not decoded yet is not asked for more, and the node's lane has a place
//! for the answer to every request with a credit. The outcome of a request that was not sent has no
//! credit. It uses the same lane, and the chain has few requests at a time:
//!
//! | holder | requests without an answer, and answers not decoded | bytes of answers |
//! |---|---|---|
//! | peer | 8 | 128 MiB |
//! | all peers | 64 | 1 GiB |

use std::{collections::HashMap, fmt, sync::Arc};

use actor_lanes::flow::{Credit, Credits};
use libp2p::PeerId;

/// The most requests and undecoded answers of all peers. The decoder's lane for answers has as much
/// room.
const MOST: usize = 64;

/// The most of one peer: as many requests as a node like this one answers at a time.
const MOST_OF_PEER: usize = 8;

/// The credit of a request or of its outcome. It returns with the last clone.
#[derive(Clone, Default)]
pub struct AnswerCredit(Option<Arc<Taken>>);

/// The fields return in this order. So a peer with a credit taken holds one of all peers as well,
/// and the table has at most as many such peers as there are credits.
struct Taken {
    _of_peer: Credit,
    _of_all: Credit,
}

/// The credits for answers.
#[derive(Debug)]
pub(super) struct AnswerCredits {
    all: Credits,
    /// Each peer with a credit taken, and some others.
    peers: HashMap<PeerId, Credits>,
}

impl Default for AnswerCredits {
    fn default() -> Self {
        Self { all: Credits::new(MOST), peers: HashMap::new() }
    }
}

impl AnswerCredits {
    /// Takes the credit of a request, if there is one.
    pub(super) fn take(&mut self, peer: PeerId) -> Option<AnswerCredit> {
        let of_all = self.all.try_take()?;
        if self.peers.len() >= MOST {
            // At most `MOST - 1` other credits are taken, so some peer has all of its own.
            self.peers.retain(|_, credits| credits.available() < credits.total());
        }
        let of_peer =
            self.peers.entry(peer).or_insert_with(|| Credits::new(MOST_OF_PEER)).try_take()?;
        Some(AnswerCredit(Some(Arc::new(Taken { _of_peer: of_peer, _of_all: of_all }))))
    }
}

/// A credit is no part of an outcome's value.
impl PartialEq for AnswerCredit {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for AnswerCredit {}

impl fmt::Debug for AnswerCredit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "AnswerCredit" } else { "none" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecoded_answers_bound_the_requests_to_their_peer_and_to_all_peers() {
        let mut credits = AnswerCredits::default();
        let peers = [(); 9].map(|()| PeerId::random());
        let mut held: Vec<_> = Vec::new();
        for peer in peers {
            held.extend((0..MOST).map_while(|_| credits.take(peer)));
        }
        assert_eq!(held.len(), MOST, "8 peers have 8 each, and the ninth has none");
        held.truncate(MOST - 1);
        assert!(credits.take(peers[0]).is_none(), "it has 8");
        let credit = credits.take(peers[8]);
        assert!(credit.is_some());
        let clone = credit.clone();
        drop(credit);
        assert!(credits.take(peers[7]).is_none(), "a clone holds it as well");
        drop(clone);
        assert!(credits.take(peers[7]).is_some());
    }

    #[test]
    fn peers_that_come_and_go_fill_no_table() {
        let mut credits = AnswerCredits::default();
        let held = credits.take(PeerId::random());
        for _ in 0..1000 {
            assert!(credits.take(PeerId::random()).is_some());
            assert!(credits.peers.len() <= MOST);
        }
        assert!(held.is_some());
    }
}
