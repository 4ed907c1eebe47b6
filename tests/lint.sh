#!/bin/sh
# Static checks that are worth their price: gcc's analyzer would not finish in CI's time, clang-tidy's bugprone set does.
# usage: tests/lint.sh BUILD; ends with "N passed, N failed".
set -u
build=$1
n=0; bad=0
for f in $(find src -name '*.c' ! -path '*/bpf/*' | sort); do
	n=$((n + 1))
	out=$(clang-tidy -p "$build" --quiet \
	  --checks='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-assignment-in-if-condition,-bugprone-narrowing-conversions,-bugprone-macro-parentheses,-bugprone-implicit-widening-of-multiplication-result,-bugprone-branch-clone,-bugprone-sizeof-expression' \
	  "$f" 2>/dev/null | grep -E 'warning:|error:')
	[ -z "$out" ] || { echo "$out"; bad=$((bad + 1)); }
done
for f in tests/*.sh tests/*/*.sh bench/*.sh .ci/run; do
	[ -e "$f" ] || continue
	n=$((n + 1)); shellcheck -S warning "$f" || bad=$((bad + 1))
done
echo "$((n - bad)) passed, $bad failed"
[ $bad = 0 ]
