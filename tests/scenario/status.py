#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every exit status of prony(1), each from a real call. usage: status.py PRONY; prints TAP."""
import json
import os
import signal
import subprocess
import sys
import tempfile

from calls import Call, Tap
from services import Service, free_port

PRONY = os.path.abspath(sys.argv[1])
tap = Tap()


ATTEMPTS = 6


def gives(name, status, words, **more):
    """A busy host may make the generator the limit, which prony rightly refuses to judge: ask again."""
    for _ in range(ATTEMPTS):
        call = Call(PRONY, words, **more)
        limited = call.status == 3 and 'generator-limited' in (call.out + call.err).lower()
        if not limited:
            break
    if limited:
        tap.skip(f'{status}: {name}', 'this host is too busy to make load')
        return None
    faults = [] if call.status == status else [f'exit status {call.status}, wanted {status}',
                                               f'stderr: {call.err[-500:]}', f'stdout: {call.out[-800:]}']
    if call.strays:
        faults.append(f'processes left: {call.strays}')
    tap.row(f'{status}: {name}', faults)
    return call


def is_run(name, call, verdicts):
    if not call:
        tap.skip(name, 'no call')
        return
    try:
        run = json.loads(call.out)
        verdict = run.get('verdict')
        faults = [] if run.get('schema') == 'prony.run/1' and verdict in verdicts else [f'verdict {verdict}']
    except ValueError as e:
        faults = [f'not JSON: {e}', call.out[:300]]
    tap.row(name, faults)


def stopped(name, words, service='breaks', condition='errors>20%'):
    """--stop-if at a service that does what it says: at once, told, sealed."""
    with Service(service) as s:
        call = gives(name, 5, words + [s.url, '--stop-if', condition, '--out', 'r', '--json'])
    is_run(f'{name}: its verdict is inconclusive', call, ('inconclusive',))
    if not call:
        return
    faults = [] if len(call.sealed) == 1 else ['its run is not sealed']
    run = json.loads(call.out)
    if 'stopped for safety' not in run['headline'] or condition not in run['headline']:
        faults.append(f'headline: {run["headline"]}')
    if run['evidence']['phases'][-1]['seconds'] > 12:
        faults.append('it went on')
    if len(call.messages()) != 1 or len(call.next_steps()) != 1:
        faults.append(f'stderr: {call.err}')
    tap.row(f'{name}: stops at once, is sealed and says why', faults)


def safety_stops():
    stopped('load that does harm', ['load', '--rate', '50', '--for', '60s'])
    stopped('check that does harm', ['check', '--rate', '50', '--for', '60s'])
    # Its search gives up on a service that breaks in the midst of it, maybe before three seconds are over.
    stopped('suite that does harm', ['load', 'suite', '--quick'], 'steady', 'p99>1us')
    with Service('steady') as s:
        gives('stop condition that is not met', 0, ['load', s.url, '--rate', '50', '--for', '4s',
              '--stop-if', 'errors>20%,p99>5s,rate<1/s'])
        gives('interrupted, which is no harm', 3, ['load', s.url, '--rate', '20', '--for', '60s', '--stop-if',
              'rate<1/s'], interrupt_after=2)
        small_disk(s)
        gives('stop condition that is none', 2, ['load', s.url, '--rate', '50', '--stop-if', 'errors<20%'])


def crashed(name, words, number):
    """The signal of a bug, in the midst of it."""
    call = gives(f'{name} that ends by {number.name}', 70, words + ['--out', 'r'], interrupt_after=4,
                 signal_sent=number)
    faults = [] if len(call.runs) == 1 and not call.sealed and all(call.runs.values()) else [f'runs: {call.runs}']
    if 'internal error' not in call.err or 'busy with: ' not in call.err or '[0x' not in call.err:
        faults.append(f'stderr: {call.err}')
    if len(call.messages()) != 1 or len(call.next_steps()) != 1:
        faults.append(f'stderr: {call.err}')
    tap.row(f'{name} that ends by {number.name}: one message, run unsealed', faults)


def internal_bugs():
    with open(PRONY, 'rb') as f:
        program = f.read()
        if b'__asan_init' in program or b'__tsan_init' in program:
            tap.skip('70: internal bug', 'the sanitizer has its own way')
            return
    with Service('steady') as s:
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            crashed('load', ['load', s.url, '--rate', '50', '--for', '60s'], number)
        crashed('check', ['check', s.url, '--for', '60s'], signal.SIGSEGV)
        crashed('check', ['check', s.url, '--for', '60s'], signal.SIGABRT)


def small_disk(service):
    """The folder of the run on a file system with 16 MiB."""
    with tempfile.TemporaryDirectory(prefix='prony-small-') as folder:
        mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'none', folder], capture_output=True)
        if mount.returncode:
            tap.skip('5: run folder without room', 'cannot mount a small file system')
            return
        words = ['load', service.url, '--rate', '50', '--for', '3s', '--out', folder + '/r']
        try:
            gives('run folder without room', 5, words)
            gives('run folder without room, --no-guard', 0, words + ['--no-guard'])
        finally:
            subprocess.run(['umount', folder], check=True)


def main():
    with Service('steady') as s:
        gives('help', 0, ['help'])
        load = ['load', s.url, '--rate', '100', '--for', '2s', '--quiet']
        gives('load within its target', 0, load + ['-t', 'p99<2s'])
        gives('load without a target', 0, load)
        gives('closed loop', 0, ['load', s.url, s.url + 'b', '--closed', '--connections', '2', '--threads', '1',
                                  '--for', '1s', '--seed', '7', '--quiet', '--json'])
        is_run('load --json is a run', gives('load --json', 0, load + ['--json']), ('met',))
        missed = gives('load missing its target', 1, load + ['-t', 'p50<1us', '--json'])
        is_run('its verdict is missed', missed, ('missed',))
        gives('check within its target', 0, ['check', s.url, '--rate', '200', '--for', '5s', '-t', 'p99<2s'])
        gives('check missing its target', 1, ['check', s.url, '--rate', '200', '--for', '5s', '-t', 'p50<1us'])
        gives('wrong flag', 2, ['check', s.url, '--frobnicate'])
        gives('interrupted', 3, ['load', s.url, '--rate', '20', '--for', '60s'], interrupt_after=2)
        gives('target at a load that was not offered', 3, load + ['-t', 'p99<2s@5k/s'])
        watched = ['check', '--observe', f'pid:{s.pid}', '--for', '2s']
        gives('nothing to observe', 3, watched)
    gives('nobody listens', 4, ['check', f'http://127.0.0.1:{free_port()}/'])
    safety_stops()
    with Service('steady') as s:
        fix = ['fix', s.url, '--rate', '100', '--pairs', '2', '--block', '300ms', '--no-saturation']
        useless = gives('fix of nothing', 6, fix + ['--apply', 'touch it', '--undo', 'rm -f it', '--json'])
        is_run('fix --json is a run', useless, ('missed', 'inconclusive'))
        gives('nothing to undo', 0, ['undo'])
    internal_bugs()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
