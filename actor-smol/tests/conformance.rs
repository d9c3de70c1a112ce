//! What a runtime must do, asked of this one.

#[test]
fn smol_does_what_a_runtime_must() {
    actor_core::conformance::run(&actor_smol::SmolRuntime::new());
}
