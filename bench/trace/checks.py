# SPDX-License-Identifier: MIT
"""What `prony check` says of services that are nothing special, how sure it is of it, and what it takes itself."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from subjects import TRUTH, Skip, Stage

LOAD_S, RSS, CLOSURE, LINKED = 45, 64 << 20, (0.99, 1.01), 0.995
UNEXPLAINED = {False: 0.02, True: 0.05}      # of threads, of event loops
ROOTED, ROOTED_JAVA = 0.99, 0.95
# Where threads begin, by name: does not ask prony whether it thinks that a stack is whole.
ROOTS = re.compile(r'_start$|__libc_start|__?clone3?$|start_thread|^runtime\.(goexit|mstart|rt0_go|morestack)|<module>|'
                   r'^\[kernel\]|ret_from_fork')
GO_SYSTEM = re.compile(r'^runtime\.')        # on a stack of the runtime's own, which begins where it was switched to


def rooted_by_name(path):
    """The share of a folded file's weight whose outermost frame is one that a thread begins with; None: it is empty."""
    whole = rooted = 0
    for line in path.read_text().splitlines() if path.exists() else ():
        frames, _, count = line.rpartition(' ')
        names = frames.split(';')
        root = re.sub(r' \([^()]*\)$', '', names[0] if path.name.startswith('cpu') else names[1 if len(names) > 1 else 0])
        whole += int(count)
        rooted += int(count) * bool(ROOTS.search(root) or GO_SYSTEM.search(root))
    return rooted / whole if whole else None


def of_routes(trace):
    """(what the parts of all requests add up to, the share of it that is unexplained, mean seconds of a request)"""
    routes = [r for r in trace['routes'] if r['scope'] == 'all']
    seconds = sum(r['requests'] * r['seconds'] for r in routes)
    parts = sum(r['requests'] * p['seconds'] for r in routes for p in r['parts'])
    other = sum(r['requests'] * p['seconds'] for r in routes for p in r['parts'] if p['kind'] == 'other')
    n = sum(r['requests'] for r in routes)
    return (parts / seconds, other / seconds, seconds / n) if seconds else (None, None, None)


def figures(run, out, wall):
    trace, phases = run['evidence']['trace'], run['evidence']['phases']
    closure, unexplained, mean = of_routes(trace)
    traced = next((p for p in phases if p['name'] == 'trace'), {})
    return {'load_s': sum(p['seconds'] for p in phases), 'wall_s': wall, 'rss': run['self']['rss_bytes'],
            'verdict': run.get('verdict'), 'rate': traced.get('throughput'), 'requests': trace['requests'],
            'traced_s': trace['seconds'], 'dropped': trace['dropped'], 'rooted': trace.get('unwound'),
            'rooted_by_name': rooted_by_name(out / 'cpu.folded'), 'off_cpu': rooted_by_name(out / 'offcpu.folded'),
            'named': trace.get('symbolised'), 'linked': trace.get('linked'), 'closure': closure,
            'unexplained': unexplained, 'mean_s': mean, 'client_mean_s': (traced.get('service') or {}).get('mean'),
            'loop': any(t.get('loop') for t in trace.get('threads', [])),
            'findings': [[f['kind'], f.get('where'), f['confidence']] for f in run.get('findings', [])]}


def misses(found):
    """The bars that it is below, by name."""
    rooted = ROOTED_JAVA if found['service'] == 'java' else ROOTED
    told = ((found['load_s'] > LOAD_S, 'load'), (found['rss'] > RSS, 'memory'),
            (found['closure'] and not CLOSURE[0] <= found['closure'] <= CLOSURE[1], 'closure'),
            ((found['unexplained'] or 0) > UNEXPLAINED[found['loop']], 'unexplained'),
            (found['linked'] is not None and found['linked'] < LINKED, 'linked'),
            ((found['rooted'] or 0) < rooted, 'rooted'))
    return [name for missed, name in told if missed]


def measure(service, o):
    folder = Path(tempfile.mkdtemp(prefix='prony-bench-'))
    os.chmod(folder, 0o755)
    stage = Stage(folder, o.build / 'tests' / 'truth', o.build / 'demo' / 'prony-shop', TRUTH / 'services')
    out = folder / 'run'
    try:
        urls = service.start(stage)
        began = time.monotonic()
        done = subprocess.run([o.prony, 'check', *urls, '-k', '--quiet', '--out', out], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=140, check=False)
        if not (out / 'run.json').exists():
            raise RuntimeError(done.stderr)
        run = json.loads((out / 'run.json').read_text())
        found = {'service': service.name, 'about': service.about, **figures(run, out, time.monotonic() - began)}
        if o.keep:
            shutil.copytree(out, Path(o.keep) / service.name, dirs_exist_ok=True)
        return {**found, 'misses': misses(found)}
    except Skip as why:
        return {'service': service.name, 'about': service.about, 'skipped': str(why)}
    finally:
        stage.clear()
        shutil.rmtree(folder, ignore_errors=True)


HEAD = ['service', 'load, s', 'MiB', 'requests traced', 'rooted', 'by name, on CPU', 'off CPU', 'named', 'linked', 'closure',
        'unexplained', 'mean ÷ the client\'s', 'below the bar']


def share(value, digits=1):
    return '-' if value is None else f'{100 * value:.{digits}f} %'


def row(f):
    if 'skipped' in f:
        return [f['service'], f['skipped'], *[''] * (len(HEAD) - 2)]
    over = f['mean_s'] / f['client_mean_s'] if f['mean_s'] and f['client_mean_s'] else None
    return [f['service'], f"{f['load_s']:.1f}", f"{f['rss'] / 2**20:.0f}", f"{f['requests']:,}", share(f['rooted']),
            share(f['rooted_by_name']), share(f['off_cpu']), share(f['named']), share(f['linked']), share(f['closure']),
            share(f['unexplained']) + (' loop' if f['loop'] else ''), '-' if over is None else f'{over:.2f}',
            ', '.join(f['misses'])]
