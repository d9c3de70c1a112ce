//! Compiler messages for mistakes of users. The expected texts are those of the stable toolchain,
//! and change with it: `TRYBUILD=overwrite cargo test -p actor-core --test diagnostics` updates
//! them.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/diagnostics/right/*.rs");
    cases.compile_fail("tests/diagnostics/*.rs");
}
