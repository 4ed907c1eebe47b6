#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What following requests costs them is weighed before the limit is looked for, where probes are in their way, and
nowhere else; the load of the tracing is less by it.
usage: weighing.py PRONY SHOP HOT_SERVICE; prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

from calls import Tap

PRONY, SHOP, HOT = (os.path.abspath(word) for word in sys.argv[1:4])
WEIGHING = ['alone-1', 'followed-1', 'followed-2', 'alone-2']
tap = Tap()


def check(path, *command):
    """run.json of a check that looks for the limit."""
    with tempfile.TemporaryDirectory(prefix='prony-weighing-') as folder:
        service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            address = service.stdout.readline().split()[-1]
            subprocess.run([PRONY, 'check', f'http://{address}/{path}', '--quiet', '--for', '2s', '--out', f'{folder}/run'],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=150, check=False)
            with open(f'{folder}/run/run.json', encoding='utf-8') as f:
                return json.load(f)
        finally:
            service.terminate()
            service.wait()
            service.stdout.close()


def named(run, kind):
    found = [f['kind'] for f in run['findings']]
    return [] if kind in found else [f'{kind} is not found, but {found}']


def judge_dear(run):
    """The shop reads row by row from SQLite, whose functions are probed: a microsecond or two for each of them."""
    trace, phases = run['evidence']['trace'], {p['name']: p for p in run['evidence']['phases']}
    dear, knee, traced = trace.get('dear'), run['capacity']['knee_rate'], phases.get('trace', {}).get('rate')
    names = [p['name'] for p in run['evidence']['phases'] if p['name'] in WEIGHING]
    faults = [] if names == WEIGHING else [f'phases: {list(phases)}']
    if not dear:
        faults.append(f'no cost is told; CPU and answers: '
                      f"{[(p['service_cpu'], p['answered']) for n, p in phases.items() if n in WEIGHING]}")
    elif not traced or traced > 1.001 * knee / (1 + dear):
        faults.append(f'traced at {traced}, the limit is {knee} and requests take {dear:.0%} more')
    tap.row('requests that wait for probed functions are dear to follow', faults)
    tap.row('and what limits them is named all the same', named(run, 'io.db.n-plus-one'))


def judge_cheap(run):
    names = [p['name'] for p in run['evidence']['phases']]
    dear = run['evidence']['trace'].get('dear')
    faults = [] if dear is None else [f'{dear:.1%} more is told']
    faults += [f'weighed although there is nothing to weigh: {names}'] if set(names) & set(WEIGHING) else []
    tap.row('where no probe is in the way nothing is weighed', faults)
    tap.row('and its limit is named', named(run, 'cpu.hot-function'))


def main():
    if os.geteuid() != 0:
        tap.skip('what following costs', 'BPF needs root')
        return tap.end()
    judge_dear(check('cart?customer=4711', SHOP, '--fault', 'n-plus-one'))
    judge_cheap(check('', HOT))
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
