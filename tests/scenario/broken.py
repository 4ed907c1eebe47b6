#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Broken invocations: each gives one message with its cause and the next step, the documented exit
status, no process left, no run that claims to be whole. usage: broken.py PRONY; prints TAP."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

from calls import Call, Tap
from services import Service, free_port

PRONY = os.path.abspath(sys.argv[1])
USAGE, INCONCLUSIVE, NOT_MEASURED = 2, 3, 4
URL = 'http://127.0.0.1:1/'
RUN = '{"schema":"%s","id":"x","created":"2026-11-21T00:00:00Z","sealed":%s,"verdict":"inconclusive"}'

tap = Tap()


def faults_of(call, status, says, next_says):
    faults = []
    if call.status != status:
        faults.append(f'exit status {call.status}, wanted {status}')
    if len(call.messages()) != 1:
        faults.append(f'{len(call.messages())} messages, wanted one')
    elif not re.search(says, call.err):
        faults.append(f'no "{says}" in the message')
    if len(call.next_steps()) != 1:
        faults.append(f'{len(call.next_steps())} next steps, wanted one')
    elif not re.search(next_says, call.next_steps()[0]):
        faults.append(f'no "{next_says}" in the next step')
    if call.strays:
        faults.append(f'processes left: {call.strays}')
    if call.sealed:
        faults.append(f'a run claims to be whole: {call.sealed}')
    if faults:
        faults.append(f'stderr: {call.err[-600:]}')
        faults.append(f'stdout: {call.out[-300:]}')
    return faults


def broken(name, words, status, says, next_says='', **more):
    tap.row(name, faults_of(Call(PRONY, words, **more), status, says, next_says))


def usage():
    for name, words, says, next_says in [
        ('unknown command', ['chekc', URL], "unknown command 'chekc'", "prony check"),
        ('unknown flag', ['check', URL, '--taget', 'p99<1s'], "unknown option '--taget'", '--target'),
        ('unknown letter', ['check', '-Z', URL], "unknown option '-Z'", 'prony check --help'),
        ('flag without its value', ['check', URL, '--rate'], '--rate: its RATE is missing', '20k/s'),
        ('bad unit of a rate', ['load', URL, '--rate', '20k/parsec'], "not a rate", '20k/s'),
        ('bad unit of a duration', ['load', URL, '--rate', '5', '--for', '10'], 'not a duration', '10s'),
        ('rate of zero', ['load', URL, '--rate', '0'], 'too small', '20k/s'),
        ('timeout of zero', ['check', URL, '--timeout', '0'], 'too small', '10s'),
        ('negative connections', ['load', URL, '--connections', '-1'], 'not a count', ''),
        ('target without a unit', ['check', URL, '-t', 'p99<500'], 'at 5: .500. is not a duration', '500ms'),
        ('target the wrong way', ['check', URL, '-t', 'p99>500ms'], 'stay below', 'p99<500ms'),
        ('no target at all', ['check'], 'which service', 'prony check http'),
        ('load of no rate', ['load', URL], 'how much load', '--rate'),
        ('rate and closed loop', ['load', URL, '--rate', '5', '--closed'], 'contradict', 'leave out'),
        ('observe and a rate', ['check', URL, '--observe', '--rate', '5'], 'makes no load', 'leave out'),
        ('URL without its scheme', ['check', '127.0.0.1:8080'], 'not a URL', 'http://127.0.0.1:8080'),
        ('another protocol', ['check', 'redis://127.0.0.1/'], 'check reads HTTP', 'prony load'),
        ('password in the URL', ['check', 'http://a:b@127.0.0.1/'], 'user or password', '-H'),
        ('two services', ['check', 'http://127.0.0.1:1/', 'http://127.0.0.1:2/'], 'two services', 'one at a time'),
        ('somebody else\'s host', ['check', 'http://192.0.2.1/'], 'loopback', '--allow-load 192.0.2.1'),
        ('no process id', ['check', 'pid:shop'], 'not a process id', 'pgrep'),
        ('header with a line end', ['load', URL, '-r', '5', '-H', 'A: b\r\nC: d'], 'not a header', 'Accept'),
        ('unknown kind', ['explain', 'io.db.missing-idnex'], 'unknown kind', 'io.db.missing-index'),
        ('unknown schema', ['schema', 'house'], "no schema of 'house'", 'prony schema run'),
        ('unknown shell', ['completion', 'csh'], 'no shell', 'bash'),
        ('too many words', ['report', 'a', 'b'], 'one word too many', 'RUN'),
    ]:
        broken(name, words, USAGE, says, next_says)


def errors_in_json():
    call = Call(PRONY, ['check', '--frobnicate', '--json'])
    faults = faults_of(call, USAGE, 'unknown option', 'prony check --help')
    try:
        error = json.loads(call.out)['error']
        if (error['code'], error['status']) != ('usage', USAGE) or '--frobnicate' not in error['message'] or not error['next']:
            faults.append(error)
    except (ValueError, KeyError) as e:
        faults.append(f'{e!r}: {call.out}')
    tap.row('an error with --json', faults)


def specs():
    for name, text, says, next_says in [
        ('unknown key', 'tagets: ["p99<1s"]\n', r"prony\.yaml:1:1: unknown key 'tagets'\n *1 \| tagets", "'targets'"),
        ('duplicate key', 'system: a\nsystem: b\n', r"prony\.yaml:2:1: duplicate key", 'keep one'),
        ('bad value', 'load:\n  rate: 20x\n', r"prony\.yaml:2:9: load.rate: '20x' is not a rate", '20k/s'),
        ('wrong type', 'load: 5\n', 'a single value where keys', 'load: {'),
        ('not YAML', 'targets: ["p99<1s"\n', 'not YAML', ''),
        ('tab', 'load:\n\trate: 5\n', 'not YAML', ''),
        ('empty spec', '', 'empty', 'schema'),
    ]:
        broken('spec: ' + name, ['check'], USAGE, says, next_says, files={'prony.yaml': text})
    broken('spec: missing file', ['check', '-f', 'nowhere.yaml'], USAGE, 'nowhere.yaml', 'optional')


def runs():
    broken('report of nothing', ['report'], USAGE, 'cannot read the run', 'prony check')
    broken('report of a corrupt run', ['report', 'r'], USAGE, 'not JSON', '', files={'r/run.json': '{"schema":'})
    broken('report of another schema', ['report', 'r'], USAGE, 'schema', '',
           files={'r/run.json': RUN % ('prony.run/99', 'true')}, )
    broken('report of an interrupted run', ['report', 'r'], INCONCLUSIVE, 'interrupted', 'prony check',
           files={'r/run.json': RUN % ('prony.run/1', 'false')})
    broken('report into a folder that is none', ['report', 'r', '--out', 'r/run.json/x'], NOT_MEASURED,
           'x', '--out', files={'r/run.json': RUN % ('prony.run/1', 'true')})


def services():
    gone = f'http://127.0.0.1:{free_port()}/'
    for verb in (['check'], ['load', '--rate', '20']):
        broken(f'{verb[0]}: nobody listens', verb + [gone], NOT_MEASURED, '[Rr]efused|reach', '')
        for name, says in [('not-http', 'HTTP'), ('tls', 'TLS'), ('not-found', '404|4xx'), ('failing', '500|5xx'),
                           ('slams', 'clos|HTTP'), ('resets', 'reset|clos|HTTP')]:
            with Service(name) as s:
                broken(f'{verb[0]}: {name}', verb + [s.url, '--for', '2s'], NOT_MEASURED, says, '')
        with Service('black-hole') as s:
            broken(f'{verb[0]}: black hole', verb + [s.url, '--timeout', '500ms', '--for', '2s'],
                   NOT_MEASURED, '500 ?ms|timeout|no answer|not answer', '')
        with Service('dies') as s:
            broken(f'{verb[0]}: dies mid-run', verb + [s.url, '--for', '5s'], NOT_MEASURED,
                   'died|gone|refus|reset|clos', '')
    broken('unknown host', ['load', '-r', '5', 'http://no-such-host.invalid/'], NOT_MEASURED, 'no-such-host', 'address|name')
    broken('process that is none', ['check', 'pid:4194303'], NOT_MEASURED, '4194303', '')
    broken('unit that is none', ['check', 'unit:no-such-unit'], NOT_MEASURED, 'no-such-unit', '')


def places():
    with Service('steady') as s:
        broken('run folder below a file', ['check', s.url, '--out', 'file/x', '--rate', '20', '--for', '1s'],
               NOT_MEASURED, 'file', '--out', files={'file': ''})
        full_disk(s)
        unprivileged(s)
    broken('stdout is full', ['help'], NOT_MEASURED, 'No space left', 'room', stdout='/dev/full')


def full_disk(service):
    """A file system of 64 KiB: the run begins and cannot be finished."""
    with tempfile.TemporaryDirectory(prefix='prony-full-') as folder:
        mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', folder],
                               stderr=subprocess.DEVNULL, check=False)
        if mount.returncode:
            tap.skip('full disk', 'cannot mount a small file system')
            return
        try:
            with open(os.path.join(folder, 'filler'), 'wb') as f:
                f.write(bytes(60 * 1024))
            words = ['check', service.url, '--out', folder + '/run', '--rate', '20', '--for', '1s']
            broken('full disk', words + ['--no-guard'], NOT_MEASURED, 'No space left', '--out')
        finally:
            subprocess.run(['umount', folder], check=True)


def unprivileged(service):
    """Nobody may write into root's folders, nor look into root's processes: the first is an error, the second
    is named in the answer."""
    if os.geteuid() != 0:
        tap.skip('no permission', 'needs root to become somebody else')
        return
    broken('no permission to write', ['check', service.url, '--out', '/root/prony-run', '--rate', '20', '--for', '1s'],
           NOT_MEASURED, '[Pp]ermission denied', '--out', user=65534)
    call = Call(PRONY, ['check', '--observe', f'pid:{service.pid}', '--for', '1s'], user=65534)
    tap.row('no permission to look inside', [] if call.status == INCONCLUSIVE and 'prony doctor' in call.out
            else [f'exit status {call.status}', call.err[-600:], call.out[-600:]])


def in_one_piece():
    """Lines of processes that share a log must not mix: each message is one write, which a datagram shows."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        subprocess.run([PRONY, 'chekc', URL], stderr=theirs, stdout=subprocess.DEVNULL, timeout=20, check=False)
        ours.settimeout(5)
        said = ours.recv(65536).decode()
    whole = said.startswith('prony: ') and '\n  next: ' in said and said.endswith('\n')
    tap.row('a message leaves in one piece', [] if whole else [f'first piece: {said!r}'])


def main():
    usage()
    in_one_piece()
    errors_in_json()
    specs()
    runs()
    services()
    places()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
