//! A chain's owner that has no network, no keys and no verifiers: for the specification's vectors, and for tests.

use std::sync::Arc;
use std::time::Duration;

use actor::{Executor, Mailbox, Running, Spawn, SpawnError};

use crate::chain::{Chain, ChainActor, ChainState, Published, Role};
use crate::consensus::{MockProofs, SlotClock, Store};
use crate::network::{Command, command_mailbox};
use crate::signer::{Signer, SignerMessage};
use crate::verifier::{Assigned, Pool};
use crate::wall_clock::WallClock;
use crate::xmss::Scheme;

/// How long the owner gets to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running owner. What it would send to peers, a signer or a verifier waits unread in mailboxes.
#[derive(Debug)]
pub(crate) struct Solitary {
    pub(crate) chain: Chain,
    pub(crate) published: Published,
    pub(crate) clock: SlotClock,
    running: Running,
    _network: Mailbox<Command>,
    _signer: Mailbox<SignerMessage>,
    _prover: Mailbox<Assigned>,
}

impl Solitary {
    /// Starts an owner of `store` on the executor. It has no validators, and time is what `wall` says.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when the executor takes nothing any more.
    pub(crate) fn start(
        executor: &Arc<dyn Executor>,
        store: Store,
        is_aggregator: bool,
        wall: WallClock,
    ) -> Result<Self, SpawnError> {
        let (chain, mailbox) = Chain::new();
        let (front, network) = command_mailbox();
        let (signer, signer_mailbox) = actor::mailbox();
        let (prover, prover_mailbox) = actor::mailbox();
        let published = Published::default();
        let clock = SlotClock::new(store.config().genesis_time);
        let seen = published.clone();
        let pool = Pool::new(Vec::new(), prover, chain.recipient());
        let running = Spawn::new(mailbox).start(executor, move || {
            let role = Role { validators: Vec::new(), is_aggregator, first_duty_slot: 0, scheme: Scheme::TEST };
            let state = ChainState::new(store, Arc::new(MockProofs::default()), role);
            ChainActor::new(state, clock, wall, front, Signer::new(signer), pool, seen)
        })?;
        let (_network, _signer, _prover) = (network, signer_mailbox, prover_mailbox);
        Ok(Self { chain, published, clock, running, _network, _signer, _prover })
    }

    /// Waits until the owner has published for the first time. Says whether it has.
    pub(crate) fn has_begun(&self) -> bool {
        self.chain.head(PATIENCE).is_some()
    }

    /// Ends the owner, and says whether it has ended well.
    pub(crate) fn stop(self) -> bool {
        self.running.stop(PATIENCE);
        self.running.join_blocking(PATIENCE).is_some_and(|exit| exit.reason.is_normal())
    }
}
