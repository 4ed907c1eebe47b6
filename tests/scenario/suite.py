#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""prony load suite and --find-max against services that give way in one way each.
usage: suite.py PRONY GIVE_WAY; prints TAP."""
import json
import os
import subprocess
import sys

from calls import Call, Tap

PRONY, GIVE_WAY = (os.path.abspath(word) for word in sys.argv[1:3])
ATTEMPTS = 3
tap = Tap()


class GivesWay:
    """The fixture as a context manager with .url; see tests/tools/give_way.c."""

    def __init__(self, *words):
        self.process = subprocess.Popen([GIVE_WAY, *words], stdout=subprocess.PIPE, text=True)
        self.url = f'http://127.0.0.1:{int(self.process.stdout.readline())}/'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def ask(fixture, words, **more):
    """A busy host may make the generator the limit, which prony rightly refuses to judge: ask again."""
    for _ in range(ATTEMPTS):
        with GivesWay(*fixture) as service:
            call = Call(PRONY, [service.url if word == 'URL' else word for word in words], **more)
        if call.status != 3 or 'generator-limited' not in call.out.lower():
            break
    return call


def suite(fixture, words=()):
    call = ask(fixture, ['load', 'suite', 'URL', '--quick', '--json', '-q', *words])
    try:
        return call, json.loads(call.out)
    except ValueError:
        return call, {}


def phase(run, name):
    return next((p for p in run.get('suite', {}).get('phases', []) if p['phase'] == name), {})


def recovery(run, after):
    return next((r for r in run.get('suite', {}).get('recoveries', []) if r['after'] == after), {})


def row(name, call, checks):
    """Every check is a pair: what should be, whether it is."""
    faults = [what for what, holds in checks if not holds]
    if call.strays:
        faults.append(f'processes left: {call.strays}')
    if faults:
        faults += [f'status {call.status}', call.err[-400:], call.out[-1500:] if call.out[:1] != '{' else
                   json.dumps({k: json.loads(call.out).get(k) for k in ('headline', 'suite')}, indent=1)]
    tap.row(name, faults)


def recovers():
    call, run = suite(['sick', '200', '7'], ['--for', '2s', '--soak', '3s'])
    s, capacity = run.get('suite', {}), run.get('capacity', {})
    after = recovery(run, 'spike')
    row('a service that recovers after 7 s is told to, within 1 s', call, [
        ('exit status 0', call.status == 0), ('verdict met', run.get('verdict') == 'met'),
        (f'7 s +- 1 s, not {after}', abs(after.get('seconds', 0) - 7) <= 1),
        ('the spike brought errors', phase(run, 'spike').get('failure') == 'errors'),
        ('it recovers from stress too', 'seconds' in recovery(run, 'stress')),
        ('every phase took place', all(phase(run, p) for p in (
            'baseline', 'normal', 'peak', 'spike', 'recovery-spike', 'stress-1', 'recovery-stress', 'soak'))),
    ])
    row('its queue is a queue', call, [
        ('it queues', s.get('failure') == 'queue'), ('in the stress', s.get('breaking_phase', '').startswith('stress-')),
        ('the spike was worse', (s.get('worst'), s.get('worst_phase')) == ('errors', 'spike')),
        ('the knee is near 200/s', 130 < capacity.get('knee_rate', 0) < 220),
        ('the breaking point is above the knee', s.get('breaking_rate', 0) > capacity.get('knee_rate', 0)),
    ])


def crashes():
    call, run = suite(['crash', '200'], ['--for', '1s', '--integrity', 'echo all is well; exit 0'])
    s = run.get('suite', {})
    row('a crash is a result', call, [
        ('exit status 1', call.status == 1), ('verdict missed', run.get('verdict') == 'missed'),
        ('it is named', 'crash at ' in run.get('headline', '') and '/s (' in run['headline']),
        ('its failure', s.get('failure') == 'crash'), ('its phase', s.get('breaking_phase') == 'spike'),
        ('it did not come back', recovery(run, 'spike') and 'seconds' not in recovery(run, 'spike')),
        ('what follows is left out', not phase(run, 'soak')),
        ('the run is whole', run.get('sealed') is True),
        ('the data were looked at twice', [(i['when'], i['status'], i['said']) for i in s.get('integrity', [])]
         == [('before', 0, 'all is well'), ('after', 0, 'all is well')]),
    ])


def crashes_early():
    """Before its knee is known: what it held until then is all that can be said."""
    call, run = suite(['crash', '200', '15'], ['--for', '1s'])
    s, rates = run.get('suite', {}), [p['rate'] for p in run.get('capacity', {}).get('curve', []) if p.get('sustained')]
    row('a crash while the knee is searched is a result too', call, [
        ('exit status 1', call.status == 1), ('verdict missed', run.get('verdict') == 'missed'),
        ('its failure', s.get('failure') == 'crash'), ('nothing is measured after it', not phase(run, 'normal')),
        ('at a rate that is told', s.get('breaking_rate', 0) > max(rates, default=0)),
        ('the run is whole', run.get('sealed') is True),
    ])


def finds_max():
    call = ask(['queue', '400'], ['load', 'URL', '--find-max', 'p99<100ms,errors<0.1%', '--for', '1500ms', '--json', '-q'])
    run = json.loads(call.out) if call.out[:1] == '{' else {}
    capacity = run.get('capacity', {})
    knee, missed = capacity.get('knee_rate', 0), capacity.get('missed_rate', 0)
    row('the highest rate is found', call, [
        ('exit status 0', call.status == 0), ('verdict met', run.get('verdict') == 'met'),
        (f'near 400/s, not {knee}', 300 < knee < 440), ('held two times more', capacity.get('confirmed') == 2),
        ('the bracket is told', knee < missed <= 1.12 * knee),
        ('missed steps say why', all(p['sustained'] != ('missed_by' in p) for p in capacity.get('curve', [{}]))),
    ])
    call = ask(['queue', '100'], ['load', 'URL', '--find-max', 'p50<1ms', '--for', '1s', '-q'])
    row('no rate at all', call, [('exit status 1', call.status == 1), ('said so', 'missed already at' in call.out)])


def slips():
    call = ask(['queue', '200'], ['load', 'suite', 'URL', '--quick', '-q', '--integrity', 'echo rotten; exit 3'])
    row('data that are not whole before', call, [
        ('exit status 4', call.status == 4), ('said', 'status 3: rotten' in call.err), ('one next step', len(call.next_steps()) == 1)])
    for words, says in [(['load', 'URL', '--find-max', 'rate>5/s'], 'cannot search'),
                        (['load', 'URL', '--find-max', 'p99<1s@5/s'], 'cannot search'),
                        (['load', 'URL', '--find-max', 'p99<1s', '--rate', '5'], 'finds the rate'),
                        (['load', 'suite', 'URL', '--closed'], 'closed loop'), (['load', 'suite'], 'which service')]:
        call = ask(['queue', '200'], words)
        row(' '.join(words), call, [('exit status 2', call.status == 2), (f'says {says}', says in call.err),
                                    ('one next step', len(call.next_steps()) == 1)])
    call = ask(['queue', '200'], ['suite', 'URL', '--quick', '-q'], interrupt_after=2)
    row('interrupted', call, [('exit status 3', call.status == 3), ('said', 'interrupted' in call.out)])


def main():
    slips()
    finds_max()
    crashes()
    crashes_early()
    recovers()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
