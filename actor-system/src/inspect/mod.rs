//! A look at a running system, from any thread and without a wait.
//!
//! In reading order: `data` is what a look finds, `words` prints its parts and `tree` the whole,
//! and `look` takes it.

mod data;
mod look;
mod tree;
mod words;

pub use data::{
    ActorView, Doing, ExecutorView, FindingView, InHand, Inspection, LaneView, WaitFor, WaitView,
};
