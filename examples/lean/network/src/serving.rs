//! Requests for blocks that are not answered yet, or whose answers have not gone out.
//!
//! A peer that asks and does not read keeps its answer here, and with it its share: requests are counted, and the bytes
//! of answers too, from the request to the last byte of the answer or to the request's timeout.

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

/// How many requests may be unanswered, or their answers under way.
const MAX_OUTSTANDING: usize = 64;

/// How many of them may be one peer's.
const MAX_OUTSTANDING_PER_PEER: usize = 8;

/// How many bytes of blocks may be under way in answers: 128 MiB.
const MAX_ANSWERS_SIZE: usize = 8 * MAX_ANSWER_SIZE;

/// How many of them may be on their way to one peer: 32 MiB.
const MAX_ANSWERS_SIZE_PER_PEER: usize = 2 * MAX_ANSWER_SIZE;

/// The way back to a peer that asked for blocks. It may be used from any thread; dropped, it answers that the blocks are
/// unavailable.
#[derive(Debug)]
pub struct BlocksReply {
    sender: oneshot::Sender<Answer>,
}

impl BlocksReply {
    /// Answers with the SSZ of these signed blocks, in the order of the request, leaving out what the node does not have.
    ///
    /// Blocks that do not fit in an answer (1024 of them, 16 MiB together, 10 MiB each) are cut off, and not even taken
    /// from `blocks`. Nobody learns whether the peer still waits.
    pub fn send(self, blocks: impl IntoIterator<Item = Vec<u8>>) {
        self.answer(Answer::of_blocks(blocks));
    }

    /// Answers that the node does not have the blocks, and why; as much of `why` as an error may hold.
    pub fn unavailable(self, why: &str) {
        self.answer(Answer::failure(ResponseCode::ResourceUnavailable, why));
    }

    /// Makes a reply, and the end at which its answer comes out.
    pub fn new() -> (Self, Answering) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender }, Answering(receiver))
    }

    fn answer(self, answer: Answer) {
        // An error only says that the network thread is gone, and with it the peer.
        let _ = self.sender.send(answer);
    }
}

/// The end at which the answer of a [`BlocksReply`] comes out.
#[derive(Debug)]
pub struct Answering(oneshot::Receiver<Answer>);

impl Answering {
    /// Says whether blocks have come out by now, for the first time.
    pub fn has_blocks(&mut self) -> bool {
        self.0.try_recv().is_ok_and(|answer| answer.is_some_and(|answer| answer.error.is_none()))
    }

    async fn answer(self) -> Answer {
        let unanswered = |_| Answer::failure(ResponseCode::ResourceUnavailable, "blocks not available");
        self.0.await.unwrap_or_else(unanswered)
    }
}

/// Names a request of a peer: numbers are unique among those of a kind.
pub(super) type ServedId = (RequestKind, InboundRequestId);

/// The requests that wait for the node, and the answers under way, in bounded number and size.
pub(super) struct Serving {
    waiting: FuturesUnordered<BoxFuture<'static, Served>>,
    outstanding: HashMap<ServedId, Outstanding>,
}

#[derive(Debug)]
struct Outstanding {
    peer: PeerId,
    /// What its answer takes, once there is one.
    size: usize,
}

/// An answer and the way it goes.
pub(super) struct Served {
    pub(super) id: ServedId,
    pub(super) channel: ResponseChannel<Answer>,
    pub(super) answer: Answer,
}

impl Serving {
    pub(super) fn new() -> Self {
        Self { waiting: FuturesUnordered::new(), outstanding: HashMap::new() }
    }

    /// Remembers a request and returns the reply to hand to the node, or the channel when too many wait already.
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
        self.waiting.push(Box::pin(async move { Served { id, channel, answer: answering.answer().await } }));
        Ok(reply)
    }

    /// Takes the next answer that the node has given. One for which there is no room is replaced by an error.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Served> {
        loop {
            match Pin::new(&mut self.waiting).poll_next(cx) {
                Poll::Ready(Some(mut served)) => {
                    if self.make_room(&mut served) {
                        return Poll::Ready(served);
                    }
                }
                // Nothing is waited for. The next request arrives on this thread, and then this is polled again.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Learns that an answer has gone out, or never will.
    pub(super) fn finished(&mut self, id: ServedId) {
        self.outstanding.remove(&id);
    }

    /// Counts an answer's bytes. Says whether anybody still waits for it.
    fn make_room(&mut self, served: &mut Served) -> bool {
        let Some(peer) = self.outstanding.get(&served.id).map(|request| request.peer) else { return false };
        let size = |request: &Outstanding| request.size;
        let all: usize = self.outstanding.values().map(size).sum();
        let of_peer: usize = self.outstanding.values().filter(|request| request.peer == peer).map(size).sum();
        let answer_size = served.answer.size();
        if all + answer_size > MAX_ANSWERS_SIZE || of_peer + answer_size > MAX_ANSWERS_SIZE_PER_PEER {
            served.answer = Answer::failure(ResponseCode::ResourceUnavailable, "too much is being answered");
        } else if let Some(request) = self.outstanding.get_mut(&served.id) {
            request.size = answer_size;
        }
        true
    }
}
