//! Attacks by frames of gossipsub: repeated, malformed, or without any use.

use std::io;

use wire::MAX_PAYLOAD_SIZE;
use wire::gossip_rpc::{Control, Graft, IHave, MessageIds, Prune};
use wire::topic::TopicKind;

use crate::attack::Scene;
use crate::dice::Dice;
use crate::gossip_pipe::{GossipPipe, TOPICS, control, framed, message, subscriptions, topic};
use crate::link::{Link, Manner};
use crate::pace::Pace;

/// A function that creates the frame with a number.
pub(super) type Frame = fn(&mut Dice, usize) -> Vec<u8>;

/// The frames created before an attack; they are sent in turn.
const DIFFERENT: usize = 64;

/// The ids in one frame.
const IDS: usize = 64;

/// Sends frames until the victim closes the connection.
pub(super) async fn flood(
    scene: &Scene,
    number: usize,
    different: usize,
    make: Frame,
) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pipe = GossipPipe::open(&link).await?;
    let mut dice = Dice::new(number);
    let frames: Vec<_> = (0..different).map(|place| make(&mut dice, place)).collect();
    let mut pace = Pace::new(scene.rate);
    for frame in frames.iter().cycle() {
        pace.step().await;
        pipe.send(frame).await?;
        scene.tally.sent.add(1);
        scene.tally.bytes_sent.add(frame.len() as u64);
        if link.is_closed() {
            break;
        }
    }
    Ok(())
}

/// Sends different frames in turn.
pub(super) async fn many(scene: &Scene, number: usize, make: Frame) -> io::Result<()> {
    flood(scene, number, DIFFERENT, make).await
}

/// Sends one frame again and again.
pub(super) async fn one(scene: &Scene, number: usize, make: Frame) -> io::Result<()> {
    flood(scene, number, 1, make).await
}

/// A small message that decompresses to the largest payload.
pub(super) fn bomb(_: &mut Dice, _: usize) -> Vec<u8> {
    let zeros = vec![0; MAX_PAYLOAD_SIZE];
    let compressed = snap::raw::Encoder::new().compress_vec(&zeros).unwrap_or_default();
    message(topic(TopicKind::Block), compressed)
}

/// A payload that is not snappy.
pub(super) fn not_snappy(dice: &mut Dice, _: usize) -> Vec<u8> {
    let mut bytes = dice.bytes(64);
    // A length of a few bytes, and an element that reads past the end.
    bytes[..2].copy_from_slice(&[0x40, 0xff]);
    message(topic(TopicKind::Block), bytes)
}

/// A payload that declares more bytes than any message has.
pub(super) fn too_large(dice: &mut Dice, _: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xff, 0xff, 0x7f];
    bytes.extend(dice.bytes(32));
    message(topic(TopicKind::Block), bytes)
}

/// A message on a topic that the network does not have.
pub(super) fn other_topic(dice: &mut Dice, place: usize) -> Vec<u8> {
    message(format!("/leanconsensus/12345678/topic_{place}/ssz_snappy"), dice.bytes(64))
}

/// A request for messages that nobody has.
pub(super) fn iwant(dice: &mut Dice, _: usize) -> Vec<u8> {
    control(Control { iwant: vec![ids(dice)], ..Control::default() })
}

/// An announcement of messages that nobody has.
pub(super) fn ihave(dice: &mut Dice, place: usize) -> Vec<u8> {
    let topic_id = Some(topic(TOPICS[place % TOPICS.len()]));
    let ihave = vec![IHave { topic_id, message_ids: ids(dice).message_ids }];
    control(Control { ihave, ..Control::default() })
}

/// A list of messages that this peer does not want.
pub(super) fn idontwant(dice: &mut Dice, _: usize) -> Vec<u8> {
    control(Control { idontwant: vec![ids(dice)], ..Control::default() })
}

/// A GRAFT of every topic, and a PRUNE of every topic after it.
pub(super) fn graft_prune(_: &mut Dice, place: usize) -> Vec<u8> {
    let topics = TOPICS.iter().map(|kind| Some(topic(*kind)));
    control(if place.is_multiple_of(2) {
        Control { graft: topics.map(|topic_id| Graft { topic_id }).collect(), ..Control::default() }
    } else {
        let prune = |topic_id| Prune { topic_id, backoff: Some(0) };
        Control { prune: topics.map(prune).collect(), ..Control::default() }
    })
}

/// A subscription to every topic and to others, and the opposite after it.
pub(super) fn subscribing(dice: &mut Dice, place: usize) -> Vec<u8> {
    let others = (0..8).map(|_| format!("/leanconsensus/12345678/{}/ssz_snappy", dice.roll()));
    let topics: Vec<_> = TOPICS.iter().map(|kind| topic(*kind)).chain(others).collect();
    subscriptions(place.is_multiple_of(2), topics.into_iter())
}

/// Bytes that are not protobuf.
pub(super) fn broken(dice: &mut Dice, _: usize) -> Vec<u8> {
    framed(&dice.bytes(256))
}

/// Frames without any content.
pub(super) fn empty(_: &mut Dice, _: usize) -> Vec<u8> {
    framed(&[])
}

fn ids(dice: &mut Dice) -> MessageIds {
    MessageIds { message_ids: (0..IDS).map(|_| dice.bytes(20)).collect() }
}
