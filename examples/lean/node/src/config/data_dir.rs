//! The folder of a node's chain, if the operator names none.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy};

use crate::beginning::identity;
use crate::config::{ConfigError, NodeConfig};

/// The folder of this program in the system's folder for data.
const PROGRAM: &str = "lean-node";

impl NodeConfig {
    /// Returns the folder for this node's chain if none is named:
    /// `PLACE/GENESIS_TIME-REGISTRY/NAME`. So nodes and networks do not share a folder.
    ///
    /// `PLACE` is `STATE_DIRECTORY`, which systemd sets for a service with `StateDirectory=`.
    /// Without it, `PLACE` is `lean-node` in the system's folder for a user's data: on Linux
    /// `XDG_DATA_HOME` or `~/.local/share`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoDataDir`] if the system names no such folder, for example without `HOME`.
    pub fn default_data_dir(&self) -> Result<PathBuf, ConfigError> {
        let place = match env::var_os("STATE_DIRECTORY") {
            // Of several folders, the first.
            Some(folders) => env::split_paths(&folders).next().unwrap_or_default(),
            None => choose_base_strategy()
                .map_or_else(|_no_home| PathBuf::new(), |system| system.data_dir().join(PROGRAM)),
        };
        if !place.is_absolute() {
            return Err(ConfigError::NoDataDir);
        }
        Ok(self.data_dir_in(&place))
    }

    fn data_dir_in(&self, place: &Path) -> PathBuf {
        let registry = identity(self).validators_root.to_string();
        let registry: String = registry.trim_start_matches("0x").chars().take(8).collect();
        let network = format!("{}-{registry}", self.genesis.genesis_time);
        place.join(network).join(file_name(&self.name))
    }
}

/// Returns a name with the characters of a file name.
fn file_name(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut plain: String =
        name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    if plain.is_empty() || plain.starts_with('.') {
        plain.insert(0, '_');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn the_name_of_a_node_never_leaves_its_folder() {
        let names = ["node-0", "Zürich 1", "../node", ".", "", "a/b\\c"].map(file_name);
        assert_eq!(names, ["node-0", "Z_rich_1", "_.._node", "_.", "_", "a_b_c"]);
    }
}
