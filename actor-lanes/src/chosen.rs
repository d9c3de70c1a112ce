//! The runtimes that features have enabled, and how a program names its own.

use std::fmt;
use std::sync::Arc;

use actor_core::Runtime;

/// A runtime by its name.
type Named = (&'static str, fn() -> Arc<dyn Runtime>);

/// The one place where the order is written down.
const RUNTIMES: &[Named] = &[
    #[cfg(feature = "tokio")]
    ("tokio", || Arc::new(actor_tokio::TokioRuntime::new())),
    #[cfg(feature = "smol")]
    ("smol", || Arc::new(actor_smol::SmolRuntime::new())),
    #[cfg(feature = "thread")]
    ("thread", || Arc::new(actor_thread::ThreadRuntime::new())),
];

/// Says that no runtime of this name is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRuntime {
    name: String,
    enabled: Vec<&'static str>,
}

/// Returns the only runtime that is enabled.
///
/// Features are a program's and those of all its dependencies together, so another crate can enable a second runtime. Then
/// this panics, because it does not guess. A program that must not depend on others' features names its runtime:
/// [`runtime_named`], or a runtime's own type.
///
/// # Panics
///
/// Panics if several runtimes are enabled, with their names and what to write instead.
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
#[must_use]
pub fn only() -> Arc<dyn Runtime> {
    match the_only(RUNTIMES) {
        Ok(make) => make(),
        Err(several) => panic!("{several}"),
    }
}

/// Returns the runtime of this name: `"tokio"`, `"smol"` or `"thread"`. No other crate's features change which one.
///
/// # Errors
///
/// Fails if the feature of this name is not enabled. The error lists those that are.
///
/// # Examples
///
/// ```
/// for runtime in actor_lanes::runtime::all() {
///     assert_eq!(actor_lanes::runtime_named(runtime.name())?.name(), runtime.name());
/// }
/// assert!(actor_lanes::runtime_named("threads").is_err());
/// # Ok::<(), actor_lanes::runtime::UnknownRuntime>(())
/// ```
pub fn runtime_named(name: &str) -> Result<Arc<dyn Runtime>, UnknownRuntime> {
    named(RUNTIMES, name).map(|make| make())
}

/// Returns every runtime that is enabled, in the order tokio, smol, thread, for a program that lets its user pick one by
/// [name](Runtime::name). Without a runtime feature there is none.
#[must_use]
pub fn all() -> Vec<Arc<dyn Runtime>> {
    RUNTIMES.iter().map(|(_, make)| make()).collect()
}

/// Chooses the only runtime, or says what to write where there are several.
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
fn the_only<T: Copy>(runtimes: &[(&'static str, T)]) -> Result<T, String> {
    match runtimes {
        [(_, only)] => Ok(*only),
        [] => Err("no runtime is enabled: enable the feature `tokio`, `smol` or `thread` of the crate `actor-lanes`"
            .to_owned()),
        [(first, _), ..] => Err(format!(
            "several runtimes are enabled, by this program or by its dependencies: {}. Name the one that is meant: \
             `actor_lanes::runtime_named(\"{first}\")`, for instance",
            names(runtimes).join(", ")
        )),
    }
}

fn named<T: Copy>(runtimes: &[(&'static str, T)], name: &str) -> Result<T, UnknownRuntime> {
    let found = runtimes.iter().find(|(known, _)| *known == name).map(|(_, found)| *found);
    found.ok_or_else(|| UnknownRuntime { name: name.to_owned(), enabled: names(runtimes) })
}

fn names<T>(runtimes: &[(&'static str, T)]) -> Vec<&'static str> {
    runtimes.iter().map(|(name, _)| *name).collect()
}

impl fmt::Display for UnknownRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enabled = if self.enabled.is_empty() { "none".to_owned() } else { self.enabled.join(", ") };
        write!(f, "no runtime `{}` is enabled; enabled by features: {enabled}", self.name)
    }
}

impl std::error::Error for UnknownRuntime {}

#[cfg(all(test, any(feature = "tokio", feature = "smol", feature = "thread")))]
mod tests {
    use super::{named, the_only};

    const THREE: &[(&str, u8)] = &[("tokio", 1), ("smol", 2), ("thread", 3)];

    #[test]
    fn the_only_runtime_needs_no_name() {
        assert_eq!(the_only(&THREE[2..]), Ok(3));
    }

    #[test]
    fn of_several_none_is_guessed() {
        let refusal = the_only(THREE).expect_err("there are several");
        assert!(refusal.contains("tokio, smol, thread"), "{refusal}");
        assert!(refusal.contains("runtime_named(\"tokio\")"), "{refusal}");
        assert!(the_only::<u8>(&[]).is_err());
    }

    #[test]
    fn a_name_chooses_whatever_else_is_enabled() {
        assert_eq!((named(THREE, "thread"), named(&THREE[2..], "thread")), (Ok(3), Ok(3)));
        let unknown = named(&THREE[..2], "thread").expect_err("it is not enabled");
        assert_eq!(unknown.to_string(), "no runtime `thread` is enabled; enabled by features: tokio, smol");
    }
}
