//! Requests between nodes in both directions: status after connecting, blocks by root and by range.

use std::collections::HashMap;

use libp2p::{
    PeerId,
    request_response::{
        self, Event, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
    },
};
use tokio::time::Instant;

use crate::{
    BlocksResponse, Inbound, Offence, RequestFailure,
    allowance::{Cost, Taken},
    answer_credit::{AnswerCredit, AnswerCredits},
    codec::{Answer, Asked, Codec},
    event_loop::EventLoop,
    serving::Served,
};
use wire::{
    MAX_REQUEST_BLOCKS,
    request::{Request, RequestKind},
    response::ResponseCode,
    status::Status,
};

/// This node's requests for blocks without an outcome so far.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Request numbers are unique among the requests of one kind.
    under_way: HashMap<(RequestKind, OutboundRequestId), BlocksRequest>,
    /// Bounds the requests, and the answers that the node has not decoded.
    credits: AnswerCredits,
}

#[derive(Debug)]
struct BlocksRequest {
    peer: PeerId,
    /// The number chosen by the caller of the request.
    request_id: u64,
    credit: AnswerCredit,
}

impl<I: Inbound> EventLoop<I> {
    /// Asks a peer for its status. Only the dialling side does so.
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
                    _ if !self.has_allowance(&peer, Cost::Status) => too_many_requests(),
                    Ok(Request::Status(status)) => {
                        self.count_refusal(self.inbound.status(peer, status));
                        Answer::success(self.inbound.our_status().to_ssz().to_vec())
                    }
                    Ok(_) | Err(_) => self.refusal_of_request(peer, "not a Status"),
                };
                self.answer_status(channel, answer);
            }
            Event::Message { peer, message: Message::Response { response, .. }, .. } => {
                match response.chunks.first().map(|ssz| Status::from_ssz(ssz)) {
                    Some(Ok(status)) => self.count_refusal(self.inbound.status(peer, status)),
                    Some(Err(error)) => {
                        self.counters.requests_out_failed.increment();
                        self.charge(peer, Offence::BadAnswer);
                        tracing::debug!(%peer, %error, "a peer answered with something that is no status");
                    }
                    None => {
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
        // Sending fails only after the end of the request, and a separate event reports that end.
        let _ = self.swarm.behaviour_mut().status.send_response(channel, answer);
    }

    /// Sends a request for blocks, or immediately reports the reason for not sending it.
    pub(super) fn request_blocks(&mut self, peer: PeerId, request: Request, request_id: u64) {
        let credit = if !is_valid(&request) {
            Err(RequestFailure::InvalidRequest)
        } else if !self.swarm.is_connected(&peer) {
            Err(RequestFailure::NotConnected)
        } else {
            self.requests.credits.take(peer).ok_or(RequestFailure::TooMany)
        };
        let credit = match credit {
            Ok(credit) => credit,
            Err(failure) => {
                self.counters.requests_out_failed.increment();
                self.count_refusal(self.inbound.blocks(BlocksResponse {
                    request_id,
                    peer,
                    outcome: Err(failure),
                    credit: AnswerCredit::default(),
                }));
                return;
            }
        };
        self.counters.requests_out.increment();
        let kind = request.kind();
        let id = self.protocol(kind).send_request(&peer, Ok(request));
        self.requests.under_way.insert((kind, id), BlocksRequest { peer, request_id, credit });
    }

    pub(super) fn on_blocks_event(&mut self, kind: RequestKind, event: Event<Asked, Answer>) {
        match event {
            Event::Message {
                peer,
                message: Message::Request { request_id, request, channel },
                ..
            } => {
                self.counters.requests_in.increment();
                self.on_blocks_request(kind, request_id, peer, request, channel);
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                self.finish_request((kind, request_id), blocks_in(response));
            }
            Event::OutboundFailure { request_id, error, .. } => {
                self.finish_request((kind, request_id), Err(failure_of(&error)));
            }
            Event::InboundFailure { peer, request_id, error, .. } => {
                self.serving.finished((kind, request_id));
                self.counters.requests_in_failed.increment();
                tracing::debug!(%peer, %error, "a peer's request for blocks failed");
            }
            Event::ResponseSent { request_id, .. } => self.serving.finished((kind, request_id)),
        }
    }

    fn on_blocks_request(
        &mut self,
        kind: RequestKind,
        id: InboundRequestId,
        peer: PeerId,
        request: Asked,
        channel: ResponseChannel<Answer>,
    ) {
        let request = match request {
            Ok(Request::BlocksByRange(range)) if !range.is_valid() => {
                let answer = self.refusal_of_request(peer, "a range has 1 to 1024 slots");
                return self.answer_blocks(kind, channel, answer);
            }
            Ok(request) => request,
            Err(error) => {
                let answer = self.refusal_of_request(peer, &error.to_string());
                return self.answer_blocks(kind, channel, answer);
            }
        };
        if !self.has_allowance(&peer, Cost::Request) {
            return self.answer_blocks(kind, channel, too_many_requests());
        }
        let Some(who) = self.swarm.behaviour().gossip.who(&peer) else {
            return self.answer_blocks(kind, channel, too_many_requests());
        };
        match self.serving.admit((kind, id), who, channel) {
            // If the node refuses, it drops the reply with the request, and the drop answers the
            // peer.
            Ok(reply) => match request {
                Request::BlocksByRoot(roots) => {
                    self.count_refusal(self.inbound.serve_blocks(peer, roots, reply))
                }
                Request::BlocksByRange(range) => {
                    self.count_refusal(self.inbound.serve_range(peer, range, reply))
                }
                // Unreachable: each protocol's decoder returns only its own kind of request.
                Request::Status(_) => drop(reply),
            },
            Err(channel) => {
                self.counters.requests_in_failed.increment();
                self.answer_blocks(kind, channel, too_many_requests());
            }
        }
    }

    /// Takes a request from a peer's allowance. Returns whether the request is to be processed.
    fn has_allowance(&mut self, peer: &PeerId, cost: Cost) -> bool {
        let now = Instant::now();
        let guard = &mut self.swarm.behaviour_mut().gossip;
        // Answers are larger than requests, and their size is known later. A peer in debt waits.
        let is_open = cost != Cost::Request || guard.is_open(peer, Cost::Answer, now);
        let taken = guard.take(peer, cost, now);
        if is_open && taken == Taken::Within {
            return true;
        }
        self.counters.requests_in_failed.increment();
        self.counters.requests_over_allowance.increment();
        if taken == Taken::Offence {
            self.charge(*peer, Offence::Flood);
        }
        false
    }

    /// Sends the node's answer.
    pub(super) fn send_blocks(&mut self, served: Served) {
        let size = served.answer.size();
        let guard = &mut self.swarm.behaviour_mut().gossip;
        guard.spend(&served.peer, Cost::Answer, size, Instant::now());
        if served.answer.error.is_some() {
            self.counters.requests_in_failed.increment();
        }
        self.answer_blocks(served.id.0, served.channel, served.answer);
    }

    fn answer_blocks(
        &mut self,
        kind: RequestKind,
        channel: ResponseChannel<Answer>,
        answer: Answer,
    ) {
        // Sending fails only after the end of the request, and a separate event reports that end.
        let _ = self.protocol(kind).send_response(channel, answer);
    }

    fn finish_request(
        &mut self,
        id: (RequestKind, OutboundRequestId),
        outcome: Result<Vec<Vec<u8>>, RequestFailure>,
    ) {
        let Some(BlocksRequest { peer, request_id, credit }) = self.requests.under_way.remove(&id)
        else {
            return;
        };
        if let Err(failure) = &outcome {
            self.counters.requests_out_failed.increment();
            tracing::debug!(%peer, %failure, "a request for blocks failed");
            if *failure == RequestFailure::Malformed {
                self.charge(peer, Offence::BadAnswer);
            }
        }
        self.count_refusal(self.inbound.blocks(BlocksResponse {
            request_id,
            peer,
            outcome,
            credit,
        }));
    }

    /// Returns the behaviour of a request's protocol.
    fn protocol(&mut self, kind: RequestKind) -> &mut request_response::Behaviour<Codec> {
        let behaviour = self.swarm.behaviour_mut();
        match kind {
            RequestKind::Status => &mut behaviour.status,
            RequestKind::BlocksByRoot => &mut behaviour.blocks_by_root,
            RequestKind::BlocksByRange => &mut behaviour.blocks_by_range,
        }
    }

    fn refusal_of_request(&mut self, peer: PeerId, message: &str) -> Answer {
        self.counters.requests_in_failed.increment();
        self.charge(peer, Offence::BadRequest);
        Answer::failure(ResponseCode::InvalidRequest, message)
    }
}

/// Returns the answer to a request that is valid, and not processed.
fn too_many_requests() -> Answer {
    Answer::failure(ResponseCode::ResourceUnavailable, "too many requests")
}

/// Returns whether a request asks for an allowed number of blocks.
fn is_valid(request: &Request) -> bool {
    match request {
        Request::Status(_) => true,
        Request::BlocksByRoot(roots) => !roots.is_empty() && roots.len() <= MAX_REQUEST_BLOCKS,
        Request::BlocksByRange(range) => range.is_valid(),
    }
}

/// Returns the blocks of an answer.
fn blocks_in(answer: Answer) -> Result<Vec<Vec<u8>>, RequestFailure> {
    match answer {
        Answer { chunks, error: Some(error) } if chunks.is_empty() => {
            Err(RequestFailure::Answered(error))
        }
        Answer { chunks, .. } => Ok(chunks),
    }
}

fn failure_of(error: &OutboundFailure) -> RequestFailure {
    match error {
        OutboundFailure::DialFailure => RequestFailure::NotConnected,
        OutboundFailure::Timeout => RequestFailure::Timeout,
        OutboundFailure::UnsupportedProtocols => RequestFailure::Unsupported,
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            RequestFailure::Malformed
        }
        OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
            RequestFailure::ConnectionLost
        }
    }
}
