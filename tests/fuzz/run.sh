#!/bin/sh
# Runs every fuzz target of a build folder for a while, one a core.
# usage: tests/fuzz/run.sh BUILD SECONDS [SEED]; ends with "N passed, N failed". A crashing input stays in the folder.
# With a seed the same inputs are tried in the same order each time: that is what CI does; without one, new ones.
set -u
build=$1 seconds=$2 seed=${3:-0}
printf '%s\n' "$build"/tests/fuzz/*_fuzz |
xargs -P "$(nproc)" -n 1 "$(dirname "$0")/one.sh" "$build" "$seconds" "$seed" |
awk '{ print } /^ok / { p++ } /^not ok / { f++ }
     END { if (!p) f++; printf "1..%d\n%d passed, %d failed\n", p + f, p, f; exit f > 0 }'
