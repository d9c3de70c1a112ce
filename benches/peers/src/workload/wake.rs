//! The cost of sending to a sleeping actor.

use crate::actor::{Actors, Done, Owner, Parcel, Room, compute};
use crate::measure::{Sample, Span, clock_cost, now, percentile};

use super::busy::float;
use super::scene::Scene;

/// Nanoseconds between messages: enough for any actor to have gone to sleep.
const PAUSE: u64 = 250_000;

/// One thread sends a message every 250 µs or so, and waits until it has been handled.
pub(crate) fn wake<C: Actors<Parcel>>(n: u64) -> Sample {
    let done = Done::new();
    let scene = Scene::<C, Parcel>::open(Room::Bounded, Owner::counting(&done, 0));
    let sample = wake_calls(n, &done, || {
        assert!(C::try_tell(scene.address(), Parcel::Mark), "an empty mailbox has room");
    });
    scene.close();
    sample
}

/// Times each call of `send`, and the time until `done` receives the moment of handling.
pub(crate) fn wake_calls(n: u64, done: &Done, mut send: impl FnMut()) -> Sample {
    let cost = clock_cost();
    let (mut calls, mut handlings) = (Vec::new(), Vec::new());
    // The first reading as a number is the origin.
    now().number();
    let span = Span::begin();
    for _ in 0..n {
        // Computes instead of sleeping: the sender is a thread that has been working.
        compute(PAUSE);
        let before = now();
        send();
        let after = now();
        let handled = done.wait();
        calls.push(after.since(before).saturating_sub(cost));
        handlings.push(handled.saturating_sub(before.number()).saturating_sub(cost));
    }
    span.end_with(n, [percentile(&mut calls, 50), percentile(&mut handlings, 50)].map(float))
}
