//! The cost of an actor besides its messages: starting, stopping, and memory.

use crate::actor::{Actors, Done, Owner, Parcel, Room};
use crate::measure::{Sample, Span, counting, live_bytes};
use crate::stage::{Stage, on_stage, open};

/// Actors in a round.
pub(crate) const ACTORS: u64 = 1000;

/// Starts 1000 actors, stops them all, and waits for the end of each, from a task next to them on
/// their thread.
pub(crate) fn life<C: Actors<Parcel>>(n: u64) -> Sample {
    let done = Done::new();
    let stage = open::<C::Stage>();
    let sample = on_stage(&stage, move |here| async move {
        let mut actors = Vec::with_capacity(places(n));
        let mut ending = Vec::with_capacity(places(n));
        let span = Span::begin();
        for _ in 0..n {
            actors.push(C::start(&here, Room::Own, Owner::counting(&done, 0)).await);
        }
        for (address, mut life) in actors {
            C::stop(&address, &mut life).await;
            ending.push(life);
        }
        for life in ending {
            C::join(life).await;
        }
        span.end(n)
    });
    stage.close();
    sample
}

/// Measures the heap used by 1000 idle actors after one ask of each, and the heap used by a further
/// handle to each.
pub(crate) fn idle_bytes<C: Actors<Parcel>>(n: u64) -> Sample {
    let done = Done::new();
    let stage = open::<C::Stage>();
    let sample = counting(|| {
        on_stage(&stage, move |here| async move {
            let mut actors = Vec::with_capacity(places(n));
            let mut further = Vec::with_capacity(places(n));
            let span = Span::begin();
            let before = live_bytes();
            for _ in 0..n {
                actors.push(C::start(&here, Room::Own, Owner::counting(&done, 0)).await);
            }
            for (address, _) in &actors {
                C::ask(address).await;
            }
            let idle = live_bytes();
            for (address, _) in &actors {
                further.push(address.clone());
            }
            let figures = [each(idle - before, n), each(live_bytes() - idle, n)];
            let sample = span.end_with(n, figures);
            drop(further);
            for (address, mut life) in actors {
                C::stop(&address, &mut life).await;
                drop(address);
                C::join(life).await;
            }
            sample
        })
    });
    stage.close();
    sample
}

fn places(n: u64) -> usize {
    usize::try_from(n).expect("a thousand")
}

#[expect(clippy::cast_precision_loss, reason = "byte counts are far below 2^53")]
fn each(bytes: i64, n: u64) -> f64 {
    bytes as f64 / n as f64
}
