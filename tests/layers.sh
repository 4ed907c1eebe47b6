#!/bin/sh
# Holds the includes to the picture in docs/architecture.md: a folder may include itself and what
# its row names, no sibling and nothing above. Prints TAP; run from the top of the tree.
set -u
cd "${1:-.}" || exit 1
rows=$(sed -n '/^<!-- layers -->$/,/^<!-- end -->$/p' docs/architecture.md | grep '^ *[a-z]* *<-' | tr -d ' ' )
[ -n "$rows" ] || { echo "1..1"; echo "not ok 1 - no layers in docs/architecture.md"; exit 1; }
n=0; bad=0
for folder in src/*/; do
	name=$(basename "$folder"); n=$((n + 1))
	row=$(echo "$rows" | grep "^$name<-" | cut -d- -f2)
	if ! echo "$rows" | grep -q "^$name<-"; then
		echo "not ok $n - $name has no row in docs/architecture.md"; bad=1; continue
	fi
	wrong=$(grep -rhoE '#include "[a-z]+/' "$folder" --include='*.[ch]' | grep -oE '[a-z]+/' | tr -d / | sort -u |
		while read -r used; do
			case ",$name,$row," in *",$used,"*) ;; *) printf '%s ' "$used" ;; esac
		done)
	if [ -n "$wrong" ]; then echo "not ok $n - $name includes $wrong"; bad=1; else echo "ok $n - $name"; fi
done
echo "1..$n"
exit $bad
