//! Key files.

use crate::toml::read;
use keys::{KeyFile, NetworkKey};
use xmss::TreeKey;

/// Checks a validator's key file in this program's format. The key's tree is not generated, because
/// this can take hours by design.
pub fn key_file(bytes: &[u8]) {
    let Some(key) = read::<KeyFile>(bytes) else { return };
    let shown = format!("{key:?}");
    assert!(!shown.contains(&hex::encode(key.seed.as_bytes())), "the secret is shown");
}

/// Checks a validator's key file in the format shared by lean clients.
pub fn tree_key(bytes: &[u8]) {
    let Ok(key) = TreeKey::from_ssz(bytes) else { return };
    let written = key.to_ssz();
    assert_eq!(written, bytes, "two encodings of one key");
    assert_eq!(TreeKey::from_ssz(&written).as_ref(), Ok(&key), "another key comes back");
    assert!(key.active_epochs().end <= key.scheme().lifetime());
}

/// Checks the file with the node's network key.
pub fn network_key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(key) = NetworkKey::parse(text) else { return };
    let written = hex::encode(key.secret());
    assert_eq!(NetworkKey::parse(&written).as_ref(), Ok(&key), "another key comes back");
    assert!(!format!("{key:?}").contains(&written), "the secret is shown");
}
