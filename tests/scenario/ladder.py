#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ladder of what may be seen: as root by BPF, also into a container; as the service's own user by perf
events and /proc, with tracing switched off not at all. Each rung names what is lost and what would open it.
usage: ladder.py PRONY HOT_SERVICE LOCKING_SERVICE; prints TAP."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from calls import Tap

NOBODY = 65534
tap = Tap()


def copy_for(user, folder, program):
    """The build folder may be closed to others."""
    return shutil.copy(program, folder) if user else program


def contained(folder, service):
    """The command that runs it as containers do: a root of its own, and it is process 1."""
    root = os.path.join(folder, 'root')
    os.mkdir(root)
    needs = subprocess.run(['ldd', service], capture_output=True, text=True, check=True).stdout.split()
    for path in [word for word in needs if word.startswith('/')]:
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
    shutil.copy(service, root + '/service')
    return ['unshare', '--pid', '--fork', '--kill-child', f'--root={root}', '/service']


def check(prony, service, user, *words, inside=False):
    """run.json of a short check of a hot service, both run by `user`."""
    with tempfile.TemporaryDirectory(prefix='prony-ladder-') as folder:
        os.chmod(folder, 0o777)
        as_user = {'user': user, 'group': user, 'extra_groups': []} if user else {}
        command = contained(folder, service) if inside else [copy_for(user, folder, service)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **as_user)
        try:
            address = running.stdout.readline().split()[-1]
            subprocess.run([copy_for(user, folder, prony), 'check', f'http://{address}/', '--quiet', '--for', '4s', '--rate', '200',
                            '--out', folder + '/run', *words], cwd=folder, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, timeout=150, check=False, **as_user)
            with open(folder + '/run/run.json', encoding='utf-8') as f:
                return json.load(f)
        finally:
            running.kill()
            running.wait()


# What the counters of the system tell without any tracing.
COUNTERS_TELL = ('cpu.saturated', 'cpu.single-thread', 'cpu.throttled', 'memory.leak', 'memory.swap')


def judge(name, run, mode, closed, function):
    trace = run['evidence']['trace']
    faults = [] if trace['mode'] == mode else [f"mode {trace['mode']}, wanted {mode}"]
    shut = [eye for eye in run['eyes'] if not eye['open']]
    faults += [f"'{eye['name']}' is closed without a word how to open it" for eye in shut if not eye.get('cure')]
    if bool(shut) != closed:
        faults.append(f"closed: {[eye['name'] for eye in shut]}")
    seen = [f['name'] for f in trace['functions'][:5]]
    if function and function not in seen:
        faults.append(f'{function} is not among {seen}')
    unseen = [f for f in run['findings'] if f['kind'] not in COUNTERS_TELL or f['source'] != 'estimated']
    if mode == 'none' and (unseen or trace['functions']):
        faults.append(f'claimed although it was not seen: {[f["summary"] for f in unseen]}')
    tap.row(name, faults)


def judge_waits(run):
    """Sampled from /proc: most threads that do not wait for work wait for the lock."""
    states = [s for s in run['evidence']['trace']['states'] if s['kind'] != 'runqueue']
    faults = [] if states and states[0].get('where') == 'account_lock' else [f'states: {states[:3]}']
    open_eyes = [eye['name'] for eye in run['eyes'] if eye['open']]
    faults += [] if 'waits' in open_eyes else [f'open: {open_eyes}']
    tap.row('its own user sees what threads wait for', faults)


def main():
    prony, service, locking = map(os.path.abspath, sys.argv[1:4])
    if os.geteuid() != 0:
        tap.skip('the ladder', 'needs root to take the other rungs')
        return tap.end()
    judge('root sees everything', check(prony, service, None), 'bpf', False, 'checksum_rows')
    if subprocess.run(['unshare', '--pid', '--fork', 'true'], capture_output=True, check=False).returncode:
        tap.skip('root sees into a container', 'no PID namespace may be made here')
    else:
        judge('root sees into a container', check(prony, service, None, inside=True), 'bpf', False, 'checksum_rows')
    judge('its own user sees stacks', check(prony, service, NOBODY), 'perf', True, 'checksum_rows')
    judge_waits(check(prony, locking, NOBODY))
    judge('switched off sees nothing', check(prony, service, None, '--no-trace'), 'none', True, None)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
