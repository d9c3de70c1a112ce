//! Free UDP ports on this machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Finds `n` UDP ports of the loopback address that nobody uses at the moment.
///
/// They are not kept: whoever binds one must be ready to find it taken. All are bound at once before any is let go, so
/// they differ.
pub(super) fn free_udp_addresses(n: usize) -> io::Result<Vec<SocketAddr>> {
    let sockets = (0..n).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<Vec<_>>>()?;
    sockets.iter().map(UdpSocket::local_addr).collect()
}
