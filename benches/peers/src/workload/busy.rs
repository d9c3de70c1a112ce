//! The cost of a call for the sender while the actor computes.

use std::hint::spin_loop;

use crate::actor::{Actors, Done, Owner, Parcel, Room};
use crate::measure::{Sample, Span, clock_cost, now, percentile};

use super::scene::Scene;

/// Nanoseconds from call to call.
const PACE: u64 = 25_000;

/// The number of calls from one message keeping the actor busy to the next.
const CALLS: u64 = 50;

/// Nanoseconds of work in such a message. They are fewer than the time of the calls in between. So
/// the actor never falls behind, and about one call in five finds it idle.
const SLICE: u64 = 1_000_000;

/// One thread sends a message every 25 µs. Every 50th keeps the actor busy for 1 ms.
pub(crate) fn busy<C: Actors<Parcel>>(n: u64) -> Sample {
    let done = Done::new();
    let scene = Scene::<C, Parcel>::open(Room::Bounded, Owner::counting(&done, 0));
    let mut sum = 0;
    let sample = busy_calls(n, |slice, number| {
        let parcel = match slice {
            Some(nanoseconds) => Parcel::Compute(nanoseconds),
            None => {
                sum += number;
                Parcel::Add(number)
            }
        };
        // At most 50 messages wait, unless the machine takes the actor's core away for long.
        C::tell(scene.address(), parcel);
    });
    // Waits for room, and then until all earlier messages are handled. There is then room for the
    // ask.
    C::tell(scene.address(), Parcel::Mark);
    done.wait();
    scene.check(sum);
    scene.close();
    sample
}

/// Times each call of `send`. Its arguments are the time to keep the actor busy, if any, and the
/// call's number.
pub(crate) fn busy_calls(n: u64, mut send: impl FnMut(Option<u64>, u64)) -> Sample {
    let cost = clock_cost();
    let mut calls = Vec::with_capacity(usize::try_from(n).expect("some thousands"));
    let span = Span::begin();
    let start = now();
    for number in 0..n {
        while now().since(start) < number * PACE {
            spin_loop();
        }
        let slice = (number % CALLS == 0).then_some(SLICE);
        let before = now();
        send(slice, number);
        calls.push(now().since(before).saturating_sub(cost));
    }
    span.end_with(n, [percentile(&mut calls, 50), percentile(&mut calls, 99)].map(float))
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one call are far below 2^53")]
pub(super) fn float(nanoseconds: u64) -> f64 {
    nanoseconds as f64
}
