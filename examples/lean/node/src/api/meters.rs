//! Counts of the API's own connections and requests, for `/metrics`.

use std::cell::Cell;

use crate::api::exposition::Exposition;
use crate::api::exposition::Kind::{Counter, Gauge};
use crate::api::places::Refusal;

/// Counts of connections and requests. They stay on the API's thread.
#[derive(Debug, Default)]
pub(super) struct Meters {
    connections: Cell<usize>,
    requests: Cell<u64>,
    limited: Cell<u64>,
    refused_client: Cell<u64>,
    refused_all: Cell<u64>,
    replaced: Cell<u64>,
    unread: Cell<u64>,
    event_streams: Cell<usize>,
    refused_streams: Cell<u64>,
}

impl Meters {
    pub(super) fn connections(&self, now: usize) {
        self.connections.set(now);
    }

    pub(super) fn requested(&self) {
        increment(&self.requests);
    }

    pub(super) fn limited(&self) {
        increment(&self.limited);
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        increment(match refusal {
            Refusal::Client => &self.refused_client,
            Refusal::All => &self.refused_all,
        });
    }

    pub(super) fn replaced(&self) {
        increment(&self.replaced);
    }

    pub(super) fn ended_unread(&self) {
        increment(&self.unread);
    }

    pub(super) fn event_streams(&self, now: usize) {
        self.event_streams.set(now);
    }

    pub(super) fn refused_stream(&self) {
        increment(&self.refused_streams);
    }

    /// Writes the API's metrics.
    pub(super) fn write(&self, page: &mut Exposition) {
        let connections = self.connections.get();
        page.figure("api_connections", Gauge, "Open connections.", connections);
        page.figure("api_requests_total", Counter, "Requests received.", self.requests.get());
        page.figure(
            "api_requests_limited_total",
            Counter,
            "Requests over the rate of their client.",
            self.limited.get(),
        );
        page.metric("api_connections_refused_total", Counter, "Connections refused, by reason.")
            .with(&[("reason", "client")], self.refused_client.get())
            .with(&[("reason", "all")], self.refused_all.get());
        page.figure(
            "api_connections_replaced_total",
            Counter,
            "Waiting connections closed for newer ones.",
            self.replaced.get(),
        );
        page.figure(
            "api_unread_answers_ended_total",
            Counter,
            "Connections closed because too many answers of one client were not read.",
            self.unread.get(),
        );
        let streams = self.event_streams.get();
        page.figure("api_event_streams", Gauge, "Open event streams.", streams);
        page.figure(
            "api_event_streams_refused_total",
            Counter,
            "Event streams refused, because all places or those of the client are taken.",
            self.refused_streams.get(),
        );
    }
}

fn increment(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}
