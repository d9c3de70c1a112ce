//! The errors of a devnet.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::{Disagreement, PlanError};
use consensus::Slot;

/// The failure of a devnet, with the directory of the nodes' files and logs if it was written.
#[derive(Debug)]
pub struct DevnetError {
    /// The failure.
    pub problem: Box<Problem>,
    /// The directory with the nodes' files and logs. It is kept.
    pub directory: Option<PathBuf>,
}

/// The kinds of failure of a devnet.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The network's files could not be created.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An operation of the operating system failed.
    #[error("cannot {doing}: {error}")]
    System {
        /// The operation.
        doing: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A node ended unexpectedly.
    #[error("{node} ended unexpectedly ({status}); the end of its log:\n{log_tail}")]
    Died {
        /// The node.
        node: String,
        /// The exit status of its process.
        status: ExitStatus,
        /// The last lines of its log.
        log_tail: String,
    },
    /// A node printed a line outside of the report format.
    #[error("{node} printed a line that is no report: {line}")]
    Unreadable {
        /// The node.
        node: String,
        /// The printed line.
        line: String,
    },
    /// Two nodes finalized different blocks.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// A node went on behind the finality that it had announced.
    #[error(
        "{node} had announced slot {announced} as finalized, and went on with finalized slot {finalized} after its kill"
    )]
    LostFinality {
        /// The node.
        node: String,
        /// The finalized slot before its kill.
        announced: Slot,
        /// The finalized slot of its first report after the kill.
        finalized: Slot,
    },
    /// A condition did not become true in time.
    #[error("{what} within {seconds} s: {state}")]
    TooLate {
        /// The failed condition.
        what: String,
        /// The time limit, in seconds.
        seconds: u64,
        /// The progress of the nodes.
        state: String,
    },
    /// Nodes did not stop cleanly.
    #[error("not everything stopped in order: {}", .0.join("; "))]
    Stop(Vec<String>),
    /// An interrupt was requested during a wait.
    #[error("interrupted")]
    Interrupted,
}

impl fmt::Display for DevnetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.problem, f)?;
        match &self.directory {
            Some(directory) => {
                write!(f, "\nthe nodes' files and logs are in {}", directory.display())
            }
            None => Ok(()),
        }
    }
}

impl Error for DevnetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

impl From<PlanError> for DevnetError {
    fn from(error: PlanError) -> Self {
        Self { problem: Box::new(error.into()), directory: None }
    }
}
