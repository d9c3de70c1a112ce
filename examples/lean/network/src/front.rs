//! What the node tells the network, and the lanes it goes through.

use actor_lanes::{Handle, Lane, Mailbox, Message, TryTellError, mailbox};
use libp2p::PeerId;

use crate::Offence;
use wire::{Root, message_id::MessageId, request::SlotRange, topic::TopicKind};

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
    /// Ask a peer for the blocks of its chain in a row of slots.
    RequestRange {
        /// Whom to ask.
        peer: PeerId,
        /// The slots.
        range: SlotRange,
        /// The asker's own number, which comes back with the outcome.
        request_id: u64,
    },
    /// Hold something against a peer.
    Charge {
        /// Which peer.
        peer: PeerId,
        /// What it did.
        offence: Offence,
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
    /// Take no more commands, carry out those that wait, and end. Only the thread's owner says so.
    End,
}

impl Message for Command {
    // The node's own publications share a lane with nothing that peers can cause.
    const LANES: &'static [Lane] = &[
        Lane::control("end", 4),
        Lane::fifo("own", 1024).weight(8),
        Lane::fifo("requests", 128),
        Lane::fifo("verdicts", 8192).weight(8),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::End => 0,
            Self::Publish { .. } => 1,
            Self::RequestBlocks { .. } | Self::RequestRange { .. } | Self::Charge { .. } | Self::Disconnect { .. } => 2,
            Self::Report { .. } => 3,
        }
    }
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
    commands: Handle<Command>,
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
    /// The outcome arrives at [`Inbound::blocks`](crate::Inbound::blocks) under `request_id`.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn request_blocks(&self, peer: PeerId, roots: Vec<Root>, request_id: u64) -> Result<(), Undelivered> {
        self.tell(Command::RequestBlocks { peer, roots, request_id })
    }

    /// Asks `peer` for the blocks of its chain in these slots, 1 to 1024.
    ///
    /// The outcome arrives at [`Inbound::blocks`](crate::Inbound::blocks) under `request_id`.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn request_range(&self, peer: PeerId, range: SlotRange, request_id: u64) -> Result<(), Undelivered> {
        self.tell(Command::RequestRange { peer, range, request_id })
    }

    /// Holds an offence against `peer`, which is left when it has no standing any more.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] with the command when the lane is full or the thread is gone.
    pub fn charge(&self, peer: PeerId, offence: Offence) -> Result<(), Undelivered> {
        self.tell(Command::Charge { peer, offence })
    }

    /// Says what became of a gossip message; a valid one is passed on now, an invalid one is held against its sender.
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

    /// Lets the thread carry out what it was told and then end; from then on everything is handed back.
    pub(super) fn end(&self) {
        // Refused only if it has been told already, or has ended.
        drop(self.commands.try_tell(Command::End));
    }

    fn tell(&self, command: Command) -> Result<(), Undelivered> {
        self.commands.try_tell(command).map_err(|refused| {
            let reason = match refused {
                TryTellError::Full(_) => UndeliveredReason::Full,
                TryTellError::Closed(_) => UndeliveredReason::Stopped,
            };
            Undelivered { reason, command: Box::new(refused.into_message()) }
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
    /// As many commands of the kind wait as may.
    #[error("its lane is full")]
    Full,
    /// The thread has ended or been told to.
    #[error("it has stopped")]
    Stopped,
}

/// Makes the front, and the mailbox that the network thread receives from in its own loop.
pub fn command_mailbox() -> (NetworkFront, Mailbox<Command>) {
    let (commands, mailbox) = mailbox();
    (NetworkFront { commands }, mailbox)
}
