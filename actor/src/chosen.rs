//! The runtimes that the features chose.

use std::sync::Arc;

use actor_core::Runtime;

/// The one place where the order of preference is written down.
const RUNTIMES: &[fn() -> Arc<dyn Runtime>] = &[
    #[cfg(feature = "tokio")]
    || Arc::new(actor_tokio::TokioRuntime::new()),
    #[cfg(feature = "smol")]
    || Arc::new(actor_smol::SmolRuntime::new()),
    #[cfg(feature = "thread")]
    || Arc::new(actor_thread::ThreadRuntime::new()),
];

/// Gives the runtime that the features chose; with several, the first of tokio, smol, thread.
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
#[must_use]
pub fn runtime() -> Arc<dyn Runtime> {
    RUNTIMES[0]()
}

/// Gives every runtime that the features chose, in order of preference, for a program that lets its user pick one by
/// [name](Runtime::name). Without a runtime feature there is none.
#[must_use]
pub fn runtimes() -> Vec<Arc<dyn Runtime>> {
    RUNTIMES.iter().map(|make| make()).collect()
}
