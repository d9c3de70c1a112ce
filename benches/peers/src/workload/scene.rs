//! One actor on a stage of its own, for a workload whose senders are elsewhere.

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::{Stage, on_stage};

/// An actor and its stage.
pub(super) struct Scene<C: Actors<P>, P: Payload> {
    stage: C::Stage,
    address: C::Address,
    life: C::Life,
}

impl<C: Actors<P>, P: Payload> Scene<C, P> {
    pub(super) fn open(room: Room, owner: Owner<C, P>) -> Self {
        let stage = C::Stage::open();
        let (address, life) = on_stage(&stage, move |here| async move { C::start(&here, room, owner).await });
        Self { stage, address, life }
    }

    pub(super) fn address(&self) -> &C::Address {
        &self.address
    }

    /// Stops the actor, waits for its end, and then for its thread's.
    pub(super) fn close(self) {
        let Self { stage, address, mut life } = self;
        on_stage(&stage, move |_here| async move {
            C::stop(&address, &mut life).await;
            drop(address);
            C::join(life).await;
        });
        stage.close();
    }
}
