#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does `prony load` tell the truth, and what does it cost? Measured beside every peer that is here.

Writes load.md and load.json; README.md in this folder says how it measures and how to read it."""
import argparse
import json
import os
import platform
import sys

import efficiency
import fidelity
import memory
from clients import all_clients
from machine import Cannot, cores, mitigations, raise_descriptor_limit
from table import markdown

PARTS = ('efficiency', 'fidelity', 'memory')


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('prony')
    p.add_argument('--truth', help='the truth server; that of the build folder when not given')
    p.add_argument('--modules', help='node_modules with autocannon; those of `make deps-bench` when not given')
    p.add_argument('--out', help='folder for load.md and load.json; the build folder when not given')
    p.add_argument('--only', default=','.join(PARTS), metavar='PARTS', help='of ' + ', '.join(
        (*PARTS, *(s.key for s in efficiency.SCENARIOS))) + '; commas between; the latter are scenarios of the first')
    p.add_argument('--clients', help='these only, with commas between; prony is always there')
    p.add_argument('--more', default='', help="more words for prony's command line, as in --more='--pace exact'")
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--seconds', type=int, default=3, help='of one run of an efficiency scenario')
    p.add_argument('--fidelity-seconds', type=int, default=8)
    o = p.parse_args()
    if not os.access(o.prony, os.X_OK):
        p.error(f'{o.prony} is no program: build it first (make)')
    build = os.path.dirname(os.path.abspath(o.prony))
    o.truth = os.path.abspath(o.truth or f'{build}/tests/tools/truth_server')
    o.floor = os.path.join(build, 'bench', 'load', 'load_floor')
    o.modules = os.path.abspath(o.modules or f'{build}-bench/node_modules')
    o.out = o.out or build
    o.only = set(o.only.split(','))
    return o


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_line(path, fallback='unknown'):
    try:
        with open(path, encoding='utf-8') as f:
            return f.read().strip()
    except OSError:
        return fallback


def host():
    model = next((line.split(':', 1)[1].strip() for line in read_line('/proc/cpuinfo').splitlines()
                  if line.startswith('model name')), platform.machine())
    return (f'{model}, {os.cpu_count()} cores, Linux {platform.release()}, congestion control '
            f'{read_line("/proc/sys/net/ipv4/tcp_congestion_control")}; client and server on a core each. '
            f'What makes its kernel code dearer: {", ".join(mitigations()) or "nothing"}.')


def present(clients):
    there, versions, absent = [], {}, {}
    for client in clients:
        try:
            versions[client.name] = client.version()
            there.append(client)
        except Cannot as why:
            absent[client.name] = str(why)
    return there, versions, absent


def measure(o):
    clients, versions, absent = present(all_clients(o.prony, o.more.split(), o.modules, o.floor))
    if o.clients:
        clients = [c for c in clients if c.name in ('prony', *o.clients.split(','))]
    where = cores()
    found = {'host': host(), 'versions': versions, 'absent': absent}
    scenarios = [s for s in efficiency.SCENARIOS if {s.key, 'efficiency'} & o.only]
    if scenarios:
        found['efficiency'] = [efficiency.measure(s, clients, where, o, say) for s in scenarios]
    if 'fidelity' in o.only:
        found['fidelity'] = fidelity.measure(clients, where, o, say)
    if 'memory' in o.only:
        found['memory'] = memory.measure(clients, where, o, say)
    return found


def main():
    o = options()
    raise_descriptor_limit()
    try:
        found = measure(o)
    except Cannot as why:
        print(f'skipped: {why}')
        return 0
    os.makedirs(o.out, exist_ok=True)
    text = markdown(found)
    with open(f'{o.out}/load.json', 'w', encoding='utf-8') as f:
        json.dump(found, f, indent=1)
    with open(f'{o.out}/load.md', 'w', encoding='utf-8') as f:
        f.write(text)
    print(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
