//! The messages.

use crate::actor::{Actors, Owner};
use crate::measure::now;

/// What is sent. Copied where it must be sent again, so that no contestant gains by losing it.
pub(crate) trait Payload: Copy + Send + Sync + 'static {
    /// Makes the message that adds `number`.
    fn addition(number: u64) -> Self;

    /// Does what the message says.
    fn handle<C: Actors<Self>>(self, owner: &mut Owner<C, Self>);
}

/// A message of 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parcel {
    /// Adds a number.
    Add(u64),
    /// Is passed on this many times yet.
    Hop(u64),
    /// Keeps the actor busy for so many nanoseconds.
    Compute(u64),
    /// Has the actor say when it handles this.
    Mark,
    /// Lets go of the next actor of the ring.
    Forget,
}

/// A message of 256 bytes, of which the first number is added.
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

/// Keeps the core busy without touching memory that others share.
pub(crate) fn compute(nanoseconds: u64) {
    let start = now();
    while now().since(start) < nanoseconds {
        std::hint::spin_loop();
    }
}
