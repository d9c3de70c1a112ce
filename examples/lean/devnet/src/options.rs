//! What a devnet is to be like.

use std::path::PathBuf;

use consensus::MILLISECONDS_PER_INTERVAL;
use keys::SchemeName;

/// How many nodes, validators and slots a devnet has, and which program its nodes are.
#[derive(Clone, Debug)]
pub struct DevnetOptions {
    /// The program whose `run` command is one node.
    pub program: PathBuf,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many validators there are, dealt out to the nodes in turn.
    pub validators: usize,
    /// How long an interval lasts, in milliseconds; a slot has five.
    pub interval_ms: u64,
    /// What the nodes' actors run on; without one, the first that was compiled in.
    pub runtime: Option<String>,
    /// The signature scheme of the validators' keys.
    pub scheme: SchemeName,
    /// How many slots the keys can sign in: a power of two.
    pub key_slots: u64,
    /// Whether the directory with the nodes' files and logs is kept when all went well.
    pub keep: bool,
}

impl DevnetOptions {
    /// Asks for four nodes and eight validators at the specification's pace, with keys for 256 slots.
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
        }
    }
}
