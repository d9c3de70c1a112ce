//! The attacks: a table, and their execution.

mod content;
mod equivocation;
mod frames;
mod places;
mod requests;
mod sockets;
mod table;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::chain_view::{ChainView, follow};
use crate::tally::Tally;
use crate::target::{HttpTarget, Target};

pub use table::{ATTACKS, Attack, Setting};

/// The most identities of an attack.
pub const MOST_IDENTITIES: usize = 4096;

/// The longest attack.
pub const LONGEST: Duration = Duration::from_secs(600);

/// The wait before the next identity of a task connects.
const PAUSE: Duration = Duration::from_millis(50);

/// The time for the last connections to close.
const CLOSING: Duration = Duration::from_millis(300);

/// The victims and the bounds of an attack.
#[derive(Clone, Debug)]
pub struct Order {
    /// The peers to attack. Identities are assigned in turn.
    pub targets: Vec<Target>,
    /// The HTTP APIs of the victims, to learn the chain from the first one.
    pub apis: Vec<HttpTarget>,
    /// The duration of an interval of the chain.
    pub interval: Duration,
    /// The duration of the attack, at most [`LONGEST`].
    pub duration: Duration,
    /// The number of identities, if it differs from the table.
    pub identities: Option<usize>,
    /// The messages a second of each identity, if it differs from the table.
    pub rate: Option<u32>,
}

/// The reason why an attack did not take place.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    /// There is no victim.
    #[error("name at least one target, and the address of its HTTP API")]
    NoTarget,
    /// The number of identities or the duration is too large.
    #[error("at most {MOST_IDENTITIES} identities and {} s", LONGEST.as_secs())]
    TooLarge,
    /// The chain could not be learned.
    #[error("cannot learn the chain from the HTTP API: {0}")]
    Chain(#[from] io::Error),
}

/// The common part of all identities of a running attack.
#[derive(Clone, Debug)]
struct Scene {
    attack: &'static Attack,
    targets: Arc<[Target]>,
    apis: Arc<[HttpTarget]>,
    rate: u32,
    views: watch::Receiver<Arc<ChainView>>,
    tally: Arc<Tally>,
}

impl Scene {
    /// Returns the victim of an identity.
    fn target(&self, number: usize) -> &Target {
        &self.targets[number % self.targets.len()]
    }

    /// Returns the present chain.
    fn view(&self) -> Arc<ChainView> {
        Arc::clone(&self.views.borrow())
    }
}

/// Runs an attack to its end. It ends by itself after its duration.
///
/// # Errors
///
/// Returns [`AttackError`] if the attack did not begin.
pub async fn run(
    attack: &'static Attack,
    order: &Order,
    tally: &Arc<Tally>,
) -> Result<(), AttackError> {
    let identities = order.identities.unwrap_or(attack.identities);
    if identities > MOST_IDENTITIES || order.duration > LONGEST {
        return Err(AttackError::TooLarge);
    }
    let (Some(api), false) = (order.apis.first(), order.targets.is_empty()) else {
        return Err(AttackError::NoTarget);
    };
    let view = ChainView::learn(*api, order.interval).await?;
    let (views, watched) = watch::channel(Arc::new(view));
    let scene = Scene {
        attack,
        targets: order.targets.clone().into(),
        apis: order.apis.clone().into(),
        rate: order.rate.unwrap_or(attack.rate),
        views: watched,
        tally: Arc::clone(tally),
    };
    let end = Instant::now() + order.duration;
    let mut tasks = JoinSet::new();
    tasks.spawn(follow(*api, views));
    for number in 0..identities {
        tasks.spawn(identity(scene.clone(), number));
    }
    sleep_until(end).await;
    tasks.shutdown().await;
    // The connections close in tasks of their own, with a closing frame to the victim.
    sleep(CLOSING).await;
    Ok(())
}

/// One task: a sequence of identities, each of them until the victim refuses it.
async fn identity(scene: Scene, number: usize) {
    // Not all handshakes at the same moment: the victim permits a limited number of them.
    sleep(Duration::from_millis(number as u64 * 3)).await;
    loop {
        // A failure is part of the attack: the next identity follows.
        let _ = (scene.attack.act)(&scene, number).await;
        sleep(PAUSE).await;
    }
}
