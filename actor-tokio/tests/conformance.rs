//! The conformance suite, on this runtime.

#[test]
fn tokio_passes_the_conformance_suite() {
    actor_core::conformance::run(&actor_tokio::TokioRuntime::new());
}
