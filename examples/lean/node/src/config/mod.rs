//! One node's configuration: its TOML file, and its checked form with all referenced files read.

mod data_dir;
mod dialable;
mod error;
mod file;
mod http_address;
mod load;
mod signing;

pub use dialable::undialable;
pub use error::ConfigError;
pub use file::{ConfigFile, ValidatorEntry};
pub use http_address::{HttpAddress, NoHttpAddress};
pub use keys::KeyRole;
pub(crate) use load::socket_address;
pub use load::{NodeConfig, listen_address, peer_fault, quic_address};
pub use signing::{KeyPaths, SigningConfig};
