//! Why a command failed, and the exit code that says so.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::command::VectorsError;
use contention::ContentionError;
use devnet::{DevnetError, PlanError, Problem};
use lean_node::config::ConfigError;
use lean_node::exit_code::{FAILURE, INTERRUPTED, PORT_TAKEN, USAGE};
use lean_node::lean_files::LeanFilesError;
use lean_node::node::StartError;
use lean_node::runtime::NoSuchRuntime;

/// Says why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing says which files to write.
    #[error("say what to write: --dir DIR for this program, or --lean DIR for any lean client")]
    NoForm,
    /// Records of lean nodes name IPv4 addresses only.
    #[error("a genesis folder names IPv4 addresses only, and {0} is none: choose another with --address")]
    OnlyIpv4(IpAddr),
    /// Nothing says which files to run from.
    #[error("name the node's files: --config FILE, or --genesis DIR --node-id NAME")]
    NoFiles,
    /// The genesis folder is not usable, or could not be written.
    #[error(transparent)]
    LeanFiles(#[from] LeanFilesError),
    /// The runtime that was asked for was not compiled in.
    #[error(transparent)]
    Runtime(#[from] NoSuchRuntime),
    /// The files of a network could not be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The keys run out before the goal can be reached.
    #[error(
        "slot {goal} cannot be finalized with keys for {key_slots} slots: choose a lower goal, or longer keys with \
         --scheme long and --key-slots"
    )]
    GoalBeyondKeys {
        /// The slot that was to be finalized.
        goal: u64,
        /// How many slots the keys can sign in.
        key_slots: u64,
    },
    /// Another program listens where the node should.
    #[error("UDP port {} of {} is in use: stop the program that uses it, or change `listen` in the configuration file", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The node cannot listen where it should, for another reason.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where it should listen.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// Another program listens where the node should serve its HTTP API.
    #[error(
        "TCP port {} of {} is in use: stop the program that uses it, or serve the HTTP API elsewhere or not at all with \
         --http-address ADDRESS:PORT or --http-address off", .0.port(), .0.ip()
    )]
    HttpPortTaken(SocketAddr),
    /// The node did not start.
    #[error("the node did not start: {0}")]
    Start(#[from] StartError),
    /// The node stopped, but not in order.
    #[error("the node did not stop in order: {}", .0.join("; "))]
    Stop(Vec<String>),
    /// The devnet failed.
    #[error(transparent)]
    Devnet(#[from] DevnetError),
    /// Contention was not measured, or the measurement is worth nothing.
    #[error(transparent)]
    Contention(#[from] ContentionError),
    /// Test vectors were not run, or do not hold.
    #[error(transparent)]
    Vectors(#[from] VectorsError),
    /// The operating system refused something.
    #[error("cannot {doing}: {error}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the operating system said.
        error: io::Error,
    },
    /// A signal handler could not be set.
    #[error("cannot handle signals: {0}")]
    Signals(#[from] ctrlc::Error),
}

impl CommandError {
    /// Returns the exit code that tells scripts what kind of failure it was.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::NoFiles
            | Self::OnlyIpv4(_)
            | Self::NoForm
            | Self::LeanFiles(_)
            | Self::Runtime(_)
            | Self::Plan(_)
            | Self::GoalBeyondKeys { .. } => USAGE,
            Self::Contention(ContentionError::TooLong { .. } | ContentionError::TooShort { .. }) => USAGE,
            Self::Vectors(VectorsError::Load(_) | VectorsError::None(..)) => USAGE,
            Self::PortTaken(_) | Self::HttpPortTaken(_) => PORT_TAKEN,
            Self::Devnet(error) => match *error.problem {
                Problem::Plan(_) => USAGE,
                Problem::Interrupted => INTERRUPTED,
                Problem::System { .. }
                | Problem::Died { .. }
                | Problem::Unreadable { .. }
                | Problem::Disagreement(_)
                | Problem::TooLate { .. }
                | Problem::Stop(_) => FAILURE,
            },
            Self::Contention(_)
            | Self::Vectors(_)
            | Self::Listen { .. }
            | Self::Start(_)
            | Self::Stop(_)
            | Self::System { .. }
            | Self::Signals(_) => FAILURE,
        }
    }
}
