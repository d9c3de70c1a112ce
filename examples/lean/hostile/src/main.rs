//! The hostile peer's command line.
fn main() {}
