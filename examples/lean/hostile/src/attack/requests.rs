//! Attacks by requests, by open streams, and by answers to the victim's requests.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::io::AsyncWriteExt;
use tokio::time::sleep;
use wire::request::{Request, RequestKind, SlotRange, encode_request};
use wire::response::write_chunk;
use wire::status::Status;

use crate::attack::Scene;
use crate::chain_view::ChainView;
use crate::dice::Dice;
use crate::forge::Forge;
use crate::gossip_pipe::GossipPipe;
use crate::link::{Link, Manner};
use crate::pace::Pace;
use crate::request::ask;

/// A function that creates the next request.
pub(super) type Ask = fn(&mut Dice, &ChainView) -> (RequestKind, Vec<u8>);

/// Streams held open by one identity at most.
const HELD: usize = 128;

/// The time for holding streams, and for the effect of a false status.
const HOLDING: Duration = Duration::from_secs(5);

/// The distance of a false head.
const FAR: u64 = 100_000;

/// Sends requests one after the other, and reads the answers.
pub(super) async fn flood(scene: &Scene, number: usize, make: Ask) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut dice = Dice::new(number);
    let mut pace = Pace::new(scene.rate);
    while !link.is_closed() {
        pace.step().await;
        let (kind, bytes) = make(&mut dice, &scene.view());
        scene.tally.sent.add(1);
        scene.tally.bytes_sent.add(bytes.len() as u64);
        // A refused request is followed by the next one.
        if let Ok(answer) = ask(&link, kind.protocol(), &bytes).await {
            scene.tally.bytes_answered.add(answer.len() as u64);
        }
    }
    Ok(())
}

/// Requests whole ranges and reads nothing of the answers.
pub(super) async fn slow_reader(scene: &Scene, number: usize) -> io::Result<()> {
    hold_streams(scene, number, |scene| {
        let (kind, bytes) = range(&mut Dice::new(0), &scene.view());
        (kind.protocol(), bytes, true)
    })
    .await
}

/// Begins requests and never ends them.
pub(super) async fn half_open(scene: &Scene, number: usize) -> io::Result<()> {
    hold_streams(scene, number, |scene| {
        let (kind, mut bytes) = range(&mut Dice::new(0), &scene.view());
        bytes.truncate(bytes.len() / 2);
        (kind.protocol(), bytes, false)
    })
    .await
}

async fn hold_streams(
    scene: &Scene,
    number: usize,
    make: fn(&Scene) -> (&'static str, Vec<u8>, bool),
) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pace = Pace::new(scene.rate);
    let mut held = Vec::new();
    while held.len() < HELD && !link.is_closed() {
        pace.step().await;
        let (protocol, bytes, is_whole) = make(scene);
        let Ok(mut stream) = link.open_with(protocol).await else { break };
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        if is_whole {
            stream.close().await?;
        }
        scene.tally.sent.add(1);
        held.push(stream);
    }
    sleep(HOLDING).await;
    Ok(())
}

/// Opens streams without any bytes, as many as the victim permits, and opens them again.
pub(super) async fn silent_streams(scene: &Scene, number: usize) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pace = Pace::new(scene.rate);
    let mut held = std::collections::VecDeque::new();
    while !link.is_closed() {
        pace.step().await;
        if held.len() >= HELD {
            held.pop_front();
        }
        let Ok(stream) = link.open().await else {
            held.clear();
            continue;
        };
        scene.tally.sent.add(1);
        held.push_back(stream);
    }
    Ok(())
}

/// Announces a head far ahead, and treats the requests that follow in this manner.
pub(super) async fn false_status(scene: &Scene, number: usize, manner: Manner) -> io::Result<()> {
    let link = Link::dial(scene.target(number), manner, &scene.tally).await?;
    let _pipe = GossipPipe::open(&link).await?;
    let mut dice = Dice::new(number);
    let mut pace = Pace::new(scene.rate);
    while !link.is_closed() {
        pace.step().await;
        let (kind, bytes) = false_head(&mut dice, &scene.view());
        scene.tally.sent.add(1);
        // A refused status is followed by the next one.
        let _ = ask(&link, kind.protocol(), &bytes).await;
    }
    Ok(())
}

/// Returns answers of a well-formed block that belongs to nothing.
pub(super) fn wrong_answer(scene: &Scene, number: usize) -> Manner {
    let (_, ssz) = Forge::new(number).orphan_block(&scene.view());
    let mut bytes = Vec::new();
    // A block is smaller than the largest chunk.
    let _ = write_chunk(Ok(&ssz), &mut bytes);
    Manner::Answers(bytes.into())
}

/// Returns answers with a chunk that never ends.
pub(super) fn unfinished_answer(_: &Scene, _: usize) -> Manner {
    // The code of a success, the length of the longest payload, and nothing but the header of
    // snappy frames and padding after it.
    let mut bytes = vec![0, 0x80, 0x80, 0x80, 0x05];
    bytes.extend_from_slice(b"\xff\x06\x00\x00sNaPpY");
    Manner::Drips(Arc::from(bytes))
}

/// The status of a peer with an invented chain.
pub(super) fn false_head(dice: &mut Dice, view: &ChainView) -> (RequestKind, Vec<u8>) {
    let head_slot = view.current_slot() + dice.below(FAR as usize) as u64;
    // Half of the peers claim another finalized block, half of them the victim's own one.
    let is_other = dice.below(2) == 0;
    let finalized_root = if is_other { dice.root() } else { *view.finalized.root.as_bytes() };
    encoded(&Request::Status(Status {
        finalized_root,
        finalized_slot: view.finalized.slot,
        head_root: dice.root(),
        head_slot,
    }))
}

/// The status of a peer that is as far as the victim.
pub(super) fn status(_: &mut Dice, view: &ChainView) -> (RequestKind, Vec<u8>) {
    encoded(&Request::Status(Status {
        finalized_root: *view.finalized.root.as_bytes(),
        finalized_slot: view.finalized.slot,
        head_root: *view.head.root.as_bytes(),
        head_slot: view.head.slot,
    }))
}

/// The largest range below the head.
pub(super) fn range(_: &mut Dice, view: &ChainView) -> (RequestKind, Vec<u8>) {
    let count = view.head.slot.clamp(1, wire::MAX_REQUEST_BLOCKS as u64);
    encoded(&Request::BlocksByRange(SlotRange { start_slot: 1, count }))
}

/// As many known roots as a request can have.
pub(super) fn roots(_: &mut Dice, view: &ChainView) -> (RequestKind, Vec<u8>) {
    let known: Vec<_> = view.blocks.iter().map(|block| *block.root.as_bytes()).collect();
    let roots = known.into_iter().cycle().take(wire::MAX_REQUEST_BLOCKS).collect();
    encoded(&Request::BlocksByRoot(roots))
}

/// As many unknown roots as a request can have.
pub(super) fn unknown_roots(dice: &mut Dice, _: &ChainView) -> (RequestKind, Vec<u8>) {
    let roots = (0..wire::MAX_REQUEST_BLOCKS).map(|_| dice.root()).collect();
    encoded(&Request::BlocksByRoot(roots))
}

/// Bytes that are no request.
pub(super) fn malformed(dice: &mut Dice, _: &ChainView) -> (RequestKind, Vec<u8>) {
    (RequestKind::ALL[dice.below(3)], dice.bytes(64))
}

fn encoded(request: &Request) -> (RequestKind, Vec<u8>) {
    (request.kind(), encode_request(request).unwrap_or_default())
}
