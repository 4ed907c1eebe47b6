#!/bin/sh
# Builds every fuzz target with libFuzzer and the address and undefined sanitizers and runs each for a while.
# usage: tests/fuzz/run.sh SECONDS [SEED]; ends with "N passed, N failed". A crashing input stays in build-fuzz/.
# With a seed the same inputs are tried in the same order each time: that is what CI does; without one, new ones.
set -u
seconds=$1 seed=${2:-0}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build-fuzz
if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" "$top" -Dtests=true -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 1
fi
ninja -C "$build" --quiet fuzz || exit 1
n=0; bad=0
for target in "$build"/tests/fuzz/*_fuzz; do
	name=$(basename "$target" _fuzz); n=$((n + 1))
	mkdir -p "$build/corpus/$name"
	if "$target" -max_total_time="$seconds" -seed="$seed" -timeout=5 -rss_limit_mb=512 -artifact_prefix="$build/$name-" \
	  "$build/corpus/$name" "$top/tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1
	then echo "ok $n - $name"; else echo "not ok $n - $name"; tail -20 "$build/$name.log"; bad=$((bad + 1)); fi
done
echo "1..$n"
echo "$((n - bad)) passed, $bad failed"
[ $bad = 0 ]
