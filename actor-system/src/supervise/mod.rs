//! Supervisors: they begin failed actors again, alone or together.
//!
//! In reading order: `builder` describes a tree and starts it, `child` is a child before its start,
//! `engine` decides as plain data, `report` has the input of the engine, `tree` is the actor around
//! it.

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
