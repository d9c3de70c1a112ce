//! Tests of the API over real connections: its answers, and its limits for hostile clients.

mod answers;
mod bounds;
#[cfg(unix)]
mod browser;
mod client;
mod condition;
mod event_crowds;
mod events;
mod fairness;
mod other_sites;
mod page;
#[cfg(unix)]
mod page_in_browser;
mod stream_client;

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::api::{Api, ApiSources, EventSources, Limits, Supervision};
use crate::runtime;
use actor_lanes::view::{self, View};
use chain::wall_clock::WallClock;
use chain::{Chain, Snapshot, Solitary};
use consensus::{SlotClock, Store, Validators, genesis};
use xmss::PublicKey;

/// The time limit for operations expected to finish immediately.
const ENOUGH: Duration = Duration::from_secs(20);

/// The address of the API in tests.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A chain's owner on a separate thread, and its API.
struct Served {
    owner: Solitary,
    api: Api,
}

/// A view without an owner.
fn unpublished() -> View<Snapshot> {
    view::publisher(Snapshot::default()).1
}

fn sources(chain: Chain, published: View<Snapshot>) -> ApiSources {
    ApiSources {
        name: "node-0".to_owned(),
        runtime: "none",
        clock: SlotClock::new(0),
        wall: WallClock::stopped::<0>(),
        started_at: 0,
        published,
        chain,
        watched: Vec::new(),
        network: Arc::default(),
        work: Arc::default(),
        gossip: Arc::default(),
        supervision: Supervision::default(),
        shown: EventSources::default(),
    }
}

fn store(validators: usize) -> Store {
    let key = PublicKey::new([1; PublicKey::LENGTH]);
    let registry =
        Validators::new((0..validators).map(|_| (key, key))).expect("a registry holds as many");
    let (state, block) = genesis(0, registry);
    Store::new(state, block, None).expect("genesis is its own anchor")
}

impl Served {
    fn start(limits: Limits) -> Self {
        let runtime = runtime::by_name(None).expect("tests have every runtime");
        let owner = Solitary::start(&runtime, store(4), false, WallClock::stopped::<0>())
            .expect("a thread starts");
        assert!(owner.has_begun(), "the owner publishes when it begins");
        let api =
            Api::start(ANY_PORT, sources(owner.chain.clone(), owner.published.clone()), limits);
        Self { owner, api: api.expect("a port is free") }
    }

    fn address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Blocks the owner's thread, like a handler with an endless loop, until the result is dropped.
    fn block_owner(&self) -> SyncSender<()> {
        let (is_busy, busy) = sync_channel(1);
        let (release, released) = sync_channel::<()>(0);
        let work = Box::new(move || {
            is_busy.send(()).expect("the test waits");
            let _ = released.recv();
            Box::pin(async {}) as Pin<Box<dyn Future<Output = ()>>>
        });
        self.owner.executor().spawn(work).expect("the executor runs");
        busy.recv_timeout(ENOUGH).expect("the thread comes to it");
        release
    }

    /// Waits until so many messages for the owner are accepted and not handled.
    fn wait_for_queued(&self, messages: u64) {
        let queued = || self.owner.chain.stats().iter().map(|lane| lane.depth).sum::<u64>();
        while queued() < messages {
            thread::yield_now();
        }
    }

    fn stop(self) {
        assert_eq!(self.api.stop(ENOUGH), None);
        assert!(self.owner.stop(), "the owner ends well");
    }
}
