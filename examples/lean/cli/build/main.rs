//! Records the commit of the checkout for `node --version`.

mod commit;

use std::env;
use std::path::Path;

fn main() {
    // Without any such line, cargo runs this script again after every change of the package.
    println!("cargo:rerun-if-changed=build");
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    // Only this workspace's own repository counts. A package can be unpacked inside another one.
    let root = Path::new(&package).ancestors().nth(commit::DEPTH);
    let checkout = root.and_then(commit::Checkout::at);
    for path in checkout.iter().flat_map(commit::Checkout::watched) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    match checkout.and_then(|checkout| checkout.commit()) {
        Some(commit) => println!("cargo:rustc-env=NODE_VERSION={version} (commit {commit})"),
        None => println!("cargo:rustc-env=NODE_VERSION={version}"),
    }
}
