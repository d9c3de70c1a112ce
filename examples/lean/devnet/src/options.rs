//! The options of a devnet.

use std::path::PathBuf;

use consensus::MILLISECONDS_PER_INTERVAL;
use keys::SchemeName;

/// The number of nodes, validators and slots of a devnet, and the program of its nodes.
#[derive(Clone, Debug)]
pub struct DevnetOptions {
    /// The program. Its `run` command is one node.
    pub program: PathBuf,
    /// The number of nodes.
    pub nodes: usize,
    /// The number of validators, assigned to the nodes in turn.
    pub validators: usize,
    /// The duration of an interval, in milliseconds; a slot has five.
    pub interval_ms: u64,
    /// The runtime of the nodes' actors. `None` selects the first one compiled in.
    pub runtime: Option<String>,
    /// The signature scheme of the validators' keys.
    pub scheme: SchemeName,
    /// The number of slots the keys can sign in: a power of two.
    pub key_slots: u64,
    /// Whether to keep the directory with the nodes' files and logs after success.
    pub keep: bool,
    /// Whether to go on with the other nodes if a node ends unexpectedly. The last node's end is a
    /// failure in any case.
    pub keep_going: bool,
    /// Further arguments for the `run` command of every node, for example about its log.
    pub node_arguments: Vec<String>,
}

impl DevnetOptions {
    /// Returns options for four nodes and eight validators at the specification's pace, with keys
    /// for 256 slots.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            nodes: 4,
            validators: 8,
            interval_ms: MILLISECONDS_PER_INTERVAL,
            runtime: None,
            scheme: SchemeName::Test,
            key_slots: 256,
            keep: false,
            keep_going: false,
            node_arguments: Vec::new(),
        }
    }
}
