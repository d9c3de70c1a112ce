//! What the node tells the network, and the lane it goes through.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use libp2p::PeerId;

use crate::network::wire::{Root, message_id::MessageId, topic::TopicKind};

/// What the network thread is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Gossip this node's own message.
    Publish {
        /// What the message is.
        kind: TopicKind,
        /// Its SSZ.
        ssz: Vec<u8>,
    },
    /// Ask a peer for blocks.
    RequestBlocks {
        /// Whom to ask.
        peer: PeerId,
        /// The roots of the blocks.
        roots: Vec<Root>,
        /// The asker's own number, which comes back with the outcome.
        request_id: u64,
    },
    /// Say what became of a gossip message.
    Report {
        /// Which message.
        id: MessageId,
        /// The peer that sent it, as delivered.
        source: PeerId,
        /// What became of it.
        verdict: Verdict,
    },
    /// Close all connections of a peer. A static peer is redialled.
    Disconnect {
        /// Which peer.
        peer: PeerId,
    },
}

/// What the node found a gossip message to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Valid: pass it on.
    Accept,
    /// Of no use now, which is nobody's fault: do not pass it on.
    Ignore,
    /// Invalid: do not pass it on, and hold it against its sender.
    Reject,
}

/// The network thread as the rest of the node sees it. Cheap to clone; no method waits.
#[derive(Clone, Debug)]
pub struct NetworkFront {
    commands: async_channel::Sender<Command>,
}

impl NetworkFront {
    /// Gossips a message of this node's own; it is compressed on the network thread.
    ///
    /// Without peers, or with more than 10 MiB of SSZ, it goes nowhere and is counted.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn publish(&self, kind: TopicKind, ssz: Vec<u8>) -> Result<(), Undelivered> {
        self.tell(Command::Publish { kind, ssz })
    }

    /// Asks `peer` for the blocks with these roots, 1 to 1024.
    ///
    /// The outcome arrives at [`Inbound::blocks`](crate::network::Inbound::blocks) under `request_id`.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn request_blocks(&self, peer: PeerId, roots: Vec<Root>, request_id: u64) -> Result<(), Undelivered> {
        self.tell(Command::RequestBlocks { peer, roots, request_id })
    }

    /// Says what became of a gossip message; a valid one is passed on now.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn report(&self, id: MessageId, source: PeerId, verdict: Verdict) -> Result<(), Undelivered> {
        self.tell(Command::Report { id, source, verdict })
    }

    /// Closes all connections of `peer`.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn disconnect(&self, peer: PeerId) -> Result<(), Undelivered> {
        self.tell(Command::Disconnect { peer })
    }

    /// Lets the thread carry out what it was told and then end; from now on everything is handed back.
    pub(super) fn close(&self) {
        self.commands.close();
    }

    fn tell(&self, command: Command) -> Result<(), Undelivered> {
        self.commands.try_send(command).map_err(|error| {
            let reason = match error {
                async_channel::TrySendError::Full(_) => UndeliveredReason::Full,
                async_channel::TrySendError::Closed(_) => UndeliveredReason::Stopped,
            };
            Undelivered { reason, command: Box::new(error.into_inner()) }
        })
    }
}

/// A command that did not reach the network thread.
#[derive(Debug, thiserror::Error)]
#[error("the network was not told: {reason}")]
pub struct Undelivered {
    /// Why not.
    pub reason: UndeliveredReason,
    /// The command, unchanged.
    pub command: Box<Command>,
}

/// Why a command did not reach the network thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndeliveredReason {
    /// As many commands wait as may.
    #[error("its lane is full")]
    Full,
    /// The thread has ended or been told to.
    #[error("it has stopped")]
    Stopped,
}

/// The network thread's end of the lane.
pub(super) struct CommandLane {
    commands: Pin<Box<async_channel::Receiver<Command>>>,
}

impl CommandLane {
    /// Takes the next command; `None` once the lane is closed and empty.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Command>> {
        self.commands.as_mut().poll_next(cx)
    }
}

/// Makes a lane for `capacity` commands, at least one.
pub(super) fn command_lane(capacity: usize) -> (NetworkFront, CommandLane) {
    let (sender, receiver) = async_channel::bounded(capacity.max(1));
    (NetworkFront { commands: sender }, CommandLane { commands: Box::pin(receiver) })
}
