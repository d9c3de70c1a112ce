//! One actor on a stage of its own, for a workload with senders on other threads.

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::{Stage, on_stage, open};

/// The limit on asks for the sum until it is right. One is enough if messages keep their order. In
/// xtra's mailbox, a heap, an ask overtakes messages of its own priority.
pub(super) const ASKS: u32 = 100_000;

/// An actor and its stage.
pub(super) struct Scene<C: Actors<P>, P: Payload> {
    stage: C::Stage,
    address: C::Address,
    life: C::Life,
}

impl<C: Actors<P>, P: Payload> Scene<C, P> {
    pub(super) fn open(room: Room, owner: Owner<C, P>) -> Self {
        let stage = open::<C::Stage>();
        let (address, life) =
            on_stage(&stage, move |here| async move { C::start(&here, room, owner).await });
        Self { stage, address, life }
    }

    pub(super) fn address(&self) -> &C::Address {
        &self.address
    }

    /// Asks for the sum of the sent numbers, and panics if it differs.
    pub(super) fn check(&self, sum: u64) {
        let right = (0..ASKS).any(|_| C::ask_blocking(&self.address) == sum);
        assert!(right, "a message was lost, doubled or changed");
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
