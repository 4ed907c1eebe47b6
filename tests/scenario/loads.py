# SPDX-License-Identifier: MIT
"""One `prony load` with what it left behind, and the servers that it meets."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

TIMEOUT_S = 60
HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''


def list_files(folder):
    return [os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names]


class Load:
    """Attributes: status, out, err, rss_bytes (peak, of all its processes the largest), run (of
    run.json; {} without one), phase (of the load; {} without one), texts (of all files by name)."""

    def __init__(self, prony, words, prefix=(), enter=None):
        with tempfile.TemporaryDirectory(prefix='prony-hostile-') as folder:
            with open(f'{folder}/out', 'wb') as out, open(f'{folder}/err', 'wb') as err:
                child = subprocess.Popen([*prefix, prony, 'load', *words, '--out', f'{folder}/run'],
                                         cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                         preexec_fn=enter, start_new_session=True)
            watch = threading.Timer(TIMEOUT_S, os.killpg, (child.pid, signal.SIGKILL))
            watch.start()
            _, ended, usage = os.wait4(child.pid, 0)
            watch.cancel()
            child.returncode = os.waitstatus_to_exitcode(ended)   # so that Popen does not wait too
            self.status, self.rss_bytes = child.returncode, usage.ru_maxrss * 1024
            self.out, self.err = read(f'{folder}/out'), read(f'{folder}/err')
            self.texts = {name: read(f'{folder}/run/{name}') for name in list_files(f'{folder}/run')}
            self.run = json.loads(self.texts.get('run.json') or '{}')
        phases = self.run.get('evidence', {}).get('phases', [])
        self.phase = phases[-1] if phases else {}

    @property
    def limited(self):
        return self.run.get('verdict') == 'generator-limited'

    def messages(self):
        return [line for line in self.err.splitlines() if line.startswith('prony: ')]

    def next_steps(self):
        return [line for line in self.err.splitlines() if line.startswith('  next: ') and line[8:].strip()]

    def told(self):
        return [f'stderr: {self.err[-600:]}', f'stdout: {self.out[-600:]}']


class Server:
    """A process that prints where it listens; a context manager."""

    def __init__(self, argv):
        self.argv = argv

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.said = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """What it said at its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[1]
        except ValueError:      # asked before
            return ''


class Truth(Server):
    """The truth server; its paths are in tests/tools/truth.h."""

    def __init__(self, program, prefix=()):
        super().__init__([*prefix, program])

    def url(self, path):
        return self.said + path

    def requests(self):
        return int(self.end().split()[0])


class Ambush(Server):
    def __init__(self, name):
        super().__init__([sys.executable, os.path.join(HERE, 'ambush.py'), name])

    def url(self, path):
        return f'http://127.0.0.1:{self.said}/{path}'
