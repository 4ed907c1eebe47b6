#!/bin/sh
# Runs one fuzz target. usage: tests/fuzz/one.sh BUILD SECONDS SEED TARGET; prints a line of TAP, and why.
set -u
build=$1 seconds=$2 seed=$3 target=$4
name=$(basename "$target" _fuzz)
mkdir -p "$build/corpus/$name"
if "$target" -max_total_time="$seconds" -seed="$seed" -timeout=5 -rss_limit_mb=512 -artifact_prefix="$build/$name-" \
  "$build/corpus/$name" "$(dirname "$0")/corpus/$name" >"$build/$name.log" 2>&1
then echo "ok - $name"
else printf 'not ok - %s\n%s\n' "$name" "$(tail -20 "$build/$name.log" | sed 's/^/# /')"; fi
