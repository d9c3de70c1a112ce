//! The bounded rate of an attack.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest wait between two turns of a paced loop.
const TURN: Duration = Duration::from_millis(5);

/// Permits at most `rate` steps a second, on average since the creation.
#[derive(Debug)]
pub struct Pace {
    rate: u32,
    start: Instant,
    taken: u64,
}

impl Pace {
    /// Creates a pace of this many steps a second.
    pub fn new(rate: u32) -> Self {
        Self { rate, start: Instant::now(), taken: 0 }
    }

    /// Waits for the next step. Missed steps are not made up for after more than a second.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped wait takes no step.
    pub async fn step(&mut self) {
        if self.rate == 0 {
            return std::future::pending().await;
        }
        loop {
            let permitted = self.start.elapsed().as_secs_f64() * f64::from(self.rate);
            let permitted = permitted as u64 + 1;
            if self.taken < permitted {
                self.taken = (self.taken + 1).max(permitted.saturating_sub(u64::from(self.rate)));
                // A loop with a high rate must still let other tasks run.
                if self.taken.is_multiple_of(16) {
                    tokio::task::yield_now().await;
                }
                return;
            }
            sleep(TURN).await;
        }
    }
}
