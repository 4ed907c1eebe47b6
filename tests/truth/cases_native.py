# SPDX-License-Identifier: MIT
"""Faults planted in services of C and in nginx, the shop with its SQLite, and services without a fault."""
from cases import case


@case('c-lock-convoy', ['contention.lock'], where='account_lock', number=28, fast=True)
def lock_convoy(stage):
    return [stage.service('lock_convoy')]


@case('c-hot-function', ['cpu.hot-function'], where='checksum_rows', fast=True)
def hot_function(stage):
    return [stage.service('hot_function')]


@case('nginx-file', verdict='met', fast=True)
def nginx_file(stage):
    return [stage.nginx()]


# Likewise close to what the quota allows.
@case('c-quota', ['cpu.throttled'], number=35, fast=True)
def quota(stage):
    return [stage.service('hot_function', cgroup=stage.cpu_quota(0.3))]


# At a rate close to what the throttled disk takes: below it the disk has credit, and is not the limit.
@case('c-fsync', ['io.disk.sync'], number=29, fast=True)
def fsync(stage):
    return [stage.service('fsync', str(stage.folder / 'journal'),
                          cgroup=stage.write_limit(200))]


@case('c-downstream', ['io.net.downstream'], where='PEER', fast=True)
def downstream(stage):
    peer = stage.service('slow_peer', '40')
    stage.peer = peer.split('/')[2]
    return [stage.service('downstream', stage.peer.split(':')[1])]


@case('c-leak', ['memory.leak'], flags=['--rate', '500', '--for', '20s'], anywhere=True, fast=True)
def leak(stage):
    return [stage.service('leak')]


@case('c-idle', verdict='idle', flags=['--observe', '--for', '5s'], fast=True)
def idle(stage):
    stage.service('lock_convoy')
    return [f'pid:{stage.processes[-1].pid}']


# ---- the shop --------------------------------------------------------------------------------

ROUTES = ('orders', 'cart', 'recommend', 'checkout', 'catalog')


def shop(fault, routes=ROUTES):
    def start(stage):
        base = stage.start([stage.shop, '--fault', fault])
        return [f'{base}{route}?customer=4711' for route in routes]
    return start


case('shop-all', ['io.db.missing-index'], where=r'orders\(customer_id', fast=True)(
    shop('missing-index,lock,hot-function,n-plus-one,large-answer'))
case('shop-missing-index', ['io.db.missing-index'], where=r'orders\(customer_id', fast=True)(
    shop('missing-index'))
case('shop-lock', ['contention.lock'], where='inventory_lock', fast=True)(shop('lock'))
case('shop-hot-function', ['cpu.hot-function'], where='score_similarity', fast=True)(
    shop('hot-function'))
case('shop-n-plus-one', ['io.db.n-plus-one'], where='products', fast=True)(
    shop('n-plus-one', ['cart']))
