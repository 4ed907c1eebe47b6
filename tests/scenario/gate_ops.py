#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who looks after a gate: the admin socket, purges, reloads and the end of it. usage: gate_ops.py PRONY;
prints TAP."""
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading

import gates
from cdn_fakes import Akamai, CloudFront, QuietHandler, serve
from gate_origin import Origin
from gates import PATIENCE_S, PRONY, ask, expect, run_rows, tap, until, wait_for
from services import free_port

CONFIG = '''
listen: 127.0.0.1:{port}
workers: 2
engine: {engine}
admin: {folder}/admin.sock
purge_log: {folder}/purges
metrics: 127.0.0.1:{metrics}
access_log: {{ path: {folder}/{log}, format: json }}
timeouts: {{ idle: 5s }}
cache: {{ memory: 64MiB }}
upstreams:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
routes:
  - {{ match: /cached/short-key, upstream: origin, cache: {{ enabled: true, ignore_query: ["utm_*"] }} }}
  - {{ match: /cached, upstream: origin, cache: {{ enabled: true }} }}
{routes}
'''
ALL = '  - { match: /, upstream: origin }\n'
KEPT = 'cc=max-age=600'


class Gate(gates.Gate):
    """One with an admin socket, which outlives its process in those that follow it."""

    def __init__(self, folder, origin, engine='epoll'):
        super().__init__(folder, CONFIG, origin=origin.port, engine=engine, log='access.log', routes=ALL)
        self.origin, self.successors = origin, []

    def listens(self):
        try:
            return self.ask('GET', '/status')[0] == 200
        except OSError:
            return False

    def __exit__(self, *_):
        for pid in self.successors:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        super().__exit__()

    def pid(self):
        return self.ask('GET', '/status')[1]['pid']

    def upgrade(self):
        """The answer of the old process; the new one is known afterwards."""
        answer = self.ask('POST', '/upgrade')
        if answer[0] == 200:
            self.successors.append(self.pid())
        return answer

    def ask(self, method, path, body=None):
        """What the admin socket answers: status and JSON (or text)."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(os.path.join(self.folder, 'admin.sock'))
            data = (body if isinstance(body, str) else json.dumps(body) if body is not None else '').encode()
            s.sendall(f'{method} {path} HTTP/1.1\r\nHost: gate\r\nContent-Length: {len(data)}\r\n\r\n'.encode() + data)
            answer = b''
            while piece := s.recv(65536):
                answer += piece
        head, text = answer.decode().split('\r\n\r\n', 1)
        return int(head.split()[1]), json.loads(text) if 'application/json' in head else text

    def get(self, path, host=None):
        """Status, Cache-Status, body."""
        status, fields, body = ask(self.port, path, host=host or f'127.0.0.1:{self.port}')
        return status, fields.get('cache-status', ''), body

    def is_hit(self, path):
        return '; hit' in self.get(path)[1]

    def call(self, *words):
        return subprocess.run([PRONY, 'gate', *words, '--config', self.file], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)


class Cdn:
    """What a CDN is asked for purges; it fails while it is told to."""

    def __init__(self):
        cdn = self
        self.asked, self.failures, self.well = [], 0, True

        class Handler(QuietHandler):
            def answer(self):
                body = self.body().decode()
                if not cdn.well:
                    cdn.failures += 1
                    if cdn.failures % 2:
                        self.send_error(503)
                    else:
                        self.connection.close()
                    return
                cdn.asked.append((self.command, self.path, self.headers.get('Authorization'), body))
                self.send_response(200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            do_POST = do_PURGE = answer

        self.server = serve(Handler)
        self.port = self.server.server_port


class Traffic:
    """Clients that ask on kept connections, one request after the other, until the end; each fault is kept."""

    def __init__(self, gate, paths, n=6):
        self.gate, self.paths, self.faults, self.n_asked, self.over = gate, paths, [], 0, False
        self.threads = [threading.Thread(target=self.ask, args=(i,), daemon=True) for i in range(n)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        wait_for(lambda: self.n_asked > 20)
        return self

    def __exit__(self, *_):
        self.over = True
        for t in self.threads:
            t.join(20)

    def ask(self, i):
        c = http.client.HTTPConnection('127.0.0.1', self.gate.port, timeout=10)
        while not self.over:
            path = self.paths[i % len(self.paths)]
            try:
                c.request('GET', path)
                r = c.getresponse()
                r.read()
                if r.status != 200:
                    self.faults.append(f'{path}: {r.status}')
            except (OSError, http.client.HTTPException) as e:
                self.faults.append(f'{path}: {type(e).__name__} {e}')
                c.close()
            self.n_asked += 1
            i += 1

    def go_on(self, n=30):
        """So many more requests, at least."""
        until = self.n_asked + n
        wait_for(lambda: self.n_asked >= until)


# ---- rows ----


def status(gate):
    code, s = gate.ask('GET', '/status')
    faults = expect((code, s['pid'], s['workers'], s['engine'], s['leaving']),
                    (200, gate.process.pid, 2, gate.values['engine'], 0))
    faults += expect((s['config']['file'], s['listen']), (gate.file, [f'127.0.0.1:{gate.port}']))
    faults += expect([u['servers'][0]['state'] for u in s['upstreams']], ['usable'])
    mode = os.stat(os.path.join(gate.folder, 'admin.sock')).st_mode
    faults += expect(stat.S_IMODE(mode), 0o600)
    faults += expect('prony_gate_cache_objects' in gate.ask('GET', '/metrics')[1], True)
    done = gate.call('status', '--json')
    faults += expect((done.returncode, json.loads(done.stdout)['pid']), (0, gate.process.pid))
    return faults + expect('the cache has' in gate.call('status').stdout, True)


def refusals(gate):
    rows = [('GET', '/nothing', None, 404), ('GET', '/reload', None, 405), ('POST', '/purge', '{', 400),
            ('POST', '/purge', {'tag': 'a b'}, 400), ('POST', '/purge', {'url': 'no-scheme/x'}, 400)]
    faults = []
    for method, path, body, wanted in rows:
        code, answer = gate.ask(method, path, body)
        faults += expect((code, bool(answer.get('error')), bool(answer.get('next'))), (wanted, True, True))
    faults += expect(gate.call('purge').returncode, 2) + expect(gate.call('purge', '--tag', '').returncode, 2)
    return faults + expect(gate.call('open').returncode, 2)


def purge_url(gate):
    one, two = f'/cached/u1?{KEPT}', f'/cached/u2?{KEPT}'
    url = f'http://127.0.0.1:{gate.port}'
    for path in (one, two):
        gate.get(path)
    faults = expect((gate.is_hit(one), gate.is_hit(two)), (True, True))
    short = f'/cached/short-key?{KEPT}'
    gate.get(f'{short}&utm_source=a')
    gate.call('purge', '--url', f'{url}{short}&utm_source=b')
    faults += expect(gate.is_hit(short), False)
    code, answer = gate.ask('POST', '/purge', {'url': url + one})
    faults += expect((code, answer['objects']), (200, 1))
    faults += expect((gate.is_hit(one), gate.is_hit(two)), (False, True))
    done = gate.call('purge', '--url', url + two)
    return faults + expect((done.returncode, gate.is_hit(two)), (0, False))


def purge_tag(gate):
    a, b, c = (f'/cached/t{i}?{KEPT}&tag={tag}' for i, tag in enumerate(('shop-1', 'shop-1%20all', 'shop-2')))
    for path in (a, b, c):
        gate.get(path)
    faults = expect([gate.is_hit(p) for p in (a, b, c)], [True] * 3)
    faults += expect(gate.call('purge', '--tag', 'shop-1').returncode, 0)
    return faults + expect([gate.is_hit(p) for p in (a, b, c)], [False, False, True])


def purge_soft(gate):
    path = f'/cached/soft?{KEPT}&etag=1'
    gate.get(path)
    faults = expect(gate.is_hit(path), True)
    faults += expect(gate.call('purge', '--all', '--soft').returncode, 0)
    before = len(gate.origin.seen)
    gate.get(path)
    faults += expect(b'If-None-Match: "1"' in gate.origin.seen[-1][0], True)
    return faults + expect(len(gate.origin.seen) - before, 1)


def purge_log(gate):
    latest = gate.ask('GET', '/purges')[1]['latest']
    gate.ask('POST', '/purge', {'tag': 'logged', 'soft': True})
    code, answer = gate.ask('GET', f'/purges?after={latest}')
    faults = expect((code, [(p['number'], p['tag'], p['soft']) for p in answer['purges']]),
                    (200, [(latest + 1, 'logged', True)]))
    with open(os.path.join(gate.folder, 'purges'), encoding='utf-8') as f:
        return faults + expect(f.read().endswith('tag soft logged\n'), True)


def config_masked(gate):
    gate.write(CONFIG + '# a secret below\nx: 1\n')
    faults = expect(gate.ask('POST', '/reload')[0], 422)
    gate.write()
    code, answer = gate.ask('GET', '/config')
    return faults + expect((code, answer['config']['workers']), (200, '2'))


def reload_changes(gate):
    """Routes, the log and the metrics follow the file; what is stored stays."""
    path = f'/cached/kept?{KEPT}'
    gate.get(path)
    faults = expect((gate.is_hit(path), gate.get('/new')[0]), (True, 200))
    metrics = free_port()
    gate.write(routes='', log='other.log', metrics=metrics)
    done = gate.call('reload')
    faults += expect((done.returncode, done.stderr), (0, ''))
    faults += expect((gate.is_hit(path), gate.get('/new')[0]), (True, 404))
    faults += expect(ask(metrics, '/metrics')[0], 200)
    faults += expect(bool(wait_for(lambda: os.path.exists(os.path.join(gate.folder, 'other.log')))), True)
    gate.write(routes=ALL, log='access.log')
    gate.process.send_signal(signal.SIGHUP)
    faults += expect(bool(wait_for(lambda: gate.get('/new')[0] == 200)), True)
    return faults


def reload_broken(gate):
    gate.write('listen: 127.0.0.1:1\nroutes: nothing\n')
    code, answer = gate.ask('POST', '/reload')
    faults = expect((code, 'gate.yaml:2:9' in answer['error'], 'nothing was changed' in answer['error']), (422, True, True))
    gate.write()
    return faults + expect((gate.get('/new')[0], gate.call('reload').returncode), (200, 0))


def reload_notes(gate):
    gate.write(CONFIG.replace('64MiB', '32MiB'))
    code, answer = gate.ask('POST', '/reload')
    faults = expect((code, [n for n in answer['notes'] if n.startswith('cache: memory')] != []), (200, True))
    gate.write()
    return faults + expect(gate.ask('POST', '/reload')[1]['notes'], [])


def reload_under_traffic(gate):
    hot = f'/cached/hot?{KEPT}&times=2000'
    with Traffic(gate, [hot, '/echo', '/slow?s=0.05', '/chunked', '/cached/short?cc=max-age=0&etag=7']) as traffic:
        for _ in range(3):
            if gate.ask('POST', '/reload')[0] != 200:
                traffic.faults.append('not reloaded')
            traffic.go_on()
        leaves = gate.ask('GET', '/status')[1]
    print(f'# {traffic.n_asked} requests over {leaves["config"]["reloads"]} reloads', flush=True)
    counted = [int(line.split()[-1]) for line in gate.ask('GET', '/metrics')[1].splitlines()
               if line.startswith('prony_gate_requests_total')]
    traffic.faults += [] if sum(counted) >= traffic.n_asked else [f'{counted} of {traffic.n_asked} are counted']
    return traffic.faults[:5] + expect(gate.is_hit(hot), True)


def idle_connection(gate):
    """One that says nothing while the file is read anew is not cut off: its next request is answered."""
    c = http.client.HTTPConnection('127.0.0.1', gate.port, timeout=PATIENCE_S)   # it connects anew after a close
    faults = []
    for wanted in (None, 'close', None):
        c.request('GET', '/echo')
        r = c.getresponse()
        r.read()
        faults += expect((r.status, r.headers.get('Connection')), (200, wanted))
        if wanted is None:
            gate.ask('POST', '/reload')
    c.close()
    return faults


def upgrade_broken(gate):
    """A new program that cannot begin changes nothing."""
    before, path = gate.pid(), f'/cached/before?{KEPT}'
    gate.get(path)
    gate.write('listen: nowhere\n')
    code, answer = gate.upgrade()
    faults = expect((code, 'status 2' in answer['error'], gate.pid()), (503, True, before))
    gate.write()
    gate.ask('POST', '/purge', {'tag': 'after'})
    with open(os.path.join(gate.folder, 'purges'), encoding='utf-8') as f:
        faults += expect(f.read().endswith('tag hard after\n'), True)
    return faults + expect(gate.is_hit(path), True)


def upgrade_empty(gate):
    """A cache of another size cannot be kept, and that is said."""
    path = f'/cached/lost?{KEPT}'
    gate.get(path)
    gate.write(CONFIG.replace('64MiB', '32MiB'))
    faults = expect((gate.upgrade()[0], gate.is_hit(path)), (200, False))
    return faults + expect('another size' in gate.said(), True)


def upgrade_under_traffic(gate):
    hot, late = f'/cached/hot?{KEPT}&times=2000', f'/cached/late?{KEPT}&s=0.4'
    faults = expect(gate.get(hot)[0], 200)
    with Traffic(gate, [hot, '/echo', '/slow?s=0.05', '/chunked', '/cached/short?cc=max-age=0&etag=7']) as traffic:
        for _ in range(2):
            before = gate.pid()
            slow = threading.Thread(target=gate.get, args=(late,))   # a fill that is under way at the old one
            slow.start()
            code, answer = gate.upgrade()
            if code != 200:
                traffic.faults.append(f'{answer}')
            faults += expect((gate.is_hit(hot), gate.pid() != before), (True, True))
            traffic.go_on()
            slow.join()
    print(f'# {traffic.n_asked} requests over 2 upgrades', flush=True)
    faults += expect((gate.is_hit(hot), gate.is_hit(late)), (True, True))
    faults += expect(gate.call('purge', '--all').returncode, 0) + expect(gate.is_hit(hot), False)
    try:
        faults += expect(gate.process.wait(timeout=30), 0)
    except subprocess.TimeoutExpired:
        faults.append('the old one does not end')
    return faults + traffic.faults[:5]


def successor_ends(gate):
    """The last one has all that the first one had, and ends as it would."""
    pid = gate.pid()
    faults = expect(gate.ask('POST', '/drain')[0], 200)
    faults += expect(bool(wait_for(lambda: not os.path.exists(f'/proc/{pid}') or
                                   open(f'/proc/{pid}/stat', encoding='utf-8').read().split()[2] == 'Z', 20)), True)
    return faults + expect(os.path.exists(os.path.join(gate.folder, 'admin.sock')), False)


def second_gate(gate):
    """Another one at the same place says so and ends."""
    with tempfile.TemporaryDirectory(prefix='prony-gate-') as folder:
        other = Gate(folder, gate.origin)
        faults = []
        for text, word in ((CONFIG, 'cannot listen'), (CONFIG.replace('{folder}/admin', gate.folder + '/admin'), 'admin')):
            other.write(text, port=gate.port if word != 'admin' else free_port())
            done = subprocess.run([PRONY, 'gate', '--config', other.file], capture_output=True, text=True, timeout=60)
            faults += expect((done.returncode, word in done.stderr), (4, True))
    return faults + expect(gate.get('/echo')[0], 200)


CDN = '''
cdn:
  - name: edge
    token_file: {folder}/token
    headers: {{ Authorization: "Bearer {{token}}" }}
    url: {{ method: PURGE, to: "http://127.0.0.1:{cdn}/url?{{url_encoded}}" }}
    tag: {{ to: "http://127.0.0.1:{cdn}/tag", body: '{{"tag": "{{tag}}"}}' }}
'''


def cdn(gate):
    """Purges are carried on in their order, whatever the CDN does meanwhile, and over a restart."""
    edge = Cdn()
    with open(os.path.join(gate.folder, 'token'), 'w', encoding='utf-8') as f:
        f.write('hush-hush\n')
    gate.write(CONFIG + CDN, cdn=edge.port)
    faults = expect(gate.ask('POST', '/reload')[0], 200)
    gate.ask('POST', '/purge', {'tag': 'one'})
    faults += expect(bool(wait_for(lambda: len(edge.asked) == 1)), True)
    edge.well = False
    for purge in ({'tag': 'two'}, {'url': 'http://h/x?y=1'}, {'tag': 'three'}):
        gate.ask('POST', '/purge', purge)
    faults += expect(bool(wait_for(lambda: edge.failures >= 2)), True)
    state = gate.ask('GET', '/status')[1]['cdn'][0]
    faults += expect((state['name'], state['backlog'], 'error' in state), ('edge', 3, True))
    gate.kill()
    edge.well = True
    gate.start()
    faults += expect(bool(wait_for(lambda: len(edge.asked) == 4)), True)
    faults += expect([(a[0], a[1], a[3]) for a in edge.asked],
                     [('POST', '/tag', '{"tag": "one"}'), ('POST', '/tag', '{"tag": "two"}'),
                      ('PURGE', '/url?http%3A%2F%2Fh%2Fx%3Fy%3D1', ''), ('POST', '/tag', '{"tag": "three"}')])
    faults += expect({a[2] for a in edge.asked}, {'Bearer hush-hush'})
    faults += expect(bool(wait_for(lambda: gate.ask('GET', '/status')[1]['cdn'][0]['backlog'] == 0)), True)
    text = json.dumps(gate.ask('GET', '/config')[1]) + json.dumps(gate.ask('GET', '/status')[1]) + gate.said()
    faults += expect(('hush-hush' in text, 'Bearer' in text), (False, False))
    gate.write()
    return faults + expect(gate.ask('POST', '/reload')[1]['notes'], [])


SIGNED = '''
cdn:
  - {{ preset: cloudfront, service: EDFDVBD6EXAMPLE, endpoint: "http://127.0.0.1:{cloudfront}", tags: true,
       token_file: {folder}/secrets, profile: purges }}
  - {{ preset: akamai, service: "12345,678", network: staging, endpoint: "http://127.0.0.1:{akamai}",
       token_file: {folder}/secrets, profile: purges }}
'''
SECRETS = {'aws_access_key_id': 'AKIDEXAMPLE', 'aws_secret_access_key': 'hush/hush+aws', 'aws_session_token': 'hush-session==',
           'client_token': 'akab-client', 'client_secret': 'hush+akamai=', 'access_token': 'hush-access'}


def cdn_signed(gate):
    """Purges carried on to fakes of CloudFront and Akamai that check each signature: together where they wait, in halves
    where they are too many, once where an answer is lost, also over a restart."""
    fakes = front, akamai = CloudFront(SECRETS), Akamai(SECRETS)
    with open(os.path.join(gate.folder, 'secrets'), 'w', encoding='utf-8') as f:
        f.write('[purges]\n' + ''.join(f'{name} = {value}\n' for name, value in SECRETS.items()))
    front.busy = akamai.busy = True
    akamai.smaller = 1
    gate.write(CONFIG + SIGNED, cloudfront=front.port, akamai=akamai.port)
    faults = expect(gate.ask('POST', '/reload')[0], 200)
    gate.ask('POST', '/purge', {'url': 'http://h/a?x=1&y=2'})
    until(lambda: front.refused and akamai.refused, lambda: f'not asked: {front.faults} {akamai.faults}')
    for purge in ({'url': 'http://h/b/*'}, {'url': 'http://h/c%20d'}, {'tag': 't&1'}, {'tag': 't2'},
                  {'tag': 't3', 'soft': True}, {'all': True}):
        faults += expect(gate.ask('POST', '/purge', purge)[0], 200)
    front.busy = akamai.busy = False
    until(lambda: front.taken[4:] and akamai.taken[5:], lambda: f'{front.taken} {akamai.taken} {front.faults} {akamai.faults}')
    faults += expect(front.taken, [['/a?x=1&y=2'], ['/b/*', '/c%20d'], ['#t&1', '#t2'], ['#t3'], ['/*']])
    faults += expect(akamai.taken, [
        ('delete/url/staging', ['http://h/a?x=1&y=2']), ('delete/url/staging', ['http://h/b/*']),
        ('delete/url/staging', ['http://h/c%20d']), ('delete/tag/staging', ['t&1', 't2']),
        ('invalidate/tag/staging', ['t3']), ('delete/cpcode/staging', [12345, 678])])
    front.lose = True
    gate.ask('POST', '/purge', {'url': 'http://h/e'})
    until(lambda: front.taken[5:], lambda: f'{front.faults}')
    gate.kill()
    front.lose = False
    gate.start()
    until(lambda: all(c['backlog'] == 0 for c in gate.ask('GET', '/status')[1]['cdn']), 'not carried on after the restart')
    faults += expect((front.taken[5:], front.repeats > 0), ([['/e']], True))
    faults += expect(([f.faults for f in fakes], [c['refused'] for c in gate.ask('GET', '/status')[1]['cdn']]), ([[], []], [0, 0]))
    with open(os.path.join(gate.folder, 'purges'), encoding='utf-8') as f:
        text = f.read() + json.dumps(gate.ask('GET', '/config')[1]) + json.dumps(gate.ask('GET', '/status')[1]) + gate.said()
    faults += expect([word for word in SECRETS.values() if word in text], [])
    gate.write()
    return faults + expect(gate.ask('POST', '/reload')[1]['notes'], [])


def cdn_pauses(gate):
    """A CDN that says when it wants to be asked again is not asked before, also over a reload; nobody waits with it."""
    front, akamai = CloudFront(SECRETS), Akamai(SECRETS)

    def states():
        return gate.ask('GET', '/status')[1]['cdn']
    front.pauses, akamai.pauses = [(503, 2, False), (429, 1, False)], [(429, 3, True), (503, 2, True)]
    gate.write(CONFIG + SIGNED, cloudfront=front.port, akamai=akamai.port)
    faults = expect(gate.ask('POST', '/reload')[0], 200)
    gate.ask('POST', '/purge', {'url': 'http://h/a'})
    until(lambda: front.taken and akamai.taken, lambda: f'{front.taken} {akamai.taken} {front.faults} {akamai.faults}')
    faults += expect((front.paused, akamai.paused, front.taken), (2, 2, [['/a']]))
    front.pauses = [(503, 3000, False)]
    for path in ('b', 'c', 'd'):
        gate.ask('POST', '/purge', {'url': f'http://h/{path}'})
    until(lambda: sum(len(objects) for _, objects in akamai.taken) == 4 and front.paused == 3,
          lambda: f'{akamai.taken} {front.paused}')
    until(lambda: 'retry_at' in states()[0] and not states()[1]['backlog'], lambda: f'{states()}')
    faults += expect(gate.ask('POST', '/reload')[0], 200)
    faults += expect(['retry_at' in s for s in states()], [True, False])
    gate.ask('POST', '/purge', {'url': 'http://h/e'})
    until(lambda: sum(len(objects) for _, objects in akamai.taken) == 5, lambda: f'{akamai.taken}')
    faults += expect((front.taken[1:], states()[0]['backlog'], front.faults, akamai.faults), ([], 4, [], []))
    gate.kill()
    front.not_before = 0   # the next process knows nothing of it
    gate.start()
    until(lambda: all(s['backlog'] == 0 for s in states()), lambda: f'{states()}')
    faults += expect((sum(front.taken[1:], []), front.faults), (['/b', '/c', '/d', '/e'], []))
    gate.write()
    return faults + expect(gate.ask('POST', '/reload')[1]['notes'], [])


def shield(gate):
    """A gate behind a gate: what many ask for at once is asked of the origin once."""
    with tempfile.TemporaryDirectory(prefix='prony-gate-') as folder:
        with Gate(folder, gate) as front:
            path, before = f'/cached/shield?{KEPT}&s=0.2', len(gate.origin.seen)
            got = []
            askers = [threading.Thread(target=lambda g=g: got.append(g.get(path, 'shop.example')[0])) for g in [front, gate] * 5]
            for t in askers:
                t.start()
            for t in askers:
                t.join()
            return expect((got, len(gate.origin.seen) - before), ([200] * 10, 1))


def killed(gate):
    """Nothing that a killed gate leaves behind keeps the next one from beginning."""
    gate.ask('POST', '/purge', {'tag': 'before'})
    latest = gate.ask('GET', '/purges')[1]['latest']
    gate.kill()
    gate.start()
    return expect((gate.get('/echo')[0], gate.ask('GET', '/purges')[1]['latest']), (200, latest))


def drain(gate):
    code, answer = gate.ask('POST', '/drain')
    faults = expect((code, answer['done']), (200, 'draining'))
    faults += expect(gate.process.wait(timeout=20), 0)
    return faults + expect(os.path.exists(os.path.join(gate.folder, 'admin.sock')), False)


ROWS = [status, refusals, purge_url, purge_tag, purge_soft, purge_log, config_masked, reload_changes, reload_broken,
        reload_notes, reload_under_traffic, idle_connection, second_gate, shield, killed, cdn, cdn_signed, cdn_pauses,
        drain]
SUCCESSION = [upgrade_broken, upgrade_under_traffic, upgrade_empty, successor_ends]
BOTH = [reload_under_traffic, idle_connection, drain]   # what the engine has a part in


def run(rows, engine):
    with tempfile.TemporaryDirectory(prefix='prony-gate-') as folder, Origin() as origin, \
            Gate(folder, origin, engine) as gate:
        run_rows(rows, gate, prefix=f'{engine}: ')


def main():
    for engine in ('epoll', 'io_uring'):
        run(ROWS if engine == 'epoll' else BOTH, engine)
        run(SUCCESSION, engine)
    tap.end()


main()
