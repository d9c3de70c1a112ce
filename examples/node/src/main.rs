//! The command line of the example node.

fn main() {}
