//! The network of a folder.

use consensus::Root;

/// The network of a chain. A folder has the chain of one network only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainIdentity {
    /// The start of slot 0, in Unix seconds.
    pub genesis_time: u64,
    /// The hash tree root of the validators' registry.
    pub validators_root: Root,
    /// The name of the fork in the topics of gossip.
    pub fork: String,
    /// The name of the signature scheme.
    pub scheme: String,
}
