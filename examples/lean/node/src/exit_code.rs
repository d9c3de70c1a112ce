//! The exit codes by which the program tells scripts, and a devnet, how it ended.

/// Something failed that is not named below.
pub const FAILURE: u8 = 1;

/// The command line or a file that it names is wrong; nothing was started.
pub const USAGE: u8 = 2;

/// A port to listen on is in use: UDP for peers, or TCP for the HTTP API.
pub const PORT_TAKEN: u8 = 3;

/// A signal came before what was asked for had happened.
pub const INTERRUPTED: u8 = 130;
