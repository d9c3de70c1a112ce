//! The runtimes enabled by features, and their selection.

use std::fmt;
use std::sync::Arc;

use actor_core::Runtime;

/// A runtime's name and constructor.
type Named = (&'static str, fn() -> Arc<dyn Runtime>);

/// All enabled runtimes, in the documented order.
const RUNTIMES: &[Named] = &[
    #[cfg(feature = "tokio")]
    ("tokio", || Arc::new(actor_tokio::TokioRuntime::new())),
    #[cfg(feature = "smol")]
    ("smol", || Arc::new(actor_smol::SmolRuntime::new())),
    #[cfg(feature = "thread")]
    ("thread", || Arc::new(actor_thread::ThreadRuntime::new())),
];

/// No runtime of this name is enabled.
///
/// # Examples
///
/// ```
/// use actor_lanes::runtime::UnknownRuntime;
///
/// let unknown: UnknownRuntime = actor_lanes::runtime_named("threads").unwrap_err();
/// assert!(unknown.to_string().starts_with("no runtime `threads` is enabled"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRuntime {
    name: String,
    enabled: Vec<&'static str>,
}

/// Returns the only enabled runtime.
///
/// The features of a program and of all its dependencies are combined, so another crate can enable
/// a second runtime. This function then panics, because it does not guess. A program without this
/// dependence on others names its runtime, with [`runtime_named`] or by type.
///
/// # Panics
///
/// Panics if several runtimes are enabled. The text lists them and states what to write instead.
///
/// # Examples
///
/// ```
/// let enabled = actor_lanes::runtime::all();
/// if let [runtime] = &enabled[..] {
///     assert_eq!(actor_lanes::runtime::only().name(), runtime.name());
/// }
/// ```
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
#[must_use]
pub fn only() -> Arc<dyn Runtime> {
    match the_only(RUNTIMES) {
        Ok(make) => make(),
        Err(several) => panic!("{several}"),
    }
}

/// Returns the runtime of this name: `"tokio"`, `"smol"` or `"thread"`. The features of other
/// crates do not change the result.
///
/// # Errors
///
/// Fails if the feature of this name is not enabled. The error lists the enabled ones.
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

/// Returns every enabled runtime, in the order tokio, smol, thread. For programs with a choice of
/// runtime by [name](Runtime::name). Empty without a runtime feature.
///
/// # Examples
///
/// ```
/// let names: Vec<_> = actor_lanes::runtime::all().iter().map(|runtime| runtime.name()).collect();
/// let all = ["tokio", "smol", "thread"].into_iter();
/// let order: Vec<_> = all.filter(|name| names.contains(name)).collect();
/// assert_eq!(names, order);
/// ```
#[must_use]
pub fn all() -> Vec<Arc<dyn Runtime>> {
    RUNTIMES.iter().map(|(_, make)| make()).collect()
}

/// Returns the only runtime, or the text of a panic.
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
        let enabled =
            if self.enabled.is_empty() { "none".to_owned() } else { self.enabled.join(", ") };
        write!(f, "no runtime `{}` is enabled; enabled by features: {enabled}", self.name)
    }
}

impl std::error::Error for UnknownRuntime {}

#[cfg(all(test, any(feature = "tokio", feature = "smol", feature = "thread")))]
mod tests {
    use super::{named, the_only};

    const THREE: &[(&str, u8)] = &[("tokio", 1), ("smol", 2), ("thread", 3)];

    #[test]
    fn a_single_runtime_needs_no_name() {
        assert_eq!(the_only(&THREE[2..]), Ok(3));
    }

    #[test]
    fn several_runtimes_are_an_error() {
        let refusal = the_only(THREE).expect_err("there are several");
        assert!(refusal.contains("tokio, smol, thread"), "{refusal}");
        assert!(refusal.contains("runtime_named(\"tokio\")"), "{refusal}");
        assert!(the_only::<u8>(&[]).is_err());
    }

    #[test]
    fn a_name_selects_its_runtime_among_several() {
        assert_eq!((named(THREE, "thread"), named(&THREE[2..], "thread")), (Ok(3), Ok(3)));
        let unknown = named(&THREE[..2], "thread").expect_err("it is not enabled");
        assert_eq!(
            unknown.to_string(),
            "no runtime `thread` is enabled; enabled by features: tokio, smol"
        );
    }
}
