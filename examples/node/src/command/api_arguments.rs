//! The options of `node run` that are about HTTP: where to serve, and where to begin.

use std::net::SocketAddr;
use std::str::FromStr;

use clap::Args;

use crate::config::NodeConfig;

/// Where to serve the HTTP API, and whose finalized block to begin at.
#[derive(Debug, Args)]
pub(super) struct ApiArguments {
    /// Serve the HTTP API here, or nowhere with `off`, whatever the configuration says. Its admin endpoint asks nobody who
    /// they are: choose an address that only you reach
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    http_address: Option<HttpAddress>,
    /// Begin at the finalized block of the node whose HTTP API this is, instead of at genesis
    #[arg(long, value_name = "URL")]
    checkpoint_sync_url: Option<String>,
}

/// An address for the HTTP API, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HttpAddress {
    Off,
    On(SocketAddr),
}

/// Says that a text is no address for the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write ADDRESS:PORT, as in 127.0.0.1:5052, or off")]
struct NoHttpAddress;

impl FromStr for HttpAddress {
    type Err = NoHttpAddress;

    fn from_str(text: &str) -> Result<Self, NoHttpAddress> {
        match text {
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::On).map_err(|_| NoHttpAddress),
        }
    }
}

impl ApiArguments {
    /// Puts what was said on the command line in the place of what the configuration says.
    pub(super) fn apply_to(&self, config: &mut NodeConfig) {
        match self.http_address {
            Some(HttpAddress::On(address)) => config.http = Some(address),
            Some(HttpAddress::Off) => config.http = None,
            None => {}
        }
        if let Some(url) = &self.checkpoint_sync_url {
            config.checkpoint_sync_url = Some(url.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpAddress, NoHttpAddress};

    #[test]
    fn an_address_is_a_socket_or_off() {
        assert_eq!("off".parse(), Ok(HttpAddress::Off));
        let socket = "127.0.0.1:5052".parse().expect("a socket address");
        assert_eq!("127.0.0.1:5052".parse(), Ok(HttpAddress::On(socket)));
        assert_eq!("5052".parse::<HttpAddress>(), Err(NoHttpAddress));
        assert_eq!("localhost:5052".parse::<HttpAddress>(), Err(NoHttpAddress));
    }
}
