//! The owner of a store: an actor with a thread of its own, because it waits for the disk.
//!
//! It joins all waiting changes into one commit, so one wait for the disk serves all turns of the
//! chain's owner since the last one. After a commit it publishes [`Durable`]. The first fault ends
//! it, because nothing after the fault would survive.

use std::sync::Arc;
use std::time::Duration;

use actor_lanes::actor::Batch;
use actor_lanes::view::{Publisher, View};
use actor_lanes::{Actor, Context, Handle, Mailbox, Message, TryTellError, mailbox, view};
use consensus::{Checkpoint, Slot};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::store::{ChainStore, Figures, Keep, ReadChain};

/// The number of entries removed in a step of pruning.
const PRUNED_AT_ONCE: usize = 256;

/// The pause before each step of pruning. Changes are written in the meantime.
const PRUNE_PAUSE: Duration = Duration::from_millis(200);

/// A message to the owner of a store.
#[derive(Debug, Message)]
pub enum StorageMessage {
    /// From the chain's owner: the changes of a turn.
    #[lane(fifo = "changes", 64, batch = 64)]
    Write(Box<Changes>),
    /// From its own timer: remove some old entries.
    #[lane("changes")]
    Prune,
}

/// The condition of a store after its last commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// The newest finalized block on the disk. Only this may be announced to others.
    pub finalized: Option<Checkpoint>,
    /// The sizes of the store.
    pub figures: Figures,
    /// The number of commits with changes since the start.
    pub commits: u64,
    /// The number of entries pruned since the start.
    pub pruned: u64,
    /// The time of the last commit.
    pub last_commit: Duration,
    /// The time of the longest commit.
    pub longest_commit: Duration,
    /// The fault that has ended the owner.
    pub failure: Option<String>,
}

/// The owner of a store, as seen by other threads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {
    handle: Handle<StorageMessage>,
    durable: View<Durable>,
    reader: Arc<dyn ReadChain>,
}

impl Storage {
    /// Creates the front and the actor of an open store, and the actor's mailbox. Blocks are kept
    /// for `horizon` slots below the finalized one.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the store cannot be read.
    pub fn new<S: ChainStore>(
        store: S,
        horizon: Slot,
    ) -> Result<(Self, StorageActor<S>, Mailbox<StorageMessage>), StorageError> {
        let reader = store.reader();
        let figures = reader.figures()?;
        let initial = Durable { finalized: figures.finalized, figures, ..Durable::default() };
        let (handle, mailbox) = mailbox();
        let (publisher, durable) = view::publisher(initial.clone());
        let actor = StorageActor {
            reader: reader.clone(),
            store,
            horizon,
            durable: initial,
            publisher,
            prunes_soon: false,
        };
        Ok((Self { handle, durable, reader: Arc::new(reader) }, actor, mailbox))
    }

    /// Sends changes to be written. Never waits.
    ///
    /// # Errors
    ///
    /// Returns the changes if the lane is full or the owner has ended. Join them with later ones.
    pub fn write(&self, changes: Box<Changes>) -> Result<(), Box<Changes>> {
        self.handle.try_tell(StorageMessage::Write(changes)).map_err(|refused| match refused {
            TryTellError::Full(StorageMessage::Write(changes))
            | TryTellError::Closed(StorageMessage::Write(changes)) => changes,
            // A refusal returns the message that was sent.
            _ => Box::default(),
        })
    }

    /// Returns the condition of the store. Never waits.
    pub fn durable(&self) -> Arc<Durable> {
        self.durable.get()
    }

    /// Returns a view of the condition, to wait for a change.
    pub fn view(&self) -> View<Durable> {
        self.durable.clone()
    }

    /// Returns a reader. It waits for the disk, so use it on a thread for blocking work.
    pub fn reader(&self) -> Arc<dyn ReadChain> {
        Arc::clone(&self.reader)
    }

    /// Returns the owner's handle, for its statistics.
    pub fn handle(&self) -> &Handle<StorageMessage> {
        &self.handle
    }
}

/// Owns a store. No other thread writes to it.
#[derive(Debug)]
pub struct StorageActor<S: ChainStore> {
    store: S,
    reader: S::Reader,
    horizon: Slot,
    durable: Durable,
    publisher: Publisher<Durable>,
    /// Whether the timer for a step of pruning is armed.
    prunes_soon: bool,
}

impl<S: ChainStore> StorageActor<S> {
    fn write(&mut self, changes: &Changes, cx: &mut Context<StorageMessage>) {
        let begun = cx.now();
        match self.store.write(changes) {
            Ok(finalized) => {
                let time = cx.now().saturating_duration_since(begun);
                let durable = &mut self.durable;
                let has_advanced = durable.finalized != finalized;
                durable.finalized = finalized;
                durable.commits += 1;
                durable.last_commit = time;
                durable.longest_commit = durable.longest_commit.max(time);
                self.publish();
                if has_advanced {
                    self.prune_later(cx);
                }
            }
            Err(error) => self.fail(error, cx),
        }
    }

    fn prune(&mut self, cx: &mut Context<StorageMessage>) {
        self.prunes_soon = false;
        let Some(finalized) = self.durable.finalized else { return };
        let keep = Keep::below(finalized.slot, self.horizon);
        match self.store.prune(keep, PRUNED_AT_ONCE) {
            Ok(step) => {
                self.durable.pruned += step.removed as u64;
                if step.removed > 0 {
                    self.publish();
                }
                if !step.is_done {
                    self.prune_later(cx);
                }
            }
            Err(error) => self.fail(error, cx),
        }
    }

    fn prune_later(&mut self, cx: &mut Context<StorageMessage>) {
        if !self.prunes_soon {
            self.prunes_soon = true;
            cx.after(PRUNE_PAUSE, StorageMessage::Prune);
        }
    }

    fn publish(&mut self) {
        // A store that was just written can be read. If not, the next write reports the fault.
        if let Ok(figures) = self.reader.figures() {
            self.durable.figures = figures;
        }
        self.publisher.publish(self.durable.clone());
    }

    fn fail(&mut self, error: StorageError, cx: &mut Context<StorageMessage>) {
        tracing::error!("THE CHAIN IS NOT KEPT ANY MORE, so this node ends: {error}");
        self.durable.failure = Some(error.to_string());
        self.publisher.publish(self.durable.clone());
        cx.fail(error);
    }
}

impl<S: ChainStore> Actor for StorageActor<S> {
    type Message = StorageMessage;

    async fn handle(&mut self, message: StorageMessage, cx: &mut Context<StorageMessage>) {
        match message {
            StorageMessage::Write(changes) => self.write(&changes, cx),
            StorageMessage::Prune => self.prune(cx),
        }
    }

    async fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, StorageMessage>,
        cx: &mut Context<StorageMessage>,
    ) {
        let mut all = Changes::default();
        let mut prunes = false;
        for message in batch {
            match message {
                StorageMessage::Write(changes) => all.join(*changes),
                StorageMessage::Prune => prunes = true,
            }
        }
        if !all.is_empty() {
            self.write(&all, cx);
        }
        if prunes && self.durable.failure.is_none() {
            self.prune(cx);
        }
    }
}
