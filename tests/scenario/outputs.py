#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The forms that prony load writes, read by other readers than ours; schedules saved and replayed. usage: outputs.py
PRONY; prints TAP."""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from calls import Tap
from services import Service

PRONY = os.path.abspath(sys.argv[1])
SAMPLE = re.compile(r'^[a-z_][a-z0-9_]*(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)+\})? (NaN|[+-]Inf|-?[0-9.e+-]+)$')
tap = Tap()


def prony(*words):
    return subprocess.run([PRONY, *words], capture_output=True, text=True, check=False, timeout=60)


def junit(text, failures, tests):
    faults = []
    suite = ET.fromstring(text).find('testsuite')
    for name, wanted in (('tests', tests), ('failures', failures), ('errors', 0), ('skipped', 0)):
        if suite.get(name) != str(wanted):
            faults.append(f'{name}="{suite.get(name)}", wanted {wanted}')
    cases = suite.findall('testcase')
    if len(cases) != tests or len(suite.findall('testcase/failure')) != failures:
        faults.append(text)
    if failures and 'wanted < ' not in suite.find('testcase/failure').get('message'):
        faults.append('no figures in the message')
    return faults


def forms(url, folder):
    files = {form: os.path.join(folder, form) for form in ('text', 'json', 'csv', 'ndjson', 'prometheus', 'junit')}
    words = ['load', url + 'a?key=secret', url + 'b', '--rate', '200', '--for', '2500ms', '-q', '-t', 'p50<1us', '-t',
             'errors<50%', '--format', 'csv']
    call = prony(*words, *(word for form, path in files.items() for word in ('--write', f'{form}={path}')))
    if call.returncode == 3:
        for form in files:
            tap.skip(form, 'this host is too busy to make load')
        return
    tap.row('a missed target ends with 1', [] if call.returncode == 1 else [call.returncode, call.stderr])
    text = {form: open(path, encoding='utf-8', newline='').read() for form, path in files.items()}
    tap.row('stdout is the same as the file', [] if call.stdout == text['csv'] else [call.stdout])
    tap.row('no secrets', [form for form, words in text.items() if form != 'text' and 'secret' in words])

    rows = list(csv.DictReader(text['csv'].splitlines(), strict=True))
    seconds = [r for r in rows if r['row'] == 'second']
    phase = next(r for r in rows if r['row'] == 'phase')
    faults = [] if len(seconds) == 3 else [f'{len(seconds)} seconds']
    offered = sum(float(r['offered_per_s']) * float(r['length_s']) for r in seconds)
    if abs(offered - float(phase['requests'])) > 0.01:
        faults.append(f'{offered} offered by second, {phase["requests"]} in all')
    routes = [r for r in rows if r['row'] == 'route']
    if sum(int(r['requests']) for r in routes) != int(phase['answered']):
        faults.append(f'{routes}')
    tap.row('csv', faults)

    objects = [json.loads(line) for line in text['ndjson'].splitlines()]
    kinds = [o['row'] for o in objects]
    tap.row('ndjson', [] if kinds == ['run', 'phase'] + ['second'] * 3 + ['route'] * 2 + ['target'] * 2 else [kinds])
    run = json.loads(text['json'])
    tap.row('json', [] if run['verdict'] == objects[0]['verdict'] == 'missed' else [run['verdict']])
    bad = [line for line in text['prometheus'].splitlines() if line[0] != '#' and not SAMPLE.match(line)]
    tap.row('prometheus', bad)
    tap.row('junit', junit(text['junit'], 1, 3))


def failures(url, folder):
    for name, words, status, says in [
            ('unknown form', ['--write', 'junitt=x'], 2, "did you mean 'junit=x'"),
            ('no file', ['--write', 'junit'], 2, 'FORM=FILE'),
            ('unknown format', ['--format', 'xml'], 2, 'is none of'),
            ('a folder that is not there', ['--write', f'csv={folder}/no/such'], 4, 'name another file'),
            ('stages and a rate', ['--stage', '5 for 1s'], 2, '--rate and --stage contradict')]:
        call = prony('load', url, '--rate', '50', '--for', '200ms', '-q', *words)
        tap.row(name, [] if call.returncode == status and says in call.stderr else [call.returncode, call.stderr])


def schedules(url, folder):
    saved, again = os.path.join(folder, 'saved'), os.path.join(folder, 'again')
    first = prony('load', url + 'a', url + 'b', '--stage', '0..400/s for 1s, 200/s for 500ms', '-q', '--json',
                  '--save-schedule', saved)
    second = prony('load', url + 'a', url + 'b', '--replay', saved, '-q', '--json', '--save-schedule', again)
    tap.row('stages and replay', [c.stderr for c in (first, second) if c.returncode not in (0, 3)])
    phases = [json.loads(c.stdout)['evidence']['phases'][-1] for c in (first, second)]
    lines = open(saved, encoding='utf-8').read()
    n = len(lines.splitlines()) - 1
    tap.row('a replay offers the same', [] if n == phases[0]['scheduled'] == phases[1]['scheduled'] else
            [n, phases[0]['scheduled'], phases[1]['scheduled']])
    tap.row('and is saved as the same', [] if open(again, encoding='utf-8').read() == lines else ['differs'])
    with open(again, 'a', encoding='utf-8') as f:
        f.write('0.001 /a\n')
    call = prony('load', url + 'a', '--replay', again, '-q')
    tap.row('errors name the line', [] if call.returncode == 2 and 'again:' in call.stderr else [call.stderr])


def main():
    with Service('steady') as s, tempfile.TemporaryDirectory(prefix='prony-outputs-') as folder:
        forms(s.url, folder)
        failures(s.url, folder)
        schedules(s.url, folder)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
