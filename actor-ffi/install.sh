#!/bin/sh
# Builds the library and installs it below a prefix: the static and the shared library, the headers, and the
# description for pkg-config.
#
#   actor-ffi/install.sh /usr/local
#   cc $(pkg-config --cflags actor-ffi) program.c $(pkg-config --libs actor-ffi)
#   cc $(pkg-config --cflags actor-ffi) program.c -Wl,-Bstatic -lactor_ffi -Wl,-Bdynamic -lpthread -ldl -lm
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 PREFIX" >&2
    exit 2
fi
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
crate=$(cd "$(dirname "$0")" && pwd)
cd "$crate"

cargo build --quiet --release --package actor-ffi
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
version=$(cargo metadata --format-version 1 --no-deps |
    sed 's/.*"name":"actor-ffi","version":"\([^"]*\)".*/\1/')

case $(uname -s) in
Darwin) shared=libactor_ffi.dylib private="-liconv -lm" ;;
*) shared=libactor_ffi.so private="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
esac

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
cp "$target/release/libactor_ffi.a" "$target/release/$shared" "$prefix/lib/"
cp include/*.h* "$prefix/include/"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" -e "s|@PRIVATE@|$private|" \
    actor-ffi.pc.in >"$prefix/lib/pkgconfig/actor-ffi.pc"
echo "installed actor-ffi $version in $prefix"
