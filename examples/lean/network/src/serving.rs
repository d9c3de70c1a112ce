//! Requests for blocks whose answers are pending or not fully sent.
//!
//! Requests and the bytes of answers are counted, in total and per peer. Each counts from the
//! request until the last byte of the answer or the request's timeout. A peer that does not read
//! its answers therefore uses up its own share.

use std::{
    collections::HashMap,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, channel::oneshot, future::BoxFuture, stream::FuturesUnordered};
use libp2p::{
    PeerId,
    request_response::{InboundRequestId, ResponseChannel},
};

use crate::codec::{Answer, MAX_ANSWER_SIZE};
use wire::{request::RequestKind, response::ResponseCode};

/// The most requests waiting for an answer or for its transmission.
const MAX_OUTSTANDING: usize = 64;

/// The most such requests per peer.
const MAX_OUTSTANDING_PER_PEER: usize = 8;

/// The most bytes of blocks in unsent answers: 128 MiB.
const MAX_ANSWERS_SIZE: usize = 8 * MAX_ANSWER_SIZE;

/// The most such bytes per peer: 32 MiB.
const MAX_ANSWERS_SIZE_PER_PEER: usize = 2 * MAX_ANSWER_SIZE;

/// The reply to a peer's request for blocks. It may be used from any thread. If it is dropped
/// unused, the peer receives the error "blocks not available".
#[derive(Debug)]
pub struct BlocksReply {
    sender: oneshot::Sender<Answer>,
}

impl BlocksReply {
    /// Answers with the SSZ of these signed blocks, in the order of the request, without the blocks
    /// missing on this node.
    ///
    /// An answer holds at most 1024 blocks, 16 MiB together and 10 MiB each. The answer ends before
    /// the first block over these limits, and no later block is taken from `blocks`. The caller
    /// does not learn whether the peer still waits.
    pub fn send(self, blocks: impl IntoIterator<Item = Vec<u8>>) {
        self.answer(Answer::of_blocks(blocks));
    }

    /// Answers with an error: the node does not have the blocks. The reason in `why` is cut at the
    /// length limit of an error.
    pub fn unavailable(self, why: &str) {
        self.answer(Answer::failure(ResponseCode::ResourceUnavailable, why));
    }

    /// Creates a reply and the receiving end of its answer.
    pub fn new() -> (Self, Answering) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender }, Answering(receiver))
    }

    fn answer(self, answer: Answer) {
        // An error means only that the network thread has ended, and the peer's connection with it.
        let _ = self.sender.send(answer);
    }
}

/// The receiving end of a [`BlocksReply`].
#[derive(Debug)]
pub struct Answering(oneshot::Receiver<Answer>);

impl Answering {
    /// Returns whether an answer with blocks has arrived. The answer is taken, so a second call
    /// returns `false`.
    pub fn has_blocks(&mut self) -> bool {
        self.0.try_recv().is_ok_and(|answer| answer.is_some_and(|answer| answer.error.is_none()))
    }

    async fn answer(self) -> Answer {
        let unanswered =
            |_| Answer::failure(ResponseCode::ResourceUnavailable, "blocks not available");
        self.0.await.unwrap_or_else(unanswered)
    }
}

/// Identifies a peer's request: numbers are unique among the requests of one kind.
pub(super) type ServedId = (RequestKind, InboundRequestId);

/// The requests waiting for the node, and the answers in flight, bounded in number and size.
pub(super) struct Serving {
    waiting: FuturesUnordered<BoxFuture<'static, Served>>,
    outstanding: HashMap<ServedId, Outstanding>,
}

#[derive(Debug)]
struct Outstanding {
    peer: PeerId,
    /// The size of the request's answer, or 0 before the answer exists.
    size: usize,
}

/// An answer and the channel to send it on.
pub(super) struct Served {
    pub(super) id: ServedId,
    pub(super) peer: PeerId,
    pub(super) channel: ResponseChannel<Answer>,
    pub(super) answer: Answer,
}

impl Serving {
    pub(super) fn new() -> Self {
        Self { waiting: FuturesUnordered::new(), outstanding: HashMap::new() }
    }

    /// Records a request and returns the reply for the node, or the channel if too many requests
    /// are waiting.
    pub(super) fn admit(
        &mut self,
        id: ServedId,
        peer: PeerId,
        channel: ResponseChannel<Answer>,
    ) -> Result<BlocksReply, ResponseChannel<Answer>> {
        let of_peer = self.outstanding.values().filter(|request| request.peer == peer).count();
        if self.outstanding.len() >= MAX_OUTSTANDING || of_peer >= MAX_OUTSTANDING_PER_PEER {
            return Err(channel);
        }
        self.outstanding.insert(id, Outstanding { peer, size: 0 });
        let (reply, answering) = BlocksReply::new();
        self.waiting.push(Box::pin(async move {
            Served { id, peer, channel, answer: answering.answer().await }
        }));
        Ok(reply)
    }

    /// Returns the node's next answer. An answer without room is replaced by an error.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Served> {
        loop {
            match Pin::new(&mut self.waiting).poll_next(cx) {
                Poll::Ready(Some(mut served)) => {
                    if self.make_room(&mut served) {
                        return Poll::Ready(served);
                    }
                }
                // No request is waiting. The next request arrives on this thread, and the caller
                // then polls again.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Forgets a request after its answer was sent or has failed.
    pub(super) fn finished(&mut self, id: ServedId) {
        self.outstanding.remove(&id);
    }

    /// Counts an answer's bytes. Returns whether its request is still open.
    fn make_room(&mut self, served: &mut Served) -> bool {
        let Some(peer) = self.outstanding.get(&served.id).map(|request| request.peer) else {
            return false;
        };
        let size = |request: &Outstanding| request.size;
        let all: usize = self.outstanding.values().map(size).sum();
        let of_peer: usize =
            self.outstanding.values().filter(|request| request.peer == peer).map(size).sum();
        let answer_size = served.answer.size();
        if all + answer_size > MAX_ANSWERS_SIZE || of_peer + answer_size > MAX_ANSWERS_SIZE_PER_PEER
        {
            served.answer =
                Answer::failure(ResponseCode::ResourceUnavailable, "too much is being answered");
        } else if let Some(request) = self.outstanding.get_mut(&served.id) {
            request.size = answer_size;
        }
        true
    }
}
