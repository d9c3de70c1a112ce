//! The HTTP options of `node run`: the address of the API, and the source of a checkpoint.

use std::time::Duration;

use clap::Args;

use lean_node::config::{HttpAddress, NodeConfig};

/// Options for the HTTP API and for checkpoint sync.
#[derive(Debug, Args)]
pub(super) struct ApiArguments {
    /// Serve the HTTP API on this address, or off to disable it. The admin endpoint has no
    /// authentication: choose an address reachable only by you [default: the address in the
    /// configuration file; with a genesis folder 127.0.0.1:5052, if that is free]
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    http_address: Option<HttpAddress>,
    /// Start at the finalized block of the node with this HTTP API, instead of at genesis
    #[arg(long, value_name = "URL")]
    checkpoint_sync_url: Option<String>,
    /// Try for this many seconds to fetch the checkpoint from a node that is not reachable or not
    /// ready [default: 300]
    #[arg(long, value_name = "S", requires = "checkpoint_sync_url")]
    checkpoint_sync_deadline_s: Option<u32>,
}

impl ApiArguments {
    /// Overrides the configuration with the options of the command line.
    pub(super) fn apply_to(&self, config: &mut NodeConfig) {
        if let Some(http) = self.http_address {
            config.http = http;
        }
        if let Some(url) = &self.checkpoint_sync_url {
            config.checkpoint_sync_url = Some(url.clone());
        }
        if let Some(seconds) = self.checkpoint_sync_deadline_s {
            config.checkpoint_sync_deadline = Duration::from_secs(seconds.into());
        }
    }
}
