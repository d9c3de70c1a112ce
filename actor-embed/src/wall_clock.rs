//! A foreign wall clock beside an executor's clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actor_core::runtime::adapter::{contain, system_wall_now};

/// A wall clock read by a function.
pub(crate) struct ForeignWall {
    read: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// The last known time: nanoseconds since 1970. They last until 2262.
    last: AtomicI64,
}

impl ForeignWall {
    pub(crate) fn new(read: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let first = contain(&read).unwrap_or_else(system_wall_now);
        Self { read: Box::new(read), last: AtomicI64::new(nanos(first)) }
    }

    pub(crate) fn now(&self) -> SystemTime {
        // Relaxed: the time is the only value handed over.
        match contain(&self.read) {
            Some(now) => {
                self.last.store(nanos(now), Ordering::Relaxed);
                now
            }
            None => time(self.last.load(Ordering::Relaxed)),
        }
    }
}

fn nanos(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

fn time(nanos: i64) -> SystemTime {
    let size = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 { UNIX_EPOCH - size } else { UNIX_EPOCH + size }
}
