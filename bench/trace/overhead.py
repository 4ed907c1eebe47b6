# SPDX-License-Identifier: MIT
"""What a service pays for being looked at: its CPU a request, with a watcher and without in turn."""
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from subjects import TRUTH, Skip, Stage

WARM_UP_S = 2.5
SETTLE_S = 0.3               # after a watcher has come or gone
ATTACH_S = 15                # the most that may take
AROUND_S = 12                # the most that a watcher takes before and behind its block, about
T_95 = (math.inf, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)   # two-sided, by degrees of freedom
EVEN = 0.97                  # least of the offered rate that a second may have answered


def tree(pid):
    """A process and all that it has started."""
    pids = [pid]
    for p in pids:
        for task in Path(f'/proc/{p}/task').iterdir():
            pids += [int(c) for c in (task / 'children').read_text().split()]
    return pids


def cpu_ns(pids):
    """Of all threads, also of those that have ended: the process's CPU clock, clock_getcpuclockid(3)."""
    return sum(time.clock_gettime_ns((~p << 3) | 2) for p in pids)


# ---- watchers ----------------------------------------------------------------------------------

class Prony:
    """As `prony check` looks at it during its measurement, at traffic that others make."""
    name = 'prony'

    def __init__(self, prony, folder, seconds):
        self.prony, self.out, self.seconds = prony, f'{folder}/run', seconds

    def begin(self, pid):
        self.process = subprocess.Popen(
            [self.prony, 'check', f'pid:{pid}', '--observe', '--for', f'{self.seconds + 2 * SETTLE_S:.1f}s', '--out',
             self.out, '--quiet'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + ATTACH_S
        while not self.is_tracing():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError('prony does not trace')
            time.sleep(0.02)

    def is_tracing(self):
        """Its tracing thread has begun."""
        for task in Path(f'/proc/{self.process.pid}/task').glob('*/comm'):
            try:
                if task.read_text() == 'prony-trace\n':
                    return True
            except OSError:
                pass
        return False

    def end(self):
        """What it said of itself."""
        self.process.wait(60)
        run = json.loads(Path(self.out, 'run.json').read_text())
        trace = run['evidence']['trace']
        if trace['mode'] != 'bpf':
            raise Skip(f"prony traces by {trace['mode']} only")
        shutil.rmtree(self.out)
        return {'traced_s': trace['seconds'], 'requests': trace['requests'], 'rss': run['self']['rss_bytes'],
                'dropped': trace['dropped'], 'own_cores': trace['overhead_cpu'], 'added': trace.get('added')}


class Perf:
    """Stacks at the same frequency by copies of 8 KiB, as perf takes them: the profile alone, no requests."""
    name = 'perf record -F 199 --call-graph dwarf'

    def __init__(self, _, folder, __):
        self.out = f'{folder}/perf.data'

    def begin(self, pid):
        if not shutil.which('perf'):
            raise Skip('perf is not installed')
        self.process = subprocess.Popen(['perf', 'record', '-q', '-F', '199', '--call-graph', 'dwarf', '-a', '-o',
                                         self.out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        os.remove(self.out)
        return {}


# ---- blocks ------------------------------------------------------------------------------------

class Target:
    """A service under an even load."""

    def __init__(self, service, stage, o, folder):
        self.service, self.o, self.folder = service, o, folder
        self.urls = service.start(stage)
        self.pid, self.port = stage.processes[-1].pid, urlsplit(self.urls[0]).port
        self.load = subprocess.Popen(
            [o.prony, 'load', *self.urls, '-k', '--rate', f'{service.rate}/s', '--arrivals', 'constant', '--for',
             f'{self.length():.0f}s', '--quiet', '--json'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        time.sleep(WARM_UP_S)
        self.check_load()

    def length(self):
        """Of the load, which is ended when it is not needed any more."""
        return WARM_UP_S + self.o.pairs * (2 * self.o.seconds + AROUND_S)

    def check_load(self):
        if self.load.poll() is not None:
            raise RuntimeError('the load has ended: ' + self.load.stderr.read())

    def block(self):
        """CPU-us a request of these seconds. An even load has answered rate * seconds of them; end() checks that."""
        time.sleep(SETTLE_S)
        pids = tree(self.pid)
        before, began = cpu_ns(pids), time.monotonic()
        time.sleep(self.o.seconds)
        used, passed = cpu_ns(pids) - before, time.monotonic() - began
        self.check_load()
        return used / 1e3 / (self.service.rate * passed)

    def watched(self, watcher):
        w = watcher(self.o.prony, self.folder, self.o.seconds)
        w.begin(self.pid)
        us = self.block()
        return us, w.end()

    def end(self):
        """Whether all was answered in time, and not more than that."""
        self.load.send_signal(signal.SIGINT)
        out, _ = self.load.communicate(timeout=60)
        phase = json.loads(out)['evidence']['phases'][-1]
        seconds = phase['rate_by_second'][1:-1]
        return min(seconds) >= EVEN * self.service.rate and not phase['errors'] + phase['timeouts'], phase


def of_pairs(plain, watched):
    """The ratio and its 95 % interval: pairs are neighbours in time, so that drift cancels."""
    logs = [math.log(w / p) for p, w in zip(plain, watched)]
    mean = statistics.mean(logs)
    n = len(logs)
    around = T_95[min(n - 1, len(T_95) - 1)] * statistics.stdev(logs) / math.sqrt(n) if n > 1 else math.inf
    return {'ratio': math.exp(mean), 'low': math.exp(mean - around), 'high': math.exp(mean + around)}


def compare(target, watcher, o):
    plain, watched, told = [], [], []
    for i in range(o.pairs):
        for turn in (0, 1) if i % 2 == 0 else (1, 0):
            if turn == 0:
                plain.append(target.block())
                continue
            us, said = target.watched(watcher)
            watched.append(us)
            told.append(said)
    found = {'plain_us': statistics.median(plain), **of_pairs(plain, watched), 'blocks': [plain, watched]}
    for key in told[0]:
        values = [t[key] for t in told if t[key] is not None]
        found[key] = (max if key in ('rss', 'dropped') else statistics.mean)(values) if values else None
    return found


def measure(service, watcher, o):
    folder = Path(tempfile.mkdtemp(prefix='prony-bench-'))
    os.chmod(folder, 0o755)
    stage = Stage(folder, o.build / 'tests' / 'truth', o.build / 'demo' / 'prony-shop', TRUTH / 'services')
    try:
        target = Target(service, stage, o, folder)
        found = compare(target, watcher, o)
        even, phase = target.end()
        found.update(service=service.name, about=service.about, rate=service.rate, watcher=watcher.name, even=even,
                     answered=phase['answered'], seconds=o.seconds, pairs=o.pairs)
        return found
    except Skip as why:
        return {'service': service.name, 'about': service.about, 'skipped': str(why)}
    finally:
        stage.clear()
        shutil.rmtree(folder, ignore_errors=True)


# ---- the table ---------------------------------------------------------------------------------

def bar(found):
    """What may be added: 3 % where a request costs 40 us of CPU and more, 5 % below."""
    return 1.03 if found['plain_us'] >= 40 else 1.05


def row(found):
    if 'skipped' in found:
        return [found['service'], found['skipped'], *[''] * (len(HEAD) - 2)]
    traced = found.get('traced_s')
    return [found['service'], found['about'] + ('' if found['watcher'] == Prony.name else f"; {found['watcher']}"),
            f"{found['rate']:,}/s" + ('' if found['even'] else ' uneven'), f"{found['plain_us']:.1f}",
            f"{found['ratio']:.3f} ({found['low']:.3f}–{found['high']:.3f})", f'{bar(found):.2f}',
            f"{traced / (found['seconds'] + 2 * SETTLE_S):.0%}" if traced else '-',
            f"{1 + found['added']:.3f}" if found.get('added') is not None else '-',
            f"{found['own_cores']:.3f}" if traced else '-', f"{found['rss'] / 2**20:.0f}" if traced else '-']


HEAD = ['service', '', 'rate', 'CPU-us a request', 'watched ÷ plain (95 %)', 'bar', 'of the time traced',
        'as it says itself', 'cores of tracing', 'MiB']
