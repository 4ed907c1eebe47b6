# SPDX-License-Identifier: MIT
"""What recording costs while it goes on: the collector's windows open and close many times a minute."""
import math
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import overhead
from subjects import TRUTH, Skip, Stage

PERIOD_MS = 200
PERIOD_PROBES_MS = 1000      # where probes come and go, which takes a second
LINE = re.compile(r'(\d+) turns, ([0-9.]+) ms/s plain, ratio ([0-9.]+), error ([0-9.]+), said ([0-9.]+), (\d+) events/s')


class Target(overhead.Target):
    def length(self):
        return overhead.WARM_UP_S + 2 * self.o.turn_seconds + overhead.AROUND_S


def turn(target, o, probes):
    period = PERIOD_PROBES_MS if probes else PERIOD_MS
    turns = max(3, int(o.turn_seconds / (2 * period / 1e3 + (1.5 if probes else 0.06))))
    done = subprocess.run([o.build / 'bench' / 'trace' / 'toggle', *['--probes'] * probes, str(target.port), str(period), str(turns),
                           *map(str, overhead.tree(target.pid))], capture_output=True, text=True, check=False)
    target.check_load()
    told = LINE.match(done.stdout)
    if not told:
        raise RuntimeError(done.stderr)
    n, plain, ratio, error, said, events = map(float, told.groups())
    rate = target.service.rate
    return {'turns': int(n), 'plain_us': plain * 1e3 / rate, 'ratio': ratio, 'low': ratio * math.exp(-1.96 * error),
            'high': ratio * math.exp(1.96 * error), 'said': said, 'events': events / rate}


def measure(service, o):
    folder = Path(tempfile.mkdtemp(prefix='prony-bench-'))
    os.chmod(folder, 0o755)
    stage = Stage(folder, o.build / 'tests' / 'truth', o.build / 'demo' / 'prony-shop', TRUTH / 'services')
    try:
        target = Target(service, stage, o, folder)
        found = {'service': service.name, 'about': service.about, 'rate': service.rate,
                 **turn(target, o, service.name.startswith('sqlite') or target.urls[0].startswith('https:'))}
        found['even'] = target.end()[0]
        return found
    except Skip as why:
        return {'service': service.name, 'about': service.about, 'skipped': str(why)}
    finally:
        stage.clear()
        shutil.rmtree(folder, ignore_errors=True)


HEAD = ['service', '', 'rate', 'CPU-us a request', 'recording ÷ plain (95 %)', 'as the collector says', 'us more',
        'events a request']


def row(f):
    if 'skipped' in f:
        return [f['service'], f['skipped'], *[''] * (len(HEAD) - 2)]
    return [f['service'], f['about'], f"{f['rate']:,}/s" + ('' if f['even'] else ' uneven'), f"{f['plain_us']:.1f}",
            f"{f['ratio']:.3f} ({f['low']:.3f}–{f['high']:.3f})", f"{f['said']:.3f}",
            f"{(f['ratio'] - 1) * f['plain_us']:.2f}", f"{f['events']:.1f}"]
