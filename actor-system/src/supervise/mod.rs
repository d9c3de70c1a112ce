//! Supervisors: actors that are started again, alone or together, after a failure.
//!
//! In reading order: `engine` decides, as plain data.

mod engine;

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
