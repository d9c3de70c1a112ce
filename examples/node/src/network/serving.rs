//! Requests for blocks that the node has been asked to answer and has not answered yet.

use std::{
    collections::HashMap,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, channel::oneshot, future::BoxFuture, stream::FuturesUnordered};
use libp2p::{PeerId, request_response::ResponseChannel};

use crate::network::{codec::Answer, wire::response::ResponseCode};

/// How many requests may wait for the node's answer.
const MAX_OUTSTANDING: usize = 64;

/// How many of them may be one peer's.
const MAX_OUTSTANDING_PER_PEER: usize = 8;

/// The way back to a peer that asked for blocks. It may be used from any thread; dropped, it answers that the blocks are
/// unavailable.
#[derive(Debug)]
pub struct BlocksReply {
    sender: oneshot::Sender<Vec<Vec<u8>>>,
}

impl BlocksReply {
    /// Makes a reply, and the end at which its answer comes out.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Vec<Vec<u8>>>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender }, receiver)
    }

    /// Answers with the SSZ of these signed blocks, in the order of the request, leaving out what the node does not have.
    ///
    /// Blocks that do not fit in an answer (1024 of them, 64 MiB together, 10 MiB each) are cut off. Nobody learns
    /// whether the peer still waits.
    pub fn send(self, blocks: Vec<Vec<u8>>) {
        // An error only says that the network thread is gone, and with it the peer.
        let _ = self.sender.send(blocks);
    }
}

/// The requests that wait for the node, in bounded number.
pub(super) struct Serving {
    waiting: FuturesUnordered<BoxFuture<'static, Served>>,
    per_peer: HashMap<PeerId, usize>,
}

/// An answer and the way it goes.
pub(super) struct Served {
    pub(super) peer: PeerId,
    pub(super) channel: ResponseChannel<Answer>,
    pub(super) answer: Answer,
}

impl Serving {
    pub(super) fn new() -> Self {
        Self { waiting: FuturesUnordered::new(), per_peer: HashMap::new() }
    }

    /// Remembers a request and returns the reply to hand to the node, or the channel when too many wait already.
    pub(super) fn admit(
        &mut self,
        peer: PeerId,
        channel: ResponseChannel<Answer>,
    ) -> Result<BlocksReply, ResponseChannel<Answer>> {
        let of_peer = self.per_peer.get(&peer).copied().unwrap_or_default();
        if self.waiting.len() >= MAX_OUTSTANDING || of_peer >= MAX_OUTSTANDING_PER_PEER {
            return Err(channel);
        }
        self.per_peer.insert(peer, of_peer + 1);
        let (reply, receiver) = BlocksReply::new();
        self.waiting.push(Box::pin(async move {
            let answer = match receiver.await {
                Ok(blocks) => Answer::of_blocks(blocks),
                Err(oneshot::Canceled) => Answer::failure(ResponseCode::ResourceUnavailable, "blocks not available"),
            };
            Served { peer, channel, answer }
        }));
        Ok(reply)
    }

    /// Takes the next answer that the node has given.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Served> {
        match Pin::new(&mut self.waiting).poll_next(cx) {
            Poll::Ready(Some(served)) => {
                self.forget(served.peer);
                Poll::Ready(served)
            }
            // Nothing is waited for. The next request arrives on this thread, and then this is polled again.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn forget(&mut self, peer: PeerId) {
        if let Some(count) = self.per_peer.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.per_peer.remove(&peer);
            }
        }
    }
}
