//! Messages with an answer.

use crate::actor::{Actors, Done, Owner, Parcel, Room};
use crate::measure::{Sample, Span};
use crate::stage::{Stage, on_stage, open};

use super::scene::Scene;

/// The number sent to the actor before, and therefore its answer.
const SUM: u64 = 7;

/// Outstanding asks at the same time.
const OUTSTANDING: u64 = 64;

/// Asks one after the other, from a task next to the actor on its thread.
pub(crate) fn ask_local<C: Actors<Parcel>>(n: u64) -> Sample {
    locally::<C, _>(async move |address| {
        let span = Span::begin();
        for _ in 0..n {
            assert_eq!(C::ask(&address).await, SUM);
        }
        span.end(n)
    })
}

/// Asks one after the other from a plain thread, sleeping until each answer arrives.
pub(crate) fn ask_across<C: Actors<Parcel>>(n: u64) -> Sample {
    across::<C>(|address| {
        let span = Span::begin();
        for _ in 0..n {
            assert_eq!(C::ask_blocking(address), SUM);
        }
        span.end(n)
    })
}

/// Asks 64 times before it awaits the answers, from a task next to the actor on its thread.
pub(crate) fn asks_local<C: Actors<Parcel>>(n: u64) -> Sample {
    locally::<C, _>(async move |address| {
        let n = (n / OUTSTANDING).max(1) * OUTSTANDING;
        let mut pending = Vec::with_capacity(64);
        let span = Span::begin();
        for _ in 0..n / OUTSTANDING {
            pending.extend((0..OUTSTANDING).map(|_| C::begin(&address)));
            for pending in pending.drain(..) {
                assert_eq!(C::finish(pending).await, SUM);
            }
        }
        span.end(n)
    })
}

/// Asks 64 times from a plain thread before it waits for the answers.
pub(crate) fn asks_across<C: Actors<Parcel>>(n: u64) -> Sample {
    across::<C>(|address| {
        let n = (n / OUTSTANDING).max(1) * OUTSTANDING;
        let mut pending = Vec::with_capacity(64);
        let span = Span::begin();
        for _ in 0..n / OUTSTANDING {
            pending.extend((0..OUTSTANDING).map(|_| C::begin(address)));
            for pending in pending.drain(..) {
                assert_eq!(C::finish_blocking(pending), SUM);
            }
        }
        span.end(n)
    })
}

fn locally<C, F>(asking: F) -> Sample
where
    C: Actors<Parcel>,
    F: AsyncFnOnce(C::Address) -> Sample + Send + 'static,
{
    let done = Done::new();
    let stage = open::<C::Stage>();
    let sample = on_stage(&stage, move |here| async move {
        let (address, mut life) = C::start(&here, Room::Bounded, Owner::counting(&done, 0)).await;
        assert!(C::try_tell(&address, Parcel::Add(SUM)), "an empty mailbox has room");
        let sample = asking(address.clone()).await;
        C::stop(&address, &mut life).await;
        drop(address);
        C::join(life).await;
        sample
    });
    stage.close();
    sample
}

fn across<C: Actors<Parcel>>(asking: impl FnOnce(&C::Address) -> Sample) -> Sample {
    let scene = Scene::<C, Parcel>::open(Room::Bounded, Owner::counting(&Done::new(), 0));
    assert!(C::try_tell(scene.address(), Parcel::Add(SUM)), "an empty mailbox has room");
    let sample = asking(scene.address());
    scene.close();
    sample
}
