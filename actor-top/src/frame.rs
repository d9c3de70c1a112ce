//! One frame on the wire.

use actor_system::inspect::Inspection;
use serde::{Deserialize, Serialize};

/// One look at all served systems of a process: one line of JSON on the wire.
///
/// A missing field has its default value, and an unknown one is ignored. So a viewer and a process
/// of different versions understand each other.
///
/// # Examples
///
/// ```
/// use actor_top::Frame;
///
/// let frame: Frame = serde_json::from_str(r#"{"process": 7, "later": true}"#)?;
/// assert_eq!((frame.process, frame.inspections.len()), (7, 0));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Frame {
    /// The number of the process.
    pub process: u32,
    /// The program, as the process was started.
    pub program: String,
    /// One inspection of each system, in the order of the call of [`serve`](crate::serve).
    pub inspections: Vec<Inspection>,
}

impl Frame {
    /// Takes a frame of these systems.
    #[cfg(unix)]
    pub(crate) fn of(systems: &[actor_system::inspect::Inspector]) -> Self {
        Self {
            process: std::process::id(),
            // Not `args`, which panics for a path that is no text.
            program: std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned(),
            inspections: systems.iter().map(|system| system.inspect()).collect(),
        }
    }
}
