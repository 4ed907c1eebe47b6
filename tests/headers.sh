#!/bin/sh
# Every header compiles alone. Prints TAP; run from the top of the tree.
set -u
cd "${1:-.}" || exit 1
n=0; bad=0
for h in $(find src -name '*.h' ! -path '*/bpf/*' | sort); do
	n=$((n + 1))
	if echo "#include \"${h#src/}\"" | ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Isrc -Wall -Werror -x c -fsyntax-only - 2>/dev/null
	then echo "ok $n - $h"; else echo "not ok $n - $h does not compile alone"; bad=1; fi
done
echo "1..$n"
exit $bad
