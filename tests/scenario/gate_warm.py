#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate before an origin, a Redis and a PostgreSQL that tell of updates: what is fetched before it is asked for, and
what is thrown away in time. usage: gate_warm.py PRONY; prints TAP."""
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from backends import Postgres, Redis
from certs import Authority
from gate_origin import Origin, response
from gates import PATIENCE_S, PRONY, Gate, Peer, ask, expect, faults_of, request, run_rows, tap, until
from services import free_port

STALL_S = 0.04           # who asks less often than that may miss the shortest window of early refresh: 50 ms
EVENTS = 'event_driven: [invalidate_on_update, warm_related_items, cascade_updates]'
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 2
metrics: 127.0.0.1:{metrics}
upstreams: {{ origin: {{ servers: ["127.0.0.1:{origin}"] }} }}
routes: [ {{ match: /, upstream: origin, cache: {{ enabled: true }} }} ]
cache_warming:
  hosts: [shop.example]
  {more}
'''
UPDATES = '''strategies: {{ {events} }}
  rules: [ {{ on: "/products/{{id}}", also: ["/list"] }} ]
  redis: {{ url: "redis://127.0.0.1:{redis}", stream: updates }}
  postgres:
    url: postgresql://shop:{password}@127.0.0.1:{postgres}/postgres
    channel: updates
    slot: prony
    create_slot: true
    publication: prony
    tables: {{ products: ["/products/{{id}}"], "public.notes": ["/notes/{{word}}"] }}'''
HOT = 'strategies: { lazy_loading: [ttl_based_refresh] }'
LEARNING = '''strategies: {{ predictive: [analyze_access_patterns, preload_popular_items, schedule: "0 5 * * *"] }}
  state: {folder}/popular
  logs: [{folder}/access.log]'''
HOST = 'shop.example'
SOURCES = ('redis', 'notify', 'replication')


class Shop(Origin):
    """Pages say what is in .texts for them."""

    def __init__(self):
        super().__init__()
        self.texts = {}

    async def do_page(self, reader, writer, method, fields, query, head, body):
        path = head.split(b' ')[1].decode()
        writer.write(response('200 OK', self.texts.get(path, 'first').encode(), Cache_Control='max-age=600',
                              Surrogate_Key='tag-of-' + path.strip('/').replace('/', '-')))

    do_products = do_list = do_notes = do_page

    async def do_hot(self, reader, writer, *_):
        writer.write(response('200 OK', b'hot', Cache_Control='max-age=1'))

    def times(self, path):
        return sum(head.startswith(f'GET {path} '.encode()) for head, _ in self.seen)


def gate_for(shop, folder, more):
    return Gate(folder, CONFIG, origin=shop.port, more=more)


def page(gate, path, method='GET'):
    """Text and Cache-Status."""
    _, fields, body = ask(gate.port, path, method, host=HOST)
    return body.decode(), fields.get('cache-status', '')


# ---- a key that is asked for all the time

class Fan(threading.Thread):
    """Asks for one page all the time, on one connection."""

    def __init__(self, gate):
        super().__init__(daemon=True)
        self.gate, self.over, self.seen, self.begun = gate, False, [], time.monotonic()

    def run(self):
        with Peer(self.gate.port) as p:
            before = time.monotonic()
            while not self.over:
                asked = time.monotonic()
                p.send(request('/hot', host=HOST))
                self.seen.append((asked - before, p.answer()[1].get('cache-status', '')))
                before = asked
                time.sleep(0.004)

    def end(self):
        self.over = True
        self.join(PATIENCE_S)


def hot_key(gate, shop, fan):
    """No miss after the first but where nobody asked for a while; the origin is asked about once a lifetime."""
    until(lambda: time.monotonic() - fan.begun > 3.5, 'time stands still')
    fan.end()
    lasted, n = time.monotonic() - fan.begun, shop.times('/hot')
    misses = [s for gap, s in fan.seen[1:] if 'fwd=' in s and 'collapsed' not in s and gap < STALL_S]
    print(f'# {len(fan.seen)} requests in {lasted:.1f} s, {n} at the origin, {len(misses)} misses', flush=True)
    faults = expect(misses, []) + ([] if len(fan.seen) > 20 else ['hardly anything was asked'])
    faults += [] if n <= lasted / 0.85 + 2 else [f'{n} at the origin in {lasted:.1f} s']
    return faults + ([] if gate.figure('warmed_objects_total{for="early"}') else ['nothing was refreshed early'])


# ---- updates

def renewed(gate, shop, path, text, update, warmed=True):
    """The update of a page makes the gate fetch it again, without a client; who asks then finds it there. After a purge
    of everything only what is popular is fetched again."""
    page(gate, path)
    n, shop.texts[path] = shop.times(path), text
    update()
    until(lambda: not warmed or shop.times(path) > n, lambda: f'{path} is not fetched again; the gate says {gate.said()!r}')
    until(lambda: page(gate, path)[0] == text, lambda: f'{path} stays as it was: {page(gate, path)}')
    got = page(gate, path)
    return expect(got[0], text) + expect('hit' in got[1], True)


def by_request(gate, shop, redis, postgres):
    """An unsafe request through the gate; what a rule says follows."""
    page(gate, '/list')
    n = shop.times('/list')
    faults = renewed(gate, shop, '/products/1', 'put', lambda: page(gate, '/products/1', 'DELETE'))
    until(lambda: shop.times('/list') > n, 'the list is not fetched again')
    return faults


def by_redis(gate, shop, redis, postgres):
    page(gate, '/list')
    n = shop.times('/list')
    faults = renewed(gate, shop, '/products/2', 'redis',
                     lambda: redis.ask('XADD', 'updates', '*', 'key', '/products/2', 'tag', 'x'))
    until(lambda: shop.times('/list') > n, 'the list is not fetched again')
    redis.ask('XADD', 'updates', '*', 'key', 'nonsense')
    until(lambda: gate.figure('event_malformed_total{source="redis"}') == 1, 'nonsense is not counted')
    return faults + expect(gate.figure('event_source_connected{source="redis"}'), 1)


def redis_trimmed(gate, shop, redis, postgres):
    """An entry is gone before it could be read: everything is purged, and that is said."""
    gaps = gate.figure('event_gaps_total{source="redis"}')

    def update():
        done = subprocess.run(['redis-cli', '-p', str(redis.port)], capture_output=True, text=True, check=True, input=''
                              'MULTI\nXADD updates * key /products/3\nXADD updates * key /else\nXTRIM updates MAXLEN 1\nEXEC\n',
                              env={**os.environ, 'REDISCLI_AUTH': redis.password})
        assert 'ERR' not in done.stdout, done.stdout
    faults = renewed(gate, shop, '/products/3', 'trimmed', update, False)
    gate.says('were trimmed from the stream')
    return faults + expect(gate.figure('event_gaps_total{source="redis"}'), gaps + 1)


def kill(backend, gate, source):
    backend.process.kill()
    backend.process.wait()
    until(lambda: gate.figure('event_source_connected{source="%s"}' % source) == 0, 'the loss is not noticed')


def redis_killed(gate, shop, redis, postgres):
    page(gate, '/products/4')
    kill(redis, gate, 'redis')
    redis.start()
    until(lambda: 'PONG' in redis.ask('PING'), 'Redis is not back')
    faults = renewed(gate, shop, '/products/4', 'back', lambda: redis.ask('XADD', 'updates', '*', 'key', '/products/4'))
    gate.says('updates in Redis is lost')
    return faults


def by_notify(gate, shop, redis, postgres):
    until(lambda: gate.figure('event_source_connected{source="notify"}') == 1, 'nobody listens')
    return renewed(gate, shop, '/products/5', 'notify', lambda: postgres.sql("SELECT pg_notify('updates', '/products/5')"))


def by_replication(gate, shop, redis, postgres):
    until(lambda: gate.figure('event_source_connected{source="replication"}') == 1, 'nothing is replicated')
    faults = renewed(gate, shop, '/products/6', 'row', lambda: postgres.sql('UPDATE products SET price = price + 1 WHERE id = 6'))
    faults += renewed(gate, shop, '/products/7', 'deleted', lambda: postgres.sql('DELETE FROM products WHERE id = 7'))
    faults += renewed(gate, shop, '/notes/a%20b', 'said', lambda: postgres.sql("UPDATE notes SET said = 'x' WHERE id = 1"))
    gate.says('SELECT pg_drop_replication_slot')
    return faults


def unknown_row(gate, shop, redis, postgres):
    """PostgreSQL does not tell the word of a note that is deleted: everything goes."""
    faults = renewed(gate, shop, '/notes/a%20b', 'gone', lambda: postgres.sql('DELETE FROM notes WHERE id = 1'), False)
    gate.says('REPLICA IDENTITY FULL')
    return faults


def postgres_killed(gate, shop, redis, postgres):
    """What the slot keeps is told again, what was notified while nobody heard it is made good by a purge of everything:
    that may come in between, and what is then not stored is not fetched again."""
    page(gate, '/products/8')
    kill(postgres, gate, 'replication')
    postgres.start()
    faults = renewed(gate, shop, '/products/8', 'back', lambda: postgres.sql('UPDATE products SET price = 9 WHERE id = 8'),
                     False)
    until(lambda: gate.figure('event_source_connected{source="notify"}') == 1, 'nobody listens again')
    until(lambda: gate.figure('event_gaps_total{source="notify"}') == 1, 'no gap is noticed')
    gate.says('the replication from PostgreSQL is there again')
    return faults


def ends(gate):
    return expect(gate.end(), 0)


# ---- gates that follow each other

class Line(Gate):
    """A gate, and those that took over from it: `pid` is the one that serves."""
    SERVES = re.compile(r'process (\d+) serves now')

    def start(self):
        super().start()
        self.pid = self.process.pid

    def kill(self):
        for pid in {self.process.pid, *map(int, self.SERVES.findall(self.said()))}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def reload(self):
        n = self.said().count('was read anew')
        os.kill(self.pid, signal.SIGHUP)
        until(lambda: self.said().count('was read anew') > n, self.said)

    def upgrade(self):
        n = len(self.SERVES.findall(self.said()))
        os.kill(self.pid, signal.SIGUSR2)
        until(lambda: len(self.SERVES.findall(self.said())) > n, self.said)
        self.pid = int(self.SERVES.findall(self.said())[-1])

    def hears(self):
        until(lambda: all(self.figure('event_source_connected{source="%s"}' % s) == 1 for s in SOURCES),
              lambda: f'not all are heard: {self.said()[-2000:]}')


class Updates(threading.Thread):
    """One after the other, from all sources in turn, each of a page that says something else from then on."""

    def __init__(self, shop, redis, postgres, word):
        super().__init__(daemon=True)
        self.shop, self.redis, self.postgres, self.word, self.told = shop, redis, postgres, word, 0
        self.pages = [page for i in range(8) for page in (f'/notes/redis-{i}', f'/notes/notify-{i}', f'/products/{10 + i}')]

    def run(self):
        for path in self.pages:
            self.shop.texts[path] = self.word
            if 'redis' in path:
                self.redis.ask('XADD', 'updates', '*', 'key', path)
            elif 'notify' in path:
                self.postgres.sql(f"SELECT pg_notify('updates', '{path}')")
            else:
                self.postgres.sql(f'UPDATE products SET price = price + 1 WHERE id = {path.split("/")[-1]}')
            self.told += 1


def followed(gate, shop, redis, postgres, follow):
    """Each update that is told meanwhile is heard by one or the other, and nothing is purged for fear of a gap."""
    updates, quiet = Updates(shop, redis, postgres, follow.__name__), [f'/notes/quiet-{i}' for i in range(5)]
    gate.hears()
    for path in updates.pages + quiet:
        page(gate, path)
    said = len(gate.said())
    before = {path: shop.times(path) for path in updates.pages + quiet}
    updates.start()
    until(lambda: updates.told > 4, 'nothing is told')
    follow()
    updates.join(PATIENCE_S)
    gate.hears()
    faults = []
    for path in updates.pages:
        until(lambda p=path: page(gate, p)[0] == updates.word, lambda p=path: f'{p} stays as it was: {page(gate, p)}')
        # what is notified is heard by both for a moment
        faults += expect(shop.times(path) - before[path], 1, *([2] if 'notify' in path else []))
    for path in quiet:
        faults += expect(('hit' in page(gate, path)[1], shop.times(path)), (True, before[path]))
    faults += expect([gate.figure('event_gaps_total{source="%s"}' % s) for s in SOURCES], [0, 0, 0])
    return faults + expect([w for w in ('is lost', 'purged') if w in gate.said()[said:]], [])


def reload(gate, *servers):
    return followed(gate, *servers, gate.reload)


def upgrade(gate, *servers):
    faults = followed(gate, *servers, gate.upgrade)
    return faults + expect(gate.process.wait(PATIENCE_S), 0)


def knows_popular(gate, shop, redis, postgres):
    """What was asked for before is fetched again after a purge of everything, by who has not been asked for it."""
    for _ in range(5):
        page(gate, '/notes/fame')
    for follow in (gate.reload, gate.upgrade):
        follow()
        gate.hears()
        n = shop.times('/notes/fame')
        redis.ask('XADD', 'updates', '*', 'all', '1')
        until(lambda: shop.times('/notes/fame') > n, lambda f=follow: f'not fetched again after {f.__name__}')
    os.kill(gate.pid, signal.SIGTERM)
    until(lambda: not os.path.exists(f'/proc/{gate.pid}') or f'State:\tZ' in open(f'/proc/{gate.pid}/status').read(),
          'the last one does not end')
    return []


# ---- what is popular

def learned(shop, folder):
    """What one gate has learned, and what a log says, the next one fetches at its start."""
    with open(os.path.join(folder, 'access.log'), 'w', encoding='utf-8') as log:
        for target in ('/products/70', '/products/70', '/products/71?token=x'):
            log.write(f'1.2.3.4 - - [21/Nov/2026:10:00:00 +0000] "GET {target} HTTP/1.1" 200 5 "-" "-"\n')
    config = LEARNING.format(folder=folder)
    with gate_for(shop, folder, config) as gate:
        for _ in range(3):
            page(gate, '/products/60')
            page(gate, '/products/61?session=geheim')
        faults = expect(gate.end(), 0)
    with open(os.path.join(folder, 'popular'), encoding='utf-8') as f:
        text = f.read()
    faults += expect('http://shop.example/products/60' in text, True) + expect('geheim' in text, False)
    shop.clear()
    with gate_for(shop, folder, config) as gate:
        until(lambda: shop.times('/products/60') and shop.times('/products/70'), lambda: f'only {shop.paths()} is fetched')
        until(lambda: gate.figure('warmed_objects_total{for="popular"}') >= 3, 'what was fetched is not counted')
        for path in ('/products/60', '/products/70'):
            faults += expect('hit' in page(gate, path)[1], True)
        faults += expect(shop.times('/products/60'), 1) + expect(shop.times('/products/61?session=geheim'), 0)
        head = shop.seen[0][0].decode()
        faults += expect('for=_prony' in head and 'X-Forwarded-For' not in head, True)
        faults += expect(gate.end(), 0)
    with open(os.path.join(folder, 'popular'), 'a', encoding='utf-8') as f:
        f.write('x')
    with gate_for(shop, folder, config) as gate:
        gate.says('damaged')
        return faults + expect(gate.end(), 0)


# ---- a stream behind TLS

class SecureRedis(Redis):
    """With a user who may do what has to be, and only for who shows a certificate."""
    owner = None
    MAY = ['on', '>hush/1', '~updates', '-@all', '+xread', '+xrange', '+xinfo', '+select']

    def prepare(self):
        super().prepare()
        self.authority, self.tls_port = Authority(self.folder), free_port()
        self.pair = self.authority.sign('gate')
        self.argv += ['--user', 'gate', *self.MAY, *self.authority.redis(self.tls_port, self.authority.sign('good'), 'yes')]


def secure_gate(shop, folder, redis, name, tls, port=None, scheme='rediss', user='gate:hush%2F1@'):
    os.mkdir(os.path.join(folder, name))
    url = f'{scheme}://{user}127.0.0.1:{port or redis.tls_port}/3'
    return gate_for(shop, os.path.join(folder, name), 'strategies: { event_driven: [invalidate_on_update] }\n'
                    f'  redis: {{ url: "{url}", stream: updates{tls} }}')


def secured(shop, folder):
    """Through TLS with a user and a certificate, in a database of its own; what is wrong is said, with what to do, and
    without the password."""
    with SecureRedis('rose') as redis, tempfile.TemporaryDirectory(prefix='prony-warm-') as files:
        ca, other = redis.authority.ca, Authority(files, 'other').ca
        show = f'certificate: {redis.pair[0]}, key: {redis.pair[1]}'
        good = f', tls: {{ ca: {ca}, {show}, server_name: redis.test }}'
        wrong = [
            ('authority', {'tls': f', tls: {{ ca: {other}, {show} }}'}, ['certificate is not accepted', '(ca)']),
            ('name', {'tls': good.replace('redis.test', 'b.test')}, ["is not for 'b.test'"]),
            ('no-certificate', {'tls': f', tls: {{ ca: {ca} }}'}, ['certificate', 'key']),
            ('password', {'tls': good, 'user': 'gate:hush%2F2@'}, ['WRONGPASS', 'REDISCLI_AUTH']),
            ('clear', {'tls': good, 'port': redis.port}, ['is that the port that speaks TLS?']),
            ('not-clear', {'tls': '', 'scheme': 'redis'}, ['if it speaks TLS there, write rediss://']),
        ]
        faults = []
        for name, how, said in wrong:
            with secure_gate(shop, folder, redis, name, **how) as gate:
                gate.says('updates in Redis is lost, and tried again', *said)
                faults += expect([w for w in ('hush', 'rose') if w in gate.said()], []) + expect(gate.end(), 0)
        with secure_gate(shop, folder, redis, 'good', good) as gate:
            until(lambda: gate.figure('event_source_connected{source="redis"}') == 1, gate.said)
            page(gate, '/notes/secret')
            shop.texts['/notes/secret'] = 'told'
            redis.ask('XADD', 'updates', '*', 'key', '/notes/secret')   # another database's
            redis.ask('-n', '3', 'XADD', 'updates', '*', 'key', 'nonsense')
            until(lambda: gate.figure('event_malformed_total{source="redis"}') == 1, 'nothing is heard')
            faults += expect('hit' in page(gate, '/notes/secret')[1], True)
            redis.ask('-n', '3', 'XADD', 'updates', '*', 'key', '/notes/secret')
            until(lambda: page(gate, '/notes/secret')[0] == 'told', 'nothing is purged')
            faults += expect(gate.end(), 0)
        gate = secure_gate(shop, folder, redis, 'nowhere', ', tls: { ca: /nowhere/ca.pem }')
        done = subprocess.run([PRONY, 'gate', '--config', gate.file], capture_output=True, text=True, timeout=PATIENCE_S)
        return faults + ([] if re.search(r":\d+:\d+: redis.tls: cannot read the CA file '/nowhere/ca.pem'", done.stderr) and
                         done.returncode else [f'{done.returncode}: {done.stderr}'])


# ---- the whole

class LogicalPostgres(Postgres):
    def prepare(self):
        super().prepare()
        self.argv += ['-c', 'wal_level=logical']

    def start(self):
        super().start()
        self.sql('CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, price int); '
                 'CREATE TABLE IF NOT EXISTS notes (id int PRIMARY KEY, word text, said text)')

    def fill(self):
        self.sql("INSERT INTO products SELECT i, i FROM generate_series(1, 20) i; INSERT INTO notes VALUES (1, 'a b', '-'); "
                 'CREATE PUBLICATION prony FOR TABLE products, notes')


class LastingRedis(Redis):
    def prepare(self):
        super().prepare()
        self.argv += ['--appendonly', 'yes', '--appendfsync', 'always']


@contextlib.contextmanager
def hot_gate(shop, folder):
    """Begins first, so that its page is asked for while the others start."""
    os.mkdir(os.path.join(folder, 'hot'))
    with gate_for(shop, os.path.join(folder, 'hot'), HOT) as gate:
        fan = Fan(gate)
        fan.start()
        yield fan
        fan.end()


HEIRS = [reload, upgrade, knows_popular]
ROWS = [by_request, by_redis, redis_trimmed, redis_killed, by_notify, by_replication, unknown_row, postgres_killed]


def main():
    with tempfile.TemporaryDirectory(prefix='prony-warm-') as folder, Shop() as shop, hot_gate(shop, folder) as hot, \
            LastingRedis('rose') as redis, LogicalPostgres('tulip') as postgres:
        postgres.fill()
        os.environ['REDISCLI_AUTH'] = 'rose'
        updates = UPDATES.format(events=EVENTS, redis=redis.port, postgres=postgres.port, password='tulip')
        with gate_for(shop, folder, updates) as gate:
            for source in SOURCES:
                until(lambda s=source: gate.figure('event_source_connected{source="%s"}' % s) == 1,
                      lambda s=source: f'{s} is not heard: {gate.said()}')
            run_rows(ROWS, gate, shop, redis, postgres)
            run_rows([hot_key], hot.gate, shop, hot)
            run_rows([ends], gate)
        os.mkdir(os.path.join(folder, 'line'))
        with Line(os.path.join(folder, 'line'), CONFIG, origin=shop.port, more=updates) as gate:
            run_rows(HEIRS, gate, shop, redis, postgres)
        tap.row('learned', faults_of(learned, shop, folder))
        tap.row('secured', faults_of(secured, shop, folder))
    tap.end()


main()
