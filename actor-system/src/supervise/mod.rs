//! Supervisors: actors that are started again, alone or together, after a failure.
//!
//! In reading order: `builder` describes a tree and starts it, `child` is what it accepts, `engine`
//! decides as plain data, `report` is what the engine learns, `tree` is the actor around it.

mod builder;
mod child;
mod engine;
#[cfg(all(test, shuttle))]
mod model;
mod report;
mod tree;

pub use builder::Supervisor;
pub use child::Child;
pub use tree::EndedWithSiblings;

/// Which children begin again together when one has failed.
///
/// # Examples
///
/// ```
/// use actor_system::supervise::Strategy;
///
/// assert_ne!(Strategy::OneForAll, Strategy::RestForOne);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// The failed child only.
    OneForOne,
    /// All children: the lives of the others end in reverse order, and then all begin again in
    /// order.
    OneForAll,
    /// The failed child and the ones after it.
    RestForOne,
}
