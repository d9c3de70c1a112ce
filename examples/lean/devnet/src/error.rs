//! What can go wrong with a devnet.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::{Disagreement, PlanError};

/// Says what went wrong, and where the nodes' files and logs are if they were written.
#[derive(Debug)]
pub struct DevnetError {
    /// What went wrong.
    pub problem: Box<Problem>,
    /// The directory with the nodes' files and logs, which is kept.
    pub directory: Option<PathBuf>,
}

/// The ways in which a devnet fails.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The network's files could not be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The operating system refused something.
    #[error("cannot {doing}: {error}")]
    System {
        /// What was tried.
        doing: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// A node ended that should not have.
    #[error("{node} ended unexpectedly ({status}); the end of its log:\n{log_tail}")]
    Died {
        /// The node.
        node: String,
        /// How its process ended.
        status: ExitStatus,
        /// The last lines of its log.
        log_tail: String,
    },
    /// A node printed something that is no line of a report.
    #[error("{node} printed a line that is no report: {line}")]
    Unreadable {
        /// The node.
        node: String,
        /// What it printed.
        line: String,
    },
    /// Two nodes finalized different blocks.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// What was waited for did not happen in time.
    #[error("{what} within {seconds} s: {state}")]
    TooLate {
        /// What did not happen.
        what: String,
        /// How long it was waited for, in seconds.
        seconds: u64,
        /// How far the nodes had come.
        state: String,
    },
    /// Nodes did not stop in order.
    #[error("not everything stopped in order: {}", .0.join("; "))]
    Stop(Vec<String>),
    /// Someone asked for an end while something was waited for.
    #[error("interrupted")]
    Interrupted,
}

impl fmt::Display for DevnetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.problem, f)?;
        match &self.directory {
            Some(directory) => write!(f, "\nthe nodes' files and logs are in {}", directory.display()),
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
