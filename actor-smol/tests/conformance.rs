//! The conformance suite, on this runtime.

#[test]
fn smol_passes_the_conformance_suite() {
    actor_core::conformance::run(&actor_smol::SmolRuntime::new());
}
