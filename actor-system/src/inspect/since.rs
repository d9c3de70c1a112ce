//! For at least how long a state has lasted, from looks alone.
//!
//! One word: the time at which a look first found the state, and the state's mark. A look with the
//! same mark leaves the word, and any other one replaces it. Several threads may look at the same
//! time; then one of their times stays, and all of them are true.
//!
//! The mark has 28 bits. The states counted here have consecutive numbers, so an old one returns
//! after 2^28 messages at the earliest, all between two looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The bits of the time, in milliseconds: two years.
const TIME: u64 = (1 << 36) - 1;

/// The first look at a state.
#[derive(Debug, Default)]
pub(crate) struct Since(AtomicU64);

impl Since {
    /// Looks at a state, and returns for at least how long it has lasted. `None` is no state.
    pub(crate) fn look(&self, state: Option<u64>, now: Duration) -> Option<Duration> {
        let Some(state) = state else {
            self.0.store(0, Ordering::Relaxed);
            return None;
        };
        let now = u64::try_from(now.as_millis()).unwrap_or(TIME) & TIME;
        // Never 0, which is no state.
        let mark = (state % ((1 << 28) - 1)) + 1;
        let word = self.0.load(Ordering::Relaxed);
        if word / (TIME + 1) == mark {
            return Some(Duration::from_millis(now.saturating_sub(word & TIME)));
        }
        self.0.store(mark * (TIME + 1) + now, Ordering::Relaxed);
        Some(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_state_lasts_from_the_first_look_at_it() {
        let since = Since::default();
        assert_eq!(since.look(Some(7), SECOND), Some(Duration::ZERO));
        assert_eq!(since.look(Some(7), 3 * SECOND), Some(2 * SECOND));
        assert_eq!(since.look(Some(8), 4 * SECOND), Some(Duration::ZERO), "another one");
        assert_eq!(since.look(None, 5 * SECOND), None);
        assert_eq!(since.look(Some(8), 6 * SECOND), Some(Duration::ZERO), "it ended in between");
    }

    #[test]
    fn state_zero_at_time_zero_is_a_state() {
        let since = Since::default();
        assert_eq!(since.look(Some(0), Duration::ZERO), Some(Duration::ZERO));
        assert_eq!(since.look(Some(0), SECOND), Some(SECOND));
    }
}
