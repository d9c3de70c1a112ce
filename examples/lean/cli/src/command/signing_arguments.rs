//! The options of `node run` for the signing history.

use std::path::{Path, PathBuf};

use clap::Args;

use lean_node::config::NodeConfig;
use lean_node::node::shift_wall_clock;

/// Options for the signing history, which keeps a key from signing twice in a slot.
#[derive(Debug, Args)]
pub(super) struct SigningArguments {
    /// The folder of the signing history, for key folders that cannot be written. All nodes with
    /// these keys need the same one [default: signing-history/ beside the key files]
    #[arg(long, value_name = "DIR")]
    signing_history: Option<PathBuf>,
    /// Import a signing history exported from another machine, then run. It only raises slots
    #[arg(long, value_name = "FILE")]
    import_signing_history: Option<PathBuf>,
    /// Write the signing history of the node's keys to a new file, and end without running
    #[arg(long, value_name = "FILE", conflicts_with = "import_signing_history")]
    export_signing_history: Option<PathBuf>,
    /// Accept a signing history that was copied here, after a restored backup or a move. Stop all
    /// other nodes with these keys first
    #[arg(long)]
    accept_copied_history: bool,
    /// Shift the clock, to test a clock that was set wrong
    #[arg(long, value_name = "MS", hide = true, allow_hyphen_values = true, default_value_t = 0)]
    clock_offset_ms: i64,
}

impl SigningArguments {
    /// Sets the options of the command line in the configuration.
    pub(super) fn apply_to(&self, config: &mut NodeConfig) {
        config.signing.folder.clone_from(&self.signing_history);
        config.signing.import.clone_from(&self.import_signing_history);
        config.signing.accept_copy = self.accept_copied_history;
    }

    /// Shifts the clock of this process, if a test requests it.
    pub(super) fn shift_clock(&self) {
        shift_wall_clock(self.clock_offset_ms);
    }

    /// Returns the file for an export, if one is requested.
    pub(super) fn export_path(&self) -> Option<&Path> {
        self.export_signing_history.as_deref()
    }
}
