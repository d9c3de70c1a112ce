//! Systems of actors: executors as one value, names, a shutdown in phases with a report,
//! supervision, pools, and typed topics.
//!
//! Programs usually take it from the facade crate `actor-lanes`.

mod clock;
pub mod executors;
mod gate;
pub mod group;
pub mod inspect;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
pub mod pool;
#[cfg(all(unix, feature = "signals"))]
mod signals;
pub mod supervise;
mod sync;
pub mod system;
pub mod topic;

pub use executors::Executors;
pub use group::Group;
pub use pool::Pool;
pub use supervise::{Strategy, Supervisor};
pub use system::System;
pub use topic::Topic;
