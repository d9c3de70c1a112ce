//! A test: an actor warns another one if an hour passes without a beat. No hour passes.

use std::time::Duration;

use kameo::prelude::*;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const HOUR: Duration = Duration::from_secs(3600);

struct Warn;

/// Stands for the receiver of the warnings, in this test.
#[derive(Actor)]
struct Probe(mpsc::Sender<()>);

impl Message<Warn> for Probe {
    type Reply = ();

    async fn handle(&mut self, _warn: Warn, _ctx: &mut Context<Self, Self::Reply>) {
        self.0.send(()).await.expect("the test receives");
    }
}

#[derive(Actor)]
struct Watch(Recipient<Warn>, Option<JoinHandle<()>>);

struct Beat;

impl Message<Beat> for Watch {
    type Reply = ();

    async fn handle(&mut self, _beat: Beat, _ctx: &mut Context<Self, Self::Reply>) {
        if let Some(timer) = self.1.take() {
            timer.abort();
        }
        let receiver = self.0.clone();
        self.1 = Some(tokio::spawn(async move {
            tokio::time::sleep(HOUR).await;
            drop(receiver.tell(Warn).await);
        }));
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (sender, mut warnings) = mpsc::channel(16);
    let probe = Probe::spawn(Probe(sender));
    let watch = Watch::spawn(Watch(probe.recipient(), None));
    watch.ask(Beat).await?;
    tokio::time::sleep(HOUR / 2).await;
    watch.ask(Beat).await?;
    tokio::time::sleep(HOUR - Duration::from_secs(1)).await;
    assert!(warnings.try_recv().is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(warnings.try_recv().is_ok());
    Ok(())
}
