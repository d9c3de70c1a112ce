//! One node, assembled.

use std::sync::Arc;
use std::time::Duration;

use actor::Runtime;

use crate::config::NodeConfig;
use crate::report::StatusLine;

/// A running node.
#[derive(Debug)]
pub struct Node {
    _private: (),
}

/// Says why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The chain and the network are not assembled in this build.
    #[error("this build cannot start a node yet")]
    NotYet,
}

impl Node {
    /// Starts a node; `report` is called once in a slot and must return at once.
    ///
    /// # Errors
    ///
    /// [`StartError`] when a part of the node does not start.
    pub fn start(
        _config: NodeConfig,
        _runtime: Arc<dyn Runtime>,
        _report: impl FnMut(StatusLine) + Send + 'static,
    ) -> Result<Self, StartError> {
        Err(StartError::NotYet)
    }

    /// Stops the node in order and says what had not come to its end in time.
    pub fn stop(self, _patience: Duration) -> Vec<String> {
        Vec::new()
    }
}
