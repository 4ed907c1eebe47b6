#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Can the verdicts of `prony prove` be trusted? Asked about services whose difference is known.

Writes prove.md and prove.json; README.md in this folder says how it measures and how to read it."""
import argparse
import json
import os
import platform
import sys

# The peers' command lines are those of the neighbour.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'load'))
import comparisons
import others
import peers
from report import markdown

KEYS = (*(p.key for p in comparisons.PARTS), 'peers', *(p.key for p in others.PROGRAMS))


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('prony')
    p.add_argument('--twin', help='the twin server; that of the build folder when not given')
    p.add_argument('--out', help='folder for prove.md and prove.json; the build folder when not given')
    p.add_argument('--only', default=','.join(KEYS), metavar='PARTS', help='of ' + ', '.join(KEYS) + '; commas between')
    p.add_argument('--comparisons', type=int, default=5, help='of each part; 200 for the full claim (5)')
    p.add_argument('--wrong-comparisons', type=int, default=5, help='the most of part wrong (5)')
    p.add_argument('--peer-comparisons', type=int, default=5, help='of each peer (5)')
    p.add_argument('--peer-seconds', type=int, default=5, help='of one run of a peer (5)')
    p.add_argument('--more', default='', help="more words for prony's command line, as in --more='--block 1s'")
    o = p.parse_args()
    if not os.access(o.prony, os.X_OK):
        p.error(f'{o.prony} is no program: build it first (make)')
    o.only = o.only.split(',')
    if not set(o.only) <= set(KEYS):
        p.error(f'--only: {", ".join(sorted(set(o.only) - set(KEYS)))}: there is no such part')
    o.prony = os.path.abspath(o.prony)
    o.build = os.path.dirname(o.prony)
    o.twin = os.path.abspath(o.twin or f'{o.build}/tests/tools/twin_server')
    o.out = o.out or o.build
    return o


def say(text):
    print(text, file=sys.stderr, flush=True)


def host():
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        model = next((line.split(':', 1)[1].strip() for line in f if line.startswith('model name')), platform.machine())
    return f'{model}, {os.cpu_count()} cores, Linux {platform.release()}; prony and both twins share the cores.'


def measure(o):
    found = {'host': host(), 'comparisons': [], 'programs': []}
    for part in comparisons.PARTS:
        if part.key in o.only:
            found['comparisons'].append(comparisons.measure(part, o, say))
    if 'peers' in o.only:
        found['peers'] = peers.measure(o, say)
    found['programs'] = [others.measure(p, o, say) for p in others.PROGRAMS if p.key in o.only]
    return found


def main():
    o = options()
    if not os.access(o.twin, os.X_OK):
        print(f'skipped: {o.twin} is not built (meson setup -Dtests=true)')
        return 0
    found = measure(o)
    os.makedirs(o.out, exist_ok=True)
    text = markdown(found)
    with open(f'{o.out}/prove.json', 'w', encoding='utf-8') as f:
        json.dump(found, f, indent=1)
    with open(f'{o.out}/prove.md', 'w', encoding='utf-8') as f:
        f.write(text)
    print(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
