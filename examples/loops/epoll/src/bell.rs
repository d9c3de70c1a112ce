//! The loop's own wake: an eventfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, read, write};

/// Wakes a loop from any thread, by one write to its eventfd.
///
/// Clones ring the same loop. A ring after the loop's end has no effect.
#[derive(Clone, Debug)]
pub struct Bell {
    fd: Arc<OwnedFd>,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { fd: Arc::new(fd) })
    }

    /// Wakes the loop. It stays awake until it has read the eventfd, so a ring is never lost.
    ///
    /// # Panics
    ///
    /// Panics if the system refuses the write for a reason that an open eventfd does not have.
    pub fn ring(&self) {
        match write(&self.fd, &1_u64.to_ne_bytes()) {
            // A full counter is readable, so the loop wakes.
            Ok(_) | Err(Errno::AGAIN) => {}
            Err(error) => panic!("an eventfd refused a write: {error}"),
        }
    }

    /// Returns the number of rings since the last call.
    pub(crate) fn take(&self) -> io::Result<u64> {
        let mut rings = [0; 8];
        match read(&self.fd, &mut rings) {
            Ok(_) => Ok(u64::from_ne_bytes(rings)),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
