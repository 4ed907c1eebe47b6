#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts what tests reported. usage: summary.py LOG AGAIN: the rows of Meson's testlog.json; what ran again counts as it
went then, and AGAIN need not be there. summary.py --failed LOG: the names of the tests that failed, a line each."""
import itertools
import json
import os
import re
import sys


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8', errors='replace') as f:
        tests = map(json.loads, f)
        return {t['name']: t for t in tests}


def rows_of(test):
    """Pairs: ok or not ok, and the rest of the line. A test that prints no TAP counts as one."""
    fine = test['result'] in ('OK', 'SKIP', 'EXPECTEDFAIL')
    rows = re.findall(r'^(ok|not ok)\b[ \d]*(.*)$', test.get('stdout') or '', re.M)
    if not rows:
        return [('ok' if fine else 'not ok', '# SKIP' if test['result'] == 'SKIP' else '')]
    died = not fine and all(ok == 'ok' for ok, _ in rows)      # after its last row
    return rows + [('not ok', test['result'])] * died


def is_failed(test):
    return any(ok == 'not ok' for ok, _ in rows_of(test))


def wrong_lines(test):
    """The rows that failed, each with the first of its comments."""
    lines = (test.get('stdout') or '').splitlines()
    told = [line for i, first in enumerate(lines) if first.startswith('not ok') for line in
            [first, *itertools.takewhile(lambda l: l.startswith('#'), lines[i + 1:i + 8])]]
    return told or [test['result']]


def tell(word, tests):
    for test in filter(is_failed, tests.values()):
        for line in wrong_lines(test):
            print(f"{word} {test['name']}: {line}")


def main():
    if sys.argv[1] == '--failed':
        for name in sorted({t['name'].split(' / ')[-1] for t in read(sys.argv[2]).values() if is_failed(t)}):
            print(name)
        return 0
    first, again = (read(path) for path in sys.argv[1:3])
    tell('AT FIRST', {name: first[name] for name in again})
    last = {**first, **again}
    tell('FAILED', last)
    rows = [row for test in last.values() for row in rows_of(test)]
    failed = sum(ok == 'not ok' for ok, _ in rows) + (not rows)
    skipped = sum(ok == 'ok' and bool(re.search(r'#\s*skip', text, re.I)) for ok, text in rows)
    print(f'{len(rows) - failed - skipped} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
