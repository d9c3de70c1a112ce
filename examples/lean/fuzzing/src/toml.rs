//! The program's own files.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use consensus::VALIDATOR_REGISTRY_LIMIT;
use keys::genesis_file::GenesisFile;
use lean_node::config::{ConfigFile, HttpAddress, listen_address};

/// Parses a TOML document and checks that it is equal after writing and parsing it again.
pub(super) fn read<T: Serialize + DeserializeOwned + Debug + PartialEq>(bytes: &[u8]) -> Option<T> {
    let value: T = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    let written = toml::to_string_pretty(&value).expect("what was read can be written");
    assert_eq!(
        toml::from_str(&written).as_ref(),
        Ok(&value),
        "another file comes back:\n{written}"
    );
    Some(value)
}

/// Checks a node's configuration file.
pub fn node_config(bytes: &[u8]) {
    let Some(config) = read::<ConfigFile>(bytes) else { return };
    if let Some(listen) = listen_address(&config.listen) {
        assert_eq!(listen_address(&listen.to_string()), Some(listen), "another address comes back");
    }
    let http = config.http.as_ref().and_then(|http| http.parse::<HttpAddress>().ok());
    if let Some(HttpAddress::On(address)) = http {
        assert_eq!(
            address.to_string().parse(),
            Ok(HttpAddress::On(address)),
            "another address comes back"
        );
    }
}

/// Checks a genesis file.
pub fn genesis_file(bytes: &[u8]) {
    let Some(genesis) = read::<GenesisFile>(bytes) else { return };
    if genesis.flaw().is_none() {
        assert!((1..=VALIDATOR_REGISTRY_LIMIT).contains(&genesis.validators.len()));
        assert_eq!(genesis.registry().len(), genesis.validators.len());
    }
}
