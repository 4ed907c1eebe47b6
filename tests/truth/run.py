#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Planted faults against `prony check`: each case starts a service whose limit is known by
construction, checks it, and compares the first finding of run.json. Prints TAP.

usage: run.py PRONY [--all | --list | CASE...] [--keep DIR] [--services DIR]
PRONY is build/prony; the C services stand beside it in tests/truth, the shop in demo.
A case that this host cannot make (no privilege, no program) is skipped with its reason.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import jsonschema
except ImportError:
    jsonschema = None

sys.dont_write_bytecode = True
from host import Skip, Stage  # noqa: E402

HERE = Path(__file__).resolve().parent
SOURCES = HERE / 'services'
LIMIT_SECONDS = 90
LIMIT_RSS = 64 << 20
REFUSALS = ('generator-limited', 'inconclusive')   # of a host too busy to judge: asked once more
CASES = {}


class Case:
    """What is started, and what the verdict has to say of it."""

    def __init__(self, start, kinds, where='', flags=(), verdict=None, anywhere=False):
        self.start, self.kinds, self.where = start, kinds, where
        self.flags, self.verdict, self.anywhere = list(flags), verdict, anywhere


def case(name, kinds=(), **rest):
    def add(start):
        CASES[name] = Case(start, kinds, **rest)
        return start
    return add


# ---- the cases: start(stage) returns the words for `prony check` ------------------------------

@case('c-lock-convoy', ['contention.lock'], where='account_lock')
def lock_convoy(stage):
    return [stage.service('lock_convoy')]


@case('c-hot-function', ['cpu.hot-function'], where='checksum_rows')
def hot_function(stage):
    return [stage.service('hot_function')]


@case('node-loop', ['cpu.event-loop'])
def node_loop(stage):
    return [stage.start([stage.program('node'), SOURCES / 'node_loop.js'])]


@case('flask-gunicorn', ['cpu.hot-function'], where='score_cart')
def flask_gunicorn(stage):
    return [stage.gunicorn('flask_score:app')]


@case('flask-downstream', ['io.net.downstream'])
def flask_downstream(stage):
    peer = stage.service('slow_peer', '40')
    return [stage.gunicorn('flask_downstream:app', PEER=peer.split('/')[2])]


@case('nginx-file', verdict='met')
def nginx_file(stage):
    return [stage.nginx()]


# Likewise close to what the quota allows.
@case('c-quota', ['cpu.throttled'])
def quota(stage):
    return [stage.service('hot_function', cgroup=stage.cpu_quota(0.3))]


# At a rate close to what the throttled disk takes: below it the disk has credit, and is not the limit.
@case('c-fsync', ['io.disk.sync'])
def fsync(stage):
    return [stage.service('fsync', str(stage.folder / 'journal'),
                          cgroup=stage.write_limit(200))]


@case('c-downstream', ['io.net.downstream'], where='PEER')
def downstream(stage):
    peer = stage.service('slow_peer', '40')
    stage.peer = peer.split('/')[2]
    return [stage.service('downstream', stage.peer.split(':')[1])]


@case('c-leak', ['memory.leak'], flags=['--rate', '500', '--for', '20s'], anywhere=True)
def leak(stage):
    return [stage.service('leak')]


@case('c-idle', verdict='idle', flags=['--observe', '--for', '5s'])
def idle(stage):
    stage.service('lock_convoy')
    return [f'pid:{stage.processes[-1].pid}']


ROUTES = ('orders', 'cart', 'recommend', 'checkout', 'catalog')


def shop(fault, routes=ROUTES):
    def start(stage):
        base = stage.start([stage.shop, '--fault', fault])
        return [f'{base}{route}?customer=4711' for route in routes]
    return start


case('shop-all', ['io.db.missing-index'], where=r'orders\(customer_id')(
    shop('missing-index,lock,hot-function,n-plus-one,large-answer'))
case('shop-missing-index', ['io.db.missing-index'], where=r'orders\(customer_id')(
    shop('missing-index'))
case('shop-lock', ['contention.lock'], where='inventory_lock')(shop('lock'))
case('shop-hot-function', ['cpu.hot-function'], where='score_similarity')(shop('hot-function'))
case('shop-n-plus-one', ['io.db.n-plus-one'], where='products')(shop('n-plus-one', ['cart']))


# Without a JDK or Go, which are large, these are skipped.
@case('java-hot-function', ['cpu.hot-function'], where='rankOffers')
def java_hot_function(stage):
    return [stage.start([stage.program('java'), SOURCES / 'Offers.java'])]


@case('go-hot-function', ['cpu.hot-function'], where='rankOffers')
def go_hot_function(stage):
    program = stage.folder / 'offers'
    subprocess.run([stage.program('go'), 'build', '-o', program, SOURCES / 'offers.go'], check=True,
                   env={**os.environ, 'GO111MODULE': 'off'})
    return [stage.start([program])]


# ---- the comparison --------------------------------------------------------------------------

def compare(c, stage, run, seconds):
    """The reasons why the run is wrong; none when it is right."""
    wrong = []
    findings = run.get('findings', [])
    first = findings[0] if findings else {}
    judged = findings if c.anywhere else findings[:1]
    if c.verdict and run.get('verdict') != c.verdict:
        wrong.append(f"verdict {run.get('verdict')}, wanted {c.verdict}")
    if not c.kinds and findings:
        wrong.append(f"finding {first.get('kind')} on a healthy service")
    match = [f for f in judged if f.get('kind') in c.kinds]
    if c.kinds and not match:
        wrong.append(f"first finding {first.get('kind')}, wanted {' or '.join(c.kinds)}")
    where = re.escape(stage.peer) if c.where == 'PEER' else c.where
    if match and not re.search(where, match[0].get('where') or ''):
        wrong.append(f"where '{match[0].get('where')}', wanted '{where}'")
    if seconds > LIMIT_SECONDS:
        wrong.append(f'took {seconds:.0f} s, wanted {LIMIT_SECONDS}')
    return wrong


def record_faults(prony, run, out):
    """The record itself: valid, frugal, and the same conclusions drawn again without measuring."""
    ask = lambda *words: subprocess.run([prony, *words], stdout=subprocess.PIPE, text=True, check=False).stdout
    if jsonschema:
        validator = jsonschema.Draft202012Validator(json.loads(ask('schema', 'run')))
        yield from (f'run.json: {e.json_path}: {e.message}' for e in validator.iter_errors(run))
    again = json.loads(ask('report', out, '--json'))
    for part in ('findings', 'ruled_out', 'plan'):
        if again.get(part) != run.get(part):
            yield f'diagnosed again, the run gives other {part}'
    if run['self']['rss_bytes'] > LIMIT_RSS:
        yield f"prony used {run['self']['rss_bytes'] >> 20} MiB"


def describe(run, seconds):
    yield f"{seconds:.1f} s, {run.get('verdict')}: {run.get('headline')}"
    for f in run.get('findings', [])[:3]:
        yield (f"{f.get('kind')} {f.get('share', float('nan')):.2f} "
               f"{f.get('confidence', float('nan')):.2f} {f.get('where')}")


def check(prony, c, words, out):
    """Run the check and read what it left; (run, seconds, what it printed on stderr)."""
    began = time.monotonic()
    done = subprocess.run([prony, 'check', *words, '--out', out, '--quiet', *c.flags],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors='replace', timeout=300)
    seconds = time.monotonic() - began
    try:
        return json.loads((out / 'run.json').read_text()), seconds, done
    except OSError:
        return None, seconds, done


def run_case(options, name):
    """(TAP line without its number, diagnostic lines)"""
    c = CASES[name]
    folder = Path(tempfile.mkdtemp(prefix='prony-truth-'))
    stage = Stage(folder, options.services, options.shop, SOURCES)
    out = Path(options.keep).resolve() / name if options.keep else folder / 'run'
    try:
        words = c.start(stage)
        run, seconds, done = check(options.prony, c, words, out)
        if run and run.get('verdict') in REFUSALS and c.verdict not in REFUSALS:
            stage.notes.append(f"asked again after: {run.get('headline')}")
            run, seconds, done = check(options.prony, c, words, out)
        if run is None:
            return f'not ok - {name}', [f'exit status {done.returncode}', *done.stderr.splitlines()]
        wrong = [*compare(c, stage, run, seconds), *record_faults(options.prony, run, out)]
        return (f"{'not ok' if wrong else 'ok'} - {name}",
                [*wrong, *describe(run, seconds), *stage.notes])
    except Skip as why:
        return f'ok - {name} # SKIP {why}', []
    except (OSError, RuntimeError) as why:
        return f'not ok - {name}', [f'the service could not be started: {why}']
    except subprocess.TimeoutExpired:
        return f'not ok - {name}', ['prony check did not end in 300 s']
    finally:
        stage.clear()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('prony')
    parser.add_argument('cases', nargs='*', metavar='CASE')
    parser.add_argument('--all', action='store_true', help='every case (preset)')
    parser.add_argument('--list', action='store_true', help='names of the cases')
    parser.add_argument('--keep', help='leave the runs in this folder')
    parser.add_argument('--services', help='folder of the built C services')
    options = parser.parse_intermixed_args()
    options.prony = Path(options.prony).resolve()
    options.services = Path(options.services or options.prony.parent / 'tests/truth').resolve()
    options.shop = options.prony.parent / 'demo/prony-shop'
    unknown = [n for n in options.cases if n not in CASES]
    if options.list or unknown:
        print('\n'.join(CASES) if options.list else f"no case is called {', '.join(unknown)}")
        return 2 if unknown else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # clears the stage on its way out
    names = options.cases or list(CASES)
    failed = 0
    print(f'1..{len(names)}', flush=True)
    for number, name in enumerate(names, 1):
        line, diagnostics = run_case(options, name)
        failed += line.startswith('not ok')
        print(line.replace(' - ', f' {number} - ', 1), flush=True)
        for d in diagnostics:
            print(f'# {d}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
