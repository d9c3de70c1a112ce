//! The table of attacks.

use std::fmt;
use std::io;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::attack::{Scene, content, equivocation, frames, places, requests, sockets};
use crate::forge::Forge;
use crate::link::Manner;

/// The devnet of an attack in the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Every node is connected to every other node.
    Mesh,
    /// The same, and a node is killed and started again during the attack.
    Restart,
    /// Two pairs of nodes, connected only through two relays, which are attacked.
    Relays,
}

/// One attack.
pub struct Attack {
    /// Its name on the command line.
    pub name: &'static str,
    /// The messages of the attack.
    pub summary: &'static str,
    /// The number of identities that act at the same time. A refused identity is replaced.
    pub identities: usize,
    /// The messages a second of each identity.
    pub rate: u32,
    /// The devnet in the measurement.
    pub setting: Setting,
    /// The acts of one identity, until it is refused.
    pub(super) act: Act,
}

pub(super) type Act = for<'a> fn(&'a Scene, usize) -> BoxFuture<'a, io::Result<()>>;

impl Attack {
    /// Returns the attack with this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ATTACKS.iter().find(|attack| attack.name == name)
    }
}

impl fmt::Debug for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attack").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every attack.
pub static ATTACKS: &[Attack] = &[
    Attack {
        name: "invalid-blocks",
        summary: "blocks of the present slot on the head, with a false proof",
        identities: 64,
        rate: 2000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::block).boxed(),
    },
    Attack {
        name: "invalid-full-blocks",
        summary: "the same with as many votes as a block can have",
        identities: 64,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::full_block).boxed(),
    },
    Attack {
        name: "random-content-through-relays",
        summary: "thirty random messages to each of two peers that forward without validating",
        identities: 2,
        rate: 10,
        setting: Setting::Relays,
        act: |scene, number| content::few(scene, number, |forge, _| forge.noise()).boxed(),
    },
    Attack {
        name: "fill-places",
        summary: "well-behaved connections, more than a node has places; then a node restarts",
        identities: 256,
        rate: 0,
        setting: Setting::Restart,
        act: |scene, number| places::take(scene, number).boxed(),
    },
    Attack {
        name: "silent-connections",
        summary: "connections that never open or read a stream; then a node restarts",
        identities: 256,
        rate: 0,
        setting: Setting::Restart,
        act: |scene, number| places::take_in_silence(scene, number).boxed(),
    },
    Attack {
        name: "handshakes",
        summary: "connections that are closed immediately",
        identities: 16,
        rate: 50,
        setting: Setting::Mesh,
        act: |scene, number| places::handshakes(scene, number).boxed(),
    },
    Attack {
        name: "decompression-bomb",
        summary: "one message of 490 KB that decompresses to 10 MiB, again and again",
        identities: 16,
        rate: 30,
        setting: Setting::Mesh,
        act: |scene, number| frames::one(scene, number, frames::bomb).boxed(),
    },
    Attack {
        name: "not-snappy",
        summary: "gossip payloads that are not snappy",
        identities: 16,
        rate: 2000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::not_snappy).boxed(),
    },
    Attack {
        name: "too-large",
        summary: "gossip payloads that declare 256 MiB",
        identities: 16,
        rate: 2000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::too_large).boxed(),
    },
    Attack {
        name: "other-topics",
        summary: "gossip on topics that the network does not have",
        identities: 16,
        rate: 2000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::other_topic).boxed(),
    },
    Attack {
        name: "iwant",
        summary: "requests for gossip that nobody has, 64 ids each",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::iwant).boxed(),
    },
    Attack {
        name: "ihave",
        summary: "announcements of gossip that nobody has, 64 ids each",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::ihave).boxed(),
    },
    Attack {
        name: "idontwant",
        summary: "lists of unwanted gossip, 64 ids each",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::idontwant).boxed(),
    },
    Attack {
        name: "graft-prune",
        summary: "GRAFT and PRUNE of every topic in turn",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::graft_prune).boxed(),
    },
    Attack {
        name: "subscriptions",
        summary: "subscriptions and their opposite in turn, for known and unknown topics",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::subscribing).boxed(),
    },
    Attack {
        name: "broken-frames",
        summary: "gossip frames that are not protobuf",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| frames::many(scene, number, frames::broken).boxed(),
    },
    Attack {
        name: "empty-frames",
        summary: "gossip frames without content",
        identities: 16,
        rate: 4000,
        setting: Setting::Mesh,
        act: |scene, number| frames::one(scene, number, frames::empty).boxed(),
    },
    Attack {
        name: "status",
        summary: "honest statuses, one after the other",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| requests::flood(scene, number, requests::status).boxed(),
    },
    Attack {
        name: "ranges",
        summary: "the largest range, one request after the other",
        identities: 16,
        rate: 100,
        setting: Setting::Mesh,
        act: |scene, number| requests::flood(scene, number, requests::range).boxed(),
    },
    Attack {
        name: "roots",
        summary: "1,024 known roots, one request after the other",
        identities: 16,
        rate: 50,
        setting: Setting::Mesh,
        act: |scene, number| requests::flood(scene, number, requests::roots).boxed(),
    },
    Attack {
        name: "unknown-roots",
        summary: "1,024 unknown roots, one request after the other",
        identities: 16,
        rate: 50,
        setting: Setting::Mesh,
        act: |scene, number| requests::flood(scene, number, requests::unknown_roots).boxed(),
    },
    Attack {
        name: "malformed-requests",
        summary: "requests of random bytes",
        identities: 16,
        rate: 200,
        setting: Setting::Mesh,
        act: |scene, number| requests::flood(scene, number, requests::malformed).boxed(),
    },
    Attack {
        name: "half-open-streams",
        summary: "requests that are begun and never ended",
        identities: 16,
        rate: 200,
        setting: Setting::Mesh,
        act: |scene, number| requests::half_open(scene, number).boxed(),
    },
    Attack {
        name: "slow-readers",
        summary: "requests for ranges with answers that are never read",
        identities: 16,
        rate: 200,
        setting: Setting::Mesh,
        act: |scene, number| requests::slow_reader(scene, number).boxed(),
    },
    Attack {
        name: "silent-streams",
        summary: "streams without any protocol, as many as permitted",
        identities: 16,
        rate: 500,
        setting: Setting::Mesh,
        act: |scene, number| requests::silent_streams(scene, number).boxed(),
    },
    Attack {
        name: "false-status-silent",
        summary: "heads far ahead, and no answer to the requests that follow",
        identities: 16,
        rate: 2,
        setting: Setting::Mesh,
        act: |scene, number| requests::false_status(scene, number, Manner::Silent).boxed(),
    },
    Attack {
        name: "false-status-wrong-answers",
        summary: "heads far ahead, and blocks that belong to nothing as answers",
        identities: 16,
        rate: 2,
        setting: Setting::Mesh,
        act: |scene, number| {
            requests::false_status(scene, number, requests::wrong_answer(scene, number)).boxed()
        },
    },
    Attack {
        name: "false-status-unfinished-answers",
        summary: "heads far ahead, and answers without an end",
        identities: 16,
        rate: 2,
        setting: Setting::Mesh,
        act: |scene, number| {
            requests::false_status(scene, number, requests::unfinished_answer(scene, number))
                .boxed()
        },
    },
    Attack {
        name: "votes-of-one-validator",
        summary: "different accepted votes of one validator, as many as the chain permits",
        identities: 8,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::votes_of_one(scene, number).boxed(),
    },
    Attack {
        name: "equivocating-proposer",
        summary: "up to 64 different valid blocks in each slot of one validator",
        identities: 4,
        rate: 20,
        setting: Setting::Mesh,
        act: |scene, number| equivocation::propose(scene, number).boxed(),
    },
    Attack {
        name: "orphan-blocks",
        summary: "blocks with an unknown parent",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::orphan_block).boxed(),
    },
    Attack {
        name: "future-blocks",
        summary: "blocks of slots far in the future",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::future_block).boxed(),
    },
    Attack {
        name: "early-blocks",
        summary: "blocks of the next two slots",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::early_block).boxed(),
    },
    Attack {
        name: "blocks-out-of-turn",
        summary: "blocks of a validator whose turn it is not",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::block_out_of_turn).boxed(),
    },
    Attack {
        name: "huge-blocks",
        summary: "blocks with 2,048 attestations",
        identities: 16,
        rate: 10,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::huge_block).boxed(),
    },
    Attack {
        name: "repeating-blocks",
        summary: "blocks with one attestation data several times",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::repeating_block).boxed(),
    },
    Attack {
        name: "false-votes",
        summary: "votes of every validator with a false signature",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::vote).boxed(),
    },
    Attack {
        name: "false-aggregates",
        summary: "aggregates with a false proof",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, Forge::aggregate).boxed(),
    },
    Attack {
        name: "random-ssz",
        summary: "random bytes on every topic",
        identities: 16,
        rate: 1000,
        setting: Setting::Mesh,
        act: |scene, number| content::flood(scene, number, |forge, _| forge.noise()).boxed(),
    },
    Attack {
        name: "http-silent",
        summary: "HTTP connections without a request",
        identities: 256,
        rate: 0,
        setting: Setting::Mesh,
        act: |scene, number| sockets::silent(scene, number).boxed(),
    },
    Attack {
        name: "http-slow-heads",
        summary: "HTTP requests sent byte by byte",
        identities: 256,
        rate: 0,
        setting: Setting::Mesh,
        act: |scene, number| sockets::slow_head(scene, number).boxed(),
    },
    Attack {
        name: "http-flood",
        summary: "requests for the finalized state, one after the other",
        identities: 16,
        rate: 200,
        setting: Setting::Mesh,
        act: |scene, number| sockets::flood(scene, number).boxed(),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::MOST_IDENTITIES;

    #[test]
    fn names_are_distinct_and_identities_are_bounded() {
        for (place, attack) in ATTACKS.iter().enumerate() {
            assert_eq!(ATTACKS.iter().position(|other| other.name == attack.name), Some(place));
            assert!((1..=MOST_IDENTITIES).contains(&attack.identities), "{}", attack.name);
        }
    }
}
