//! The victims of an attack: addresses of peers and of HTTP APIs, on loopback only.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// The QUIC address of a victim on the loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Multiaddr);

/// The HTTP address of a victim on the loopback interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpTarget(SocketAddr);

/// The reason why an address is not attacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The text is no address of the form `ADDRESS:PORT` or `/ip4/…/udp/…/quic-v1`.
    #[error("{0}: expected ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1")]
    Form(String),
    /// The address belongs to another machine.
    #[error("{0}: only loopback addresses are attacked")]
    NotLoopback(String),
}

impl Target {
    /// Returns the address for a dial, without an identity.
    pub fn address(&self) -> &Multiaddr {
        &self.0
    }
}

impl HttpTarget {
    /// Returns the socket address.
    pub fn socket(self) -> SocketAddr {
        self.0
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let socket = text.parse().ok().or_else(|| quic_socket(text));
        let socket: SocketAddr = socket.ok_or_else(|| TargetError::Form(text.to_owned()))?;
        Self::try_from(socket)
    }
}

impl TryFrom<SocketAddr> for Target {
    type Error = TargetError;

    fn try_from(socket: SocketAddr) -> Result<Self, TargetError> {
        let HttpTarget(socket) = HttpTarget::try_from(socket)?;
        let address = Multiaddr::from(socket.ip());
        Ok(Self(address.with(Protocol::Udp(socket.port())).with(Protocol::QuicV1)))
    }
}

impl FromStr for HttpTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim_start_matches("http://").trim_end_matches('/');
        let socket: SocketAddr = text.parse().map_err(|_| TargetError::Form(text.to_owned()))?;
        Self::try_from(socket)
    }
}

impl TryFrom<SocketAddr> for HttpTarget {
    type Error = TargetError;

    fn try_from(socket: SocketAddr) -> Result<Self, TargetError> {
        if socket.ip().is_loopback() {
            Ok(Self(socket))
        } else {
            Err(TargetError::NotLoopback(socket.to_string()))
        }
    }
}

fn quic_socket(text: &str) -> Option<SocketAddr> {
    let address: Multiaddr = text.parse().ok()?;
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match (parts.next()?, parts.next()?) {
        (Protocol::Udp(port), Protocol::QuicV1) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_accepted() {
        for text in ["127.0.0.1:9000", "[::1]:9000", "/ip4/127.0.0.1/udp/9000/quic-v1"] {
            assert!(text.parse::<Target>().is_ok(), "{text}");
        }
        for text in ["192.0.2.1:9000", "0.0.0.0:9000", "/ip4/192.0.2.1/udp/9000/quic-v1"] {
            assert!(matches!(text.parse::<Target>(), Err(TargetError::NotLoopback(_))), "{text}");
        }
        assert!(matches!("192.0.2.1:5052".parse::<HttpTarget>(), Err(TargetError::NotLoopback(_))));
    }

    #[test]
    fn an_identity_in_an_address_is_left_out() {
        let id = libp2p::PeerId::random();
        let text = format!("/ip4/127.0.0.1/udp/9000/quic-v1/p2p/{id}");
        let target: Target = text.parse().expect("a loopback address");
        assert_eq!(target.address().to_string(), "/ip4/127.0.0.1/udp/9000/quic-v1");
    }
}
