//! The swarm: QUIC under the protocols.

use std::{num::NonZeroUsize, time::Duration};

use libp2p::{Swarm, Transport, core::muxing::StreamMuxerBox, quic, swarm::Config};

use crate::{NetworkConfig, behaviour::Behaviour};

/// How long a connection without streams stays open. Peers that only listen are welcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);

/// How long QUIC waits for any packet before it gives a connection up, in milliseconds.
const SILENCE_TIMEOUT: u32 = 10_000;

/// How often QUIC makes sure that a packet flows. A peer that was restarted answers the first one with a reset.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// How many streams one peer may have open at once, all protocols together.
const MAX_STREAMS: u32 = 64;

/// How many inbound streams of one connection may be negotiating their protocol at once.
const MAX_NEGOTIATING: usize = 32;

/// How many events of one connection, and commands to it, may wait.
const CONNECTION_BUFFER: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not 0");

/// Makes the swarm. It must be called and driven inside the network thread's tokio runtime.
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
