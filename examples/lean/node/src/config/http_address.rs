//! Where a node serves its HTTP API.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::str::FromStr;

/// Where a node serves its HTTP API, if it does.
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
    /// Nowhere.
    #[default]
    Off,
    /// Here; port 0 is any that is free. The node does not start if it cannot.
    On(SocketAddr),
    /// Here, unless somebody else does already: then nowhere, with a warning.
    IfFree(SocketAddr),
}

impl HttpAddress {
    /// The port of lean clients, for this machine only. The specification's node serves all machines, but nobody is asked
    /// who they are.
    pub const LEAN_CLIENTS: Self = Self::IfFree(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5052)));
}

/// Says that a text is no address for the HTTP API.
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
