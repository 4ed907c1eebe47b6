#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which request a question to a database belongs to: prony's answer against the service's own.

usage: linking.py PRONY [--fast | --list | CASE...] [--keep DIR]
Each service writes down what it asked, and answered, when, for which request; the calls of
requests.ndjson are found there by thread and time. Printed for each case: the share of the questions
that are at the right request, and of those that are at a wrong one with CALL_SURE and more. TAP."""
import argparse
import bisect
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'scenario'))
from backends import Postgres, Redis  # noqa: E402
from host import Skip, Stage  # noqa: E402
from stores import JDBC  # noqa: E402

SOURCES = HERE / 'services'
GO_PACKAGES = Path('/usr/share/gocode')   # Debian's
SECRET = 'linking-4711'
RIGHT, WRONG = 0.995, 0.002    # least and most
SURE = 90
ENOUGH = 300                   # questions
CASES = {}


class Case:
    def __init__(self, start, routes, pool, connections, right=RIGHT, fast=False):
        self.start, self.routes, self.pool, self.connections = start, routes, pool, connections
        self.right, self.fast = right, fast


def node(stage, c):
    modules = os.environ.get('PRONY_PAGE_MODULES', str(HERE / 'node_modules'))
    if not os.path.isdir(modules + '/pg'):
        raise Skip('the Node module pg is not installed')
    return stage.start([stage.program('node'), SOURCES / 'link_node.js'], **environment(stage, c, NODE_PATH=modules))


def python(program):
    def start(stage, c):
        return stage.start(['/usr/bin/python3', SOURCES / program], **environment(stage, c))
    return start


def gunicorn(stage, c):
    return stage.gunicorn('link_threads:app', **environment(stage, c))


def go(name, needs=None):
    def start(stage, c):
        if needs and not (GO_PACKAGES / 'src' / needs).is_dir():
            raise Skip(f'the Go package {needs} is not installed')
        program = stage.folder / name
        sources = [SOURCES / f'{name}.go', SOURCES / 'link_told.go']
        done = subprocess.run([stage.program('go'), 'build', '-o', program, *sources], capture_output=True, text=True,
                              check=False, env={**os.environ, 'GOCACHE': str(stage.folder / 'cache'),
                                                'GOPATH': str(GO_PACKAGES), 'GO111MODULE': 'off'})
        if done.returncode:
            raise RuntimeError(done.stderr)
        return stage.start([program], **environment(stage, c))
    return start


def java(stage, c):
    if not os.path.exists(JDBC):
        raise Skip('the JDBC driver of PostgreSQL is not installed')
    subprocess.run([stage.program('javac'), '-d', stage.folder / 'classes', SOURCES / 'LinkJdbc.java'], check=True)
    return stage.start([stage.program('java'), '-cp', f'{stage.folder}/classes:{JDBC}', 'LinkJdbc'],
                       **environment(stage, c))


def environment(stage, c, **more):
    return {'TRUTH': str(stage.folder / 'truth'), 'POOL': str(c.pool), 'PGPASSWORD': SECRET, **stage.ports, **more}


for _pool, _connections in ((4, 4), (10, 4), (10, 16), (40, 32), (4, 32), (1, 8)):
    CASES[f'node-{_pool}-{_connections}'] = Case(node, ['one', 'two'], _pool, _connections, fast=_connections == 4
                                                 and _pool == 4)
CASES['node-all'] = Case(node, ['all', 'one'], 10, 8)
CASES['node-all-full'] = Case(node, ['all'], 4, 8)
CASES['node-transaction'] = Case(node, ['transaction', 'one'], 4, 16)
CASES['node-timer'] = Case(node, ['timer'], 10, 16)
CASES['node-timer-mixed'] = Case(node, ['timer', 'one'], 10, 16)
for _pool, _connections in ((10, 16), (40, 32), (4, 32)):
    CASES[f'asyncio-{_pool}-{_connections}'] = Case(python('link_asyncio.py'), ['one', 'two'], _pool, _connections,
                                                    fast=_pool == 4)
CASES['asyncio-nap'] = Case(python('link_asyncio.py'), ['nap'], 10, 16)
CASES['asyncio-gather'] = Case(python('link_asyncio.py'), ['gather'], 10, 8, right=0)   # unknowable
CASES['threads'] = Case(python('link_threads.py'), [''], 1, 8)
CASES['gunicorn'] = Case(gunicorn, [''], 1, 8, fast=True)
CASES['go-10-16'] = Case(go('link_go'), ['', 'nap'], 10, 16)
CASES['go-4-32'] = Case(go('link_go'), [''], 4, 32)
for _pool, _connections in ((10, 16), (4, 32)):
    CASES[f'go-sql-{_pool}-{_connections}'] = Case(go('link_go_sql', 'github.com/lib/pq'), [''], _pool, _connections)
    CASES[f'java-{_pool}-{_connections}'] = Case(java, [''], _pool, _connections)


# ---- a run ------------------------------------------------------------------------------------

def measure(prony, c, stage, url, out):
    """The traced requests, and what the service says of itself."""
    targets = [f'pid:{stage.processes[-1].pid}']
    trace = subprocess.Popen([prony, 'check', *targets, '--observe', '--for', '4s', '--out', out, '--quiet'],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    load = subprocess.Popen([prony, 'load', *(url + route for route in c.routes), '--closed', '--connections',
                             str(c.connections), '--for', '4s', '--quiet', '--out', stage.folder / 'load'],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, why = trace.communicate(timeout=60)
    load.communicate(timeout=60)
    stage.processes[-1].send_signal(signal.SIGTERM)
    stage.processes[-1].wait(10)
    if not (out / 'requests.ndjson').exists():
        raise RuntimeError(f'no requests were traced: {why}')
    requests = [json.loads(line) for line in (out / 'requests.ndjson').read_text().splitlines()]
    truth = [line.split() for name in sorted(stage.folder.glob('truth*')) for line in name.read_text().splitlines()]
    return requests, [(kind, request, int(begin), int(end), int(tid)) for kind, request, begin, end, tid in truth]


# ---- who is right -----------------------------------------------------------------------------

class Times:
    """Intervals by thread, to be found by an instant in them; 0: whatever thread."""

    def __init__(self, rows):
        self.rows = defaultdict(list)
        for _, request, begin, end, tid in rows:
            self.rows[tid].append((begin, end, request))
        for list_ in self.rows.values():
            list_.sort()

    def at(self, tid, instant):
        """The request of the only interval around it; None: there is none, or several."""
        rows = self.rows[0] if 0 in self.rows else self.rows[tid]
        i = bisect.bisect_right(rows, (instant, float('inf'), ''))
        found = [r for begin, end, r in rows[max(0, i - 40):i] if begin <= instant <= end]
        return found[0] if len(found) == 1 else None


def nanoseconds(seconds):
    return round(seconds * 1e9)


def request_ids(requests, truth):
    """The service's name of each traced request: by its response, else by its handler's time within it."""
    responses = Times(r for r in truth if r[0] == 'r')
    handlers = defaultdict(list)
    for kind, request, begin, _, tid in truth:
        if kind == 'h':
            handlers[tid].append((begin, request))
    for list_ in handlers.values():
        list_.sort()
    for r in requests:
        if responses.rows:
            yield responses.at(r['thread'], nanoseconds(r['end']))
        else:
            rows = handlers[r['thread']]
            i = bisect.bisect_left(rows, (nanoseconds(r['read']), ''))
            yield rows[i][1] if i < len(rows) and rows[i][0] <= nanoseconds(r['end']) else None


def score(requests, truth):
    """(questions of the traced requests, of them linked rightly, calls with a known question, wrong and sure,
    doubtful)"""
    questions = Times(r for r in truth if r[0] == 'q')
    asked = defaultdict(int)
    for kind, request, *_ in truth:
        asked[request] += kind == 'q'
    ambiguous = any(r[4] == 0 for r in truth)   # no threads: instants may be of several, and then are left out
    spoken = any(call.get('statement') for r in requests for call in r['calls'])
    total = right = calls = wrong = doubtful = 0
    for r, request in zip(requests, request_ids(requests, truth)):
        if request is None:
            continue
        total += 0 if ambiguous else asked[request]
        for call in r['calls']:
            owner = questions.at(call['thread'], nanoseconds(call['start']))
            if owner is None or call['connect'] or (spoken and not call.get('statement')):   # or logs in
                continue
            calls += 1
            total += ambiguous
            right += owner == request
            wrong += owner != request and call['sure'] >= SURE
            doubtful += call['sure'] < SURE
    return total, right, calls, wrong, doubtful


def unexplained(requests):
    parts = [p for r in requests for p in r['parts']]
    whole = sum(p['seconds'] for p in parts)
    return sum(p['seconds'] for p in parts if p['kind'] == 'other') / whole if whole else 0


def run_case(options, name, ports):
    c = CASES[name]
    folder = Path(tempfile.mkdtemp(prefix='prony-linking-'))
    os.chmod(folder, 0o777)
    stage = Stage(folder, None, None, SOURCES)
    stage.ports = ports
    out = Path(options.keep).resolve() / name if options.keep else folder / 'run'
    try:
        requests, truth = measure(options.prony, c, stage, c.start(stage, c), out)
        total, right, calls, wrong, doubtful = score(requests, truth)
        told = (f'{total} questions of {len(requests)} requests: {right / max(total, 1):.2%} right, '
                f'{wrong / max(calls, 1):.2%} wrong and sure, {doubtful / max(calls, 1):.1%} doubtful, '
                f'{unexplained(requests):.1%} of the time unexplained')
        good = total >= ENOUGH and right >= c.right * total and wrong <= WRONG * calls
        return f"{'ok' if good else 'not ok'} - {name}", told
    except Skip as why:
        return f'ok - {name} # SKIP {why}', ''
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as why:
        return f'not ok - {name}', str(why)
    finally:
        stage.clear()
        for path in folder.glob('truth*') if options.keep else ():
            (out / 'truth').mkdir(parents=True, exist_ok=True)
            shutil.copy(path, out / 'truth')
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('prony')
    parser.add_argument('cases', nargs='*', metavar='CASE')
    parser.add_argument('--fast', action='store_true', help='the cases of `make test`')
    parser.add_argument('--list', action='store_true', help='names of the cases')
    parser.add_argument('--keep', help='leave the runs in this folder')
    options = parser.parse_intermixed_args()
    options.prony = Path(options.prony).resolve()
    if options.list:
        print('\n'.join(CASES))
        return 0
    names = options.cases or [n for n, c in CASES.items() if c.fast or not options.fast]
    failed = 0
    print(f'1..{len(names)}', flush=True)
    with Postgres(SECRET) as postgres, Redis(SECRET) as redis:
        for number, name in enumerate(names, 1):
            line, told = run_case(options, name, {'PGPORT': str(postgres.port), 'REDISPORT': str(redis.port)})
            failed += line.startswith('not ok')
            print(line.replace(' - ', f' {number} - ', 1), *(f'# {t}' for t in told.splitlines()), sep='\n', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
