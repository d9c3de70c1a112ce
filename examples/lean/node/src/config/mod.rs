//! One node's configuration: its TOML file, and its checked form with all referenced files read.

mod dialable;
mod error;
mod file;
mod http_address;
mod load;

pub use dialable::undialable;
pub use error::{ConfigError, KeyRole};
pub use file::{ConfigFile, ValidatorEntry};
pub use http_address::{HttpAddress, NoHttpAddress};
pub(crate) use load::socket_address;
pub use load::{NodeConfig, listen_address, peer_fault, quic_address};
