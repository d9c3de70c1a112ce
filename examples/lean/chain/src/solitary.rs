//! A chain's actor without network, keys or verifiers: for the specification's vectors, and for
//! tests.

use std::sync::Arc;
use std::time::Duration;

use actor_lanes::life::SpawnError;
use actor_lanes::view::View;
use actor_lanes::{Executor, Group, Mailbox, Runtime, view};

use crate::actor::ChainActor;
use crate::front::Chain;
use crate::role::Role;
use crate::signer::{Signer, SignerMessage};
use crate::snapshot::Snapshot;
use crate::state::ChainState;
use crate::verifier::{Assigned, Pool};
use crate::wall_clock::WallClock;
use consensus::{MockProofs, SlotClock, Store};
use network::{Command, command_mailbox};
use xmss::Scheme;

/// The time for the actor and its thread to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running actor. Its messages to the network, the signer and the verifiers wait unread in
/// mailboxes.
#[derive(Debug)]
pub struct Solitary {
    /// The front of the actor.
    pub chain: Chain,
    /// The snapshots of the actor.
    pub published: View<Snapshot>,
    /// The clock of the actor's chain.
    pub clock: SlotClock,
    /// The actor alone.
    group: Group,
    _network: Mailbox<Command>,
    _signer: Mailbox<SignerMessage>,
    _prover: Mailbox<Assigned>,
}

impl Solitary {
    /// Starts an actor with `store` on a thread of its own. It has no validators, and takes the
    /// time from `wall`.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the thread did not start.
    pub fn start(
        runtime: &Arc<dyn Runtime>,
        store: Store,
        is_aggregator: bool,
        wall: WallClock,
    ) -> Result<Self, SpawnError> {
        let (chain, mailbox) = Chain::new();
        let (front, network) = command_mailbox();
        let (signer, signer_mailbox) = actor_lanes::mailbox();
        let (prover, prover_mailbox) = actor_lanes::mailbox();
        let (publisher, published) = view::publisher(Snapshot::default());
        let clock = SlotClock::new(store.config().genesis_time);
        let pool = Pool::new(Vec::new(), prover, chain.recipient());
        let mut group = Group::new(Arc::clone(runtime));
        group.spawn("chain", mailbox, move || {
            let role = Role {
                validators: Vec::new(),
                is_aggregator,
                first_duty_slot: 0,
                scheme: Scheme::TEST,
            };
            let state = ChainState::new(store, Arc::new(MockProofs::default()), role);
            ChainActor::new(state, clock, wall, front, Signer::new(signer), pool, publisher)
        })?;
        let (_network, _signer, _prover) = (network, signer_mailbox, prover_mailbox);
        Ok(Self { chain, published, clock, group, _network, _signer, _prover })
    }

    /// Waits for the first snapshot. Returns whether it was published in time.
    pub fn has_begun(&self) -> bool {
        self.chain.head(PATIENCE).is_some()
    }

    /// Returns the executor of the actor.
    pub fn executor(&self) -> &Arc<dyn Executor> {
        &self.group.members()[0].executor
    }

    /// Ends the actor and its thread, and returns whether both ended well in time.
    pub fn stop(self) -> bool {
        self.group.stop(PATIENCE).is_clean()
    }
}
