//! The log of warnings.

use std::sync::Arc;

use crate::warnings::{Alerts, Kind, Warning};
use consensus::Slot;

/// The number of slots after a warning's begin in which no other of its kind is logged. A condition
/// that comes and goes fills no log.
const QUIET: Slot = 32;

/// Logs the start and the end of each warning, and publishes the warnings in force.
#[derive(Debug)]
pub(crate) struct Announcer {
    alerts: Arc<Alerts>,
    kinds: [Announced; Kind::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
struct Announced {
    /// Whether the start of a warning in force was logged.
    is_open: bool,
    quiet_until: Slot,
}

/// A line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Begun(Kind),
    Ended(Kind),
}

impl Announcer {
    pub(crate) fn new(alerts: Arc<Alerts>) -> Self {
        Self { alerts, kinds: Default::default() }
    }

    /// Publishes the warnings in force in this slot, and logs the changes.
    pub(crate) fn announce(&mut self, warnings: &[Warning], slot: Slot) {
        self.alerts.publish(warnings);
        for change in self.changes(warnings, slot) {
            match change {
                Change::Begun(kind) => {
                    let warning = warnings.iter().find(|warning| warning.kind == kind);
                    let text = warning.map_or("", |warning| &warning.text);
                    tracing::warn!(slot, warning = kind.name(), "{text}");
                }
                Change::Ended(kind) => {
                    tracing::info!(slot, warning = kind.name(), "a warning is over");
                }
            }
        }
    }

    /// Returns the lines to log.
    pub(super) fn changes(&mut self, warnings: &[Warning], slot: Slot) -> Vec<Change> {
        let mut changes = Vec::new();
        for (kind, announced) in Kind::ALL.into_iter().zip(&mut self.kinds) {
            let is_in_force = warnings.iter().any(|warning| warning.kind == kind);
            if is_in_force && !announced.is_open && slot >= announced.quiet_until {
                *announced = Announced { is_open: true, quiet_until: slot.saturating_add(QUIET) };
                changes.push(Change::Begun(kind));
            } else if !is_in_force && announced.is_open {
                announced.is_open = false;
                changes.push(Change::Ended(kind));
            }
        }
        changes
    }
}
