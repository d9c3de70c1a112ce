//! Requests between nodes: status on connecting, blocks by root, in both directions.

use std::collections::HashMap;

use libp2p::{
    PeerId,
    request_response::{Event, Message, OutboundFailure, OutboundRequestId, ResponseChannel},
};

use crate::network::{
    BlocksResponse, Inbound, RequestFailure,
    codec::{Answer, Asked},
    event_loop::EventLoop,
    serving::Served,
    wire::{MAX_REQUEST_BLOCKS, Root, request::Request, response::ResponseCode, status::Status},
};

/// How many of this node's requests for blocks may be under way.
const MAX_REQUESTS: usize = 64;

/// How many of them may go to one peer: as many as a node like this one answers at a time.
const MAX_REQUESTS_PER_PEER: usize = 8;

/// This node's requests for blocks that have no outcome yet.
#[derive(Debug, Default)]
pub(super) struct Requests {
    under_way: HashMap<OutboundRequestId, BlocksRequest>,
}

impl Requests {
    fn has_room_for(&self, peer: PeerId) -> bool {
        let to_peer = self.under_way.values().filter(|request| request.peer == peer).count();
        self.under_way.len() < MAX_REQUESTS && to_peer < MAX_REQUESTS_PER_PEER
    }
}

#[derive(Debug)]
struct BlocksRequest {
    peer: PeerId,
    /// The asker's own number.
    request_id: u64,
    /// How many blocks were asked for.
    count: usize,
}

impl<I: Inbound> EventLoop<I> {
    /// Asks a peer where it stands, which only the side that dialled does.
    pub(super) fn ask_status(&mut self, peer: PeerId) {
        let request = Request::Status(self.inbound.our_status());
        self.counters.requests_out.increment();
        self.swarm.behaviour_mut().status.send_request(&peer, Ok(request));
    }

    pub(super) fn on_status_event(&mut self, event: Event<Asked, Answer>) {
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                self.counters.requests_in.increment();
                let answer = match request {
                    Ok(Request::Status(status)) => {
                        self.count_refusal(self.inbound.status(peer, status));
                        Answer::success(self.inbound.our_status().to_ssz().to_vec())
                    }
                    Ok(_) | Err(_) => self.refusal_of_request("not a Status"),
                };
                self.answer_status(channel, answer);
            }
            Event::Message { peer, message: Message::Response { response, .. }, .. } => {
                match response.chunks.first().map(|ssz| Status::from_ssz(ssz)) {
                    Some(Ok(status)) => self.count_refusal(self.inbound.status(peer, status)),
                    Some(Err(_)) | None => {
                        self.counters.requests_out_failed.increment();
                        tracing::debug!(%peer, error = ?response.error, "a peer did not tell its status");
                    }
                }
            }
            Event::OutboundFailure { peer, error, .. } => {
                self.counters.requests_out_failed.increment();
                tracing::debug!(%peer, %error, "a peer did not tell its status");
            }
            Event::InboundFailure { peer, error, .. } => {
                self.counters.requests_in_failed.increment();
                tracing::debug!(%peer, %error, "a peer's request for status failed");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    fn answer_status(&mut self, channel: ResponseChannel<Answer>, answer: Answer) {
        // It fails only for a request that is already over, which is reported by an event of its own.
        let _ = self.swarm.behaviour_mut().status.send_response(channel, answer);
    }

    /// Sends a request for blocks, or tells at once why not.
    pub(super) fn request_blocks(&mut self, peer: PeerId, roots: Vec<Root>, request_id: u64) {
        let refused = if roots.is_empty() || roots.len() > MAX_REQUEST_BLOCKS {
            Some(RequestFailure::InvalidRequest)
        } else if !self.swarm.is_connected(&peer) {
            Some(RequestFailure::NotConnected)
        } else if !self.requests.has_room_for(peer) {
            Some(RequestFailure::TooMany)
        } else {
            None
        };
        if let Some(failure) = refused {
            self.counters.requests_out_failed.increment();
            self.count_refusal(self.inbound.blocks(BlocksResponse { request_id, peer, outcome: Err(failure) }));
            return;
        }
        self.counters.requests_out.increment();
        let count = roots.len();
        let request = Ok(Request::BlocksByRoot(roots));
        let id = self.swarm.behaviour_mut().blocks_by_root.send_request(&peer, request);
        self.requests.under_way.insert(id, BlocksRequest { peer, request_id, count });
    }

    pub(super) fn on_blocks_event(&mut self, event: Event<Asked, Answer>) {
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                self.counters.requests_in.increment();
                self.on_blocks_request(peer, request, channel);
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                self.finish_request(request_id, |count| blocks_in(response, count));
            }
            Event::OutboundFailure { request_id, error, .. } => {
                self.finish_request(request_id, |_| Err(failure_of(&error)));
            }
            Event::InboundFailure { peer, error, .. } => {
                self.counters.requests_in_failed.increment();
                tracing::debug!(%peer, %error, "a peer's request for blocks failed");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    fn on_blocks_request(&mut self, peer: PeerId, request: Asked, channel: ResponseChannel<Answer>) {
        let Ok(Request::BlocksByRoot(roots)) = request else {
            let answer = self.refusal_of_request("not a BlocksByRootRequest");
            self.answer_blocks(channel, answer);
            return;
        };
        match self.serving.admit(peer, channel) {
            // A reply that the node refuses is dropped with the request, and that answers it.
            Ok(reply) => self.count_refusal(self.inbound.serve_blocks(roots, reply)),
            Err(channel) => {
                self.counters.requests_in_failed.increment();
                self.answer_blocks(channel, Answer::failure(ResponseCode::ResourceUnavailable, "too many requests"));
            }
        }
    }

    /// Sends what the node has answered.
    pub(super) fn send_blocks(&mut self, served: Served) {
        if served.answer.error.is_some() {
            self.counters.requests_in_failed.increment();
        }
        self.answer_blocks(served.channel, served.answer);
    }

    fn answer_blocks(&mut self, channel: ResponseChannel<Answer>, answer: Answer) {
        // It fails only for a request that is already over, which is reported by an event of its own.
        let _ = self.swarm.behaviour_mut().blocks_by_root.send_response(channel, answer);
    }

    fn finish_request(
        &mut self,
        id: OutboundRequestId,
        outcome: impl FnOnce(usize) -> Result<Vec<Vec<u8>>, RequestFailure>,
    ) {
        let Some(BlocksRequest { peer, request_id, count }) = self.requests.under_way.remove(&id) else { return };
        let outcome = outcome(count);
        if let Err(failure) = &outcome {
            self.counters.requests_out_failed.increment();
            tracing::debug!(%peer, %failure, "a request for blocks failed");
        }
        self.count_refusal(self.inbound.blocks(BlocksResponse { request_id, peer, outcome }));
    }

    fn refusal_of_request(&self, message: &str) -> Answer {
        self.counters.requests_in_failed.increment();
        Answer::failure(ResponseCode::InvalidRequest, message)
    }
}

/// Returns the blocks of an answer to a request for `count` of them.
fn blocks_in(answer: Answer, count: usize) -> Result<Vec<Vec<u8>>, RequestFailure> {
    match answer {
        Answer { chunks, .. } if chunks.len() > count => Err(RequestFailure::Malformed),
        Answer { chunks, error: Some(error) } if chunks.is_empty() => Err(RequestFailure::Answered(error)),
        Answer { chunks, .. } => Ok(chunks),
    }
}

fn failure_of(error: &OutboundFailure) -> RequestFailure {
    match error {
        OutboundFailure::DialFailure => RequestFailure::NotConnected,
        OutboundFailure::Timeout => RequestFailure::Timeout,
        OutboundFailure::UnsupportedProtocols => RequestFailure::Unsupported,
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => RequestFailure::Malformed,
        OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => RequestFailure::ConnectionLost,
    }
}
