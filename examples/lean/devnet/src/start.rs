//! Starts a devnet: first the keys, then ports, files and processes.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::deadline::timed;
use crate::event::{Events, Interrupter};
use crate::folder::{Folder, remove_leftovers};
use crate::network_plan::{Identities, NetworkPlan};
use crate::ports::free_udp_addresses;
use crate::{Condition, Devnet, DevnetError, DevnetOptions, Problem};
use lean_node::exit_code::PORT_TAKEN;

/// The maximum number of attempts. A port can be taken by another program between finding it free
/// and using it.
const ATTEMPTS: u32 = 5;

/// The time limit for the nodes to listen, in addition to the time for their keys.
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// The time between the start of the nodes and slot 0, in addition to the time for their keys.
const CONNECT_ALLOWANCE: Duration = Duration::from_secs(3);

/// A devnet with its keys, before any process is started.
#[derive(Debug)]
pub struct Prepared {
    options: DevnetOptions,
    events: Events,
    identities: Identities,
    /// The time it took to generate the keys. All nodes together generate them once more, on the
    /// same CPU cores.
    key_time: Duration,
}

impl Prepared {
    /// Generates the keys of all validators, on all CPU cores.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when the options are invalid.
    pub fn new(options: DevnetOptions) -> Result<Self, DevnetError> {
        let (identities, key_time) = timed(|| {
            Identities::generate(
                options.nodes,
                options.validators,
                options.scheme,
                options.key_slots,
            )
        });
        Ok(Self { options, events: Events::new(), identities: identities?, key_time })
    }

    /// Returns a handle to interrupt the start of the devnet or a wait for it.
    pub fn interrupter(&self) -> Interrupter {
        self.events.interrupter()
    }

    /// Returns the time from the start to slot 0, within a second.
    pub fn until_slot_0(&self) -> Duration {
        until_slot_0(self.key_time)
    }

    /// Starts the nodes and waits until all of them listen. If a node finds its port taken, all
    /// nodes are started again with other ports, because each node has the addresses of the others
    /// in its configuration.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when a node does not start in time, or when ports are taken in every
    /// attempt.
    pub fn start(self) -> Result<Devnet, DevnetError> {
        let Self { options, events, identities, key_time } = self;
        let patience = READY_PATIENCE + key_time * 3;
        let is_ready =
            |devnet: &Devnet| devnet.views().all(|view| view.condition != Condition::Starting);
        for leftover in remove_leftovers() {
            tracing::info!(folder = %leftover.display(), "removed the files of a killed devnet");
        }
        let files = write_files(&options, &identities, key_time)?;
        let mut devnet = Devnet::launch_all(options.clone(), events, files)?;
        for attempt in 1.. {
            match devnet.wait_until("the nodes did not all listen", patience, is_ready) {
                Err(error) if attempt < ATTEMPTS && is_lost_race(&error.problem) => {
                    tracing::warn!(
                        attempt,
                        "a port was taken before a node could listen on it; trying others"
                    );
                    devnet.relaunch_all(write_files(&options, &identities, key_time)?)?;
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        Ok(devnet)
    }
}

/// The files of a network: a directory and the path of each node's configuration in it.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) directory: Folder,
    pub(super) configs: Vec<PathBuf>,
}

fn write_files(
    options: &DevnetOptions,
    identities: &Identities,
    key_time: Duration,
) -> Result<Files, DevnetError> {
    let mut directory =
        Folder::create().map_err(|error| system("make a temporary directory", error))?;
    if options.keep {
        // Also for the case that this process is killed.
        directory.keep();
    }
    let configs = plan(options, key_time)?.write(identities, directory.path())?;
    Ok(Files { directory, configs })
}

fn is_lost_race(problem: &Problem) -> bool {
    matches!(problem, Problem::Died { status, .. } if status.code() == Some(i32::from(PORT_TAKEN)))
}

fn plan(options: &DevnetOptions, key_time: Duration) -> Result<NetworkPlan, DevnetError> {
    let addresses =
        free_udp_addresses(options.nodes).map_err(|error| system("find free UDP ports", error))?;
    // Slot 0 begins at a full second: the next one after the allowance.
    #[expect(clippy::disallowed_methods, reason = "this program has no executor to ask")]
    let start = SystemTime::now() + until_slot_0(key_time);
    let since_1970 = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(NetworkPlan {
        genesis_time: since_1970.as_secs() + 1,
        interval_ms: options.interval_ms,
        runtime: options.runtime.clone(),
        addresses,
    })
}

fn until_slot_0(key_time: Duration) -> Duration {
    CONNECT_ALLOWANCE + key_time * 3 / 2
}

fn system(doing: &str, error: io::Error) -> DevnetError {
    DevnetError {
        problem: Box::new(Problem::System { doing: doing.to_owned(), error }),
        directory: None,
    }
}
