//! Tests of networks over real QUIC on the loopback interface.
//!
//! The tests never sleep: they wait for messages, with a deadline reached only by a failing test.

mod crowd;
mod flood;
mod gossip;
mod life;
mod misuse;
mod peer;
mod places;
mod raw_peer;
mod requests;
