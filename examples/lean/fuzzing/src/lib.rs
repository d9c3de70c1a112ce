//! Checks of all decoders on arbitrary bytes: one function per decoder.
//!
//! Each function decodes its input. A decoded value must respect its bounds, and must be equal
//! after encoding and decoding it again. Where there is only one valid encoding (SSZ, records), the
//! encoded value must equal the input. A function returns if all this holds, even if the input does
//! not decode. It panics otherwise.
//!
//! The functions are public for two programs only: the fuzz targets in `examples/lean/fuzz`, and
//! `tests/decoders`. The latter runs them for a few seconds in the ordinary tests.

#![allow(
    clippy::missing_panics_doc,
    reason = "panicking is how each of them says that something does not hold"
)]

mod api;
mod chain_file;
mod checkpoint;
mod gossip;
mod key;
mod record;
mod ssz;
mod stored;
mod stream;
mod toml;
mod yaml;

use std::fmt;

pub use self::{
    api::api_request,
    chain_file::{chain_file, records_of_a_far_slot, records_of_a_small_chain},
    checkpoint::checkpoint,
    gossip::{gossip_message, gossip_rpc, raw_snappy, topic},
    key::{key_file, network_key, tree_key},
    record::{node_record, node_record_text},
    ssz::{ssz_aggregate, ssz_block, ssz_request, ssz_state, ssz_vote},
    stored::{rows_of_a_small_chain, stored_file, stored_rows},
    stream::{request_stream, response_stream},
    toml::{genesis_file, node_config},
    yaml::{chain_config, key_manifest, node_list, node_validators},
};

/// One decoder, with its check.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of the fuzz target and of the folder of its seeds.
    pub name: &'static str,
    /// Checks the decoder on any bytes. Panics if a check fails.
    pub run: fn(&[u8]),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.name).finish()
    }
}

/// All targets.
pub const TARGETS: [Target; 27] = [
    Target { name: "api_request", run: api_request },
    Target { name: "chain_config", run: chain_config },
    Target { name: "chain_file", run: chain_file },
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
    Target { name: "stored_file", run: stored_file },
    Target { name: "stored_rows", run: stored_rows },
    Target { name: "topic", run: topic },
    Target { name: "tree_key", run: tree_key },
];

/// Splits off the first byte. It selects a variant, and is zero for empty input.
fn split_choice(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(choice, rest)| (*choice, rest))
}
