//! The errors of the commands, and their exit codes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::command::VectorsError;
use contention::ContentionError;
use devnet::{DevnetError, PlanError, Problem};
use keys::FileProblem;
use keys::signing_history::HistoryError;
use lean_node::checkpoint_sync::CheckpointError;
use lean_node::config::ConfigError;
use lean_node::exit_code::{FAILURE, INTERRUPTED, PORT_TAKEN, USAGE};
use lean_node::health::Failure;
use lean_node::lean_files::LeanFilesError;
use lean_node::node::StartError;
use lean_node::runtime::NoSuchRuntime;
use storage::StorageError;
use storage::chain_file::ChainFileError;
use watch::WatchError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The configuration is unusable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No option states the kind of files to write.
    #[error("say what to write: --dir DIR for this program, or --lean DIR for any lean client")]
    NoForm,
    /// The network address is not an IPv4 address. A genesis folder holds IPv4 addresses only.
    #[error(
        "a genesis folder names IPv4 addresses only, and {0} is none: choose another with --address"
    )]
    OnlyIpv4(IpAddr),
    /// Peers cannot dial the address of a new network's nodes.
    #[error("{address} {fault}: choose another address with --address and --first-port")]
    Undialable {
        /// The address.
        address: SocketAddr,
        /// The reason.
        fault: &'static str,
    },
    /// The folder of a new network has files.
    #[error(
        "{} has files already, and they are not overwritten: choose a new or an empty directory", .0.display()
    )]
    NotEmpty(PathBuf),
    /// The folder of a new network could not be written.
    #[error("cannot write into the directory {}: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// No option states the files to run from.
    #[error("name the node's files: --config FILE, or --genesis DIR --node-id NAME")]
    NoFiles,
    /// The genesis folder is unusable, or could not be written.
    #[error(transparent)]
    LeanFiles(#[from] LeanFilesError),
    /// The requested runtime was not compiled in.
    #[error(transparent)]
    Runtime(#[from] NoSuchRuntime),
    /// The files of a network could not be created.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The keys have too few slots to reach the goal.
    #[error(
        "slot {goal} cannot be finalized with keys for {key_slots} slots: choose a lower goal, or longer keys with \
         --scheme long and --key-slots"
    )]
    GoalBeyondKeys {
        /// The slot to finalize.
        goal: u64,
        /// The number of slots the keys can sign in.
        key_slots: u64,
    },
    /// A node to kill does not exist.
    #[error("there is no node {node} to kill: {nodes} nodes have the numbers 0 to {}", .nodes.saturating_sub(1))]
    NoNodeToKill {
        /// The number.
        node: usize,
        /// The number of nodes.
        nodes: usize,
    },
    /// The nodes would be killed after the goal.
    #[error(
        "--kill-at {at} must be below --until-finalized {goal}, so that the chain is seen to go on"
    )]
    KillAfterGoal {
        /// The slot of the kill.
        at: u64,
        /// The slot to finalize.
        goal: u64,
    },
    /// Another program uses the node's UDP port.
    #[error("UDP port {} of {} is in use: stop the program that uses it, or change `listen` in the configuration file", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The node cannot listen on its address, for another reason.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address of the node.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another program uses the TCP port of the node's HTTP API.
    #[error(
        "TCP port {} of {} is in use: stop the program that uses it, or serve the HTTP API elsewhere or not at all with \
         --http-address ADDRESS:PORT or --http-address off", .0.port(), .0.ip()
    )]
    HttpPortTaken(SocketAddr),
    /// The node would not start with its files.
    #[error("the node cannot run with these files: {0}")]
    Check(StartError),
    /// The node did not start.
    #[error("the node did not start: {0}")]
    Start(#[from] StartError),
    /// A part of the node ended abnormally.
    #[error("the node has stopped, because its part {} ended: {}", .0.part, .0.reason)]
    PartEnded(Failure),
    /// A failure reported already, with its exit code.
    #[error("exit code {0}")]
    Reported(u8),
    /// The signing history could not be exported.
    #[error("cannot write the signing history to {}: {error}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The node did not stop cleanly.
    #[error("the node did not stop in order: {}", .0.join("; "))]
    Stop(Vec<String>),
    /// The chain on disk cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A chain cannot be exported or imported.
    #[error(transparent)]
    ChainFile(#[from] ChainFileError),
    /// The devnet failed.
    #[error(transparent)]
    Devnet(#[from] DevnetError),
    /// Contention was not measured, or the measurement is invalid.
    #[error(transparent)]
    Contention(#[from] ContentionError),
    /// Test vectors were not run, or failed.
    #[error(transparent)]
    Vectors(#[from] VectorsError),
    /// A node could not be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// An operation of the operating system failed.
    #[error("cannot {doing}: {error}")]
    System {
        /// The operation.
        doing: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Manual pages could not be written.
    #[error("cannot write manual pages into {}: {error}", directory.display())]
    Pages {
        /// The directory.
        directory: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A signal handler could not be set.
    #[error("cannot handle signals: {0}")]
    Signals(#[from] ctrlc::Error),
}

impl CommandError {
    /// Returns the exit code for this kind of failure.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Check(_)
            | Self::NoFiles
            | Self::OnlyIpv4(_)
            | Self::NoForm
            | Self::Undialable { .. }
            | Self::NotEmpty(_)
            | Self::Runtime(_)
            | Self::NoNodeToKill { .. }
            | Self::KillAfterGoal { .. }
            | Self::GoalBeyondKeys { .. } => USAGE,
            Self::LeanFiles(LeanFilesError::File(error)) | Self::Plan(PlanError::File(error)) => {
                match error.problem {
                    FileProblem::Write(_) => FAILURE,
                    FileProblem::Read(_) | FileProblem::Malformed(_) => USAGE,
                }
            }
            Self::Plan(PlanError::Randomness(_)) => FAILURE,
            Self::LeanFiles(_) | Self::Plan(_) => USAGE,
            Self::Contention(
                ContentionError::TooLong { .. } | ContentionError::TooShort { .. },
            ) => USAGE,
            Self::Vectors(VectorsError::Load(_) | VectorsError::None(..))
            | Self::Watch(WatchError::Address(_) | WatchError::NoTerminal) => USAGE,
            Self::Start(error) if is_wrong_input(error) => USAGE,
            Self::Storage(error) | Self::ChainFile(ChainFileError::Storage(error))
                if is_wrong_folder(error) =>
            {
                USAGE
            }
            Self::ChainFile(ChainFileError::Storage(_)) => FAILURE,
            // The file, or the choice of its slots.
            Self::ChainFile(_) => USAGE,
            Self::PartEnded(failure) => failure.exit_code(),
            Self::Reported(code) => *code,
            Self::PortTaken(_) | Self::HttpPortTaken(_) => PORT_TAKEN,
            Self::Devnet(error) => match *error.problem {
                Problem::Plan(_) => USAGE,
                Problem::Interrupted => INTERRUPTED,
                Problem::System { .. }
                | Problem::Died { .. }
                | Problem::Unreadable { .. }
                | Problem::Disagreement(_)
                | Problem::LostFinality { .. }
                | Problem::TooLate { .. }
                | Problem::Stop(_) => FAILURE,
            },
            Self::Contention(_)
            | Self::Vectors(_)
            | Self::Watch(_)
            | Self::Listen { .. }
            | Self::Start(_)
            | Self::Storage(_)
            | Self::Export { .. }
            | Self::Stop(_)
            | Self::System { .. }
            | Self::Pages { .. }
            | Self::Folder { .. }
            | Self::Signals(_) => FAILURE,
        }
    }
}

/// Returns whether a file or an option prevents the start, so that another attempt fails as well.
fn is_wrong_input(error: &StartError) -> bool {
    match error {
        StartError::Key(_) | StartError::HostKey(_) | StartError::Genesis(_) => true,
        StartError::Checkpoint(error) => matches!(error, CheckpointError::Url(_)),
        StartError::History(error) => match error {
            HistoryError::OtherGenesis { .. }
            | HistoryError::Damaged { .. }
            | HistoryError::Copied(_)
            | HistoryError::KeyTwice(_)
            | HistoryError::TooManyKeys { .. }
            | HistoryError::Import(_) => true,
            HistoryError::Io { .. } | HistoryError::InUse { .. } | HistoryError::Starting(_) => {
                false
            }
        },
        StartError::Storage(error) => is_wrong_folder(error),
        StartError::Network(_)
        | StartError::Api(_)
        | StartError::Thread(..)
        | StartError::Part(..) => false,
    }
}

/// Returns whether a folder of a chain cannot be used, now and later.
fn is_wrong_folder(error: &StorageError) -> bool {
    match error {
        StorageError::OtherNetwork { .. }
        | StorageError::OtherScheme { .. }
        | StorageError::NewerVersion { .. }
        | StorageError::UnknownVersion { .. }
        | StorageError::NotAFolder { .. }
        | StorageError::NoChain { .. }
        | StorageError::HasChain { .. }
        | StorageError::NotAChain { .. }
        | StorageError::Incomplete { .. }
        | StorageError::Damaged { .. } => true,
        StorageError::InUse { .. }
        | StorageError::Full { .. }
        | StorageError::Failed { .. }
        | StorageError::Contradiction { .. }
        | StorageError::UnknownBlock { .. } => false,
    }
}
