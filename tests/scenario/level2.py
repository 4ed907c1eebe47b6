# SPDX-License-Identifier: MIT
"""What tests of the second level share: Redis servers, and a gate before them."""
import json
import os
import signal
import socket
import subprocess
import tempfile

import gates
from gates import PATIENCE_S, ask, until
from services import free_port

WRITTEN = 'l2_written_values_total'
CONFIG = '''
listen: 127.0.0.1:{port}
workers: {workers}
engine: {engine}
metrics: 127.0.0.1:{metrics}
admin: {folder}/admin.sock
cache: {{ memory: 16MiB, ttl: {ttl}, l2: {{ servers: {servers}, timeout: {timeout}, skip_when_slower: false{more} }} }}
upstreams: {{ origin: {{ servers: ["127.0.0.1:{origin}"] }} }}
routes: [ {{ match: /, upstream: origin, cache: {{ enabled: true }} }} ]
'''


class Redis:
    """A server, and one connection to it."""

    def __init__(self, folder, *words, port=None, tls=None):
        self.tls_port = free_port()
        words = [*words, *(tls[0].redis(self.tls_port, *tls[1:]) if tls else [])]
        self.folder = tempfile.mkdtemp(dir=folder)
        self.port = port or free_port()
        self.argv = ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
                     '--dir', self.folder, '--repl-diskless-sync-delay', '0', *words]
        self.password = words[words.index('--requirepass') + 1] if '--requirepass' in words else None
        self.start()

    def start(self):
        self.s = None
        self.process = subprocess.Popen(self.argv, stdout=subprocess.DEVNULL)
        until(self.answers, 'Redis does not start')
        return self

    def answers(self):
        try:
            self.s = socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE_S)
            self.f = self.s.makefile('rb')
            if self.password:
                self.ask('AUTH', self.password)
            return self.ask('PING') == 'PONG'
        except OSError:
            return False

    def ask(self, *words):
        parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.s.sendall(b'*%d\r\n' % len(parts) + b''.join(b'$%d\r\n%s\r\n' % (len(p), p) for p in parts))
        return self.reply()

    def reply(self):
        line = self.f.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b'$':
            return None if rest == b'-1' else self.f.read(int(rest) + 2)[:-2]
        if kind == b'*':
            return [self.reply() for _ in range(int(rest))]
        return int(rest) if kind == b':' else (kind if kind == b'-' else b'').decode() + rest.decode()

    def keys(self):
        return [k for k in self.ask('KEYS', '*:1:*') if not k.endswith(b':purges')]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.kill()


class Gate(gates.Gate):
    """In a folder of its own, with these servers behind; its end is looked at as well."""

    def __init__(self, folder, origin, servers, more='', workers=1, engine='io_uring', ttl='300s', timeout='5s', env=None,
                 waits=True):
        port = 'tls_port' if 'tls:' in more else 'port'
        names = ', '.join(f'"127.0.0.1:{s if isinstance(s, int) else getattr(s, port)}"' for s in servers)
        super().__init__(tempfile.mkdtemp(dir=folder), CONFIG, env=env, origin=origin.port, servers=f'[{names}]', workers=workers,
                         engine=engine, ttl=ttl, timeout=timeout, more=', ' + more if more else '')
        self.waits = waits

    def __enter__(self):
        super().__enter__()
        if self.waits:
            self.await_figure('l2_purges_known')
        return self

    def __exit__(self, *_):
        try:
            status = self.end()
        except subprocess.TimeoutExpired:
            status = 'no end'
        super().__exit__()
        if status != 0:
            raise OSError(f'the gate has died: {status} {self.said()}')

    def get(self, path, fields='', method='GET'):
        """Status, Cache-Status, Age, body."""
        status, had, body = ask(self.port, path, method, fields=fields)
        return status, had.get('cache-status', ''), int(had['age']) if 'age' in had else None, body

    def purge(self, **what):
        data = json.dumps(what).encode()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.folder, 'admin.sock'))
            s.sendall(b'POST /purge HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n'
                      b'Content-Length: %d\r\n\r\n' % len(data) + data)
            answer = b''
            while piece := s.recv(65536):
                answer += piece
        if b' 200 ' not in answer.split(b'\r\n')[0]:
            raise OSError(answer[:300])

    def await_written(self, n=1):
        self.await_figure(WRITTEN, n)
