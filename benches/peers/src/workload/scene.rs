//! One actor on a stage of its own, for a workload whose senders are elsewhere.

use crate::actor::{Actors, Owner, Payload, Room};
use crate::stage::{Stage, on_stage, open};

/// How often a sum is asked for until it is right. Once is enough where messages keep their order; in xtra's mailbox,
/// which is a heap, an ask overtakes messages of its own priority.
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
        let (address, life) = on_stage(&stage, move |here| async move { C::start(&here, room, owner).await });
        Self { stage, address, life }
    }

    pub(super) fn address(&self) -> &C::Address {
        &self.address
    }

    /// Asks for the sum of what was sent, and panics if it is another.
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
