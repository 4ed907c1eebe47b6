# SPDX-License-Identifier: MIT
"""Faults planted in services of C and in nginx, the shop with its SQLite, and services without a fault."""
import os
import signal

from cases import case


def native(name, *words):
    """Starts a C service with these words, or with those that repair it."""
    def start(stage):
        return [stage.service(name, *words)]
    return start


def asks(peer, name, *words, peer_words=()):
    """Starts a peer and a C service that asks it."""
    def start(stage):
        stage.peer = stage.service(peer, *peer_words).split('/')[2]
        return [stage.service(name, stage.peer.split(':')[1], *words)]
    return start


def writes(name, file, *words, per_second=200):
    """Starts a C service that writes to a file of a throttled disk: below what the disk takes it has
    credit, and is not the limit."""
    def start(stage):
        return [stage.service(name, str(stage.folder / file), *words, cgroup=stage.write_limit(per_second))]
    return start


# ---- waiting for each other --------------------------------------------------------------------

case('c-lock-convoy', ['contention.lock'], where='account_lock', number=28, fast=True,
     fixed=native('lock_convoy', 'repaired'))(native('lock_convoy'))
case('c-rwlock', ['contention.lock'], where='catalogue_lock', fixed=native('rwlock', 'repaired'))(
    native('rwlock'))
case('c-spin-lock', ['contention.lock', 'contention.spin'], where='spin_acquire',
     fixed=native('spin_lock', 'repaired'))(native('spin_lock'))
case('c-single-worker', ['contention.workers'], number=30, fixed=native('single_worker', '64'))(
    native('single_worker'))
case('c-two-workers', ['contention.workers'], fixed=native('two_workers', '64'))(native('two_workers'))
case('c-small-pool', ['contention.pool'], where='PEER',
     fixed=asks('ledger_peer', 'small_pool', '64', peer_words=['6000']))(
    asks('ledger_peer', 'small_pool', peer_words=['6000']))
case('c-stampede', ['contention.stampede'], where='compute_prices', fixed=native('stampede', 'repaired'))(
    native('stampede'))


# ---- computing ---------------------------------------------------------------------------------

case('c-hot-function', ['cpu.hot-function'], where='checksum_rows',
     fixed=native('hot_function', 'repaired'))(native('hot_function'))

TEXT = ''.join(f'<li>item {i}, {i * 7919 % 10007} in stock, {i * 37 % 900} EUR</li>\n' for i in range(8000))


def gzip(level, **rest):
    def start(stage):
        return [stage.nginx(f'gzip on; gzip_comp_level {level}; gzip_types *;', TEXT, **rest)]
    return start


case('nginx-gzip-9', ['cpu.hot-function', 'cpu.event-loop'], where='deflate|gzip|libz', number=34,
     flags=['-H', 'Accept-Encoding: gzip'], needs=['nginx'], fixed=gzip(1),
     twin=lambda stage: [stage.nginx(page=TEXT)])(gzip(9))


def tls_origin(kept):
    def start(stage):
        stage.peer = stage.nginx(tls=True, name='origin').split('/')[2]
        upstream = 'keepalive 64; keepalive_requests 1000000;' if kept else ''
        return [stage.nginx(f'upstream origin {{ server {stage.peer}; {upstream} }}', server='''location / {
            proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_ssl_session_reuse off; }''')]
    return start


case('nginx-tls-origin', ['io.net.connect'], where='PEER', needs=['nginx', 'openssl'], fixed=tls_origin(True))(
    tls_origin(False))


for name, flags in (('nginx-tls-gzip-9', []), ('nginx-http2-gzip-9', ['--http2'])):
    case(name, ['cpu.hot-function', 'cpu.event-loop'], where='deflate|gzip|libz', needs=['nginx', 'openssl'],
         flags=['-k', '-H', 'Accept-Encoding: gzip', *flags], fixed=gzip(1, tls=True),
         twin=lambda stage: [stage.nginx(page=TEXT, tls=True)])(gzip(9, tls=True))

case('c-io-uring', ['cpu.event-loop', 'cpu.hot-function', 'cpu.single-thread'], where='price_basket',
     fixed=native('uring_prices', 'repaired'))(native('uring_prices'))
case('c-io-uring-polled', ['cpu.event-loop', 'cpu.hot-function', 'cpu.single-thread'], where='price_basket',
     fixed=native('uring_prices', 'polled', 'repaired'))(native('uring_prices', 'polled'))


# Likewise close to what the quota allows.
@case('c-quota', ['cpu.throttled'], number=35, fast=True, twin=native('hot_function'))
def quota(stage):
    return [stage.service('hot_function', cgroup=stage.cpu_quota(0.3))]


def without_neighbour(stage):
    stage.processes[0].kill()
    return [stage.service('healthy')]


# A service that would have CPU to spare.
@case('c-neighbour', ['cpu.contended-host'], where='truth_burn', number=36, flags=['--rate', '1500'],
      fixed=without_neighbour, twin=native('healthy'))
def neighbour(stage):
    stage.spawn([stage.own(stage.services / 'truth_burn'), '4'])
    return [stage.service('healthy')]


# ---- disk and network --------------------------------------------------------------------------

case('c-fsync', ['io.disk.sync'], number=29, fast=True, fixed=writes('fsync', 'journal', 'group'),
     twin=writes('fsync', 'journal', 'lazy'))(writes('fsync', 'journal'))
case('c-sync-log', ['io.disk.sync', 'io.log.sync'], where='audit.log',
     fixed=writes('sync_log', 'audit.log', 'repaired'))(writes('sync_log', 'audit.log'))


def album(*words):
    def start(stage):
        return [stage.service('cold_read', str(stage.folder / 'album'), *words,
                              cgroup=stage.read_limit(400))]
    return start


case('c-cold-read', ['io.disk.read'], where='album', fixed=album('repaired'))(album())


def names(*words):
    def start(stage):
        stage.peer = stage.start([stage.own(stage.services / 'truth_dns_server'), '127.0.53.7', '3']).split('/')[2]
        return [stage.service('dns_loop', *stage.peer.split(':'), *words)]
    return start


case('c-dns-loop', ['io.blocking-call', 'io.net.dns'], where=r'resolve_shard|127\.0\.53\.7', number=32,
     fixed=names('repaired'))(names())


def listing(*words):
    def start(stage):
        stage.slow_network(80)
        return [stage.service('big_json', *words)]
    return start


case('c-big-json', ['io.net.uncompressed'], where='/', number=33, needs=['unshare', 'tc', 'ip'],
     twin=listing('repaired'))(listing())
case('c-downstream', ['io.net.downstream'], where='PEER', fast=True,
     fixed=asks('slow_peer', 'downstream', peer_words=['4']), twin=False)(
    asks('slow_peer', 'downstream', peer_words=['40']))
case('c-retries', ['io.net.retry'], where='PEER', number=40,
     fixed=asks('flaky_peer', 'retries', 'repaired', peer_words=['10']), twin=False)(
    asks('flaky_peer', 'retries', peer_words=['10']))
case('c-rate-limit', ['contention.rate-limit'], where='PEER',
     twin=asks('limited_peer', 'rate_limited', peer_words=['100000']))(
    asks('limited_peer', 'rate_limited', peer_words=['100']))
case('c-connect-each', ['io.net.connect'], where='PEER',
     fixed=asks('slow_peer', 'connect_each', 'repaired', peer_words=['0']))(
    asks('slow_peer', 'connect_each', peer_words=['0']))
case('c-delayed-ack', ['io.net.nagle'], where='PEER', fixed=asks('ledger_peer', 'delayed_ack', 'repaired'))(
    asks('ledger_peer', 'delayed_ack'))


# ---- memory ------------------------------------------------------------------------------------

case('c-page-faults', ['memory.page-fault'], number=31, fixed=native('page_faults', 'repaired'))(
    native('page_faults'))
case('c-allocations', ['memory.alloc'], fixed=native('allocations', 'repaired'))(native('allocations'))
case('c-leak', ['memory.leak'], flags=['--rate', '500', '--for', '20s'], anywhere=True, fast=True)(
    native('leak'))


# ---- the shop ----------------------------------------------------------------------------------

ROUTES = ('orders', 'cart', 'recommend', 'checkout', 'catalog')


def shop(fault, routes=ROUTES):
    def start(stage):
        base = stage.start([stage.shop, '--fault', fault])
        return [f'{base}{route}?customer=4711' for route in routes]
    return start


case('shop-all', ['io.db.missing-index'], where=r'orders\(customer_id')(
    shop('missing-index,lock,hot-function,n-plus-one,large-answer'))
case('shop-missing-index', ['io.db.missing-index'], where=r'orders\(customer_id', fast=True)(
    shop('missing-index'))
case('shop-beyond', ['io.db.missing-index'], where=r'orders\(customer_id', flags=['-t', 'p99<50ms@20000/s'], fast=True)(
    shop('missing-index', ['orders']))   # promised for more than it can answer
case('shop-lock', ['contention.lock'], where='inventory_lock')(shop('lock'))
case('shop-hot-function', ['cpu.hot-function'], where='score_similarity')(
    shop('hot-function'))
case('shop-n-plus-one', ['io.db.n-plus-one'], where='products')(
    shop('n-plus-one', ['cart']))


# ---- nothing planted: at a fifth and at three fifths of what each holds --------------------------

def node(stage):
    return [stage.start([stage.program('node'), stage.sources / 'healthy_node.js'])]


def nginx(stage):
    return [stage.nginx()]


for start, low, high in ((nginx, 4000, 12000), (native('healthy'), 800, 2400), (node, 1000, 3000)):
    name = getattr(start, '__name__')
    name = 'c' if name == 'start' else name
    case(f'healthy-{name}-20', flags=['--rate', str(low)], negative=True)(start)
    case(f'healthy-{name}-60', flags=['--rate', str(high)], negative=True)(start)

case('healthy-behind-nginx', flags=['--rate', '1000'], needs=['nginx'], negative=True)(
    lambda stage: [stage.proxied(stage.service('healthy'))])
case('nginx-file', verdict='met', fast=True, negative=True)(nginx)
case('target-met', verdict='met', flags=['-t', 'p99<50ms@100/s'], negative=True)(native('hot_function'))


@case('c-idle', verdict='idle', flags=['--observe', '--for', '5s'], fast=True, negative=True)
def idle(stage):
    stage.service('lock_convoy')
    return [f'pid:{stage.processes[-1].pid}']


@case('generator-bound', verdict='generator-limited', flags=['--rate', '20000'], negative=True)
def generator_bound(stage):
    stage.prony_cgroup = stage.cpu_quota(0.1)
    return [stage.nginx()]


@case('network-delay', flags=['--rate', '400'], negative=True)
def network_delay(stage):
    service = stage.service('healthy')
    pid = stage.processes[-1].pid
    relay = stage.service('relay', service.split(':')[2].strip('/'), '20')
    return [relay, '--pid', str(pid)]


case('warm-up-only', flags=['--rate', '800'], negative=True)(native('healthy', 'warm-up'))


@case('one-pause', flags=['--rate', '800'], negative=True)
def one_pause(stage):
    words = [stage.service('healthy')]
    pid = stage.processes[-1].pid
    stage.later(9, os.kill, pid, signal.SIGSTOP)
    stage.later(9.3, os.kill, pid, signal.SIGCONT)
    return words


case('two-causes', every=['cpu.hot-function', 'io.net.downstream'], flags=['--rate', '60'], negative=True)(
    asks('slow_peer', 'two_causes', peer_words=['8']))
