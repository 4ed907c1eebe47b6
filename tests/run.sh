#!/bin/sh
# Runs the tests of a build folder and counts what they reported.
# usage: tests/run.sh [--again] BUILD [meson test options]; ends with "N passed, N failed[, N skipped]".
# --again: many of them measure real processes, and a shared host may be taken away for seconds: a test that
# failed is run once more when all others are over, and the second time counts. What was wrong the first time is told.
set -u
again=; [ "$1" != --again ] || { again=1; shift; }
build=$1; shift
log=$build/meson-logs
summary() { /usr/bin/python3 "$(dirname "$0")/summary.py" "$@"; }
rm -f "$log/testlog.json" "$log/again.json"
meson test -C "$build" --no-rebuild --print-errorlogs "$@"
if [ -n "$again" ]; then
	summary --failed "$log/testlog.json" >"$log/failed"
	[ ! -s "$log/failed" ] || { echo "once more: $(tr '\n' ' ' <"$log/failed")"
	xargs meson test -C "$build" --no-rebuild --print-errorlogs --logbase again <"$log/failed"; }
fi
summary "$log/testlog.json" "$log/again.json"
