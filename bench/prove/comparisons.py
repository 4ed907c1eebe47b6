# SPDX-License-Identifier: MIT
"""`prony prove` asked again and again about twins whose difference is known."""
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass

from share import share
from twins import twins

LIMIT_S = 600
ENDS = {0: 'not worse', 1: 'worse', 2: 'usage', 3: 'cannot say', 4: 'not measured'}


@dataclass
class Part:
    key: str
    title: str
    b: tuple                 # what B differs in; A differs in nothing
    metrics: tuple           # any of which shows it, the first best; (): nothing differs
    routes: tuple = ()
    words: tuple = ()        # of prony, besides
    scenario: str = ''       # what users ask, instead of the one path


PARTS = [
    Part('aa', 'A/A: two equal twins', (), ()),
    # prove ends at the first figure that is worse, and what a core can serve falls as a request's CPU rises.
    Part('cpu', '5 % more work a request', ('--work', 1.05), ('cpu_per_request', 'throughput')),
    # Which requests are slow is theirs, as in life: a customer with many orders is slow each time.
    Part('p99', 'the slow ones wait 10 % longer', ('--tail', 1.1), ('latency_p99',),
         scenario='flows:\n  - get: "/a?customer=${random(1, 1000000)}"\n'),
    Part('wrong', 'a third faster, and one answer of 20 at /b is wrong', ('--work', 0.67, '--wrong', 'body',
         '--wrong-every', 20, '--only', '/b'), ('answers',), ('/a', '/b')),
]


def load_run(folder):
    try:
        with open(f'{folder}/run/run.json', encoding='utf-8') as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def command(part, o, a, b):
    routes = [word for path in part.routes for word in ('--route', path)]
    if part.routes:
        a, b = a[:-1], b[:-1]
    if part.scenario:
        a, b = a[:-1], b[:-1]
        routes = ['--scenario', 'scenario.yaml']
    return [os.path.abspath(o.prony), 'prove', a, b, *routes, *part.words, *o.more.split(), '--quiet', '--out', 'run']


def call(argv, folder):
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        return done.returncode, done.stderr
    except subprocess.TimeoutExpired:
        return 'no end', f'it had not ended after {LIMIT_S} s'


def ask(part, o):
    """What one comparison said."""
    with twins(o.twin, (), part.b) as (a, b), tempfile.TemporaryDirectory(prefix='prony-bench-') as folder:
        with open(f'{folder}/scenario.yaml', 'w', encoding='utf-8') as f:
            f.write(part.scenario)
        began = time.monotonic()
        status, said = call(command(part, o, a, b), folder)
        seconds = time.monotonic() - began
        run = load_run(folder)
    p = (run.get('proofs') or [{}])[0]
    return {
        'status': status, 'verdict': p.get('verdict', run.get('verdict', 'none')),
        'why': p.get('why') or said[-300:], 'seconds': seconds,
        'pairs': max((c.get('pairs', 0) for c in p.get('comparisons', [])), default=0),
        'grade': p.get('noise', {}).get('grade'), 'answers': p.get('answers', []),
        'figures': {c['metric']: {k: c.get(k) for k in ('verdict', 'ratio', 'low', 'high', 'detectable')}
                    for c in p.get('comparisons', []) if not c.get('route')},
    }


# ---- what came of them ---------------------------------------------------------------------------

def is_right(part, trial):
    """The difference was found, and the figure (or the route) that shows it is named."""
    if trial['verdict'] != 'worse':
        return False
    if 'answers' in part.metrics:
        return bool(trial['answers']) and all('/b' in (a.get('route') or '') for a in trial['answers'])
    return any(trial['figures'].get(metric, {}).get('verdict') == 'worse' for metric in part.metrics)


def is_false(part, trial):
    """A difference is claimed where none is: any of A/A, and that a worse B was better."""
    return trial['verdict'] == 'better' or (not part.metrics and trial['verdict'] == 'worse')


def spread(values):
    return {'median': statistics.median(values), 'least': min(values), 'most': max(values)} if values else None


def figures(trials):
    """Of each figure: the ratios that were said, and how often each was called what."""
    told = {}
    for name in sorted({name for t in trials for name in t['figures']}):
        found = [t['figures'][name] for t in trials if name in t['figures']]
        told[name] = {'verdicts': Counter(f['verdict'] for f in found),
                      **{key: spread([f[key] for f in found if isinstance(f[key], (int, float))])
                         for key in ('ratio', 'detectable')}}
    return told


def summary(part, trials):
    asked = [t for t in trials if t['status'] in (0, 1, 3)]
    return {
        'key': part.key, 'title': part.title, 'b': ' '.join(map(str, part.b)), 'metrics': part.metrics,
        'right': share(sum(is_right(part, t) for t in asked), len(asked)),
        'false': share(sum(is_false(part, t) for t in asked), len(asked)),
        'ends': Counter(ENDS.get(t['status'], 'died') for t in trials),
        'verdicts': Counter(t['verdict'] for t in trials),
        'seconds': spread([t['seconds'] for t in asked]), 'pairs': spread([t['pairs'] for t in asked]),
        'grades': Counter(t['grade'] for t in asked), 'figures': figures(asked), 'trials': trials,
        'failed': sorted({t['why'] for t in trials if t not in asked})[:5],
    }


def measure(part, o, say):
    trials, n = [], min(o.comparisons, o.wrong_comparisons) if part.key == 'wrong' else o.comparisons
    for i in range(n):
        trials.append(ask(part, o))
        say(f'{part.key} {i + 1} of {n}: {trials[-1]["verdict"]}, {trials[-1]["seconds"]:.0f} s')
        if i == 2 and all(t['status'] not in (0, 1, 3) for t in trials):
            break                       # it will not do better
    return summary(part, trials)
