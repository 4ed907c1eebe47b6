#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every exit status of prony(1), each from a real call. usage: status.py PRONY; prints TAP."""
import json
import os
import sys

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
    tap.skip('5: safety stop', 'only fix and gate stop for safety; neither exists yet')
    tap.skip('6: fix taken back', 'fix does not exist yet')
    tap.skip('70: internal bug', 'no way to call for one from outside')
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
