//! A time set once, in one word: a third of the memory of an `OnceLock<Instant>`, in every actor.
//!
//! The word is the distance from an origin in nanoseconds, as a signed number. The origin is the
//! first deadline of the process, because an `Instant` has no zero of its own. A distance beyond
//! 292 years is the longest that fits.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::sync::{AtomicU64, Ordering};

/// A time, or none yet.
pub(super) struct Deadline(AtomicU64);

/// No distance is this one: distances end one nanosecond earlier.
const NONE: u64 = i64::MIN as u64;

static ORIGIN: OnceLock<Instant> = OnceLock::new();

impl Deadline {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(NONE))
    }

    /// Sets the time, unless there is one.
    pub(super) fn set(&self, at: Instant) {
        let origin = *ORIGIN.get_or_init(|| at);
        let nanos = |distance: Duration| i64::try_from(distance.as_nanos()).unwrap_or(i64::MAX);
        let distance = if at >= origin { nanos(at - origin) } else { -nanos(origin - at) };
        // It fails if there is a time already. SeqCst: the request that follows is seen later.
        _ = self.0.compare_exchange(NONE, distance as u64, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> Option<Instant> {
        let word = self.0.load(Ordering::SeqCst);
        if word == NONE {
            return None;
        }
        let distance = word as i64;
        let nanos = Duration::from_nanos(distance.unsigned_abs());
        // Made before the word was set.
        let origin = *ORIGIN.get()?;
        if distance < 0 { origin.checked_sub(nanos) } else { origin.checked_add(nanos) }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do: it is only counted from")]
    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_deadline_is_returned_exactly_whatever_was_first() {
        let (now, hour) = (now(), Duration::from_secs(3600));
        let before = now.checked_sub(hour).unwrap_or(now);
        for at in [now, now + hour + Duration::from_nanos(7), before, now + 100_000 * hour] {
            let deadline = Deadline::new();
            assert_eq!(deadline.get(), None);
            deadline.set(at);
            deadline.set(now + 7 * hour);
            assert_eq!(deadline.get(), Some(at), "the first one stays");
        }
    }
}
