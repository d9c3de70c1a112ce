//! What the compiler tells users of their mistakes. The expected texts are the stable toolchain's, and change with it:
//! `TRYBUILD=overwrite cargo test -p actor-core --test diagnostics` writes them anew.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/diagnostics/right/*.rs");
    cases.compile_fail("tests/diagnostics/*.rs");
}
