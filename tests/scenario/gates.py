# SPDX-License-Identifier: MIT
"""What the tests of the gate share: a gate on free ports, a connection to it that reads strictly, waiting, and rows.

The program is the first word of each test. A Gate is a context manager over a file of its own, written from a text for
str.format() that has {port}, and may have {metrics}, {folder} and whatever is given beside."""
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import traceback

from calls import Tap
from services import free_port

PRONY = os.path.abspath(sys.argv[1])
PATIENCE_S = 20
TEST = sys.modules['__main__'].__file__
tap = Tap()


# ---- waiting and judging

class Late(Exception):
    """What had to come has not come."""


def wait_for(what, seconds=PATIENCE_S):
    """The answer of `what` as soon as it says yes, or the last one."""
    end = time.monotonic() + seconds
    while not (got := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return got


def until(is_so, what):
    """Returns once it is so; Late with these words (or what they return) if it does not become so."""
    if not wait_for(is_so):
        raise Late(what() if callable(what) else what)


def expect(got, *wanted):
    return [] if got in wanted else [f'got {got!r:.300}, wanted {wanted[0]!r:.300}']


def faults_of(row, *args):
    """What the row returns; an exception is a fault as well, with the line of the test that it came out of."""
    try:
        return row(*args)
    except Exception as e:
        lines = [frame.lineno for frame in traceback.extract_tb(e.__traceback__) if frame.filename == TEST]
        return [f'{type(e).__name__}: {e} at line {lines[-1] if lines else "?"}']


def run_rows(rows, gate, *args, prefix=''):
    """Each row with the gate and the arguments; none after one that it died of."""
    for row in rows:
        faults = faults_of(row, gate, *args)
        died = gate.died()
        tap.row(prefix + row.__name__, faults + died)
        if died:
            return


# ---- asking

def request(path, method='GET', fields='', body=b'', host='a.example'):
    length = f'Content-Length: {len(body)}\r\n' if body else ''
    return f'{method} {path} HTTP/1.1\r\nHost: {host}\r\n{length}{fields}\r\n'.encode() + body


class Peer:
    """A connection of HTTP/1.1 that reads answers strictly; through TLS with a context, to the server of a name."""

    def __init__(self, port, tls=None, name='a.example', session=None):
        self.s = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE_S)
        if tls:
            self.s = tls.wrap_socket(self.s, server_hostname=name, session=session)
        self.data = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, data):
        self.s.sendall(data if isinstance(data, bytes) else data.encode('latin-1'))

    def more(self):
        piece = self.s.recv(65536)
        self.data += piece
        return bool(piece)

    def take(self, n):
        part = bytes(self.data[:n])
        del self.data[:n]
        return part

    def until(self, mark):
        while mark not in self.data:
            if not self.more():
                raise EOFError(bytes(self.data[:200]))
        return self.take(self.data.index(mark) + len(mark))[:-len(mark)]

    def exactly(self, n):
        while len(self.data) < n:
            if not self.more():
                raise EOFError(f'{len(self.data)} of {n} bytes')
        return self.take(n)

    def rest(self):
        while self.more():
            pass
        return self.take(len(self.data))

    def chunks(self):
        while size := int(self.until(b'\r\n'), 16):
            yield self.exactly(size)
            assert self.exactly(2) == b'\r\n'
        assert self.exactly(2) == b'\r\n'

    def head(self):
        lines = self.until(b'\r\n\r\n').decode('latin-1').split('\r\n')
        fields = {}
        for line in lines[1:]:
            name, value = line.split(': ', 1)
            fields[name.lower()] = value
        return int(lines[0].split(' ')[1]), fields

    def answer(self, method='GET'):
        """Status, fields by their names in small letters, body."""
        status, fields = self.head()
        if method == 'HEAD' or status < 200 or status in (204, 304):
            return status, fields, b''
        if 'transfer-encoding' in fields:
            return status, fields, b''.join(self.chunks())
        return status, fields, self.exactly(int(fields['content-length']))

    def ask(self, path, method='GET', **more):
        self.send(request(path, method, **more))
        return self.answer(method)

    def ends(self):
        """Nothing more comes."""
        try:
            return not self.rest()
        except (ConnectionResetError, ssl.SSLError):
            return not self.data


def ask(port, path, method='GET', **more):
    """On a connection of its own."""
    with Peer(port) as p:
        return p.ask(path, method, **more)


# ---- the gate

class Gate:
    """`folder` holds its file and what it says; `values` are for the text, `env` is what its environment has beside ours."""

    def __init__(self, folder, text, name='gate', env=None, **values):
        self.folder, self.text, self.env = folder, text, env
        self.file, self.err = (os.path.join(folder, f'{name}.{end}') for end in ('yaml', 'err'))
        self.values = {'port': free_port(), 'metrics': free_port(), 'folder': folder}
        self.write(**values)

    def write(self, text=None, **values):
        """The file, from another text for once; values stay."""
        self.values.update(values)
        self.port, self.metrics = self.values['port'], self.values['metrics']
        with open(self.file, 'w', encoding='utf-8') as f:
            f.write((text or self.text).format(**self.values))

    def __enter__(self):
        self.start()
        return self

    def start(self):
        with open(self.err, 'ab') as err:
            self.process = subprocess.Popen([PRONY, 'gate', '--config', self.file], stderr=err,
                                            env={**os.environ, **(self.env or {})})
        if not wait_for(lambda: self.process.poll() is not None or self.listens()) or self.process.poll() is not None:
            self.kill()
            raise Late(f'the gate does not begin: {self.said()[-2000:]}')

    def listens(self):
        try:
            for port in [self.port] + [self.metrics] * ('{metrics}' in self.text):
                socket.create_connection(('127.0.0.1', port)).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """The status with which it ends when it is told to."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_S)

    def died(self):
        """As faults; an end that it came to well is none."""
        status = self.process.poll()
        return [f'the gate has died: {status} {self.said()[-2000:]}'] if status else []

    def said(self):
        """What it wrote to stderr, over all its starts."""
        with open(self.err, encoding='utf-8', errors='replace') as f:
            return f.read()

    def says(self, *texts):
        until(lambda: all(t in self.said() for t in texts), lambda: f'the gate does not say {texts}: {self.said()[-2000:]}')

    def figures(self):
        """Each series with its value, as Prometheus would read them."""
        with Peer(self.metrics) as p:
            status, _, body = p.ask('/metrics')
            assert status == 200 and p.ends(), status
        return {series: float(value) for series, value in
                (line.rsplit(' ', 1) for line in body.decode().splitlines() if not line.startswith('#'))}

    def figure(self, name):
        return self.figures()[f'prony_gate_{name}']

    def await_figure(self, name, least=1):
        until(lambda: self.figure(name) >= least, lambda: f'{name} is {self.figure(name)}, not {least} at least')
