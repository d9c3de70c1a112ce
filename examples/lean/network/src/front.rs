//! The node's commands to the network, and the lanes for them.

use actor_lanes::mailbox::LaneStats;
use actor_lanes::observe::Gauge;
use actor_lanes::{Handle, Mailbox, Message, TryTellError, mailbox};
use libp2p::PeerId;

use crate::Offence;
use wire::{Root, message_id::MessageId, request::SlotRange, topic::TopicKind};

/// A command to the network thread. Peers cannot fill the lane of the node's own publications.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub enum Command {
    /// Take no more commands, carry out the waiting ones, and end. Only the thread's owner sends
    /// this.
    #[lane(control = "end", 4)]
    End,
    /// Publish this node's own message.
    #[lane(fifo = "own", 1024, weight = 8)]
    Publish {
        /// The kind of message.
        kind: TopicKind,
        /// The message's SSZ.
        ssz: Vec<u8>,
    },
    /// Ask a peer for blocks.
    #[lane(fifo = "requests", 128)]
    RequestBlocks {
        /// The peer to ask.
        peer: PeerId,
        /// The roots of the blocks.
        roots: Vec<Root>,
        /// The caller's number for the request, returned with the outcome.
        request_id: u64,
    },
    /// Ask a peer for the blocks of its chain in a range of slots.
    #[lane("requests")]
    RequestRange {
        /// The peer to ask.
        peer: PeerId,
        /// The slots.
        range: SlotRange,
        /// The caller's number for the request, returned with the outcome.
        request_id: u64,
    },
    /// Penalise a peer for an offence.
    #[lane("requests")]
    Charge {
        /// The peer.
        peer: PeerId,
        /// The offence.
        offence: Offence,
    },
    /// Report the verdict on a gossip message.
    #[lane(fifo = "verdicts", 8192, weight = 8)]
    Report {
        /// The message's id.
        id: MessageId,
        /// The peer that sent the message, as delivered.
        source: PeerId,
        /// The verdict.
        verdict: Verdict,
    },
    /// Close all connections of a peer. A static peer is redialled.
    #[lane("requests")]
    Disconnect {
        /// The peer.
        peer: PeerId,
    },
}

/// The node's verdict on a gossip message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Valid: forward it.
    Accept,
    /// Currently useless, but not invalid: do not forward it. The sender is not penalised.
    Ignore,
    /// Invalid: do not forward it, and lower the gossip standing of its sender.
    Reject,
}

/// A handle to the network thread for the rest of the node. Cheap to clone; no method blocks.
#[derive(Clone, Debug)]
pub struct NetworkFront {
    commands: Handle<Command>,
}

impl NetworkFront {
    /// Returns the figures of the lanes of the thread's mailbox.
    #[must_use]
    pub fn stats(&self) -> Vec<LaneStats> {
        self.commands.stats()
    }

    /// Returns a reader of the figures of the thread's mailbox.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        self.commands.gauge()
    }

    /// Publishes this node's own message. The network thread compresses it.
    ///
    /// Without peers, or with more than 10 MiB of SSZ, the message is counted and dropped.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn publish(&self, kind: TopicKind, ssz: Vec<u8>) -> Result<(), Undelivered> {
        self.tell(Command::Publish { kind, ssz })
    }

    /// Asks `peer` for the blocks with these roots, 1 to 1024.
    ///
    /// The outcome is delivered to [`Inbound::blocks`](crate::Inbound::blocks) under
    /// `request_id`.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn request_blocks(
        &self,
        peer: PeerId,
        roots: Vec<Root>,
        request_id: u64,
    ) -> Result<(), Undelivered> {
        self.tell(Command::RequestBlocks { peer, roots, request_id })
    }

    /// Asks `peer` for the blocks of its chain in these slots, 1 to 1024.
    ///
    /// The outcome is delivered to [`Inbound::blocks`](crate::Inbound::blocks) under
    /// `request_id`.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn request_range(
        &self,
        peer: PeerId,
        range: SlotRange,
        request_id: u64,
    ) -> Result<(), Undelivered> {
        self.tell(Command::RequestRange { peer, range, request_id })
    }

    /// Penalises `peer` for an offence. A peer without points is disconnected and banned.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn charge(&self, peer: PeerId, offence: Offence) -> Result<(), Undelivered> {
        self.tell(Command::Charge { peer, offence })
    }

    /// Reports the verdict on a gossip message. Each message has exactly one. A valid message is
    /// forwarded now. An invalid one lowers the gossip standing of its sender, which costs neither
    /// points nor the connection.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn report(
        &self,
        id: MessageId,
        source: PeerId,
        verdict: Verdict,
    ) -> Result<(), Undelivered> {
        self.tell(Command::Report { id, source, verdict })
    }

    /// Closes all connections of `peer`.
    ///
    /// # Errors
    ///
    /// Returns [`Undelivered`] with the command if the lane is full or the thread has ended.
    pub fn disconnect(&self, peer: PeerId) -> Result<(), Undelivered> {
        self.tell(Command::Disconnect { peer })
    }

    /// Ends the thread after its waiting commands. Every later command is returned to its caller.
    pub(super) fn end(&self) {
        // Refused only if the thread already has the command or has ended.
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

/// A command returned to its caller because it did not reach the network thread.
#[derive(Debug, thiserror::Error)]
#[error("the network was not told: {reason}")]
pub struct Undelivered {
    /// The reason.
    pub reason: UndeliveredReason,
    /// The command, unchanged.
    pub command: Box<Command>,
}

/// The reason why a command did not reach the network thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndeliveredReason {
    /// The command's lane is full.
    #[error("its lane is full")]
    Full,
    /// The thread has ended or is about to end.
    #[error("it has stopped")]
    Stopped,
}

/// Creates the front, and the mailbox for the network thread's loop to receive from.
pub fn command_mailbox() -> (NetworkFront, Mailbox<Command>) {
    let (commands, mailbox) = mailbox();
    (NetworkFront { commands }, mailbox)
}
