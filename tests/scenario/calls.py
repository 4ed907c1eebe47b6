# SPDX-License-Identifier: MIT
"""One call of prony in a folder of its own, and what it left behind."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

TIMEOUT_S = 150


class Call:
    """Attributes: status, out, err, strays (processes left), runs (run.json by folder, None: no JSON),
    sealed (runs that claim to be whole)."""

    def __init__(self, prony, words, files=None, user=None, interrupt_after=None, stdout=None,
                 signal_sent=signal.SIGINT):
        with tempfile.TemporaryDirectory(prefix='prony-scenario-') as folder:
            os.chmod(folder, 0o777)
            given = [os.path.join(folder, name) for name in files or {}]
            for path, text in zip(given, (files or {}).values()):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(text)
            if user:   # the build folder may be closed to others
                prony = shutil.copy(prony, folder)
            self.signal_sent = signal_sent
            self.run(prony, words, folder, user, interrupt_after, stdout)
            self.runs = {path: run for path, run in runs_in(folder).items() if path + '/run.json' not in given}
            self.sealed = [path for path, run in self.runs.items() if run and run.get('sealed')]

    def run(self, prony, words, folder, user, interrupt_after, stdout):
        out = open(stdout, 'w') if stdout else subprocess.PIPE
        child = subprocess.Popen([prony] + words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.PIPE, text=True, errors='replace',
                                 start_new_session=True, user=user,
                                 group=user, extra_groups=[] if user else None)
        if stdout:
            out.close()
        try:
            if interrupt_after:
                time.sleep(interrupt_after)
                child.send_signal(self.signal_sent)
            self.out, self.err = child.communicate(timeout=TIMEOUT_S)
            self.out = self.out or ''
            self.status = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            self.out, self.err = child.communicate()
            self.status = 'no end'
        self.strays = session_members(child.pid)
        for pid in self.strays:
            os.kill(pid, signal.SIGKILL)

    def messages(self):
        return [line for line in self.err.splitlines() if line.startswith('prony: ')]

    def next_steps(self):
        return [line for line in self.err.splitlines() if line.startswith('  next: ') and line[8:].strip()]


def session_members(session):
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as f:
                fields = f.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != 'Z':
            found.append(int(pid))
    return found


def runs_in(folder):
    found = {}
    for path, _, names in os.walk(folder):
        if 'run.json' not in names:
            continue
        try:
            with open(os.path.join(path, 'run.json'), encoding='utf-8') as f:
                found[path] = json.load(f)
        except ValueError:
            found[path] = None
    return found


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def row(self, name, faults):
        self.n += 1
        self.bad += bool(faults)
        print(f'{"not ok" if faults else "ok"} {self.n} - {name}', flush=True)
        for fault in faults:
            for line in str(fault).splitlines():
                print(f'# {line}', flush=True)

    def skip(self, name, why):
        self.n += 1
        print(f'ok {self.n} - {name} # SKIP {why}', flush=True)

    def end(self):
        print(f'1..{self.n}')
        return 1 if self.bad else 0
