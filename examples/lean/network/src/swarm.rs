//! The swarm: the QUIC transport and the protocols on top of it.

use std::{num::NonZeroUsize, time::Duration};

use libp2p::{Swarm, Transport, core::muxing::StreamMuxerBox, quic, swarm::Config};

use crate::{NetworkConfig, behaviour::Behaviour};

/// The lifetime of a connection without streams. It is long because peers may connect only to
/// listen.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);

/// QUIC closes a connection after this time without a packet, in milliseconds.
const SILENCE_TIMEOUT: u32 = 10_000;

/// The interval of QUIC's keep-alive packets. A restarted peer answers the first such packet with a
/// reset.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// The most open streams per peer, all protocols together.
const MAX_STREAMS: u32 = 64;

/// The most inbound streams per connection in protocol negotiation.
const MAX_NEGOTIATING: usize = 32;

/// The most queued events of a connection, and the most queued commands to it.
const CONNECTION_BUFFER: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not 0");

/// Creates the swarm. The caller must be inside the network thread's tokio runtime, and must drive
/// the swarm there.
pub(super) fn swarm(config: &NetworkConfig, behaviour: Behaviour) -> Swarm<Behaviour> {
    let mut parameters = quic::Config::new(config.host_key.keypair());
    parameters.handshake_timeout = config.dial_timeout;
    parameters.max_idle_timeout = SILENCE_TIMEOUT;
    parameters.keep_alive_interval = KEEP_ALIVE;
    parameters.max_concurrent_stream_limit = MAX_STREAMS;
    let transport = quic::tokio::Transport::new(parameters)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();
    let parameters = Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_TIMEOUT)
        .with_notify_handler_buffer_size(CONNECTION_BUFFER)
        .with_per_connection_event_buffer_size(CONNECTION_BUFFER.get())
        .with_max_negotiating_inbound_streams(MAX_NEGOTIATING);
    Swarm::new(transport, behaviour, config.host_key.peer_id(), parameters)
}
