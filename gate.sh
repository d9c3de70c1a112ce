#!/usr/bin/env bash
# The gate: everything that must hold besides the tests. It changes no file of the project.
# Each step prints its name; the first that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

step "format"
cargo fmt --all --check

step "clippy: all targets, all features"
cargo clippy --workspace --all-targets --all-features --quiet -- --deny warnings

step "language: at most 18 relative words per 1,000 words, comments of at most 100 columns"
cargo run --quiet --package tools --bin prose

step "rooms: no import of the core against its layers, and no circle"
cargo run --quiet --package tools --bin rooms

step "semantics: every guarantee names an existing test"
cargo run --quiet --package tools --bin promises

step "examples: every public item of the framework has one"
cargo run --quiet --package tools --bin samples

step "links: every relative link of a page has a target"
cargo run --quiet --package tools --bin links

step "guide: its chapters, its pictures, and the tests of its code"
cargo run --quiet --package tools --bin book
if command -v mdbook >/dev/null; then
    mdbook build docs/guide
    cargo run --quiet --package tools --bin book target/guide/book
else
    echo "mdbook is missing: the pages of HTML are not built"
fi

step "features only add: none, each alone, all"
lint() { cargo clippy --quiet "$@" -- --deny warnings; }
lint --package actor-core
for features in "" tokio smol thread embed tokio,smol,thread,embed; do
    echo "[$features]"
    lint --package actor-lanes --package counter --package lean-node --package node --no-default-features --features "$features"
done

for features in "" tracing metrics; do
    echo "[$features]"
    lint --package actor-observe --no-default-features --features "$features"
    lint --package actor-lanes --no-default-features --features "$features"
done

step "the core names no runtime and stays small"
core=$(cargo tree --package actor-core --edges normal --prefix none | sort --unique)
runtimes='^(tokio|smol|async-std|async-io|async-executor|async-global-executor|blocking|glommio|monoio|compio) v'
if grep --extended-regexp "$runtimes" <<<"$core"; then
    echo "actor-core depends on a runtime" >&2
    exit 1
fi
count=$(wc --lines <<<"$core")
echo "actor-core's tree has $count packages"
if ((count > 36)); then
    echo "actor-core's tree has grown past 36 packages: is each one worth it?" >&2
    exit 1
fi

step "a node on one runtime has no other adapter"
# actor-embed is below the other adapters, so it is not in this list. The node's feature embed selects the epoll loop.
declare -A adapters=([tokio]=actor-tokio [smol]=actor-smol [thread]=actor-thread [embed]=epoll-loop)
for own in "${!adapters[@]}"; do
    tree=$(cargo tree --package node --no-default-features --features "$own" --edges normal --prefix none)
    if ! grep --quiet "^${adapters[$own]} " <<<"$tree"; then
        echo "the node on $own does not depend on ${adapters[$own]}" >&2
        exit 1
    fi
    for other in "${!adapters[@]}"; do
        [[ $own != "$other" ]] || continue
        if grep "^${adapters[$other]} " <<<"$tree"; then
            echo "the node on $own depends on ${adapters[$other]}" >&2
            exit 1
        fi
    done
done

step "the node depends on no attack"
if cargo tree --package node --all-features --edges normal --prefix none | grep "^lean-hostile "; then
    echo "the node depends on the hostile peer" >&2
    exit 1
fi

step "a foreign loop and a plain thread need no async runtime"
for package in actor-embed actor-system actor-thread; do
    if cargo tree --package "$package" --edges normal --prefix none | grep --extended-regexp "${runtimes/blocking|/}"; then
        echo "$package depends on a runtime" >&2
        exit 1
    fi
done

step "the header of C is that of the crate"
cargo test --quiet --package actor-ffi --test header

step "C, C++ and Zig: the long runs under valgrind and the sanitizers"
ACTOR_FFI_LONG=1 cargo test --quiet --package actor-ffi --test languages

step "no lock in our own code"
# One file may: `node contention` measures there what a mutex would cost, and nothing else uses it. It is named by its
# whole path, because grep's --exclude would let every file of that name pass.
measured_mutex='^examples/lean/contention/src/mutex\.rs:'
if grep --recursive --line-number --word-regexp --extended-regexp 'Mutex|RwLock' \
    actor-*/src examples/*/src examples/lean/*/src examples/loops/*/src --include='*.rs' |
    grep --invert-match --extended-regexp "$measured_mutex" | grep --invert-match --extended-regexp ':\s*//'; then
    echo "a lock: nothing on the way of a message may take one" >&2
    exit 1
fi

step "documentation: every link resolves"
RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --all-features --quiet

step "packages: everything to be published builds from its package"
# Cargo unpacks and builds each package once for this path and version, and would verify against that of an earlier run.
rm --recursive --force -- target/packages/package target/packages/debug/.fingerprint/actor-* \
    "${CARGO_HOME:-$HOME/.cargo}"/registry/{cache,src}/-*/actor-{core,derive,embed,ffi,lanes,observe,smol,system,test,thread,tokio,top}-[0-9]*
cargo package --quiet --allow-dirty --target-dir target/packages --package actor-core --package actor-derive --package actor-lanes --package actor-tokio --package actor-smol --package actor-embed --package actor-thread --package actor-system --package actor-observe --package actor-ffi --package actor-test --package actor-top

check_models() {
    local checker=$1 package models
    for package in actor-core actor-embed actor-ffi actor-system; do
        if ! models=$(RUSTFLAGS="--cfg $checker" cargo test --package "$package" --lib --release --target-dir "target/$checker" model::); then
            echo "$models"
            exit 1
        fi
        echo "$models"
        if ! grep --quiet "test result: ok. [1-9]" <<<"$models"; then
            echo "no model of $package was checked" >&2
            exit 1
        fi
    done
}

step "loom: the lock-free parts under every interleaving"
check_models loom

step "shuttle: the same models under interleavings by chance"
check_models shuttle

printf '\nThe gate is green.\n'
