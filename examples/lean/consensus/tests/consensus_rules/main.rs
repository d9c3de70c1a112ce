//! The rules of consensus on chains built by the tests, without vectors, network or clock.

mod block_rejections;
mod chain;
mod decoding;
mod finality;
mod fork_choice;
mod gossip_rejections;
mod proofs;
mod rare_cases;
mod restart;
mod signatures;
mod states;
mod timing;
mod votes;
