//! What every decoder of the node must hold to, whatever bytes it is given: one function of bytes for each decoder.
//!
//! Each decodes. What decodes must keep to its bounds, and must come back the same when it is encoded and decoded again; where
//! the encoding is the only one (SSZ, records) it must be the very bytes. A function returns when all of that holds, whether
//! the bytes decode or not, and panics when it does not.
//!
//! They are public for the two programs that call them, and for nobody else: the fuzz targets in `examples/lean/fuzz`, and
//! `tests/decoders`, which runs the same functions for a few seconds in the ordinary tests.

#![allow(clippy::missing_panics_doc, reason = "panicking is how each of them says that something does not hold")]

mod api;
mod checkpoint;
mod gossip;
mod key;
mod record;
mod ssz;
mod stream;
mod toml;
mod yaml;

use std::fmt;

pub use self::{
    api::api_request,
    checkpoint::checkpoint,
    gossip::{gossip_message, gossip_rpc, raw_snappy, topic},
    key::{key_file, network_key, tree_key},
    record::{node_record, node_record_text},
    ssz::{ssz_aggregate, ssz_block, ssz_request, ssz_state, ssz_vote},
    stream::{request_stream, response_stream},
    toml::{genesis_file, node_config},
    yaml::{chain_config, key_manifest, node_list, node_validators},
};

/// One decoder and what must hold of it.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of the fuzz target, and of the folder of its seeds.
    pub name: &'static str,
    /// Takes any bytes; panics when something does not hold.
    pub run: fn(&[u8]),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.name).finish()
    }
}

/// Every target.
pub const TARGETS: [Target; 24] = [
    Target { name: "api_request", run: api_request },
    Target { name: "chain_config", run: chain_config },
    Target { name: "checkpoint", run: checkpoint },
    Target { name: "genesis_file", run: genesis_file },
    Target { name: "gossip_message", run: gossip_message },
    Target { name: "gossip_rpc", run: gossip_rpc },
    Target { name: "key_file", run: key_file },
    Target { name: "key_manifest", run: key_manifest },
    Target { name: "network_key", run: network_key },
    Target { name: "node_config", run: node_config },
    Target { name: "node_list", run: node_list },
    Target { name: "node_record", run: node_record },
    Target { name: "node_record_text", run: node_record_text },
    Target { name: "node_validators", run: node_validators },
    Target { name: "raw_snappy", run: raw_snappy },
    Target { name: "request_stream", run: request_stream },
    Target { name: "response_stream", run: response_stream },
    Target { name: "ssz_aggregate", run: ssz_aggregate },
    Target { name: "ssz_block", run: ssz_block },
    Target { name: "ssz_request", run: ssz_request },
    Target { name: "ssz_state", run: ssz_state },
    Target { name: "ssz_vote", run: ssz_vote },
    Target { name: "topic", run: topic },
    Target { name: "tree_key", run: tree_key },
];

/// Takes the first byte, which chooses among variants; zero where there is none.
fn split_choice(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(choice, rest)| (*choice, rest))
}
