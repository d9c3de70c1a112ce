//! The library and its programs under the compilers' sanitizers.
//!
//! rustc's sanitizers are not stable, and this project uses a stable compiler. So the tests build
//! the library once more, in a target directory of its own, with `RUSTC_BOOTSTRAP=1`. The flags
//! only add checks; nothing of this build is used elsewhere. The code of `std` itself is not
//! instrumented. Its generic parts, atomics included, are compiled with this library, and are.
//!
//! `-Zexternal-clangrt` leaves the sanitizer's runtime to the C compiler, and it links its own. If
//! a compiler does not know these flags, or has no such runtime, the tests are skipped with a word.
//! Controls show in every run that the set-up can fail.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::kit::{Program, folder, made, run, works};

/// The functions of gcc's runtime with one of `tsan_shim.c` in front of them.
const WRAPPED: &str = "-Wl,--wrap=__tsan_atomic64_fetch_sub,--wrap=__tsan_atomic_thread_fence";

/// Which checks the compilers add.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sanitizer {
    /// Data races.
    Thread,
    /// Use of memory after its end or outside of its bounds, leaks, and undefined behaviour of the
    /// C code.
    Address,
}

impl Sanitizer {
    /// Returns the name, as both compilers use it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Address => "address",
        }
    }

    /// Returns the C compiler's flag.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Thread => "-fsanitize=thread",
            Self::Address => "-fsanitize=address,undefined",
        }
    }

    /// Returns the instrumented library, or why this machine cannot make it.
    pub(crate) fn library(self) -> Result<&'static Path, &'static str> {
        static THREAD: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static ADDRESS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let made = match self {
            Self::Thread => &THREAD,
            Self::Address => &ADDRESS,
        };
        made.get_or_init(|| self.build()).as_deref().map_err(String::as_str)
    }

    fn rust_flags(self) -> String {
        let name = self.name();
        format!("-Zsanitizer={name} -Cunsafe-allow-abi-mismatch=sanitizer -Zexternal-clangrt")
    }

    fn build(self) -> Result<PathBuf, String> {
        self.probe()?;
        let name = self.name();
        let target = made(&format!("sanitizer-{name}"));
        let host = host();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // With a named target, the flags do not apply to build scripts and macros.
        run(Command::new(cargo)
            .current_dir(folder())
            .args(["build", "--quiet", "--package", "actor-ffi", "--lib", "--target", &host])
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", self.rust_flags())
            .env_remove("CARGO_ENCODED_RUSTFLAGS"));
        Ok(target.join(host).join("debug").join("libactor_ffi.a"))
    }

    /// Finds out with two empty programs whether both compilers know the sanitizer.
    fn probe(self) -> Result<(), String> {
        let name = self.name();
        let rust = made(&format!("probe-{name}.rs"));
        let c = made(&format!("probe-{name}.c"));
        let out = made(&format!("probe-{name}"));
        std::fs::write(&rust, "").expect("the target directory is writable");
        std::fs::write(&c, "int main(void) { return 0; }\n").expect("it is writable");
        let mut rustc = Command::new("rustc");
        rustc.env("RUSTC_BOOTSTRAP", "1").args(["--crate-type", "lib", "--emit", "obj"]);
        rustc.args(self.rust_flags().split(' ')).arg("-o").arg(&out).arg(&rust);
        if !works(&mut rustc) {
            return Err(format!("rustc does not take {}", self.rust_flags()));
        }
        let compiles = works(Command::new("cc").arg(self.flag()).arg("-o").arg(&out).arg(&c));
        if !compiles || !works(&mut Command::new(&out)) {
            return Err(format!("the C compiler has no {}", self.flag()));
        }
        Ok(())
    }

    /// Compiles a program under this sanitizer and links it with the instrumented library.
    pub(crate) fn link(self, program: Program, library: &Path) -> PathBuf {
        let program = program.with(self.flag());
        match self {
            Self::Thread => program.with(WRAPPED).with(thread_shim()).link(library),
            Self::Address => program.link(library),
        }
    }
}

/// Returns the object file of `tsan_shim.c`, not instrumented itself.
fn thread_shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let object = made("tsan_shim.o");
        let source = folder().join("c").join("tsan_shim.c");
        // Without `-fno-builtin`, the compiler may replace a call seen by the runtime.
        run(Command::new("cc").args(["-O1", "-fno-builtin", "-c", "-o"]).arg(&object).arg(source));
        object
    })
}

/// Returns the name of rustc's default target.
fn host() -> String {
    let version = run(Command::new("rustc").arg("-vV"));
    let version = String::from_utf8(version.stdout).expect("rustc writes UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}
