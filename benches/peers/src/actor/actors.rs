//! The face that all contestants show to the workloads.

use std::future::Future;

use futures::executor::block_on;

use crate::actor::{Owner, Payload};
use crate::stage::{Here, Stage};

/// How many messages a mailbox has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// [`PLACES`](Room::PLACES), or no bound where the contestant has none.
    Bounded,
    /// No bound.
    Unbounded,
    /// What an actor of the contestant's has when nothing is said.
    Own,
}

impl Room {
    /// The capacity of every bounded mailbox, in messages.
    pub(crate) const PLACES: usize = 1024;
}

/// Actors of one framework (or a raw channel and whoever receives from it) that are sent messages of type `P`.
///
/// What the actor does with a message is the same for all: it hands it to its [`Owner`].
pub(crate) trait Actors<P: Payload>: Sized + 'static {
    /// What runs the actors.
    type Stage: Stage;
    /// The sending end.
    type Address: Clone + Send + Sync + 'static;
    /// What is kept of an actor for stopping it and waiting for its end.
    type Life: Send + 'static;
    /// An answer that is awaited.
    type Pending: Send + 'static;

    /// Starts an actor. Runs on the stage.
    fn start(
        here: &Here<Self, P>,
        room: Room,
        owner: Owner<Self, P>,
    ) -> impl Future<Output = (Self::Address, Self::Life)>;

    /// Stops an actor, where that needs more than dropping its last address. Runs on the stage.
    fn stop(address: &Self::Address, life: &mut Self::Life) -> impl Future<Output = ()> {
        let _ = (address, life);
        async {}
    }

    /// Waits until an actor that was stopped has ended. Runs on the stage.
    fn join(life: Self::Life) -> impl Future<Output = ()>;

    /// Sends at once, or says that there is no room.
    fn try_tell(address: &Self::Address, payload: P) -> bool;

    /// Sends from a plain thread what was refused, waiting for room.
    fn tell_blocking(address: &Self::Address, payload: P);

    /// Sends from a plain thread: at once where there is room, else waiting for it.
    fn tell(address: &Self::Address, payload: P) {
        if !Self::try_tell(address, payload) {
            Self::tell_blocking(address, payload);
        }
    }

    /// Sends a question.
    fn begin(address: &Self::Address) -> Self::Pending;

    /// Awaits the answer: the sum of what the actor was sent before.
    fn finish(pending: Self::Pending) -> impl Future<Output = u64>;

    /// Asks from beside the actor, on its stage.
    fn ask(address: &Self::Address) -> impl Future<Output = u64> {
        Self::finish(Self::begin(address))
    }

    /// Awaits the answer on a plain thread.
    fn finish_blocking(pending: Self::Pending) -> u64 {
        block_on(Self::finish(pending))
    }

    /// Asks from a plain thread.
    fn ask_blocking(address: &Self::Address) -> u64 {
        Self::finish_blocking(Self::begin(address))
    }
}
