#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate before origins that are slow, full, failing or gone: who is asked, who waits, who is told to come back.
usage: gate_balance.py PRONY; prints TAP."""
import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from calls import Tap
from gate_origin import Origin
from services import free_port

PRONY = os.path.abspath(sys.argv[1])
PATIENCE_S = 20
LIMITED = '''upstream: origin, timeout: 300ms'''
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 1
metrics: 127.0.0.1:{metrics}
upstreams:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
routes:
  - {{ match: /hang/kept, {limited}, cache: {{ enabled: true }} }}
  - {{ match: /hang, {limited} }}
  - {{ match: /stall, {limited} }}
  - {{ match: /socket, {limited} }}
  - {{ match: /upload, {limited} }}
  - {{ match: /, upstream: origin }}
'''
tap = Tap()


class Late(Exception):
    pass


def until(done, why):
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise Late(why)
        time.sleep(0.01)


class Slow(Origin):
    """Answers some paths when it is let go, or never."""

    def __init__(self):
        super().__init__()
        self.gates = {}

    async def do_hang(self, reader, writer, *_):
        await reader.read()   # until the gate gives up
        return False

    async def do_stall(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this')
        await reader.read()
        return False


class Gate:
    def __init__(self, folder, origin):
        self.port, self.metrics = free_port(), free_port()
        self.file = os.path.join(folder, 'gate.yaml')
        with open(self.file, 'w', encoding='utf-8') as f:
            f.write(CONFIG.format(port=self.port, metrics=self.metrics, origin=origin.port, limited=LIMITED))

    def __enter__(self):
        self.process = subprocess.Popen([PRONY, 'gate', '--config', self.file, '--quiet'], stderr=subprocess.PIPE,
                                        text=True)
        until(self.listens, 'the gate does not listen')
        return self

    def listens(self):
        try:
            for port in (self.port, self.metrics):
                socket.create_connection(('127.0.0.1', port)).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def figure(self, series):
        with contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.metrics, timeout=PATIENCE_S)) as c:
            c.request('GET', '/metrics')
            for line in c.getresponse().read().decode().splitlines():
                if line.startswith(f'prony_gate_{series} '):
                    return float(line.rsplit(' ', 1)[1])
        return 0


class Request(threading.Thread):
    """One request; .status, .fields and .body of its answer, .broken: it ended before its end."""

    def __init__(self, gate, path):
        super().__init__(daemon=True)
        self.gate, self.path, self.status, self.body, self.broken = gate, path, None, b'', False
        self.start()

    def run(self):
        with contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.gate.port, timeout=PATIENCE_S)) as c:
            try:
                c.request('GET', self.path)
                answer = c.getresponse()
                self.status, self.fields = answer.status, answer.headers
                self.body = answer.read()
            except (http.client.HTTPException, OSError):
                self.broken = True

    def answer(self):
        self.join()
        return self.status, self.body.decode()


def ask(gate, path):
    return Request(gate, path).answer()


def expect(got, *wanted):
    return [] if got in wanted else [f'got {got!r:.300}, wanted {wanted[0]!r:.300}']


# ---- the time of an exchange

def open_tunnel(gate):
    s = socket.create_connection(('127.0.0.1', gate.port), timeout=PATIENCE_S)
    s.sendall(b'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
              b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    head = b''
    while b'\r\n\r\n' not in head:
        head += s.recv(4096)
    return s, head.split(b' ')[1]


def upload(gate):
    """A body that does not come."""
    with socket.create_connection(('127.0.0.1', gate.port), timeout=PATIENCE_S) as s:
        s.sendall(b'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
        return s.recv(4096)


def route_timeout(gate, origin):
    """One limit for all that an exchange waits for; a tunnel has none."""
    tunnel, status = open_tunnel(gate)
    faults = expect(status, b'101')
    hung, kept, stalled = Request(gate, '/hang'), [Request(gate, '/hang/kept') for _ in range(3)], Request(gate, '/stall')
    faults += expect(upload(gate)[:12], b'HTTP/1.1 408')
    faults += expect(hung.answer(), (504, '504 Gateway Timeout: longer than the 300 ms that its route allows: '
                                     'the server had not answered\n'))
    for request in kept:
        faults += expect(request.answer()[0], 504)
    faults += expect((stalled.answer()[0], stalled.broken), (200, True))
    with tunnel:
        tunnel.sendall(b'still here')
        faults += expect(tunnel.recv(100), b'still here')
    faults += expect(gate.figure('route_timeouts_total{route="/hang"}'), 1)
    return faults + expect(gate.figure('route_timeouts_total{route="/socket"}'), 0)


ROWS = [route_timeout]


def main():
    with tempfile.TemporaryDirectory(prefix='prony-balance-') as folder, Slow() as origin, Gate(folder, origin) as gate:
        for row in ROWS:
            try:
                faults = row(gate, origin)
            except (OSError, EOFError, ValueError, AssertionError, KeyError, Late) as e:
                faults = [f'{type(e).__name__}: {e}']
            if gate.process.poll() is not None:
                faults.append(f'the gate has died: {gate.process.returncode} {gate.process.stderr.read()[-2000:]}')
            tap.row(row.__name__, faults)
    tap.end()


main()
