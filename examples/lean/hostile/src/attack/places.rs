//! Attacks by connections alone.

use std::io;

use crate::attack::Scene;
use crate::gossip_pipe::GossipPipe;
use crate::link::{Link, Manner};
use crate::pace::Pace;

/// Connects, behaves well, and stays: one place at every victim is taken for each identity.
pub(super) async fn take(scene: &Scene, number: usize) -> io::Result<()> {
    let mut link = Link::dial(scene.target(number), Manner::Silent, &scene.tally).await?;
    let _pipe = GossipPipe::open(&link).await?;
    link.closed().await;
    Ok(())
}

/// Connects and takes no part: no stream is opened or accepted, and nothing is read.
pub(super) async fn take_in_silence(scene: &Scene, number: usize) -> io::Result<()> {
    let mut link = Link::dial(scene.target(number), Manner::Deaf, &scene.tally).await?;
    link.closed().await;
    Ok(())
}

/// Connects and closes the connection at once, again and again.
pub(super) async fn handshakes(scene: &Scene, number: usize) -> io::Result<()> {
    let mut pace = Pace::new(scene.rate);
    loop {
        pace.step().await;
        scene.tally.sent.add(1);
        // A refused handshake is followed by the next one.
        drop(Link::dial(scene.target(number), Manner::Deaf, &scene.tally).await);
    }
}
