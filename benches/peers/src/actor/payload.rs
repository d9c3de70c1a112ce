//! The messages.

use crate::actor::{Actors, Owner};
use crate::measure::now;

/// A message. It is copied for each further send, so that no contestant gains by losing one.
pub(crate) trait Payload: Copy + Send + Sync + 'static {
    /// Creates the message adding `number`.
    fn addition(number: u64) -> Self;

    /// Handles the message.
    fn handle<C: Actors<Self>>(self, owner: &mut Owner<C, Self>);
}

/// A message of 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parcel {
    /// Adds a number.
    Add(u64),
    /// Passes the message on this many more times.
    Hop(u64),
    /// Keeps the actor busy for this many nanoseconds.
    Compute(u64),
    /// Makes the actor report the time of handling.
    Mark,
    /// Drops the address of the next actor of the ring.
    Forget,
}

/// A message of 256 bytes; its first number is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Large([u64; 32]);

const _: () = assert!(size_of::<Parcel>() == 16 && size_of::<Large>() == 256);

impl Payload for Parcel {
    fn addition(number: u64) -> Self {
        Self::Add(number)
    }

    fn handle<C: Actors<Self>>(self, owner: &mut Owner<C, Self>) {
        match self {
            Self::Add(number) => owner.add(number),
            Self::Hop(0) => owner.done().finish(0),
            Self::Hop(left) => owner.pass_on(Self::Hop(left - 1)),
            Self::Compute(nanoseconds) => compute(nanoseconds),
            Self::Mark => owner.done().finish(now().number()),
            Self::Forget => owner.forget_next(),
        }
    }
}

impl Payload for Large {
    fn addition(number: u64) -> Self {
        let mut numbers = [number.wrapping_mul(3); 32];
        numbers[0] = number;
        Self(numbers)
    }

    fn handle<C: Actors<Self>>(self, owner: &mut Owner<C, Self>) {
        owner.add(self.0[0]);
    }
}

/// Keeps the core busy without touching memory shared with other threads.
pub(crate) fn compute(nanoseconds: u64) {
    let start = now();
    while now().since(start) < nanoseconds {
        std::hint::spin_loop();
    }
}
