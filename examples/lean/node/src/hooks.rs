//! The functions called by a running node, and the counts that it reads from its program.

use std::fmt;

use crate::health::Failure;
use crate::lost_lines::LostLines;
use crate::report::StatusLine;

/// The functions called by a running node.
pub struct Hooks {
    pub(crate) report: Box<dyn FnMut(StatusLine) + Send>,
    pub(crate) failed: Box<dyn FnOnce(&Failure) + Send>,
    pub(crate) lost_lines: LostLines,
}

impl Hooks {
    /// Creates hooks with a function for each report. It is called once in a slot on the reporter's
    /// own thread, so a slow function delays no other part.
    pub fn new(report: impl FnMut(StatusLine) + Send + 'static) -> Self {
        Self {
            report: Box::new(report),
            failed: Box::new(|_| {}),
            lost_lines: LostLines::default(),
        }
    }

    /// Sets the function for the abnormal end of a part. It is called at most once. The caller of
    /// [`Node::start`](crate::node::Node::start) must then stop the node.
    #[must_use]
    pub fn on_failure(self, failed: impl FnOnce(&Failure) + Send + 'static) -> Self {
        Self { failed: Box::new(failed), ..self }
    }

    /// Sets the count of lost lines to be shown in the metrics.
    #[must_use]
    pub fn lost_lines(self, lost_lines: LostLines) -> Self {
        Self { lost_lines, ..self }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("lost_lines", &self.lost_lines).finish_non_exhaustive()
    }
}
