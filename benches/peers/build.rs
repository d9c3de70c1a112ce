//! Compiles the contestants in C.

fn main() {
    for file in ["mailbox.c", "mutex.c", "owner.h"] {
        println!("cargo::rerun-if-changed=c/{file}");
    }
    cc::Build::new()
        .files(["c/mailbox.c", "c/mutex.c"])
        .include("../../actor-ffi/include")
        .std("c11")
        .opt_level(3)
        .warnings_into_errors(true)
        .compile("peers_in_c");
}
