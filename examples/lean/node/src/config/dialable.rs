//! Addresses that peers can dial.

use std::net::{IpAddr, SocketAddr};

/// The reason why no peer can dial an address, in words that follow the address, or `None` if
/// nothing is known against it.
///
/// # Examples
///
/// ```
/// use lean_node::config::undialable;
///
/// let address = |text: &str| text.parse().expect("an address");
/// assert_eq!(undialable(address("192.0.2.1:9000")), None);
/// assert!(undialable(address("0.0.0.0:9000")).is_some());
/// assert!(undialable(address("192.0.2.1:0")).is_some());
/// ```
#[must_use]
pub fn undialable(address: SocketAddr) -> Option<&'static str> {
    let ip = address.ip().to_canonical();
    let is_broadcast = match ip {
        IpAddr::V4(ip) => ip.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    let is_local_network = match ip {
        IpAddr::V4(ip) => ip.octets()[0] == 0,
        IpAddr::V6(_) => false,
    };
    // An IPv4 address of this kind can be dialled on a machine with one interface.
    let is_link_local = match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    if ip.is_unspecified() {
        Some("stands for all addresses of a machine, so no peer can dial it")
    } else if is_local_network {
        Some("has no meaning outside of its own network, so no peer can dial it")
    } else if is_link_local {
        Some("has a meaning with the name of an interface only, so no peer can dial it")
    } else if ip.is_multicast() {
        Some("is a multicast address, so no peer can dial it")
    } else if is_broadcast {
        Some("is the broadcast address, so no peer can dial it")
    } else if address.port() == 0 {
        Some("has port 0, which stands for any free port, so no peer can dial it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_no_single_machine_and_port_0_cannot_be_dialled() {
        for text in [
            "0.0.0.0:9000",
            "0.0.0.1:9000",
            "[::]:9000",
            "[::ffff:0.0.0.0]:9000",
            "224.0.0.1:9000",
            "[ff02::1]:9000",
            "[fe80::1]:9000",
            "255.255.255.255:9000",
            "127.0.0.1:0",
            "[::1]:0",
        ] {
            assert!(undialable(text.parse().expect("an address")).is_some(), "{text}");
        }
        for text in ["127.0.0.1:1", "10.0.0.1:65535", "[::1]:9000", "[2001:db8::1]:9000"] {
            assert_eq!(undialable(text.parse().expect("an address")), None, "{text}");
        }
    }
}
