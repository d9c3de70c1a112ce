//! The address of a node's HTTP API.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::str::FromStr;

/// The address of a node's HTTP API, or none.
///
/// # Examples
///
/// ```
/// use lean_node::config::HttpAddress;
///
/// assert_eq!("off".parse(), Ok(HttpAddress::Off));
/// assert!(matches!("127.0.0.1:5052".parse(), Ok(HttpAddress::On(_))));
/// assert!("5052".parse::<HttpAddress>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpAddress {
    /// The API is off.
    #[default]
    Off,
    /// The API's address; port 0 is any free port. The node does not start if the address cannot be
    /// used.
    On(SocketAddr),
    /// The API's address if its port is free. Otherwise the API is off, and the node logs a
    /// warning.
    IfFree(SocketAddr),
}

impl HttpAddress {
    /// The port of lean clients, for this machine only. The specification's node listens on all
    /// interfaces, but the API has no authentication.
    pub const LEAN_CLIENTS: Self =
        Self::IfFree(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5052)));
}

/// The error for a text that is not an address of the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write ADDRESS:PORT, as in 127.0.0.1:5052, or off")]
pub struct NoHttpAddress;

impl FromStr for HttpAddress {
    type Err = NoHttpAddress;

    fn from_str(text: &str) -> Result<Self, NoHttpAddress> {
        match text {
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::On).map_err(|_| NoHttpAddress),
        }
    }
}
