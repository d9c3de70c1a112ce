//! The options of `node run` that are about HTTP: where to serve, and where to begin.

use clap::Args;

use lean_node::config::{HttpAddress, NodeConfig};

/// Where to serve the HTTP API, and whose finalized block to begin at.
#[derive(Debug, Args)]
pub(super) struct ApiArguments {
    /// Serve the HTTP API here, or nowhere with off. Its admin endpoint asks nobody who they are: choose an address that only
    /// you reach [default: as the configuration file says; from a genesis folder 127.0.0.1:5052, if that is free]
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    http_address: Option<HttpAddress>,
    /// Begin at the finalized block of the node whose HTTP API this is, instead of at genesis
    #[arg(long, value_name = "URL")]
    checkpoint_sync_url: Option<String>,
}

impl ApiArguments {
    /// Puts what was said on the command line in the place of what the configuration says.
    pub(super) fn apply_to(&self, config: &mut NodeConfig) {
        if let Some(http) = self.http_address {
            config.http = http;
        }
        if let Some(url) = &self.checkpoint_sync_url {
            config.checkpoint_sync_url = Some(url.clone());
        }
    }
}
