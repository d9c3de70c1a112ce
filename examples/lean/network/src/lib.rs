//! The network source: a thread of its own that runs libp2p, holds handles of the rest of the node, and never waits.
//!
//! ```text
//!  peers ⇄ QUIC ⇄ swarm (gossipsub, request-response)          "network", one OS thread, one tokio reactor
//!                   │            ▲
//!         Inbound   │            │  Command, through a bounded lane
//!                   ▼            │
//!              the node's own threads: NetworkFront, BlocksReply
//! ```
//!
//! The thread needs tokio because libp2p's QUIC does; nothing of it shows, so the rest of the node runs on any runtime.
//! Everything it has to tell goes through [`Inbound`], whose methods must return at once; everything it is told comes
//! through a [`NetworkFront`], whose methods return at once too. Gossip is decompressed here, because its identity is a
//! hash of what comes out; SSZ is not decoded here.
//!
//! In reading order: [`wire`] (bytes), [`Inbound`] and [`NetworkFront`] (the two directions), then the private modules:
//! `codec`, `gossip` and `behaviour` (libp2p), `dialer`, `serving` and `standing` (what is remembered), `event_loop` with
//! `mesh` and `requests`, `thread`.

mod behaviour;
mod codec;
mod config;
mod counters;
mod dialer;
mod enr;
mod event_loop;
mod front;
mod gossip;
mod host_key;
mod inbound;
mod mesh;
mod requests;
mod serving;
mod standing;
mod swarm;
mod thread;

pub use libp2p::{Multiaddr, PeerId};

pub use self::{
    codec::{Answer, Codec, MAX_ANSWER_SIZE},
    config::NetworkConfig,
    counters::{Counter, NetworkCounters},
    enr::{Eth2Data, MAX_RECORD_SIZE, NodeRecord, RecordError},
    front::{Command, NetworkFront, Undelivered, UndeliveredReason, Verdict, command_mailbox},
    gossip::{SnappyTransform, Topics},
    host_key::{HostKey, HostKeyError},
    inbound::{BlocksResponse, GossipMessage, Inbound, Refused, RequestFailure},
    serving::{Answering, BlocksReply},
    standing::Offence,
    thread::{Network, NetworkError, StopError},
};
pub use wire::{message_id::MessageId, request::SlotRange, status::Status, topic::TopicKind};
