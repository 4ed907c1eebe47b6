#!/bin/sh
# Every benchmark, one after another; each prints its own command lines, figures and peer.
# usage: bench/run.sh BUILD
set -eu
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
for bench in "$top"/bench/*/run.*; do
	echo "== ${bench#"$top"/}"
	"$bench" "$build/prony"
done
