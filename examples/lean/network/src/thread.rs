//! The start and the end of the network thread.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use actor_lanes::Mailbox;
use actor_lanes::view::{self, Publisher, View};
use futures::{Stream, future::poll_fn};
use libp2p::{Multiaddr, PeerId, Swarm, swarm::SwarmEvent};

use crate::{
    Command, Inbound, NetworkConfig, NetworkCounters, NetworkFront, PeerTable, ThreadEnd,
    behaviour::Behaviour, event_loop::EventLoop, front, gossip::Topics, swarm,
};

/// A running network thread. Dropping it asks the thread to end; [`Network::stop`] also waits for
/// the end.
pub struct Network {
    local_peer_id: PeerId,
    listen_address: Multiaddr,
    front: NetworkFront,
    counters: Arc<NetworkCounters>,
    peers: View<PeerTable>,
    /// Disconnected when the thread has finished its work; no value is ever sent.
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
    end: ThreadEnd,
}

impl Network {
    /// Starts the thread and returns once it listens.
    ///
    /// Blocks while the thread binds its socket.
    ///
    /// # Errors
    ///
    /// Returns [`NetworkError`]; [`NetworkError::Listen`] if the port is taken. No thread remains
    /// after an error.
    pub fn start<I: Inbound>(config: NetworkConfig, inbound: I) -> Result<Self, NetworkError> {
        let local_peer_id = config.host_key.peer_id();
        let counters = Arc::new(NetworkCounters::default());
        let (front, commands) = front::command_mailbox();
        let (publisher, peers) = view::publisher(PeerTable::default());
        let (listening, started) = mpsc::sync_channel(1);
        let (ending, ended) = mpsc::sync_channel(0);
        let thread_counters = Arc::clone(&counters);
        let (thread, end) = ThreadEnd::start("network", move || {
            let _ending: mpsc::SyncSender<()> = ending;
            run(&config, inbound, thread_counters, commands, publisher, &listening);
        })
        .map_err(NetworkError::Thread)?;
        // The thread sends its result unless it panics.
        let listen_address = started.recv().unwrap_or(Err(NetworkError::Panicked))?;
        let thread = Some(thread);
        Ok(Self { local_peer_id, listen_address, front, counters, peers, ended, thread, end })
    }

    /// Returns the end of the thread, to wait for it.
    #[must_use]
    pub fn end(&self) -> ThreadEnd {
        self.end.clone()
    }

    /// Returns this node's identity.
    #[must_use]
    pub fn local_peer_id(&self) -> PeerId {
        self.local_peer_id
    }

    /// Returns the address listened on, without the peer id. The actual port replaces port 0.
    #[must_use]
    pub fn listen_address(&self) -> &Multiaddr {
        &self.listen_address
    }

    /// Returns a handle for commands to the thread.
    #[must_use]
    pub fn front(&self) -> NetworkFront {
        self.front.clone()
    }

    /// Returns the thread's counters.
    #[must_use]
    pub fn counters(&self) -> Arc<NetworkCounters> {
        Arc::clone(&self.counters)
    }

    /// Returns a view of the connected peers and the bans. About once a second the thread publishes
    /// a change.
    #[must_use]
    pub fn peers(&self) -> View<PeerTable> {
        self.peers.clone()
    }

    /// Returns whether the thread is still running. Before [`Network::stop`], only a panic ends it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the thread: refuses further commands, carries out the waiting ones, and closes all
    /// connections.
    ///
    /// Blocks for at most `timeout`. About a second is enough if peers respond.
    ///
    /// # Errors
    ///
    /// Returns [`StopError::Timeout`] if the thread still runs; it then ends by itself. Returns
    /// [`StopError::Panicked`] if it has panicked, now or earlier.
    pub fn stop(mut self, timeout: Duration) -> Result<(), StopError> {
        self.front.end();
        if self.ended.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
            return Err(StopError::Timeout);
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(StopError::Panicked),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.front.end();
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("local_peer_id", &self.local_peer_id)
            .field("listen_address", &self.listen_address)
            .finish_non_exhaustive()
    }
}

/// The reason why the network thread did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The operating system did not create the thread.
    #[error("cannot start the network thread: {0}")]
    Thread(#[source] io::Error),
    /// The thread's reactor could not be created.
    #[error("cannot start the network thread's reactor: {0}")]
    Reactor(#[source] io::Error),
    /// The configured values contradict each other.
    #[error("the network configuration is wrong: {0}")]
    Config(String),
    /// The address cannot be listened on, most often because its port is taken.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address asked for.
        address: Multiaddr,
        /// The operating system's error.
        reason: String,
    },
    /// The thread panicked.
    #[error("the network thread panicked")]
    Panicked,
}

/// The reason why the network thread did not stop normally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// The thread was still running at the end of the timeout.
    #[error("the network thread did not end in time")]
    Timeout,
    /// The thread panicked.
    #[error("the network thread panicked")]
    Panicked,
}

type Listening = mpsc::SyncSender<Result<Multiaddr, NetworkError>>;

/// Runs the thread from start to end.
fn run<I: Inbound>(
    config: &NetworkConfig,
    inbound: I,
    counters: Arc<NetworkCounters>,
    commands: Mailbox<Command>,
    peers: Publisher<PeerTable>,
    listening: &Listening,
) {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(NetworkError::Reactor);
    let told = match result {
        Err(error) => listening.send(Err(error)),
        Ok(reactor) => reactor.block_on(async {
            let topics = Arc::new(Topics::new(config));
            let (swarm, address) = match listen(config, &topics, &counters).await {
                Ok(listening) => listening,
                Err(error) => return listening.send(Err(error)),
            };
            let event_loop =
                EventLoop::new(config, swarm, inbound, counters, topics, commands, peers);
            listening.send(Ok(address))?;
            Box::pin(event_loop.run()).await;
            Ok(())
        }),
    };
    // The send fails only if the starting thread has panicked. No caller then needs this thread.
    if told.is_err() {
        tracing::error!("the network was started by nobody");
    }
}

/// Creates the swarm and waits until it listens.
async fn listen(
    config: &NetworkConfig,
    topics: &Arc<Topics>,
    counters: &Arc<NetworkCounters>,
) -> Result<(Swarm<Behaviour>, Multiaddr), NetworkError> {
    let failed = |reason: String| NetworkError::Listen { address: config.listen.clone(), reason };
    let behaviour = Behaviour::new(config, topics, counters).map_err(NetworkError::Config)?;
    let mut swarm = swarm::swarm(config, behaviour);
    swarm.listen_on(config.listen.clone()).map_err(|error| failed(innermost(&error)))?;
    loop {
        match poll_fn(|cx| Pin::new(&mut swarm).poll_next(cx)).await {
            Some(SwarmEvent::NewListenAddr { address, .. }) => return Ok((swarm, address)),
            Some(SwarmEvent::ListenerClosed { reason, .. }) => {
                return Err(failed(format!("{reason:?}")));
            }
            Some(SwarmEvent::ListenerError { error, .. }) => return Err(failed(innermost(&error))),
            Some(_) => {}
            None => return Err(failed("the swarm ended".to_owned())),
        }
    }
}

/// Returns the message of the innermost error, because the transport's wrapping errors add no
/// information.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
