//! The names of signature schemes in files and on the command line.

use std::fmt;

use serde::{Deserialize, Serialize};

use xmss::Scheme;

/// A signature scheme available for keys, identified by its name in files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum SchemeName {
    /// The specification's test scheme: keys last for 256 slots at most.
    Test,
    /// The test scheme with a taller tree: keys last for as many slots as they are made for,
    /// 262,144 at most.
    Long,
    /// The specification's production scheme: keys last for as many slots as they are made for, and
    /// growing them takes about 12 times as long.
    Production,
}

impl SchemeName {
    /// All names.
    pub const ALL: [Self; 3] = [Self::Test, Self::Long, Self::Production];

    /// Returns the name of a scheme, or `None` if it has no name.
    pub fn of(scheme: Scheme) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.scheme() == scheme)
    }

    /// Returns the scheme with this name.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Test => Scheme::TEST,
            Self::Long => Scheme::LONG,
            Self::Production => Scheme::PRODUCTION,
        }
    }
}

impl fmt::Display for SchemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "test",
            Self::Long => "long",
            Self::Production => "production",
        })
    }
}
