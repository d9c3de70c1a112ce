//! Runs actors on smol: a local executor and a reactor per executor thread.
//!
//! Programs usually take it from the facade crate `actor`, by its feature `smol`.

mod executor;
mod local;
mod runtime;
mod timer;

pub use runtime::SmolRuntime;
