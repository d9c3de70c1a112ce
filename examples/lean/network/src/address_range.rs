//! Groups of addresses that usually belong to one operator.

use std::net::IpAddr;

use libp2p::{Multiaddr, multiaddr::Protocol};

/// An IPv4 /24 or an IPv6 /48. The peers of one range share one bound, because an operator has the
/// addresses of a range at no further cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum AddressRange {
    V4([u8; 3]),
    V6([u8; 6]),
    /// Addresses without an IP address share one range. The QUIC transport has none of them.
    Other,
}

impl AddressRange {
    /// Returns the range of an address. An IPv4 address written as an IPv6 address is in the range
    /// of the IPv4 address.
    pub(super) fn of(address: &Multiaddr) -> Self {
        let ip = address.iter().find_map(|part| match part {
            Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
            Protocol::Ip6(ip) => Some(IpAddr::V6(ip)),
            _ => None,
        });
        match ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => {
                let [a, b, c, _] = ip.octets();
                Self::V4([a, b, c])
            }
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, e, f, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f])
            }
            None => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(ip: &str) -> AddressRange {
        AddressRange::of(&format!("{ip}/udp/9000/quic-v1").parse().expect("it is an address"))
    }

    #[test]
    fn a_range_is_24_bits_of_ipv4_or_48_bits_of_ipv6() {
        assert_eq!(range("/ip4/10.1.2.3"), range("/ip4/10.1.2.255"));
        assert_ne!(range("/ip4/10.1.2.3"), range("/ip4/10.1.3.3"));
        assert_eq!(range("/ip6/2001:db8:1::1"), range("/ip6/2001:db8:1:ffff::2"));
        assert_ne!(range("/ip6/2001:db8:1::1"), range("/ip6/2001:db8:2::1"));
        assert_eq!(range("/ip6/::ffff:10.1.2.3"), range("/ip4/10.1.2.3"));
    }
}
