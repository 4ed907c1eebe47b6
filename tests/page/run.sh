#!/bin/sh
# Writes the sample reports and checks their pages in a browser. Prints TAP.
# usage: run.sh MAKE_REPORTS CHECK.mjs; PRONY_PAGE_MODULES names the node_modules that `make deps-test` filled.
set -u
[ -n "${PRONY_PAGE_MODULES:-}" ] || { echo "1..0 # SKIP PRONY_PAGE_MODULES is not set (make test sets it)"; exit 0; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" || { echo "1..1"; echo "not ok 1 - the sample reports are written"; exit 1; }
cd "$folder" || exit 1
node "$2" --lighthouse missed missed.html met.html inconclusive.html error.html bare.html proof.html proof-worse.html proof-open.html \
	proof-bare.html proof-hostile.html hostile.html huge.html
