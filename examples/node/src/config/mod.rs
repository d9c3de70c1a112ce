//! One node's configuration: its TOML file, and its checked form with all referenced files read.

mod error;
mod file;
mod http_address;
mod load;

pub use error::{ConfigError, KeyRole};
pub use file::{ConfigFile, ValidatorEntry};
pub use http_address::{HttpAddress, NoHttpAddress};
pub use load::NodeConfig;
pub(crate) use load::{listen_address, quic_address, socket_address};
