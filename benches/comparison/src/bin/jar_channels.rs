//! A jar of coins: four tasks put coins in, then the number is asked, then the end is awaited.

use tokio::sync::{mpsc, oneshot};

enum Jar {
    Put(u64),
    Count(oneshot::Sender<u64>),
}

async fn run(mut messages: mpsc::Receiver<Jar>) {
    let mut coins = 0;
    while let Some(message) = messages.recv().await {
        match message {
            Jar::Put(n) => coins += n,
            Jar::Count(reply) => drop(reply.send(coins)),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (jar, messages) = mpsc::channel(1024);
    let running = tokio::spawn(run(messages));
    let puts = [1, 2, 3, 4].map(|n| {
        let jar = jar.clone();
        tokio::spawn(async move { jar.send(Jar::Put(n)).await.is_ok() })
    });
    for put in puts {
        assert!(put.await?);
    }
    let (reply, answer) = oneshot::channel();
    jar.send(Jar::Count(reply)).await.map_err(|_| "the jar has ended")?;
    assert_eq!(answer.await?, 10);
    drop(jar);
    running.await?;
    Ok(())
}
