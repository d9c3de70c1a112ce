//! The runtimes compiled into this build, by name.

use std::fmt;
use std::sync::Arc;

use actor_lanes::Runtime;

/// The names of all runtimes, in this build or not, for help texts.
pub const NAMES: &str = "tokio|smol|thread|embed";

/// The runtimes enabled by this program's own features, in order of preference.
const OWN: &[&str] = &[
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "smol")]
    "smol",
    #[cfg(feature = "thread")]
    "thread",
    #[cfg(feature = "embed")]
    "embed",
];

/// The runtimes of this build beside those of the facade: an epoll loop on each actor's thread,
/// as of a program that had its loop before it had actors.
const BESIDE: &[fn() -> Arc<dyn Runtime>] = &[
    #[cfg(feature = "embed")]
    || Arc::new(epoll_loop::EpollRuntime::new()),
];

/// Returns every runtime of this build, in the order tokio, smol, thread, embed.
#[must_use]
pub fn all() -> Vec<Arc<dyn Runtime>> {
    actor_lanes::runtime::all().into_iter().chain(BESIDE.iter().map(|make| make())).collect()
}

/// Returns the runtime with this name, or the preferred one of this program's own features if
/// `name` is `None`. Runtimes enabled by other crates do not change the preference.
///
/// # Errors
///
/// Returns [`NoSuchRuntime`] if no runtime with this name was compiled in.
pub fn by_name(name: Option<&str>) -> Result<Arc<dyn Runtime>, NoSuchRuntime> {
    let wanted = name.or(OWN.first().copied());
    let found = all().into_iter().find(|runtime| wanted == Some(runtime.name()));
    found.ok_or_else(|| NoSuchRuntime {
        asked: name.map(str::to_owned),
        compiled_in: all().iter().map(|runtime| runtime.name()).collect(),
    })
}

/// The error for a runtime missing from this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchRuntime {
    /// The requested name, if there was one.
    pub asked: Option<String>,
    /// The names of the runtimes in this build.
    pub compiled_in: Vec<&'static str>,
}

impl fmt::Display for NoSuchRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            Some(name) => write!(f, "this build has no runtime \"{name}\"")?,
            None => f.write_str("this build has no runtime")?,
        }
        if self.compiled_in.is_empty() {
            f.write_str(
                ", nor any other: build with `--features tokio`, or with `smol`, `thread` or `embed`",
            )
        } else {
            write!(f, "; it has {}", self.compiled_in.join(", "))?;
            match self.asked.as_deref() {
                Some(name @ ("tokio" | "smol" | "thread" | "embed")) => {
                    write!(f, ": build with `--features {name}` or `--all-features`")
                }
                _ => f.write_str(": choose one of these"),
            }
        }
    }
}

impl std::error::Error for NoSuchRuntime {}
