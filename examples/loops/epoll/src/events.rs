//! The foreign loop: file descriptors, callbacks, and one wait for all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use actor_embed::Driver;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

use crate::bell::Bell;

/// The longest turn of the actors, before the loop looks after its other descriptors.
const TURN: Duration = Duration::from_millis(1);

/// The descriptors served between two turns of the actors, at most.
const EVENTS: usize = 64;

/// The key of the loop's own eventfd.
const BELL: u64 = 0;

/// A loop around `epoll_wait`, with a callback for each descriptor.
///
/// It stays on the thread of its creation, because its callbacks need not be `Send`.
pub struct Loop {
    epoll: OwnedFd,
    bell: Bell,
    rings: u64,
    watched: BTreeMap<u64, Box<dyn Watched>>,
    next_key: u64,
    /// Kept for its memory.
    ready: Vec<epoll::Event>,
}

/// A descriptor together with its callback.
trait Watched {
    fn fd(&self) -> BorrowedFd<'_>;
    fn ready(&mut self) -> ControlFlow<()>;
}

struct Watch<S, F> {
    source: S,
    on_ready: F,
}

impl<S: AsFd, F: FnMut(&S) -> ControlFlow<()>> Watched for Watch<S, F> {
    fn fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    fn ready(&mut self) -> ControlFlow<()> {
        (self.on_ready)(&self.source)
    }
}

impl Loop {
    /// Creates a loop that watches its own eventfd only.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = Bell::new()?;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self {
            epoll,
            bell,
            rings: 0,
            watched: BTreeMap::new(),
            next_key: BELL + 1,
            ready: Vec::with_capacity(EVENTS),
        })
    }

    /// Returns the bell that ends a [`wait`](Self::wait), for any thread.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Returns the number of rings read so far, each a write to the eventfd.
    #[must_use]
    pub fn rings(&self) -> u64 {
        self.rings
    }

    /// Watches a descriptor. `on_ready` is called while it is readable or closed by its peer, until
    /// it returns `Break`.
    ///
    /// # Errors
    ///
    /// Returns an error if epoll does not take the descriptor, as with an ordinary file.
    pub fn add<S: AsFd + 'static>(
        &mut self,
        source: S,
        on_ready: impl FnMut(&S) -> ControlFlow<()> + 'static,
    ) -> io::Result<()> {
        let key = self.next_key;
        epoll::add(&self.epoll, &source, EventData::new_u64(key), EventFlags::IN)?;
        self.next_key += 1;
        self.watched.insert(key, Box::new(Watch { source, on_ready }));
        Ok(())
    }

    /// Waits until a descriptor is ready, the bell rings or the time is over. Calls the callbacks
    /// of the ready descriptors.
    ///
    /// Without a timeout it waits for ever. The time is rounded up to whole milliseconds, so that a
    /// loop with a deadline neither wakes early nor spins through its last millisecond.
    ///
    /// # Errors
    ///
    /// Returns the system's errors. An interruption by a signal is not an error.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(in_milliseconds);
        self.ready.clear();
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut self.ready),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for index in 0..self.ready.len() {
            let key = self.ready[index].data.u64();
            if key == BELL {
                self.rings += self.bell.take()?;
            } else {
                self.serve(key)?;
            }
        }
        Ok(())
    }

    fn serve(&mut self, key: u64) -> io::Result<()> {
        let Some(watched) = self.watched.get_mut(&key) else { return Ok(()) };
        if watched.ready().is_break() {
            epoll::delete(&self.epoll, watched.fd())?;
            self.watched.remove(&key);
        }
        Ok(())
    }

    /// Runs the actors of a driver and the callbacks of this loop, until the driver's executor was
    /// stopped and its last actor has ended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`wait`](Self::wait).
    pub fn host(&mut self, driver: &mut Driver) -> io::Result<()> {
        loop {
            let turn = driver.turn(TURN);
            if turn.has_ended {
                return Ok(());
            }
            self.wait(turn.timeout(driver.now()))?;
        }
    }
}

/// Rounds up to the unit of `epoll_wait`. A time longer than a day is cut to a day: the loop then
/// turns once without work.
fn in_milliseconds(time: Duration) -> Timespec {
    const LONGEST: Duration = Duration::from_secs(86_400);
    let time = time.min(LONGEST);
    let above = Duration::from_millis(time.as_nanos().div_ceil(1_000_000) as u64);
    Timespec { tv_sec: above.as_secs() as i64, tv_nsec: i64::from(above.subsec_nanos()) }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop").field("watched", &self.watched.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::in_milliseconds;

    #[test]
    fn a_timeout_is_never_cut_short_of_its_millisecond() {
        for (nanos, millis) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            let rounded = in_milliseconds(Duration::from_nanos(nanos));
            assert_eq!((rounded.tv_sec, rounded.tv_nsec), (0, millis * 1_000_000), "{nanos} ns");
        }
        assert_eq!(in_milliseconds(Duration::from_micros(1_999_001)).tv_sec, 2);
        assert_eq!(in_milliseconds(Duration::MAX).tv_sec, 86_400);
    }
}
