//! Panics and blocked threads on request, for tests. No build of the program has this module
//! unless the feature `faults` is on, and only the tests turn it on.
//!
//! The environment variable `LEAN_NODE_FAULT_FILE` names a file. A part panics at each message
//! while the file contains the part's name. With ` once` after the name, it panics at the next
//! message, and removes the file. With ` stuck` after the name, it blocks its thread at the next
//! message, until the file has other contents.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use actor_lanes::actor::Batch;
use actor_lanes::{Actor, Context, ExitReason};
use network::{
    BlocksReply, BlocksResponse, GossipMessage, Inbound, PeerId, Refused, SlotRange, Status,
};

static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Panics if a test has asked this part to.
pub(crate) fn strike(part: &str) {
    let file = FILE.get_or_init(|| std::env::var_os("LEAN_NODE_FAULT_FILE").map(PathBuf::from));
    let Some(file) = file else { return };
    let asked = asked_when_free(file, part);
    let is_once = asked.strip_suffix(" once") == Some(part);
    if is_once {
        fs::remove_file(file).expect("one part is asked to panic");
    }
    if is_once || asked == part {
        panic!("a test asked for this\nand for a second line");
    }
}

/// Returns the contents of the file. Blocks the thread while they ask for that.
fn asked_when_free(file: &Path, part: &str) -> String {
    loop {
        let asked = fs::read_to_string(file).unwrap_or_default();
        if asked.strip_suffix(" stuck") != Some(part) {
            return asked;
        }
        #[expect(clippy::disallowed_methods, reason = "the thread is to be blocked")]
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the maker of an actor that panics on request.
pub(crate) fn faulty<A>(
    part: &str,
    mut make: impl FnMut() -> A + Send + 'static,
) -> impl FnMut() -> Faulty<A> + Send + 'static {
    let part = part.to_owned();
    move || Faulty::new(&part, make())
}

/// As [`faulty`], for a maker that makes one actor.
pub(crate) fn faulty_once<A>(
    part: &str,
    make: impl FnOnce() -> A + Send + 'static,
) -> impl FnOnce() -> Faulty<A> + Send + 'static {
    let part = part.to_owned();
    move || Faulty::new(&part, make())
}

/// An actor, or the receiver of the network's events, that panics on request.
pub(crate) struct Faulty<T> {
    inner: T,
    part: String,
}

impl<T> Faulty<T> {
    pub(crate) fn new(part: &str, inner: T) -> Self {
        Self { inner, part: part.to_owned() }
    }
}

impl<A: Actor> Actor for Faulty<A> {
    type Message = A::Message;

    async fn started(&mut self, cx: &mut Context<A::Message>) {
        self.inner.started(cx).await;
    }

    async fn handle(&mut self, message: A::Message, cx: &mut Context<A::Message>) {
        strike(&self.part);
        self.inner.handle(message, cx).await;
    }

    async fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, A::Message>,
        cx: &mut Context<A::Message>,
    ) {
        strike(&self.part);
        self.inner.handle_batch(batch, cx).await;
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        self.inner.stopped(reason).await;
    }
}

impl<I: Inbound> Inbound for Faulty<I> {
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused> {
        strike(&self.part);
        self.inner.gossip(message)
    }

    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused> {
        self.inner.blocks(response)
    }

    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused> {
        self.inner.status(peer, status)
    }

    fn peer_connected(&self, peer: PeerId, is_configured: bool) -> Result<(), Refused> {
        self.inner.peer_connected(peer, is_configured)
    }

    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused> {
        self.inner.peer_disconnected(peer)
    }

    fn serve_blocks(
        &self,
        peer: PeerId,
        roots: Vec<[u8; 32]>,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.inner.serve_blocks(peer, roots, reply)
    }

    fn serve_range(
        &self,
        peer: PeerId,
        range: SlotRange,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.inner.serve_range(peer, range, reply)
    }

    fn our_status(&self) -> Status {
        self.inner.our_status()
    }
}
