//! One message circulating in a ring of two actors. Each actor passes it on.

use std::sync::{Arc, OnceLock};

use crate::actor::{Actors, Done, Owner, Parcel, Room};
use crate::measure::{Sample, Span};
use crate::stage::{ACTORS, SENDERS, Stage, on_core, on_stage, on_stage_at, open};

/// Both actors are on one thread.
pub(crate) fn hop_local<C: Actors<Parcel>>(n: u64) -> Sample {
    let stage = open::<C::Stage>();
    let sample = round::<C>(&stage, &stage, n);
    stage.close();
    sample
}

/// Each actor is on a thread of its own.
pub(crate) fn hop_across<C: Actors<Parcel>>(n: u64) -> Sample {
    let (one, other) = (open::<C::Stage>(), on_core(SENDERS, C::Stage::open));
    let sample = round::<C>(&one, &other, n);
    one.close();
    other.close();
    sample
}

/// If threads are pinned and each actor is a thread, each has a core of its own.
///
/// Begins with the message to the first actor, and ends with its last hop.
fn round<C: Actors<Parcel>>(one: &C::Stage, other: &C::Stage, n: u64) -> Sample {
    let done = Done::new();
    let (after_first, after_second) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
    let start =
        |core, stage: &C::Stage, next: &Arc<OnceLock<C::Address>>| {
            let owner = Owner::passing_on(&done, next);
            on_stage_at(core, stage, move |here| async move {
                C::start(&here, Room::Bounded, owner).await
            })
        };
    let (first, second) = (start(ACTORS, one, &after_first), start(SENDERS, other, &after_second));
    assert!(
        after_first.set(second.0.clone()).is_ok() && after_second.set(first.0.clone()).is_ok(),
        "set once"
    );
    drop((after_first, after_second));

    let span = Span::begin();
    assert!(C::try_tell(&first.0, Parcel::Hop(n)), "an empty mailbox has room");
    done.wait();
    let sample = span.end(n);

    // They hold each other's addresses, and would never end.
    assert!(
        C::try_tell(&first.0, Parcel::Forget) && C::try_tell(&second.0, Parcel::Forget),
        "there is room"
    );
    let ending = [(one, first), (other, second)].map(|(stage, (address, mut life))| {
        let life = on_stage(stage, move |_here| async move {
            // Answered only after it has dropped the other's address.
            C::ask(&address).await;
            C::stop(&address, &mut life).await;
            life
        });
        (stage, life)
    });
    for (stage, life) in ending {
        on_stage(stage, move |_here| C::join(life));
    }
    sample
}
