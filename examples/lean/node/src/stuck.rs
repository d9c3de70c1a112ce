//! The watchdog of the node's actors: its findings are lines of the log, and one warning.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actor_lanes::System;
use actor_lanes::inspect::{Finding, Watchdog};

/// The time that one message may take. It is more than an interval of the chain, which is 0.8 s by
/// default: an owner with such a message is late.
const BUDGET: Duration = Duration::from_secs(1);

/// The number of problems that last. The watchdog's thread writes it, and the reporter reads it.
///
/// `Relaxed` suffices: the value is read on its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stuck {
    lasting: Arc<AtomicU64>,
}

impl Stuck {
    /// Returns the number of problems that last.
    pub(crate) fn lasting(&self) -> u64 {
        self.lasting.load(Ordering::Relaxed)
    }

    /// Watches the actors of a system from a thread of its own. A stuck reporter is a line of the
    /// log as well, because the watchdog writes it.
    pub(crate) fn watch(&self, system: &System) -> io::Result<()> {
        let stuck = self.clone();
        let found = move |finding: &Finding| stuck.record(finding);
        system.watch(Watchdog::new().budget(BUDGET).on_finding(found))
    }

    /// Each problem is reported at its begin and at its end.
    fn record(&self, finding: &Finding) {
        if finding.is_over {
            self.lasting.fetch_sub(1, Ordering::Relaxed);
            tracing::info!("{finding}");
        } else {
            self.lasting.fetch_add(1, Ordering::Relaxed);
            tracing::warn!("{finding}");
        }
    }
}
