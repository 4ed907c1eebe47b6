#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""prony check --press on a service that runs: what it changes is announced, and taken back whatever happens.
usage: press.py PRONY HOT_SERVICE [--all]; prints TAP. Without --all only what a killed prony leaves."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from calls import Tap
from loads import read
from proves import wait_until

PRONY, SERVICE = (os.path.abspath(word) for word in sys.argv[1:3])
NOBODY = 65534
tap = Tap()


class Pressed:
    """A check with --press. Attributes: status, err, run, before and after (the service's control groups)."""

    def __init__(self, folder, sent=None):
        self.folder = folder
        self.service = subprocess.Popen([SERVICE], stdout=subprocess.PIPE, text=True)
        address = self.service.stdout.readline().split()[-1]
        self.before = self.groups()
        with open(f'{folder}/err', 'wb') as err:
            child = subprocess.Popen([PRONY, 'check', f'http://{address}/', '--press', '--rate', '100', '--for', '1s',
                                      '--no-trace', '--out', f'{folder}/run', '--quiet'], cwd=folder,
                                     stdout=subprocess.DEVNULL, stderr=err)
        self.seen = wait_until(lambda: child.poll() is not None or self.is_pressed()) and child.poll() is None
        self.announced = 'press test' in read(f'{folder}/err')
        if sent:
            child.send_signal(sent)
        self.status = child.wait(120)
        self.after, self.err = self.groups(), read(f'{folder}/err')
        self.run = json.loads(read(f'{folder}/run/run.json') or '{}')
        self.refused = not self.is_pressed() and self.presses()[0].get('why')   # by this host, or it is too busy

    def presses(self):
        return self.run.get('evidence', {}).get('presses') or [{}]

    def groups(self):
        return read(f'/proc/{self.service.pid}/cgroup')

    def is_pressed(self):
        return 'prony-press' in self.groups()

    def events(self):
        return [json.loads(line)['event'] for line in read(f'{self.folder}/.prony/journal.ndjson').splitlines()]

    def last_event(self):
        return (self.events() or [None])[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.kill()
        self.service.wait()
        self.service.stdout.close()


def row(name, p, *checks):
    if not p.seen and p.refused:
        return tap.skip(name, p.refused)
    faults = [what for what, so in checks if not so]
    tap.row(name, faults + [f'status {p.status}', p.err[-800:], p.before, p.after, p.events()[-3:],
                            json.dumps(p.presses())] if faults else [])
    return None


def killed(folder):
    with Pressed(folder, signal.SIGKILL) as p:
        row('a killed prony has said what it does and written it down', p, ('it was seen', p.seen), ('said', p.announced),
            ('still in place', p.is_pressed()), ('in the journal', p.last_event() == 'apply'))
        undo = subprocess.run([PRONY, 'undo'], cwd=folder, capture_output=True, text=True, check=False)
        p.err, p.after = undo.stderr, p.groups()
        row('prony undo takes it back', p, ('status', undo.returncode == 0), ('told', 'Taken back: press' in undo.stdout),
            ('as before', p.after == p.before), ('in the journal', p.last_event() == 'undone'))


def interrupted(folder):
    with Pressed(folder, signal.SIGINT) as p:
        row('an interruption takes it back', p, ('it was seen', p.seen), ('as before', p.after == p.before),
            ('in the journal', p.last_event() == 'undone'))


def whole(folder):
    with Pressed(folder) as p:
        press = p.presses()[0]
        row('a press test measures and leaves nothing', p, ('status', p.status in (0, 3)), ('said', p.announced),
            ('as before', p.after == p.before), ('it is in the record', press.get('kind') == 'service'),
            ('with its figures', 'drop_low' in press and press['taken'] > 0),
            ('all of it undone', p.events().count('apply') == p.events().count('undone') == 3))


def may_not():
    """Another user's control groups may not be written: an eye says so, and with what it would do."""
    with tempfile.TemporaryDirectory(prefix='prony-press-') as folder:
        os.chmod(folder, 0o777)
        as_user = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        service = subprocess.Popen([shutil.copy(SERVICE, folder)], stdout=subprocess.PIPE, text=True, **as_user)
        try:
            address = service.stdout.readline().split()[-1]
            subprocess.run([shutil.copy(PRONY, folder), 'check', f'http://{address}/', '--press', '--rate', '100', '--for',
                            '1s', '--out', f'{folder}/run', '--quiet'], cwd=folder, stdout=subprocess.DEVNULL,
                           check=False, **as_user)
            run = json.loads(read(f'{folder}/run/run.json') or '{}')
            eyes = [eye for eye in run.get('eyes', []) if eye['name'].startswith('press test')]
            tap.row('who may not press is told what would', [] if len(eyes) == 1 and not eyes[0]['open'] and
                    eyes[0].get('cure', '').find('sudo prony check --press') >= 0 else [eyes, run.get('headline')])
        finally:
            service.kill()
            service.wait()
            service.stdout.close()


def main():
    if os.geteuid() != 0 or not os.access('/sys/fs/cgroup/cpu/cgroup.procs', os.W_OK) and \
            'cpu' not in read('/sys/fs/cgroup/cgroup.subtree_control').split():
        tap.skip('the press test', 'no control group may be made here')
        return tap.end()
    for part in [killed, *([interrupted, whole] if '--all' in sys.argv else [])]:
        with tempfile.TemporaryDirectory(prefix='prony-press-') as folder:
            part(folder)
    if '--all' in sys.argv:
        may_not()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
