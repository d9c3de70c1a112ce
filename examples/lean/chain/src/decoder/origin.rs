//! The origin of a gossip message, and the promise of one verdict for it.

use crate::sender::{Sender, source_of};
use network::{MessageId, NetworkFront, PeerId, Undelivered, Verdict};

/// The origin of a gossip message, needed to report a verdict.
///
/// The network counts the messages without a verdict, so each message needs exactly one. An origin
/// that is promised reports `Ignore` when it is dropped unreported: evicted from
/// a lane, refused by a full lane, or lost with an actor.
#[derive(Debug)]
pub struct Origin {
    /// The message's identifier.
    pub(crate) id: MessageId,
    /// The first peer to send it.
    pub(crate) sender: Sender,
    /// The receiver of the verdict, until it is reported.
    promised_to: Option<NetworkFront>,
}

impl Origin {
    /// Creates an origin: the message's identifier, the first peer to send it, and whether the
    /// node's configuration names that peer. Its drop reports nothing.
    pub fn new(id: MessageId, source: PeerId, is_configured: bool) -> Self {
        Self { id, sender: Sender { peer: source, is_configured }, promised_to: None }
    }

    /// Returns the sender's source for [`Message::source`](actor_lanes::Message::source).
    pub(crate) fn source(&self) -> u64 {
        source_of(&self.sender.peer)
    }

    /// Promises a verdict to the network, also if the message is dropped.
    #[must_use]
    pub(crate) fn promised(mut self, network: NetworkFront) -> Self {
        self.promised_to = Some(network);
        self
    }

    /// Reports the verdict to the network.
    pub(crate) fn report(
        mut self,
        verdict: Verdict,
        network: &NetworkFront,
    ) -> Result<(), Undelivered> {
        self.promised_to = None;
        network.report(self.id, self.sender.peer, verdict)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(network) = self.promised_to.take() {
            // If the network's lane is full, the network expires the message by itself. That equals
            // `Ignore`.
            drop(network.report(self.id, self.sender.peer, Verdict::Ignore));
        }
    }
}

#[cfg(test)]
mod tests {
    use network::{Command, command_mailbox};

    use super::*;

    #[test]
    fn a_promised_origin_reports_one_verdict_whether_it_is_reported_or_dropped() {
        let (front, mut commands) = command_mailbox();
        let origin = |byte| {
            let origin = Origin::new(MessageId([byte; 20]), PeerId::random(), false);
            origin.promised(front.clone())
        };
        drop(origin(1));
        origin(2).report(Verdict::Accept, &front).expect("there is room");
        drop(Origin::new(MessageId([3; 20]), PeerId::random(), false));
        let verdicts: Vec<_> = std::iter::from_fn(|| commands.try_recv())
            .map(|command| match command {
                Command::Report { id, verdict, .. } => (id.0[0], verdict),
                other => panic!("only verdicts are sent: {other:?}"),
            })
            .collect();
        assert_eq!(verdicts, [(1, Verdict::Ignore), (2, Verdict::Accept)]);
    }
}
