//! Free UDP ports on this machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Returns `n` currently unused UDP ports of the loopback address.
///
/// The ports are not reserved, so another program may take one before the caller binds it. All are
/// bound together before any is released, so they are distinct.
pub(super) fn free_udp_addresses(n: usize) -> io::Result<Vec<SocketAddr>> {
    let sockets = (0..n)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<io::Result<Vec<_>>>()?;
    sockets.iter().map(UdpSocket::local_addr).collect()
}
