//! Networks over real QUIC on the loopback interface.
//!
//! Nothing here sleeps: what is waited for is a message, with a deadline that only a failure meets.

mod gossip;
mod life;
mod misuse;
mod peer;
mod raw_peer;
mod requests;
