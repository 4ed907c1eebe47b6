# SPDX-License-Identifier: MIT
"""Faults planted in services of Node, Python, Java and Go, and in the databases behind them.

A service takes its fault as a word; without the word it is its own healthy twin. Where a queue stands in
front of workers or connections that wait themselves, what they wait for is the cause (docs: waits are
charged to what the holders were doing), and the queue is accepted beside it where widening it is the
cheaper repair."""
import subprocess

import stores
from cases import case


def plain(name, **rest):
    """A service of one Node file: the case and its healthy twin differ in --fault alone."""
    script, route, fault = rest.pop('script'), rest.pop('route'), rest.pop('fault')
    kinds, flags = rest.pop('kinds'), rest.pop('words', [])

    def start(stage, *words):
        url = stores.node(stage, script, *(w(stage) if callable(w) else w for w in flags), *words)
        return [url.rstrip('/') + r for r in route.split()]
    case(name, kinds, needs=['node'], fixed=start, **rest)(lambda stage: start(stage, '--fault', fault))


COMPUTING = ['cpu.event-loop', 'cpu.hot-function']


# ---- Node --------------------------------------------------------------------------------------

@case('node-loop', ['cpu.event-loop'], number=1, fast=True)
def node_loop(stage):
    return [stage.start([stage.program('node'), stage.sources / 'node_loop.js'])]


plain('node-json', script='node_catalog.js', route='/products?page=3', fault='copy', number=1,
      kinds=COMPUTING, where='copyCatalogue')
plain('node-regex', script='node_catalog.js', route='/search?q=kettles+and+mirrors+aaaaa%21', fault='pattern',
      number=2, kinds=COMPUTING, where=r'isSearchText|\\w\+\\s')
plain('node-other-route', script='node_catalog.js', route='/products?page=3 /report', fault='report', number=3,
      kinds=COMPUTING, where='rankSuppliers')
plain('node-sync-file', script='node_visits.js', route='/visit?page=home', fault='sync', number=4,
      words=[lambda stage: stage.folder / 'audit.log'], kinds=['io.blocking-call'])
plain('node-crypto-pool', script='node_login.js', route='/login?user=ann&password=x /avatar?user=ann',
      fault='rounds', number=5, kinds=['cpu.saturated', 'cpu.hot-function', 'contention.workers'],
      where='hashPassword|pbkdf2|CPUs')
plain('node-gc', script='node_sessions.js', route='/basket?visitor=7', fault='churn', number=10,
      kinds=['memory.gc'])
plain('node-leak', script='node_sessions.js', route='/basket?visitor=7', fault='leak', number=11,
      kinds=['memory.leak'], flags=['--rate', '500', '--for', '20s'], anywhere=True)


def over_tls(*words):
    def start(stage):
        key, certificate = stage.certificate()
        url = stores.node(stage, 'node_tls.js', '--key', key, '--certificate', certificate, *words)
        return [url.replace('http:', 'https:') + 'report?month=7']
    return start


case('node-https', COMPUTING, where='sumLedger', needs=['node', 'openssl'], flags=['-k'], fixed=over_tls())(
    over_tls('--fault', 'report'))
case('node-http2', COMPUTING, where='sumLedger', needs=['node', 'openssl'], flags=['-k', '--http2'],
     fixed=over_tls('--http2'))(over_tls('--http2', '--fault', 'report'))


def quotes(milliseconds, tls=False):
    """The service, and the one that it asks over HTTP/2."""
    def start(stage):
        node, script = stage.program('node'), stage.sources / 'node_quotes.js'
        key, certificate = stage.certificate() if tls else (None, None)
        secrets = ['--key', key, '--certificate', certificate] if tls else []
        stage.peer = stage.start([node, script, '--serve', milliseconds, *secrets]).split('/')[2]
        return [stage.start([node, script, '--peer', stage.peer.split(':')[1], *secrets[2:]]) + 'price/17']
    return start


for name, tls in (('node-http2-peer', False), ('node-http2-peer-tls', True)):
    case(name, ['io.net.downstream'], where='PEER', needs=['node', 'openssl'], twin=False,
         fixed=quotes('2', tls))(quotes('40', tls))


@case('node-timer', number=12, flags=['--rate', '100', '--for', '8s'], needs=['node'])
def node_timer(stage):
    """The time is a timer's: no finding may claim it for something else."""
    return [stores.node(stage, 'node_sessions.js', '--fault', 'delay') + 'basket?visitor=7']


def orders(route, fault=None, index=True):
    def start(stage):
        server = stores.postgres(stage, index=index)
        words = ['--fault', fault] if fault else []
        return [stores.node(stage, 'node_orders.js', *words,
                            DATABASE_URL=stores.database_url(server)).rstrip('/') + route]
    return start


def orders_case(name, kinds, route, fault, **rest):
    case(name, kinds, needs=['node'], fixed=orders(route), **rest)(orders(route, fault))


orders_case('node-pg-pool', ['contention.pool'], '/quote?article=7', 'pool', where='PEER', number=6)
orders_case('node-pg-loop', COMPUTING, '/orders?customer=17', 'ranking', where='rankOrders', number=7)
orders_case('node-pg-n-plus-one', ['io.db.n-plus-one'], '/orders?customer=17', 'n-plus-one',
            where='articles', number=8)
orders_case('node-pg-connect', ['io.net.connect'], '/orders?customer=17', 'connect', where='PEER', number=9)
orders_case('node-pg-over-fetch', ['io.db.over-fetch'], '/feed', 'wide', where='articles')


# ---- Python on an event loop -------------------------------------------------------------------

def aio(stage, *words, **environment):
    stores.need_python('aiohttp', 'asyncpg')
    return stores.start(stage, ['/usr/bin/python3', '-B', stage.sources / 'aio_shop.py', *words], **environment)


def aio_peer(route, *words):
    def start(stage):
        stage.peer = stage.service('slow_peer', '25').split('/')[2]
        return [aio(stage, *words, PEER=stage.peer) + route]
    return start


def aio_database(route, *words, index=True):
    def start(stage):
        server = stores.postgres(stage, index=index)
        return [aio(stage, *words, DATABASE_URL=stores.database_url(server)) + route]
    return start


case('aio-blocking', ['io.blocking-call'], where='PEER.* in price', number=13, fixed=aio_peer('price'))(
    aio_peer('price', '--fault', 'blocking'))
case('aio-sleep', ['io.blocking-call'], where='keep_to_rate', fixed=aio_peer('price'))(
    aio_peer('price', '--fault', 'sleep'))
case('aio-pg-index', ['io.db.missing-index'], where=r'orders\(customer', number=14,
     fixed=aio_database('orders?customer=17'))(aio_database('orders?customer=17', index=False))
# Each release costs one more round trip, which holds the connection: the statement, or the pool.
case('aio-pg-reset', ['io.db.slow-query', 'io.db.n-plus-one', 'contention.pool'], number=15,
     where='RESET ALL|UNLISTEN|advisory|pool|price_of', fixed=aio_database('stock?article=7'))(
    aio_database('stock?article=7', '--fault', 'reset'))
case('aio-gather', ['io.net.n-plus-one', 'io.net.downstream'], where='PEER', number=16,
     fixed=aio_peer('offers'))(aio_peer('offers', '--fault', 'gather'))


# ---- Python on threads and processes -----------------------------------------------------------

@case('flask-gunicorn', ['cpu.hot-function'], where='score_cart', fast=True)
def flask_gunicorn(stage):
    return [stage.gunicorn('flask_score:app')]


@case('flask-behind-nginx', ['cpu.hot-function'], where='score_cart', fast=True, needs=['nginx'])
def flask_behind_nginx(stage):
    path = f'unix:{stage.folder}/flask.socket'
    return [stage.proxied(stage.gunicorn('flask_score:app', '-b', path), named=path)]


@case('flask-downstream', ['io.net.downstream', 'contention.workers'])
def flask_downstream(stage):
    peer = stage.service('slow_peer', '40')
    return [stage.gunicorn('flask_downstream:app', PEER=peer.split('/')[2])]


def report(*words):
    return lambda stage: [stage.start(['/usr/bin/python3', '-B', stage.sources / 'py_report.py', *words])
                          + 'report?shop=3']


case('py-gil', ['cpu.single-thread', 'cpu.hot-function'], where='interpreter lock|thread|parse|score|render', number=17,
     fixed=report())(report('--fault', 'compute'))
case('py-nagle', ['io.net.nagle'], number=18, flags=['--rate', '100', '--for', '8s'], fixed=report())(
    report('--fault', 'pieces'))


def one_worker(*flags, fault=''):
    def start(stage):
        stage.peer = stage.service('slow_peer', '20').split('/')[2]
        return [stage.gunicorn('flask_downstream:app', *flags, PEER=stage.peer, FAULT=fault)]
    return start


case('py-lock', ['contention.lock'], where='ask_peer', fast=True, fixed=one_worker('-w', '1', '--threads', '16'))(
    one_worker('-w', '1', '--threads', '16', fault='lock'))
case('flask-one-worker', ['io.net.downstream', 'contention.workers'], kept=['io.net.downstream'], number=19,
     twin=one_worker('-w', '1', '--threads', '16'))(one_worker('-w', '1'))
case('flask-quadratic', ['cpu.hot-function'], where='unique_articles', number=20,
     fixed=lambda stage: [stage.gunicorn('flask_basket:app')])(
    lambda stage: [stage.gunicorn('flask_basket:app', FAULT='list')])


# ---- databases ---------------------------------------------------------------------------------

def stock(route, fault='', durable=False):
    def start(stage):
        stores.need_python('psycopg2')
        server = stores.postgres(stage, durable=durable)
        if durable:
            limit = stage.write_limit(200)
            if limit:
                (limit / 'cgroup.procs').write_text(str(server.process.pid))
        return [stage.gunicorn('flask_stock:app', '--threads', '8', FAULT=fault,
                               DATABASE_URL=stores.database_url(server)) + route]
    return start


case('pg-hot-row', ['contention.db-lock'], where='counters', number=37, fixed=stock('sell?article=7'))(
    stock('sell?article=7', 'hot-row'))
case('pg-hot-row-behind-nginx', ['contention.db-lock'], where='counters', needs=['nginx'])(
    lambda stage: [stage.proxied(stock('sell?article=7', 'hot-row')(stage)[0])])
# The time is in COMMIT, which waits for the log on the disk: told as the statement, or as the disk.
case('pg-commit', ['io.db.slow-query', 'io.disk.sync'], where='COMMIT|INSERT|[Ww][Aa][Ll]', number=38,
     fixed=stock('log', durable=True))(stock('log', 'commit', durable=True))


def sessions(route, fault=''):
    def start(stage):
        stores.need_python('redis')
        server = stores.redis(stage)
        return [stage.gunicorn('flask_sessions:app', '--threads', '4', FAULT=fault, REDIS_PORT=str(server.port),
                               REDIS_PASSWORD=stores.PASSWORD) + route]
    return start


case('redis-keys', ['io.redis.slow-command'], where='KEYS', number=39, fixed=sessions('devices?user=7'))(
    sessions('devices?user=7', 'keys'))
case('redis-big-value', ['io.redis.slow-command'], where='GET', number=39, fixed=sessions('profile?user=7'))(
    sessions('profile?user=7', 'big'))
case('redis-n-plus-one', ['io.redis.n-plus-one'], where='GET', fixed=sessions('basket?user=7'))(
    sessions('basket?user=7', 'n-plus-one'))


# ---- Java and Go -------------------------------------------------------------------------------

def ledger(route, *words, **rest):
    return lambda stage: [stores.java(stage, 'Ledger', *words, **rest) + route]


def java_asking(route, *words):
    def start(stage):
        stage.peer = stage.service('slow_peer', '20').split('/')[2]
        return [stores.java(stage, 'Ledger', *words, stage.peer) + route]
    return start


def java_log(fault):
    def start(stage):
        words = ('log', stage.folder / 'ledger.log') if fault else ()
        return [stores.java(stage, 'Ledger', *words, cgroup=stage.write_limit(200)) + 'book']
    return start


def java_booking(*words):
    def start(stage):
        server = stores.postgres(stage)
        payment = stage.service('slow_peer', '25').split('/')[2]
        url = f'jdbc:postgresql://{stage.peer}/postgres?user=shop&password={stores.PASSWORD}'
        start.payment = payment
        return [stores.java(stage, 'Booking', *words, DATABASE_URL=url, PEER=payment) + 'book?room=7']
    return start


case('java-hot-function', ['cpu.hot-function'], where='rankOffers', needs=['javac'])(
    lambda stage: [stores.java(stage, 'Offers')])
case('java-convoy', ['contention.lock'], where='book|Ledger', number=21, needs=['javac'], fixed=ledger('book'))(
    ledger('book', 'convoy'))
case('java-executor', ['contention.workers', 'io.net.downstream'], number=22, needs=['javac'], kept=['io.net.downstream'],
     twin=java_asking('quote', 'wide'))(java_asking('quote', 'executor'))
case('java-http-client', ['io.net.downstream'], where='PEER', needs=['javac'])(java_asking('rate', 'rates'))
case('java-heap', ['memory.gc'], number=23, needs=['javac'], fixed=ledger('history', flags=['-Xmx1g']))(
    ledger('history', flags=['-Xmx80m']))
case('java-pool', ['contention.pool', 'io.net.downstream'], number=24, needs=['javac'], kept=['io.net.downstream'],
     twin=java_booking())(java_booking('long-transaction'))
case('java-log', ['io.disk.sync', 'contention.lock'], where='ledger.log|writeLog|Ledger|FileChannel', number=25,
     needs=['javac'], fixed=java_log(False))(java_log(True))


def tickets(route, *words):
    return lambda stage: [stores.go(stage, 'tickets', *words) + route]


case('go-hot-function', ['cpu.hot-function'], where='rankOffers', needs=['go'])(
    lambda stage: [stores.go(stage, 'offers')])
case('go-convoy', ['contention.lock'], where='sell|Mutex', number=26, needs=['go'], fixed=tickets('buy?show=3'))(
    tickets('buy?show=3', 'convoy'))
case('go-growth', ['memory.leak'], number=27, needs=['go'], flags=['--rate', '400', '--for', '20s'],
     anywhere=True, fixed=tickets('watch?show=3'))(tickets('watch?show=3', 'growth'))


# ---- training: no URL, nothing is loaded ---------------------------------------------------------

def trainer(how, limit=False):
    """Watched as it is; below what its throttled disk gives it would have credit."""
    def start(stage):
        cgroup = stage.read_limit(400) if limit else None
        job = stage.spawn(['/usr/bin/python3', '-B', stage.sources / 'py_trainer.py', how, stage.folder / 'samples'],
                          cgroup, stdout=subprocess.PIPE, text=True)
        if job.stdout.readline() != 'training\n':
            raise RuntimeError('the trainer did not start')
        return [f'pid:{job.pid}']
    return start


WATCHED = ['--observe', '--for', '6s']
case('py-loader-decode', ['io.data-loading'], where='decode_image', flags=WATCHED, fast=True,
     twin=trainer('healthy'))(trainer('decode'))
case('py-loader-read', ['io.data-loading'], where='samples|read_sample', flags=WATCHED,
     twin=trainer('healthy'))(trainer('read', limit=True))
