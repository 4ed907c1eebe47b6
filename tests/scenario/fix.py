#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""prony fix and prony undo on services that run: an index in the demo shop's database, and pairs of commands that
break it, fail, or are cut short. usage: fix.py PRONY SHOP; prints TAP."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import jsonschema

from calls import Tap
from loads import Server, read
from proves import wait_until

PRONY, SHOP = (os.path.abspath(word) for word in sys.argv[1:3])
TIMEOUT_S = 120
OK, USAGE, NOT_MEASURED, TAKEN_BACK = 0, 2, 4, 6
BRIEF = ['--rate', '100/s', '--block', '200ms', '--pairs', '1', '--no-saturation', '--ready-timeout', '1s', '-q']
LONG = [word if word != '1' else '40' for word in BRIEF]
tap = Tap()
validator = jsonschema.Draft202012Validator(json.loads(
    subprocess.run([PRONY, 'schema', 'run'], capture_output=True, text=True, check=True).stdout))

# What it does depends on which files are there. Each answer takes its time, so that it is soon seen to be steady.
SERVICE = """import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    def do_GET(self):
        body = b'ok\\n'
        time.sleep(0.01)
        self.send_response(200 if not os.path.exists('broken') else 500)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
server = Server(('127.0.0.1', 0), Handler)
print(f'http://127.0.0.1:{server.server_port}/', flush=True)
server.serve_forever()
"""


class Folder:
    """Where prony is called in, with its journal. Attributes of the last call: status, out, err."""

    def __init__(self, path):
        self.path = path

    def __truediv__(self, name):
        return f'{self.path}/{name}'

    def start(self, *words):
        with open(self / 'out', 'wb') as out, open(self / 'err', 'wb') as err:
            return subprocess.Popen([PRONY, *map(str, words)], cwd=self.path, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=err, start_new_session=True)

    def end(self, child):
        try:
            self.status = child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            self.status = child.wait()
        self.out, self.err = read(self / 'out'), read(self / 'err')
        return self.status

    def call(self, *words):
        return self.end(self.start(*words))

    def has(self, name):
        return os.path.exists(self / name)

    def events(self):
        return [json.loads(line)['event'] for line in read(self / '.prony/journal.ndjson').splitlines()]

    def run(self):
        return json.loads(read(self / '.prony/runs/latest/run.json') or '{}')

    def told(self):
        short = [{k: v for k, v in proof.items() if k != 'blocks'} for proof in self.run().get('proofs', [])]
        return [f'status {self.status}', self.err[-800:], self.out[-800:], self.events()[-4:], json.dumps(short)[:1500]]


def row(name, folder, *checks):
    """Pairs of what should be and whether it is."""
    faults = [what for what, so in checks if not so]
    tap.row(name, faults + folder.told() if faults else [])


def proof_of(folder, verdicts, kept):
    run = folder.run()
    proof = (run.get('proofs') or [{}])[-1]
    return (('its run is sealed', run.get('sealed') and run.get('fix')),
            ('its run is valid', not list(validator.iter_errors(run))),
            (f'its verdict is {verdicts}', proof.get('verdict') in verdicts.split()),
            ('it is kept' if kept else 'it is not kept', proof.get('kept', False) == kept),
            ('the run has the journal', os.path.exists(folder / '.prony/runs/latest/journal.ndjson')))


def is_one_message(folder, says):
    messages = [line for line in folder.err.splitlines() if line.startswith('prony: ')]
    return (('one message', len(messages) == 1), (f'that says {says}', says in ''.join(messages)),
            ('one next step', folder.err.count('\n  next: ') == 1))


# ---- pairs of commands ---------------------------------------------------------------------------

def pair(name):
    return ['--apply', f'touch {name}', '--undo', f'rm -f {name}']


def not_proven(f, url):
    f.call('fix', url, *pair('broken'), *BRIEF)
    row('a change that breaks the service is taken back', f, ('status', f.status == TAKEN_BACK),
        ('it is gone', not f.has('broken')), ('says why', '500' in f.out), *proof_of(f, 'worse', False))


def left_broken(f, url):
    """The undo breaks the service when it comes for the third time, which in so short a fix is the last."""
    undo = 'rm -f fine; echo >>times; test $(wc -l <times) -lt 3 || touch broken'
    f.call('fix', url, '--apply', 'touch fine', '--undo', undo, *BRIEF)
    row('a service that does not answer after the last undo is told', f, ('status', f.status == NOT_MEASURED),
        ('it was the last one', len(read(f / 'times').splitlines()) == 3),
        ('the journal knows', f.events()[-1] == 'undone'), *is_one_message(f, 'after the change was taken back'))
    os.unlink(f / 'broken')


def hostile(f, _):
    """What the journal says is run only when nobody else can have written it."""
    os.chmod(f / '.prony/journal.ndjson', 0o644)
    f.call('undo')
    row('a journal that is open to others is refused', f, ('status', f.status == NOT_MEASURED),
        *is_one_message(f, 'open to other users'))
    os.chmod(f / '.prony/journal.ndjson', 0o600)


def failing(f, url):
    f.call('fix', url, '--apply', 'touch stuck', '--undo', 'test -e allowed && rm -f stuck', *BRIEF)
    row('an undo that fails is told', f, ('status', f.status == NOT_MEASURED), ('it is still there', f.has('stuck')),
        ('the journal has it', f.events()[-1] == 'apply'), *is_one_message(f, 'could NOT be taken back'))
    f.call('undo')
    row('and undo says so as well', f, ('status', f.status == NOT_MEASURED),
        *is_one_message(f, 'could NOT be taken back'))
    with open(f / 'allowed', 'w', encoding='utf-8'):
        pass
    f.call('undo')
    row('until it can', f, ('status', f.status == OK), ('it is gone', not f.has('stuck')))


def cut_short(f, url):
    child = f.start('fix', url, *pair('cut'), *LONG)
    wait_until(lambda: child.poll() is not None or (f.has('cut') and 'undone' in f.events()))
    other = Folder(f.path)
    other.end(subprocess.Popen([PRONY, 'undo'], cwd=f.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    child.send_signal(signal.SIGINT)
    f.end(child)
    row('two at a time: the second refuses', f, ('status', other.status == NOT_MEASURED))
    row('interrupted: taken back', f, ('status', f.status == TAKEN_BACK), ('it is gone', not f.has('cut')),
        ('the journal knows', f.events()[-1] == 'undone'), *proof_of(f, 'inconclusive', False))
    child = f.start('fix', url, *pair('cut'), *LONG)
    wait_until(lambda: child.poll() is not None or f.has('cut'))
    child.send_signal(signal.SIGHUP)
    f.end(child)
    row('its terminal is closed: taken back', f, ('status', f.status == TAKEN_BACK), ('it is gone', not f.has('cut')),
        ('the journal knows', f.events()[-1] == 'undone'))
    child = f.start('fix', url, *pair('cut'), *LONG)
    wait_until(lambda: child.poll() is not None or f.has('cut'))
    child.kill()
    f.end(child)
    left = f.has('cut')
    f.call('fix', url, '--apply', 'touch half; echo no such flag >&2; false', '--undo', 'rm -f half', *BRIEF[:-1])
    row('killed: the next fix takes it back first', f, ('it was in place', left), ('it is gone', not f.has('cut')),
        ('it says so', 'ended in its midst: U1' in f.err))
    row('an apply that fails is taken back', f, ('status', f.status == NOT_MEASURED),
        ('nothing is left', not f.has('half')), ('it says why', 'no such flag' in f.err),
        ('it says which', 'U1 could not be applied' in f.err))


def pairs():
    with tempfile.TemporaryDirectory(prefix='prony-fix-') as path:
        f = Folder(path)
        with open(f / 'service.py', 'w', encoding='utf-8') as file:
            file.write(SERVICE)
        with Server(['/bin/sh', '-c', f'cd {path} && exec {sys.executable} service.py']) as service:
            for part in (not_proven, left_broken, hostile, failing, cut_short):
                part(f, service.said)


# ---- an index ------------------------------------------------------------------------------------

def schema_of(database):
    with sqlite3.connect(database) as db:
        return sorted(db.execute('SELECT type, name, sql FROM sqlite_schema'))


def find_plan(f, url):
    """A real one where tracing can see statements here; else what it would have been."""
    f.call('check', url, '--rate', '20', '--for', '2s', '-q')
    run = f.run()
    if any(step.get('automatic') for step in run['plan']):
        return
    print('# statements are not seen here: the plan is made by hand')
    run['plan'] = [{'id': 'P1', 'action': 'db.index', 'what': 'create an index on orders(customer_id)',
                    'executor': 'sqlite', 'on': f / 'shop/shop.db', 'automatic': True,
                    'apply': 'CREATE INDEX prony_orders_customer_id ON orders (customer_id);',
                    'undo': 'DROP INDEX prony_orders_customer_id;'}]
    with open(f / '.prony/runs/latest/run.json', 'w', encoding='utf-8') as file:
        json.dump(run, file)


def killed_in_place(f, database, before):
    """With SIGKILL, while the index is there."""
    child = f.start('fix', '-q', '--rate', '20')
    wait_until(lambda: child.poll() is not None or schema_of(database) != before)
    child.kill()
    f.end(child)
    left = schema_of(database) != before
    f.call('undo')
    row('an index that a killed fix left is dropped', f, ('it was there', left), ('status', f.status == OK),
        ('the schema is as before', schema_of(database) == before))


def indexes():
    with tempfile.TemporaryDirectory(prefix='prony-fix-') as path:
        f = Folder(path)
        os.mkdir(f / 'shop')
        database = f / 'shop/shop.db'
        with Server([SHOP, '--fault', 'missing-index', '--db', f / 'shop']) as shop:
            url = f'http://{shop.said.split()[-1]}/orders'
            before = schema_of(database)
            find_plan(f, url)
            source = os.readlink(f / '.prony/runs/latest')
            killed_in_place(f, database, before)
            f.call('fix', 'P1', '--run', f'.prony/runs/{source}', '--rate', '20', '--block', '300ms', '--pairs', '10',
                   '--no-saturation', '-q')
            effect = (f.run().get('proofs') or [{}])[0].get('effect', {})
            row('a missing index is made, proven and kept', f, ('status', f.status == OK),
                ('one index more', len(schema_of(database)) == len(before) + 1),
                ('at least five times faster', effect.get('latency_p50', {}).get('ratio', 1) < 0.2),
                *proof_of(f, 'better', True))
            f.call('fix')
            row('a second fix has nothing to do', f, ('status', f.status == OK), ('says so', 'Nothing to do' in f.out))
            f.call('undo', '--json')
            row('undo drops it', f, ('status', f.status == OK), ('the schema is as before', schema_of(database) == before),
                ('it is named', f.status == OK and json.loads(f.out)['undone'][0]['on'] == database))
            f.call('undo')
            row('a second undo has nothing to do', f, ('status', f.status == OK),
                ('says so', 'Nothing to take back' in f.out))


# ---- usage ---------------------------------------------------------------------------------------

def usage():
    with tempfile.TemporaryDirectory(prefix='prony-fix-') as path:
        f = Folder(path)
        os.mkdir(f / 'r')
        with open(f / 'r/run.json', 'w', encoding='utf-8') as file:
            json.dump({'schema': 'prony.run/1', 'id': 'x', 'created': '2026-11-21T00:00:00Z', 'sealed': True,
                       'plan': [{'id': 'P1', 'what': 'rewrite\033[2J it', 'apply': 'touch evil', 'undo': 'true',
                                 'executor': 'command', 'automatic': True}]}, file)
        os.mkdir(f / 'two')
        index = {'id': 'P1', 'what': 'make it', 'executor': 'sqlite', 'on': '/a.db', 'automatic': True, 'undo': 'x'}
        with open(f / 'two/run.json', 'w', encoding='utf-8') as file:
            json.dump({'schema': 'prony.run/1', 'id': 'x', 'created': '2026-11-21T00:00:00Z', 'sealed': True,
                       'plan': [dict(index, apply='a'), dict(index, apply='b')]}, file)
        url = 'http://127.0.0.1:1/'
        for name, words, says in [
            ('no run', [], 'cannot read the run'),
            ('an undo without its apply', [url, '--undo', 'true'], '--undo without --apply'),
            ('an apply without its undo', [url, '--apply', 'true'], '--apply without --undo'),
            ('a step and a change of one\'s own', ['P1', url, *pair('x')], 'of your own'),
            ('no service', pair('x'), 'which service'),
            ('two steps of one name', ['--run', 'two'], "two steps 'P1'"),
            ('an unknown step', ['P9', '--run', 'r'], "no step 'P9'"),
            ('a step for people, or a plan that would run commands', ['p1', '--run', 'r'], 'not for prony to apply'),
        ]:
            f.call('fix', *words)
            row(f'usage: {name}', f, ('status', f.status == USAGE), *is_one_message(f, says))
        f.call('fix', '--run', 'r')
        row('a plan without a step for prony', f, ('status', f.status == OK), ('says so', 'Nothing to do' in f.out),
            ('says which', 'run x' in f.out), ('no control characters', 'rewrite?[2J' in f.out),
            ('nothing was run', not f.has('evil')))


def main():
    began = time.monotonic()
    for part in (usage, pairs, indexes):
        part()
        print(f'# {part.__name__}: {time.monotonic() - began:.0f} s so far')
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
