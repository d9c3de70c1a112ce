//! The places for connections with peers.

use crate::api::ApiSources;
use crate::api::exposition::Exposition;
use crate::api::exposition::Kind::{Counter, Gauge};

/// Writes the places for connections with peers.
pub(super) fn write(page: &mut Exposition, sources: &ApiSources) {
    let network = &sources.network;
    for (name, help, gauge) in [
        ("network_configured_peers", "Configured addresses.", &network.configured_total),
        (
            "network_configured_peers_connected",
            "Configured addresses whose peer is connected.",
            &network.configured_connected,
        ),
    ] {
        page.figure(name, Gauge, help, gauge.get());
    }
    page.metric("network_stranger_connections", Gauge, "Connections of strangers, by direction.")
        .with(&[("direction", "inbound")], network.strangers_inbound.get())
        .with(&[("direction", "outbound")], network.strangers_outbound.get());
    page.figure(
        "network_strangers_replaced_total",
        Counter,
        "Strangers' connections closed for strangers from smaller address ranges.",
        network.strangers_replaced.get(),
    );
    let mut refused = page.metric(
        "network_places_refused_total",
        Counter,
        "Connections and handshakes refused, by reason.",
    );
    for (reason, count) in network.refused_places.by_reason() {
        refused = refused.with(&[("reason", reason)], count);
    }
}
