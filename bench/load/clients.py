# SPDX-License-Identifier: MIT
"""The load generators: their command lines, and how to read what they say.

Each command line uses one thread, keeps connections alive, and measures all that the program offers
by default. What a program cannot do raises Cannot."""
import csv
import json
import math
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from machine import Cannot

QUANTILES = (0.5, 0.95, 0.99, 0.999)


@dataclass
class Job:
    url: str
    connections: int
    seconds: float
    rate: float = 0          # per second; 0: closed loop
    streams: int = 0         # HTTP/2 with so many on a connection; 0: HTTP/1.1
    poisson: bool = False    # else evenly spaced
    latency: bool = False    # its quantiles are wanted, whatever that costs
    folder: str = ''         # to work in


@dataclass
class Result:
    requests: int            # answered
    failed: int = 0
    quantiles: dict = field(default_factory=dict)   # share: seconds
    service: dict = field(default_factory=dict)     # of prony: from the real sending
    lag_p99: float = math.nan                       # of prony: sent later than intended
    limited: bool = False                           # of prony: by its own word it was the limit


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]


def quantiles_of(values):
    ordered = sorted(values)
    return {q: quantile(ordered, q) for q in QUANTILES} if ordered else {}


def debian_version(package):
    out = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], capture_output=True, text=True, check=False)
    return out.stdout.strip()


class Client:
    name = package = ''

    def find(self):
        path = shutil.which(self.name)
        if not path:
            raise Cannot(f'{self.name} is not installed (make deps-bench)')
        return path

    def version(self):
        self.find()
        return debian_version(self.package or self.name)


class Prony(Client):
    name = 'prony'

    def __init__(self, path, more):
        self.path, self.more = os.path.abspath(path), more

    def find(self):
        return self.path

    def version(self):
        return subprocess.run([self.path, '--version'], capture_output=True, text=True, check=True).stdout.split()[-1]

    def command(self, job):
        argv = [self.path, 'load', job.url, '--connections', str(job.connections), '--threads', '1',
                '--for', f'{job.seconds:g}s', '--json', '--quiet']
        if job.rate:
            argv += ['--rate', f'{job.rate:g}/s', '--arrivals', 'poisson' if job.poisson else 'constant']
        else:
            argv += ['--closed']
        if job.streams:
            argv += ['--http2', '--streams', str(job.streams)]
        return argv + (['--insecure'] if job.url.startswith('https') else []) + self.more

    def read(self, job, out):
        p = json.loads(out)['evidence']['phases'][-1]
        names = {0.5: 'p50', 0.95: 'p95', 0.99: 'p99', 0.999: 'p999'}
        return Result(p['answered'], p['errors'] + p['timeouts'],
                      {q: p['latency'][n] for q, n in names.items()},
                      {q: p['service'][n] for q, n in names.items()}, p.get('lag_p99', math.nan),
                      p['generator_limited'])


class Wrk(Client):
    name = 'wrk'
    SCRIPT = ('function done(s, latency, r) for _, q in pairs({50, 95, 99, 99.9}) do '
              'io.write(string.format("quantile %g %g\\n", q, latency:percentile(q))) end end')

    def command(self, job):
        if job.rate:
            raise Cannot('it has no rate')
        if job.streams:
            raise Cannot('it speaks no HTTP/2')
        with open(f'{job.folder}/done.lua', 'w', encoding='ascii') as f:
            f.write(self.SCRIPT)
        more = ['-s', f'{job.folder}/done.lua'] if job.latency else []
        return [self.find(), '-t1', f'-c{job.connections}', f'-d{job.seconds:g}s', *more, job.url]

    def read(self, job, out):
        wrong = re.search(r'Non-2xx or 3xx responses: (\d+)', out)
        said = re.findall(r'^quantile (\S+) (\S+)', out, re.M)
        return Result(int(re.search(r'(\d+) requests in', out)[1]), int(wrong[1]) if wrong else 0,
                      {round(float(q) / 100, 4): float(us) / 1e6 for q, us in said})


class H2load(Client):
    name, package = 'h2load', 'nghttp2-client'

    def command(self, job):
        argv = [self.find(), '-t1', f'-c{job.connections}', '-D', f'{job.seconds:g}']
        argv += [f'-m{job.streams}'] if job.streams else ['--h1']
        if job.rate:
            argv += [f'--rps={job.rate / job.connections:g}']
        if job.latency:
            argv += [f'--log-file={job.folder}/log']
        if job.poisson:
            raise Cannot('it has no random arrivals')
        return argv + [job.url]

    def read(self, job, out):
        done, good = re.search(r'(\d+) done, (\d+) succeeded', out).groups()
        values = []
        if job.latency:
            with open(f'{job.folder}/log', encoding='ascii') as f:
                values = [int(line.split()[2]) / 1e6 for line in f]
        return Result(int(good), int(done) - int(good), quantiles_of(values))


class Ab(Client):
    name, package = 'ab', 'apache2-utils'

    def command(self, job):
        if job.rate:
            raise Cannot('it has no rate')
        if job.streams:
            raise Cannot('it speaks no HTTP/2')
        argv = [self.find(), '-q', '-k', f'-c{job.connections}', f'-t{math.ceil(job.seconds)}', '-n100000000']
        return argv + (['-e', f'{job.folder}/percent'] if job.latency else []) + [job.url]

    def read(self, job, out):
        quantiles = {}
        if job.latency:
            with open(f'{job.folder}/percent', encoding='ascii') as f:
                said = {row[0]: float(row[1]) / 1e3 for row in csv.reader(f) if row[0].isdigit()}
            quantiles = {q: said[f'{100 * q:g}'] for q in QUANTILES if f'{100 * q:g}' in said}
        return Result(int(re.search(r'Complete requests:\s+(\d+)', out)[1]),
                      int(re.search(r'Failed requests:\s+(\d+)', out)[1]), quantiles)


class Hey(Client):
    name = 'hey'

    def command(self, job):
        if job.streams:
            raise Cannot('it speaks no HTTP/2 without TLS')
        if job.poisson:
            raise Cannot('it has no random arrivals')
        argv = [self.find(), '-z', f'{job.seconds:g}s', '-c', str(job.connections), '-cpus', '1']
        argv += ['-q', f'{job.rate / job.connections:g}'] if job.rate else []
        return argv + (['-o', 'csv'] if job.latency else []) + [job.url]

    def read(self, job, out):
        if job.latency:
            rows = list(csv.DictReader(out.splitlines()))
            values = [float(r['response-time']) for r in rows if r['status-code'] == '200']
            return Result(len(values), len(rows) - len(values), quantiles_of(values))
        codes = {c: int(n) for c, n in re.findall(r'\[(\d+)\]\s+(\d+) responses', out)}
        good = codes.pop('200', 0)
        return Result(good, sum(codes.values()))


class Siege(Client):
    name = 'siege'

    def command(self, job):
        if job.rate or job.latency:
            raise Cannot('it has no rate and no quantiles')
        if job.streams:
            raise Cannot('it speaks no HTTP/2')
        if job.connections > 255:
            raise Cannot('its limit is 255 connections')
        return [self.find(), '-b', '-q', '-j', f'-c{job.connections}', f'-t{math.ceil(job.seconds)}S', job.url]

    def read(self, job, out):
        said = json.loads(out[out.index('{'):])
        return Result(said['successful_transactions'], said['failed_transactions'])


class Autocannon(Client):
    """From npm, in the folder that `make deps-bench` fills."""
    name = 'autocannon'

    def __init__(self, modules):
        self.modules = modules

    def find(self):
        path = os.path.join(self.modules, 'autocannon', 'autocannon.js')
        if not os.path.exists(path) or not shutil.which('node'):
            raise Cannot('autocannon is not installed (make deps-bench)')
        return path

    def version(self):
        self.find()
        with open(os.path.join(self.modules, 'autocannon', 'package.json'), encoding='utf-8') as f:
            return json.load(f)['version']

    def command(self, job):
        if job.streams:
            raise Cannot('it speaks no HTTP/2')
        if job.poisson:
            raise Cannot('it has no random arrivals')
        argv = ['node', self.find(), '-c', str(job.connections), '-d', f'{math.ceil(job.seconds)}', '--json']
        return argv + (['-R', f'{job.rate:g}'] if job.rate else []) + [job.url]

    def read(self, job, out):
        said = json.loads(out)
        names = {0.5: 'p50', 0.99: 'p99', 0.999: 'p99_9'}   # it has p90 and p97_5, and no p95
        return Result(said['2xx'], said['non2xx'] + said['errors'] + said['timeouts'],
                      {q: said['latency'][n] / 1e3 for q, n in names.items()})


class Floor(Client):
    """floor.c: what a client costs at least here. It measures nothing: for efficiency only."""
    name = 'floor'

    def __init__(self, program):
        self.program = program

    def find(self):
        if not os.path.exists(self.program):
            raise Cannot(f'{self.program} is not built (meson setup -Dtests=true)')
        return self.program

    def version(self):
        self.find()
        return 'of this tree'

    def command(self, job):
        url = urlsplit(job.url)
        if job.streams:
            raise Cannot('it speaks HTTP/1.1 only')
        argv = [self.find()] + ['--tls'] * (url.scheme == 'https') + ['--poisson'] * job.poisson
        argv += [str(url.port), url.path, str(job.connections), f'{job.seconds:g}']
        return argv + ([f'{job.rate:g}'] if job.rate else [])

    def read(self, job, out):
        return Result(int(re.search(r'^(\d+) requests', out)[1]))


def all_clients(prony, more, modules, floor):
    return [Prony(prony, more), Floor(floor), Wrk(), H2load(), Ab(), Hey(), Siege(), Autocannon(modules)]
