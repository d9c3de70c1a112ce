//! Dispatch through the actor in a foreign loop: the chain's owner lives in a plain epoll loop, as
//! in a program that had its loop before it had actors.
//!
//! The loop has descriptors of its own, a timer and a socket, and serves them between the turns of
//! the owner.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use actor_lanes::{Runtime, ThreadConfig};
use epoll_loop::{EpollRuntime, Loop};
use rustix::event::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::ContentionError;
use super::outcome::{HostLine, Outcome};
use super::recording::Recording;
use super::spread::Spread;
use super::through_actor;
use super::timeline::instant;

/// The period of the loop's own timer. With each period, the loop also sends itself a datagram.
const PERIOD: Duration = Duration::from_millis(1);

/// The size of such a datagram, in bytes.
const DATAGRAM: usize = 128;

/// The time limit for the loop's thread to end after its executor.
const PATIENCE: Duration = Duration::from_secs(10);

/// Replays the recording with the chain's owner in an epoll loop, and the other actors on
/// `runtime`.
///
/// # Errors
///
/// [`ContentionError`] as for [`through_actor::run`], or when the loop does not start or end.
pub(super) fn run(
    recording: &Recording,
    interval_ms: u64,
    runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, ContentionError> {
    let (timer_out, timer) = sync_channel(1);
    let (socket_out, socket) = sync_channel(1);
    let own = move |events: &mut Loop| furnish(events, timer_out.clone(), socket_out.clone());
    let owner = EpollRuntime::new()
        .beside(own)
        .start_executor(ThreadConfig::named("chain"))
        .map_err(|error| ContentionError::Thread { name: "chain", error })?;
    let outcome = through_actor::run("loop", recording, interval_ms, runtime, owner, None)?;
    // The loop has ended with its executor, and its callbacks with the loop.
    let lateness = timer.recv_timeout(PATIENCE).map_err(|_| ContentionError::NoAnswer)?;
    let datagrams = socket.recv_timeout(PATIENCE).map_err(|_| ContentionError::NoAnswer)?;
    let host = HostLine { timer_lateness: Spread::of(lateness), datagrams };
    Ok(Outcome { host: Some(host), ..outcome })
}

/// Adds the loop's own descriptors.
fn furnish(
    events: &mut Loop,
    timer_out: SyncSender<Vec<Duration>>,
    socket_out: SyncSender<u64>,
) -> io::Result<()> {
    let (near, far) = UnixDatagram::pair()?;
    let mut received = AtEnd { counted: 0, out: socket_out };
    events.add(near, move |near| {
        let mut datagram = [0; DATAGRAM];
        if near.recv(&mut datagram).is_err() {
            return ControlFlow::Break(());
        }
        *received.counted() += 1;
        ControlFlow::Continue(())
    })?;
    let timer = every(PERIOD)?;
    let mut due = instant() + PERIOD;
    let mut late = AtEnd { counted: Vec::new(), out: timer_out };
    events.add(timer, move |timer| match expirations(timer) {
        Ok(periods) => {
            late.counted().push(instant().saturating_duration_since(due));
            due = after(due, periods);
            if far.send(&[0; DATAGRAM]).is_err() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
        Err(_) => ControlFlow::Break(()),
    })
}

/// The measurements of a callback. They are sent when the loop drops the callback.
struct AtEnd<T: Default> {
    counted: T,
    out: SyncSender<T>,
}

impl<T: Default> AtEnd<T> {
    /// Borrows the whole value, so that a callback owns the whole value and not one field.
    fn counted(&mut self) -> &mut T {
        &mut self.counted
    }
}

impl<T: Default> Drop for AtEnd<T> {
    fn drop(&mut self) {
        // The channel has room for this one message. Without a receiver, the run has failed
        // already.
        let _ = self.out.try_send(std::mem::take(&mut self.counted));
    }
}

/// Creates a descriptor that is readable once in every period.
fn every(period: Duration) -> io::Result<OwnedFd> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let period = Timespec::try_from(period).map_err(io::Error::other)?;
    let setting = Itimerspec { it_interval: period, it_value: period };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
    Ok(timer)
}

/// Reads the number of periods since the last call.
fn expirations(timer: &OwnedFd) -> io::Result<u64> {
    let mut periods = [0; 8];
    rustix::io::read(timer, &mut periods)?;
    Ok(u64::from_ne_bytes(periods))
}

fn after(due: Instant, periods: u64) -> Instant {
    due + PERIOD * u32::try_from(periods).unwrap_or(u32::MAX)
}
