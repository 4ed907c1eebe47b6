# SPDX-License-Identifier: MIT
"""Fleets for fleet.py: a Redis server where they meet, a site that they load, a leader and its workers."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from loads import read
from services import answer, free_port, requests

PRONY = os.path.abspath(sys.argv[1])
MET, MISSED, USAGE, INCONCLUSIVE, NOT_MEASURED, STOPPED = range(6)
NAMES = ('alpha', 'beta', 'gamma')
TIMEOUT_S = 40
PASSWORD = 'not-to-be-seen'


# ---- what the fleets meet and load

class Redis:
    def __init__(self, *words, tls=None):
        self.port, tls_port = free_port(), free_port()
        words = [*words, *(tls[0].redis(tls_port, *tls[1:]) if tls else [])]
        self.folder = tempfile.mkdtemp(prefix='prony-fleet-redis-')
        self.process = subprocess.Popen(
            ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--save', '', '--appendonly',
             'no', '--dir', self.folder, *words], stdout=subprocess.DEVNULL)
        self.url, self.secure = f'redis://127.0.0.1:{self.port}', f'rediss://127.0.0.1:{tls_port}'
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    return
            time.sleep(0.05)

    def ask(self, *words):
        return subprocess.run(['redis-cli', '-p', str(self.port), *words], capture_output=True, text=True,
                              check=False).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Site:
    """Answers everything after `pause` and remembers what was asked, and when."""

    def __init__(self, pause=0.0):
        self.pause, self.asked = pause, []
        self.listening = socket.create_server(('127.0.0.1', 0), backlog=128)
        self.port = self.listening.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}/'
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for head in requests(conn):
                    self.asked.append((time.monotonic(), head.split(b' ', 2)[1].decode()))
                    time.sleep(self.pause)
                    conn.sendall(answer('200 OK'))
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()

    def paths(self):
        return sorted(path for _, path in self.asked)

    def asked_after(self, when):
        return sum(at > when for at, _ in self.asked)


# ---- a fleet

class Process:
    """One prony, of a leader or a worker; its status is None until it has ended."""

    def __init__(self, folder, name, words, env=None, prefix=()):
        self.files = [f'{folder}/{name}.{s}' for s in ('out', 'err')]
        with open(self.files[0], 'wb') as out, open(self.files[1], 'wb') as err:
            self.child = subprocess.Popen([*prefix, PRONY, 'load', *words, '--quiet'], cwd=folder, stdout=out, stderr=err,
                                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def kill(self, how):
        self.child.send_signal(how)

    def wait(self, timeout=TIMEOUT_S):
        try:
            self.status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            self.status = 'no end'
        self.out, self.err = (read(f) for f in self.files)
        return self

    def limited(self):
        """This host was too busy for it, and it says so."""
        return self.status == INCONCLUSIVE and 'GENERATOR-LIMITED' in self.out


class Fleet:
    """A context manager; leader and workers may be looked at when it was left."""

    def __init__(self, name, meet, words, names=NAMES, worker_words=(), files=None, env=None, size=None,
                 prefixes=None):
        self.folder = tempfile.mkdtemp(prefix='prony-fleet-')
        for file, text in (files or {}).items():
            with open(f'{self.folder}/{file}', 'w', encoding='utf-8') as f:
                f.write(text)
        mark = '&' if '?' in meet else '/?'
        self.workers = {n: Process(self.folder, n, ['--join', f'{meet}{mark}fleet={name}&name={n}', *worker_words],
                                   env, (prefixes or {}).get(n, ())) for n in names}
        self.leader = Process(self.folder, 'leader',
                              [*words, '--via', f'{meet}{mark}fleet={name}', '--workers', str(size or len(names)),
                               '--out', 'run'], env)
        self.run, self.phase = {}, {}

    def offers(self, site, requests_wanted=20, probes=5):
        """Wait until the load has begun."""
        end = time.monotonic() + TIMEOUT_S
        while len(site.asked) < requests_wanted + probes and time.monotonic() < end:
            time.sleep(0.02)
        return time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in [self.leader, *self.workers.values()]:
            p.wait()
        self.run = json.loads(read(f'{self.folder}/run/run.json') or '{}')
        evidence = self.run.get('evidence', {})
        self.phase = (evidence.get('phases') or [{}])[-1]
        self.seen = {w['name']: w for w in evidence.get('workers', [])}
        self.files = os.listdir(f'{self.folder}/run') if self.run else []
        shutil.rmtree(self.folder, ignore_errors=True)

    def statuses(self, leader, **workers):
        """A host that is too busy to make even this load may be told instead of a load that went well."""
        processes = {'leader': self.leader, **self.workers}
        got = {n: p.status for n, p in processes.items()}
        want = {'leader': leader, **{n: MET for n in self.workers}, **workers}
        wrong = [n for n, p in processes.items() if got[n] != want[n] and not (want[n] == MET and p.limited())]
        faults = [f'exit statuses {got}, wanted {want}'] if wrong else []
        everyone = [self.leader, *self.workers.values()]
        if faults:
            faults += [p.err[-400:] + p.out[-300:] for p in everyone]
        return faults + [f'the password is shown: {p.err}' for p in everyone if PASSWORD in p.err + p.out]

    def books(self):
        """The identity of the whole and of each worker, and the whole, of all phases, the sum of the parts."""
        names = ('scheduled', 'sent', 'unsent', 'answered', 'errors', 'timeouts', 'in_flight')
        if not self.phase:
            return ['no phase was recorded']
        phases = self.run['evidence']['phases']
        sums = {n: (sum(p[n] for p in phases), sum(w[n] for w in self.seen.values())) for n in names}
        faults = [f'{n}: {a} of {b}' for n, (a, b) in sums.items() if a != b]
        for who, b in [*((p['name'], p) for p in phases), *self.seen.items()]:
            if b['scheduled'] != b['sent'] + b['unsent']:
                faults.append(f'{who}: scheduled is not sent + unsent: {b}')
            if b['sent'] != b['answered'] + b['errors'] + b['timeouts'] + b['in_flight']:
                faults.append(f'{who}: sent does not add up: {b}')
        return faults


def says(process, *patterns):
    text = process.err + process.out
    return [f'no "{p}" in: {text[-700:]}' for p in patterns if not re.search(p, text)]
