//! Two relays on a thread of their own.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use libp2p::PeerId;
use tokio::sync::oneshot;

use crate::relay::Relay;

/// The number of relays.
const RELAYS: usize = 2;

/// Running relays. Dropping them ends their thread.
#[derive(Debug)]
pub(super) struct Relays {
    pub(super) addresses: Vec<(SocketAddr, PeerId)>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Relays {
    /// Starts the relays, and waits until they listen.
    pub(super) fn start() -> io::Result<Self> {
        let (listening, addresses) = mpsc::sync_channel(RELAYS);
        let (stop, stopped) = oneshot::channel();
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("relays".to_owned()).spawn(move || {
            reactor.block_on(async {
                for _ in 0..RELAYS {
                    let relay = Relay::listen().await?;
                    // The starter waits for all of them.
                    let _ = listening.send((relay.address(), relay.peer_id()));
                    tokio::spawn(relay.run());
                }
                drop(listening);
                // A dropped sender means the same as a message.
                let _ = stopped.await;
                Ok(())
            })
        })?;
        let addresses: Vec<_> = addresses.iter().collect();
        if addresses.len() < RELAYS {
            return Err(io::Error::other("the relays do not listen"));
        }
        Ok(Self { addresses, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The failure of a relay is visible in the measurement already.
            let _ = thread.join();
        }
    }
}
