//! Messages without an answer.

use std::sync::Barrier;
use std::thread;

use crate::actor::{Actors, Done, Large, Owner, Parcel, Payload, Room};
use crate::measure::{Sample, Span};
use crate::stage::{Stage, on_stage, open};

use super::scene::{ASKS, Scene};

/// Messages sent by a local sender before it asks for their sum, and so lets the actor run.
pub(crate) const BATCH: u64 = 512;

/// Messages in a burst.
const BURST: u64 = 32;

/// One thread sends, waiting for room; the actor is on another.
pub(crate) fn tell_across<C: Actors<Parcel>>(n: u64) -> Sample {
    send_from::<C, Parcel, 1, 0>(n, Room::Bounded)
}

/// As `tell_across`, into a mailbox without a bound.
pub(crate) fn tell_unbounded<C: Actors<Parcel>>(n: u64) -> Sample {
    send_from::<C, Parcel, 1, 0>(n, Room::Unbounded)
}

/// Four threads send.
pub(crate) fn producers<C: Actors<Parcel>>(n: u64) -> Sample {
    send_from::<C, Parcel, 4, 0>(n, Room::Bounded)
}

/// Eight threads send bursts of large messages, and let others run after each.
pub(crate) fn bursts<C: Actors<Large>>(n: u64) -> Sample {
    send_from::<C, Large, 8, BURST>(n, Room::Bounded)
}

/// Begins when all producers may start, and ends when the actor has counted the last message. A
/// `BURST` of 0 means no bursts.
fn send_from<C: Actors<P>, P: Payload, const PRODUCERS: u64, const BURST: u64>(
    n: u64,
    room: Room,
) -> Sample {
    let each = n / PRODUCERS;
    let done = Done::new();
    let scene = Scene::<C, P>::open(room, Owner::counting(&done, each * PRODUCERS));
    let together = Barrier::new(usize::try_from(PRODUCERS).expect("a handful"));
    let send = |address: C::Address| {
        together.wait();
        for number in 0..each {
            C::tell(&address, P::addition(number));
            if BURST > 0 && number % BURST == BURST - 1 {
                thread::yield_now();
            }
        }
    };
    let (sum, sample) = thread::scope(|threads| {
        for _ in 1..PRODUCERS {
            let address = scene.address().clone();
            threads.spawn(|| send(address));
        }
        // This thread is one of the producers, and `done` wakes it.
        let address = scene.address().clone();
        let span = Span::begin();
        send(address);
        let sum = done.wait();
        (sum, span.end(each * PRODUCERS))
    });
    assert_eq!(sum, PRODUCERS * (each * (each - 1) / 2), "a message was lost, doubled or changed");
    scene.close();
    sample
}

/// Sender and actor are on one thread: the sender sends a batch and asks for the sum, repeatedly.
pub(crate) fn tell_local<C: Actors<Parcel>>(n: u64) -> Sample {
    let n = (n / BATCH).max(1) * BATCH;
    let done = Done::new();
    let stage = open::<C::Stage>();
    let sample = on_stage(&stage, move |here| async move {
        let (address, mut life) = C::start(&here, Room::Bounded, Owner::counting(&done, 0)).await;
        let span = Span::begin();
        let mut sum = 0;
        for batch in 0..n / BATCH {
            for number in batch * BATCH..(batch + 1) * BATCH {
                assert!(
                    C::try_tell(&address, Parcel::Add(number)),
                    "a mailbox has room for a batch"
                );
            }
            sum = C::ask(&address).await;
        }
        let sample = span.end(n);
        for _ in 0..ASKS {
            if sum == n * (n - 1) / 2 {
                break;
            }
            sum = C::ask(&address).await;
        }
        assert_eq!(sum, n * (n - 1) / 2, "a message was lost, doubled or changed");
        C::stop(&address, &mut life).await;
        drop(address);
        C::join(life).await;
        sample
    });
    stage.close();
    sample
}
