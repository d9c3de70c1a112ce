#!/bin/sh
# Builds the library and installs it below a prefix: the static and the shared library, the headers, and the
# description for pkg-config. A second run replaces the files; programs that run keep the old ones.
#
#   actor-ffi/install.sh /usr/local
#   DESTDIR=package actor-ffi/install.sh /usr        the files of a package, used in /usr
#   cc $(pkg-config --cflags actor-ffi) program.c $(pkg-config --libs actor-ffi)
#   cc $(pkg-config --cflags actor-ffi) program.c -Wl,-Bstatic -lactor_ffi -Wl,-Bdynamic -lpthread -ldl -lm
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: [DESTDIR=FOLDER] $0 PREFIX" >&2
    exit 2
fi
absolute() {
    case $1 in
    /*) printf '%s' "${1%/}" ;;
    *) printf '%s' "$PWD/${1%/}" ;;
    esac
}
prefix=$(absolute "$1")
root=${DESTDIR:+$(absolute "$DESTDIR")}
crate=$(cd "$(dirname "$0")" && pwd)
cd "$crate"

# The number changes with the first version that cannot serve programs of the versions before it.
abi=0
case $(uname -s) in
Darwin)
    shared=libactor_ffi.dylib numbered=libactor_ffi.$abi.dylib private="-liconv -lm"
    named=-Wl,-install_name,$prefix/lib/$numbered
    ;;
*)
    shared=libactor_ffi.so numbered=libactor_ffi.so.$abi
    private="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc"
    named=-Wl,-soname,$numbered
    ;;
esac

cargo rustc --quiet --release --package actor-ffi --lib -- -C "link-arg=$named"
metadata=$(cargo metadata --format-version 1 --no-deps)
target=$(printf '%s' "$metadata" | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
version=$(printf '%s' "$metadata" | sed 's/.*"name":"actor-ffi","version":"\([^"]*\)".*/\1/')

lib=$root$prefix/lib
include=$root$prefix/include
mkdir -p "$include" "$lib/pkgconfig"
install -m 644 "$target/release/libactor_ffi.a" "$lib/"
install -m 755 "$target/release/$shared" "$lib/$numbered"
ln -sf "$numbered" "$lib/$shared"
install -m 644 include/*.h* "$include/"
quoted=$(printf '%s' "$prefix" | sed 's/[&|\\]/\\&/g')
sed -e "s|@PREFIX@|$quoted|" -e "s|@VERSION@|$version|" -e "s|@PRIVATE@|$private|" \
    actor-ffi.pc.in >"$lib/pkgconfig/actor-ffi.pc"
echo "installed actor-ffi $version in $root$prefix"
