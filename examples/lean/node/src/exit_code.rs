//! The program's exit codes, for scripts and for the devnet.

/// Any failure without a code below.
pub const FAILURE: u8 = 1;

/// The command line or a file named in it is wrong; nothing was started.
pub const USAGE: u8 = 2;

/// A port to listen on is in use: UDP for peers, or TCP for the HTTP API.
pub const PORT_TAKEN: u8 = 3;

/// A part of a running node ended abnormally, most often by a panic. The node has stopped in order.
/// The value is `EX_SOFTWARE` of `sysexits.h`.
pub const PART_ENDED: u8 = 70;

/// The store of the chain cannot be written any more: the disk is full, or fails. The node has
/// stopped in order, and goes on from its last commit at the next start. The value is `EX_IOERR` of
/// `sysexits.h`.
pub const DISK_FAILED: u8 = 74;

/// A signal arrived before the requested goal was reached.
pub const INTERRUPTED: u8 = 130;
