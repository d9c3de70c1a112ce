//! The runtimes that this build has, by name.

use std::fmt;
use std::sync::Arc;

use actor_lanes::Runtime;
use actor_lanes::runtime::all;

/// The runtimes that this program's own features name, the preferred one first.
const OWN: &[&str] = &[
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "smol")]
    "smol",
    #[cfg(feature = "thread")]
    "thread",
];

/// Finds a runtime by its name; without one, the preferred of this program's own. What other crates enable changes nothing.
///
/// # Errors
///
/// [`NoSuchRuntime`] when none that was compiled in has the name.
pub fn by_name(name: Option<&str>) -> Result<Arc<dyn Runtime>, NoSuchRuntime> {
    let wanted = name.or(OWN.first().copied());
    let found = all().into_iter().find(|runtime| wanted == Some(runtime.name()));
    found.ok_or_else(|| NoSuchRuntime {
        asked: name.map(str::to_owned),
        compiled_in: all().iter().map(|runtime| runtime.name()).collect(),
    })
}

/// Says that a runtime was asked for that this build does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchRuntime {
    /// The name that was asked for, if one was.
    pub asked: Option<String>,
    /// The names that this build has.
    pub compiled_in: Vec<&'static str>,
}

impl fmt::Display for NoSuchRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            Some(name) => write!(f, "this build has no runtime \"{name}\"")?,
            None => f.write_str("this build has no runtime")?,
        }
        if self.compiled_in.is_empty() {
            f.write_str(", nor any other: build with `--features tokio`, `--features smol` or `--features thread`")
        } else {
            write!(f, "; it has {}", self.compiled_in.join(", "))?;
            match self.asked.as_deref() {
                Some(name @ ("tokio" | "smol" | "thread")) => {
                    write!(f, ": build with `--features {name}` or `--all-features`")
                }
                _ => f.write_str(": choose one of these"),
            }
        }
    }
}

impl std::error::Error for NoSuchRuntime {}
