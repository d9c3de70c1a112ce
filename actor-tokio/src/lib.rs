//! Runs actors on tokio: a current-thread runtime per executor thread.
//!
//! Programs usually take it from the facade crate `actor`, by its feature `tokio`.

mod executor;
mod local;
mod runtime;
mod timer;

pub use runtime::TokioRuntime;
