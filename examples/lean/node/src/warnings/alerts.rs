//! The warnings as the metrics show them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::warnings::{Kind, Warning};

/// Which warnings are in force, and how often each has begun. The reporter writes, and any thread
/// reads.
///
/// `Relaxed` suffices: each value is read on its own.
#[derive(Debug, Default)]
pub struct Alerts {
    kinds: [Alert; Kind::ALL.len()],
}

#[derive(Debug, Default)]
struct Alert {
    is_in_force: AtomicBool,
    begun: AtomicU64,
}

impl Alerts {
    /// Returns whether warnings of this kind are in force, and how often one has begun.
    #[must_use]
    pub fn read(&self, kind: Kind) -> (bool, u64) {
        let alert = &self.kinds[kind as usize];
        (alert.is_in_force.load(Ordering::Relaxed), alert.begun.load(Ordering::Relaxed))
    }

    /// Publishes the warnings in force.
    pub(super) fn publish(&self, warnings: &[Warning]) {
        for (kind, alert) in Kind::ALL.into_iter().zip(&self.kinds) {
            let is_in_force = warnings.iter().any(|warning| warning.kind == kind);
            if is_in_force && !alert.is_in_force.load(Ordering::Relaxed) {
                alert.begun.fetch_add(1, Ordering::Relaxed);
            }
            alert.is_in_force.store(is_in_force, Ordering::Relaxed);
        }
    }
}
