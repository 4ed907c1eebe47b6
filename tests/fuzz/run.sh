#!/bin/sh
# Builds every fuzz target with libFuzzer and the address and undefined sanitizers and runs each for a while, one a core.
# usage: tests/fuzz/run.sh SECONDS [SEED]; ends with "N passed, N failed". A crashing input stays in build-fuzz/.
# With a seed the same inputs are tried in the same order each time: that is what CI does; without one, new ones.
set -u
seconds=$1 seed=${2:-0}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build-fuzz
if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" "$top" -Dtests=true -Dfuzz=true -Doptimization=1 -Dc_args=-g1 \
	  -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 1
fi
ninja -C "$build" --quiet fuzz || exit 1
printf '%s\n' "$build"/tests/fuzz/*_fuzz |
xargs -P "$(nproc)" -n 1 "$top/tests/fuzz/one.sh" "$build" "$seconds" "$seed" |
awk '{ print } /^ok / { p++ } /^not ok / { f++ }
     END { if (!p) f++; printf "1..%d\n%d passed, %d failed\n", p + f, p, f; exit f > 0 }'
