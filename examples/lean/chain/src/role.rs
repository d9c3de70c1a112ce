//! This node's role: its validators, and whether it aggregates.

use consensus::{Slot, ValidatorIndex};
use xmss::Scheme;

/// This node's role in the chain.
#[derive(Clone, Debug)]
pub struct Role {
    /// The validators with keys in this node's signer.
    pub validators: Vec<ValidatorIndex>,
    /// Whether it aggregates votes.
    pub is_aggregator: bool,
    /// The first slot for signatures of its validators. An earlier process may have signed in any
    /// slot before it.
    pub first_duty_slot: Slot,
    /// The signature scheme of the network.
    pub scheme: Scheme,
}
