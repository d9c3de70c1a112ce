//! The errors of the derive. The expected texts are those of the stable toolchain, and change with
//! it: `TRYBUILD=overwrite cargo test -p actor-derive --test diagnostics` updates them.

#[test]
fn mistakes_are_explained_at_the_variant() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/diagnostics/right/*.rs");
    cases.compile_fail("tests/diagnostics/*.rs");
}
