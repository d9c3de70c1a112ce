//! The victim's chain, learned from its HTTP API.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use consensus::{Checkpoint, INTERVALS_PER_SLOT, Root, Slot, State};
use libssz::SszDecode;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::http;
use crate::target::HttpTarget;

/// The time limit of an answer of the API.
const PATIENCE: Duration = Duration::from_secs(3);

/// The interval between two requests for the chain.
const INTERVAL: Duration = Duration::from_millis(100);

/// A block of the victim's fork choice.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct KnownBlock {
    /// Its root.
    pub root: Root,
    /// Its slot.
    pub slot: Slot,
    /// The root of its parent.
    pub parent_root: Root,
}

/// The chain of a victim at one moment.
#[derive(Clone, Debug)]
pub struct ChainView {
    /// The duration of a slot.
    pub slot_time: Duration,
    /// The finalized state at the start of the attack.
    pub anchor: Arc<State>,
    /// The blocks of the fork choice, in the order of their import.
    pub blocks: Vec<KnownBlock>,
    /// The head.
    pub head: Checkpoint,
    /// The newest justified checkpoint.
    pub justified: Checkpoint,
    /// The newest finalized checkpoint.
    pub finalized: Checkpoint,
}

#[derive(Deserialize)]
struct ForkChoice {
    nodes: Vec<KnownBlock>,
    head: Root,
    justified: NamedCheckpoint,
    finalized: NamedCheckpoint,
}

#[derive(Clone, Copy, Deserialize)]
struct NamedCheckpoint {
    slot: Slot,
    root: Root,
}

impl From<NamedCheckpoint> for Checkpoint {
    fn from(NamedCheckpoint { slot, root }: NamedCheckpoint) -> Self {
        Self { root, slot }
    }
}

impl ChainView {
    /// Asks the API of a victim. `interval` is the duration of an interval; the API does not state
    /// it.
    ///
    /// # Errors
    ///
    /// Returns an error if the API does not answer, or answers something else.
    pub async fn learn(api: HttpTarget, interval: Duration) -> io::Result<Self> {
        let state = http::get(api, "/lean/v0/states/finalized", PATIENCE).await?;
        let state = State::from_ssz_bytes(&state)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a state"))?;
        let view = Self {
            slot_time: interval * INTERVALS_PER_SLOT as u32,
            anchor: Arc::new(state),
            blocks: Vec::new(),
            head: Checkpoint::default(),
            justified: Checkpoint::default(),
            finalized: Checkpoint::default(),
        };
        view.refreshed(api).await
    }

    /// Returns the view with the present fork choice.
    async fn refreshed(&self, api: HttpTarget) -> io::Result<Self> {
        let body = http::get(api, "/lean/v0/fork_choice", PATIENCE).await?;
        let tree: ForkChoice = serde_json::from_slice(&body)?;
        let head = tree.nodes.iter().find(|block| block.root == tree.head);
        let head = head.map(|block| Checkpoint { root: block.root, slot: block.slot });
        Ok(Self {
            head: head.unwrap_or(tree.finalized.into()),
            justified: tree.justified.into(),
            finalized: tree.finalized.into(),
            blocks: tree.nodes,
            ..self.clone()
        })
    }

    /// Returns the present slot by the wall clock.
    pub fn current_slot(&self) -> Slot {
        #[expect(clippy::disallowed_methods, reason = "this program has no executor to ask")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = now.saturating_sub(Duration::from_secs(self.anchor.config.genesis_time));
        (since.as_millis() / self.slot_time.as_millis().max(1)) as Slot
    }

    /// Returns the number of validators.
    pub fn validators(&self) -> usize {
        self.anchor.validators.len()
    }

    /// Returns the known blocks as checkpoints, oldest first: final ones from the history of the
    /// anchor, and all of the fork choice.
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        let history = (0..).zip(self.anchor.historical_block_hashes.iter());
        let mut known: Vec<_> = history
            .filter(|(_, root)| !root.is_zero())
            .map(|(slot, root)| Checkpoint { root: *root, slot })
            .collect();
        known.extend(
            self.blocks.iter().map(|block| Checkpoint { root: block.root, slot: block.slot }),
        );
        known.dedup();
        known
    }
}

/// Keeps a view up to date for as long as anything reads it. A failed request keeps the last
/// view.
pub async fn follow(api: HttpTarget, views: watch::Sender<Arc<ChainView>>) {
    while !views.is_closed() {
        sleep(INTERVAL).await;
        let last = Arc::clone(&views.borrow());
        if let Ok(view) = last.refreshed(api).await {
            views.send_replace(Arc::new(view));
        }
    }
}
