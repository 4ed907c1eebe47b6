# SPDX-License-Identifier: MIT
"""One `prony prove` with what it left behind, and the services that it compares."""
import json
import os
import signal
import subprocess
import tempfile
import time
import uuid

from loads import Server, list_files, read

TIMEOUT_S = 90
CONDITION_S = 30
MARK = 'PRONY_SCENARIO'

# Services in other languages: argv is the port and how many turns of a loop a request costs.
NODE = """const [port, turns] = process.argv.slice(2).map(Number);
require('http').createServer((request, response) => {
	let x = 1;
	for (let i = 0; i < turns; i++) x = (x * 48271) % 2147483647;
	response.end(JSON.stringify({ path: request.url, counted: x > 0 }) + '\\n');
}).listen(port, '127.0.0.1');
"""
PYTHON = """import http.server, sys
port, turns = map(int, sys.argv[1:3])
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    def do_GET(self):
        x = 1
        for _ in range(turns):
            x = x * 48271 % 2147483647
        body = f'{self.path} {x > 0}\\n'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
Server(('127.0.0.1', port), Handler).serve_forever()
"""


class Twin(Server):
    """tests/tools/twin_server.c"""

    def __init__(self, program, *words):
        super().__init__([program, *map(str, words)])

    def url(self, path='a'):
        return self.said + path


def marked(mark):
    """Processes that prony started, whatever session or group they are in now."""
    found, wanted = [], f'{MARK}={mark}'.encode()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as f:
                if wanted in f.read().split(b'\0'):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def name_of(pid):
    return read(f'/proc/{pid}/comm').strip()


def wait_until(condition):
    end = time.monotonic() + CONDITION_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Prove:
    """Attributes: status, out, err, run (of run.json; {} without one), proof (its first; {} without
    one), texts (of all files of the run by name), strays (processes left), left (what is left in the
    folder for temporary files), seconds, early (it ended before the time for a signal came)."""

    def __init__(self, prony, words, cwd=None, files=None, send=None, when=None, to=None):
        """`send` a signal to prony when `when(self)` holds, or to the process that `to(self)` names."""
        with tempfile.TemporaryDirectory(prefix='prony-prove-') as folder:
            self.folder, self.mark = folder, uuid.uuid4().hex
            for name in ('tmp', 'work'):
                os.mkdir(f'{folder}/{name}')
            for name, text in (files or {}).items():
                with open(f'{folder}/work/{name}', 'w', encoding='utf-8') as f:
                    f.write(text)
            self.measure([prony, 'prove', *map(str, words), '--out', f'{folder}/run'], cwd or f'{folder}/work',
                         send, when, to)
            self.texts = {name: read(f'{folder}/run/{name}') for name in list_files(f'{folder}/run')}
            self.left = os.listdir(f'{folder}/tmp')
        self.run = json.loads(self.texts.get('run.json') or '{}')
        self.proof = (self.run.get('proofs') or [{}])[0]

    def measure(self, argv, cwd, send, when, to):
        began = time.monotonic()
        with open(f'{self.folder}/out', 'wb') as out, open(f'{self.folder}/err', 'wb') as err:
            child = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                     env={**os.environ, 'TMPDIR': f'{self.folder}/tmp', MARK: self.mark},
                                     start_new_session=True)
        if send:
            wait_until(lambda: child.poll() is not None or when(self))
            self.early = child.poll() is not None or not when(self)
            os.kill(to(self) if to else child.pid, send)
        try:
            self.status = child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            self.status = 'no end'
        self.seconds = time.monotonic() - began
        if send == signal.SIGKILL or self.status == 'no end':   # its services hear of it from the kernel
            wait_until(lambda: not marked(self.mark))
        self.strays = marked(self.mark)
        for pid in self.strays:
            os.kill(pid, signal.SIGKILL)
        self.out, self.err = read(f'{self.folder}/out'), read(f'{self.folder}/err')
        self.sealed = [self.folder] if self.status in (2, 4) and self.is_sealed() else []

    def services(self, program):
        """Those that it started from this file."""
        return [pid for pid in marked(self.mark) if name_of(pid) == os.path.basename(program)]

    def said(self, words):
        return words in read(f'{self.folder}/err')

    def is_sealed(self):
        return bool(json.loads(read(f'{self.folder}/run/run.json') or '{}').get('sealed'))

    def messages(self):
        return [line for line in self.err.splitlines() if line.startswith('prony: ')]

    def next_steps(self):
        return [line for line in self.err.splitlines() if line.startswith('  next: ') and line[8:].strip()]

    def comparison(self, metric, route=None):
        return next((c for c in self.proof.get('comparisons', [])
                     if c['metric'] == metric and c.get('route') == route), {})

    def told(self):
        short = {k: v for k, v in self.proof.items() if k not in ('blocks', 'differences')}
        return [f'{self.seconds:.1f} s', f'stderr: {self.err[-800:]}', f'stdout: {self.out[-800:]}',
                json.dumps(short)[:2500]]
