//! Requests for blocks whose answers are pending or not fully sent.
//!
//! Requests and the bytes of answers are counted. Each counts from the request until the last byte
//! of the answer or the request's timeout. A peer that does not read its answers therefore uses up
//! its own share:
//!
//! | holder | requests | bytes |
//! |---|---|---|
//! | peer | 8 | 32 MiB |
//! | all strangers of an address range | 16 | 48 MiB |
//! | all strangers | 32 | 64 MiB |
//! | all peers | 64 | 128 MiB |

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

use crate::{
    allowance::Who,
    codec::{Answer, MAX_ANSWER_SIZE},
};
use wire::{request::RequestKind, response::ResponseCode};

/// The most requests waiting for an answer or for its transmission.
const MAX_OUTSTANDING: usize = 64;

/// The most such requests per peer.
const MAX_OUTSTANDING_PER_PEER: usize = 8;

/// The most such requests of the strangers of one address range.
const MAX_OUTSTANDING_PER_RANGE: usize = 16;

/// The most such requests of all strangers. Configured peers have the other places.
const MAX_OUTSTANDING_OF_STRANGERS: usize = MAX_OUTSTANDING / 2;

/// The most bytes of blocks in unsent answers: 128 MiB.
const MAX_ANSWERS_SIZE: usize = 8 * MAX_ANSWER_SIZE;

/// The most such bytes per peer: 32 MiB.
const MAX_ANSWERS_SIZE_PER_PEER: usize = 2 * MAX_ANSWER_SIZE;

/// The most such bytes of the strangers of one address range: 48 MiB.
const MAX_ANSWERS_SIZE_PER_RANGE: usize = 3 * MAX_ANSWER_SIZE;

/// The most such bytes of all strangers: 64 MiB.
const MAX_ANSWERS_SIZE_OF_STRANGERS: usize = MAX_ANSWERS_SIZE / 2;

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
    who: Who,
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
        who: Who,
        channel: ResponseChannel<Answer>,
    ) -> Result<BlocksReply, ResponseChannel<Answer>> {
        if !has_place(self.outstanding.values(), &who) {
            return Err(channel);
        }
        self.outstanding.insert(id, Outstanding { who, size: 0 });
        let peer = who.peer;
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
        let Some(who) = self.outstanding.get(&served.id).map(|request| request.who) else {
            return false;
        };
        let size = served.answer.size();
        if !has_bytes(self.outstanding.values(), &who, size) {
            served.answer =
                Answer::failure(ResponseCode::ResourceUnavailable, "too much is being answered");
        } else if let Some(request) = self.outstanding.get_mut(&served.id) {
            request.size = size;
        }
        true
    }
}

/// Returns whether a peer may have one more request.
fn has_place<'a>(outstanding: impl Iterator<Item = &'a Outstanding>, who: &Who) -> bool {
    let (mut all, mut of_peer, mut of_range, mut of_strangers) = (0, 0, 0, 0);
    for other in outstanding.map(|request| &request.who) {
        all += 1;
        of_peer += usize::from(other.peer == who.peer);
        of_range += usize::from(!other.is_configured && other.range == who.range);
        of_strangers += usize::from(!other.is_configured);
    }
    let has_share = who.is_configured
        || (of_range < MAX_OUTSTANDING_PER_RANGE && of_strangers < MAX_OUTSTANDING_OF_STRANGERS);
    all < MAX_OUTSTANDING && of_peer < MAX_OUTSTANDING_PER_PEER && has_share
}

/// Returns whether a peer may have so many more bytes in unsent answers.
fn has_bytes<'a>(
    outstanding: impl Iterator<Item = &'a Outstanding>,
    who: &Who,
    more: usize,
) -> bool {
    let (mut all, mut of_peer, mut of_range, mut of_strangers) = (more, more, more, more);
    for Outstanding { who: other, size } in outstanding {
        all += size;
        of_peer += if other.peer == who.peer { *size } else { 0 };
        of_range += if !other.is_configured && other.range == who.range { *size } else { 0 };
        of_strangers += if other.is_configured { 0 } else { *size };
    }
    let has_share = who.is_configured
        || (of_range <= MAX_ANSWERS_SIZE_PER_RANGE
            && of_strangers <= MAX_ANSWERS_SIZE_OF_STRANGERS);
    all <= MAX_ANSWERS_SIZE && of_peer <= MAX_ANSWERS_SIZE_PER_PEER && has_share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address_range::AddressRange;

    fn who(range: u8, is_configured: bool) -> Who {
        Who { peer: PeerId::random(), range: AddressRange::V4([10, 0, range]), is_configured }
    }

    #[test]
    fn strangers_that_read_no_answers_leave_places_for_other_ranges_and_for_configured_peers() {
        let mut open = Vec::new();
        let mut fill = |who: Who| {
            let before = open.len();
            while has_place(open.iter(), &who) {
                open.push(Outstanding { who, size: 0 });
            }
            open.len() - before
        };
        assert_eq!([(); 3].map(|()| fill(who(1, false))), [8, 8, 0], "one range has 16");
        assert_eq!([2, 3, 4].map(|range| fill(who(range, false))), [8, 8, 0]);
        assert_eq!([(); 5].map(|()| fill(who(1, true))), [8, 8, 8, 8, 0]);
    }

    #[test]
    fn unread_answers_of_strangers_leave_bytes_for_configured_peers() {
        let mut open = Vec::new();
        let mut fill = |who: Who| {
            let size = MAX_ANSWER_SIZE;
            let before = open.len();
            while has_bytes(open.iter(), &who, size) {
                open.push(Outstanding { who, size });
            }
            open.len() - before
        };
        assert_eq!([1, 1, 2, 3].map(|range| fill(who(range, false))), [2, 1, 1, 0]);
        assert_eq!([(); 3].map(|()| fill(who(1, true))), [2, 2, 0]);
    }
}
