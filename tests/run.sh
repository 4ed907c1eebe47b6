#!/bin/sh
# Runs the tests of a build folder and counts what they reported.
# usage: tests/run.sh BUILD [meson test options]; ends with "N passed, N failed[, N skipped]".
set -u
build=$1; shift
meson test -C "$build" --no-rebuild --print-errorlogs "$@"
status=$?
/usr/bin/python3 - "$build/meson-logs/testlog.json" "$status" <<'PY'
import itertools, json, re, sys

def wrong_lines(text):
    """The rows that failed, each with the first of its comments."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith('not ok'):
            yield line
            yield from itertools.takewhile(lambda l: l.startswith('#'), lines[i + 1:i + 8])

passed = failed = skipped = 0
told = []                              # what failed, once more where it is looked for: at the end
for line in open(sys.argv[1]):
    t = json.loads(line)
    rows = re.findall(r'^(ok|not ok)\b[ \d]*(.*)$', t.get('stdout') or '', re.M)
    if not rows:                       # a test that prints no TAP counts as one
        rows = [('ok' if t['result'] in ('OK', 'SKIP') else 'not ok',
                 '# SKIP' if t['result'] == 'SKIP' else '')]
    bad = sum(1 for r in rows if r[0] == 'not ok')
    skip = sum(1 for r in rows if r[0] == 'ok' and re.search(r'#\s*skip', r[1], re.I))
    if t['result'] not in ('OK', 'SKIP', 'EXPECTEDFAIL') and not bad:
        bad = 1                        # died after its last row
    if bad:
        told += [f"FAILED {t['name']}: {l}" for l in wrong_lines(t.get('stdout') or '')] or \
                [f"FAILED {t['name']}: {t['result']}"]
    failed += bad
    skipped += skip
    passed += sum(1 for r in rows if r[0] == 'ok') - skip
if int(sys.argv[2]) and not failed:
    failed = 1
for line in told:
    print(line)
print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
sys.exit(1 if failed else 0)
PY
