#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What being looked at costs a service, and how much of it is seen: prony's tracer in figures.

Writes trace.md and trace.json; README.md in this folder says how it measures and how to read it."""
import argparse
import json
import os
import platform
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import checks  # noqa: E402
import overhead  # noqa: E402
import stacks  # noqa: E402
import turns  # noqa: E402
from subjects import SERVICES  # noqa: E402

PARTS = ('overhead', 'turns', 'checks', 'stacks')


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('prony')
    p.add_argument('--only', default=','.join(PARTS), metavar='PARTS', help='of ' + ', '.join(PARTS) + '; commas between')
    p.add_argument('--services', default='', metavar='NAMES', help='of ' + ', '.join(s.name for s in SERVICES))
    p.add_argument('--pairs', type=int, default=6, help='of blocks, with and without the watcher (6)')
    p.add_argument('--seconds', type=float, default=3, help='of a block (3)')
    p.add_argument('--turn-seconds', type=float, default=25, help='of the turns of a service (25)')
    p.add_argument('--peers', action='store_true', help='the same with perf record as the watcher')
    p.add_argument('--rounds', type=int, default=5, help='of cold stacks (5)')
    p.add_argument('--keep', metavar='FOLDER', help='leave the runs of the checks there')
    p.add_argument('--out', help='folder for trace.md and trace.json; the build folder when not given')
    o = p.parse_args()
    if not os.access(o.prony, os.X_OK):
        p.error(f'{o.prony} is no program: build it first (make)')
    o.prony = os.path.abspath(o.prony)
    o.build = Path(o.prony).parent
    o.out = Path(o.out or o.build)
    o.only, o.services = o.only.split(','), list(filter(None, o.services.split(',')))
    return o


def say(text):
    print(text, file=sys.stderr, flush=True)


def host():
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        model = next((line.split(':', 1)[1].strip() for line in f if line.startswith('model name')), platform.machine())
    return f'{model}, {os.cpu_count()} cores, Linux {platform.release()}; service, load and prony share the cores.'


def table(title, head, rows):
    if not rows:
        return []
    return [f'## {title}', '', '| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head),
            *('| ' + ' | '.join(row) + ' |' for row in rows), '']


def markdown(found):
    return '\n'.join([
        found['host'], '',
        *table('What it costs the service', overhead.HEAD, [overhead.row(r) for r in found.get('overhead', [])]),
        *table('What recording costs while it goes on', turns.HEAD, [turns.row(r) for r in found.get('turns', [])]),
        *table('What a check sees, and takes', checks.HEAD, [checks.row(r) for r in found.get('checks', [])]),
        *table('200 cold stacks', stacks.HEAD, [stacks.row(r) for r in found.get('stacks', [])])])


def each_service(o, row, *measures):
    """What each of them measures of each service, told as it comes."""
    found = []
    for s in SERVICES:
        for measure in measures if not o.services or s.name in o.services else ():
            found.append(measure(s))
            say('  '.join(row(found[-1])))
    return found


def main():
    o = options()
    if os.geteuid() != 0:
        print('skipped: BPF needs root')
        return 0
    found = {'host': host()}
    if 'stacks' in o.only:
        found['stacks'] = stacks.all_runtimes(o, say)
    if 'overhead' in o.only:
        watchers = (overhead.Prony, overhead.Perf) if o.peers else (overhead.Prony,)
        found['overhead'] = each_service(o, overhead.row, *(lambda s, w=w: overhead.measure(s, w, o) for w in watchers))
    if 'turns' in o.only:
        found['turns'] = each_service(o, turns.row, lambda s: turns.measure(s, o))
    if 'checks' in o.only:
        found['checks'] = each_service(o, checks.row, lambda s: checks.measure(s, o))
    os.makedirs(o.out, exist_ok=True)
    text = markdown(found)
    (o.out / 'trace.json').write_text(json.dumps(found, indent=1))
    (o.out / 'trace.md').write_text(text)
    print(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
