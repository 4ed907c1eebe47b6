#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What breaks around a gate, and the gate itself, while clients go on asking: origins, Redis, networks, disks, descriptors,
processes, clients. usage: gate_chaos.py PRONY [--all | ROW...]; prints TAP.

Once a purge was answered for, no client of that gate may get what was there before; nor one of another gate, once that
says that it has heard of it."""
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from chaos import Crowd, Gate, Origin, Relay, paths_of, warm
from gates import PATIENCE_S, Peer, ask, expect, faults_of, request, tap, until
from level2 import Redis

LOST, FOUND = 'is not to be had', 'answers again'
TROUBLE = {500, 502, 503, 504}


# ---- the origin

def stale_is_served(gate, origin, paths, trouble, recover):
    """What may be served after errors is, until the origin is well again; then what is new is."""
    faults = warm(gate, paths)
    with Crowd(gate, paths=paths + paths_of('mine', n=2), allowed=TROUBLE | {200}, breaks=True) as all_, \
            Crowd(gate, paths=paths) as sure:
        trouble()
        origin.version += 1
        until(lambda: is_stale(gate, paths[0]), 'nothing stale is served')
        sure.go_on(100)
        recover()
        for path in paths:
            until(lambda p=path: gate.version(p) == origin.version, lambda p=path: f'{p} stays {gate.version(p)}')
        all_.go_on()
    return faults + all_.faults + sure.faults + gate.died()


def is_stale(gate, path):
    """Is it served, though its time is over?"""
    status, fields, _ = ask(gate.port, path)
    return status == 200 and int(fields.get('age', 0)) > 1


def origin_killed(folder, engine='epoll'):
    with Origin() as origin, Gate(folder, origin, engine=engine) as gate:
        return stale_is_served(gate, origin, paths_of('stale'), origin.kill, origin.start)


def origin_fails(folder):
    """It hangs, answers errors, garbage, or less than it said."""
    faults = []
    for mode in ('hang', 'error', 'garbage', 'torn', 'torn-chunks'):
        with Origin() as origin, Gate(folder, origin, name=mode, patience='300ms') as gate:
            set_mode = lambda to, o=origin: setattr(o, 'mode', to)
            found = torn_answers(gate, origin, mode) if mode.startswith('torn') else \
                stale_is_served(gate, origin, paths_of('stale'), lambda m=mode: set_mode(m), lambda: set_mode('well'))
            faults += [f'{mode}: {fault}' for fault in found]
    return faults


def torn_answers(gate, origin, mode):
    """Who gets a part is told that it is one, and nobody gets it from the cache."""
    paths = paths_of('keep', 'none')
    origin.mode = mode
    with Crowd(gate, paths=paths, allowed=TROUBLE | {200}, breaks=True) as crowd:
        crowd.go_on(100)
        faults = expect(crowd.counts[200], 0)
        origin.mode = 'well'
        for path in paths:
            until(lambda p=path: gate.version(p) == 1, lambda p=path: f'{p} stays {gate.version(p)}')
        crowd.breaks = False
        crowd.go_on()
    return faults + crowd.faults + gate.died()


# ---- the second level

@contextlib.contextmanager
def fleet(folder, relayed=0, **more):
    """An origin, a Redis, gate a straight to it, gate b through a relay."""
    redis = Redis(folder)
    try:
        with Origin() as origin, Relay(redis.port) as relay, Gate(folder, origin, [redis], **more) as a, \
                Gate(folder, origin, [relay], name='b', **more) as b:
            yield origin, redis, relay, a.knows(), b.knows()
    finally:
        redis.stop()


def purge_and_wait(origin, crowd, a, b, meanwhile, after):
    """A purge at `a` while b cannot hear of it; when it has, it serves nothing older."""
    tag = 'keep'
    meanwhile()
    origin.version += 1
    a.purge(tag=tag)
    crowd.least(origin.version, a)
    crowd.go_on()
    after()
    b.hears(tag)
    crowd.least(origin.version, b)
    crowd.go_on()
    return [] if a.version('/keep/1') == b.version('/keep/1') == origin.version else ['an older version']


def partition(folder):
    """One gate is cut off from Redis for longer than its patience, and then has to catch up; the same while Redis
    stands still for both."""
    with fleet(folder) as (origin, redis, relay, a, b), Crowd(a, b, paths=paths_of('keep')) as crowd:
        faults = purge_and_wait(origin, crowd, a, b, lambda: b.says_again(LOST, relay.cut),
                                lambda: b.says_again(FOUND, relay.heal))
        return faults + crowd.faults + a.died() + b.died()


def standstill(folder):
    """Redis itself says nothing for as long, to nobody."""
    with fleet(folder) as (origin, redis, relay, a, b), Crowd(a, b, paths=paths_of('keep')) as crowd:
        faults = purge_and_wait(origin, crowd, a, b, lambda: a.says_again(LOST, lambda: redis.process.send_signal(signal.SIGSTOP)),
                                lambda: a.says_again(FOUND, lambda: redis.process.send_signal(signal.SIGCONT)))
        return faults + crowd.faults + a.died() + b.died()


def redis_killed(folder):
    """With all that it had: purges that were sent before, and those of meanwhile, are in force at both."""
    with fleet(folder) as (origin, redis, _, a, b), Crowd(a, b, paths=paths_of('keep')) as crowd:
        faults = purge_and_wait(origin, crowd, a, b, redis.kill, redis.start)
        for gate in (a, b):
            gate.await_figure('l2_purges_lost_total')
            gate.says(LOST, FOUND, 'may be lost')
            gate.knows()
        faults += purge_and_wait(origin, crowd, a, b, lambda: None, lambda: None)
        return faults + crowd.faults + a.died() + b.died()


def redis_full(folder):
    """Redis takes no purge while it is full; then the others are told."""
    with fleet(folder) as (origin, redis, _, a, b), Crowd(a, b, paths=paths_of('keep')) as crowd:
        faults = purge_and_wait(origin, crowd, a, b, lambda: redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
                                lambda: redis.ask('CONFIG', 'SET', 'maxmemory', '0'))
        a.says('answers OOM', 'other gates do not hear of purges')
        return faults + crowd.faults + a.died() + b.died()


def failover(folder):
    """The primary dies with purges that its replica has not got: one that nobody has read, and one that some have."""
    faults = []
    for read in (False, True):
        primary = Redis(folder)
        with Origin() as origin, Relay(primary.port) as copied, Relay(primary.port) as way_a, Relay(primary.port) as way_b:
            replica = Redis(folder, '--replicaof', '127.0.0.1', str(copied.port))
            sub = os.path.join(folder, f'failover-{read}')
            try:
                until(lambda: replica.ask('ROLE')[3] == b'connected', 'the replica does not follow')
                with Gate(sub, origin, [way_a, replica]) as a, Gate(sub, origin, [way_b, replica], name='b') as b:
                    for gate in (a, b):
                        gate.knows().await_figure('l2_connections', 4)
                    until(lambda: primary.ask('WAIT', 1, 100) == 1, 'the replica does not get what is written')
                    with Crowd(a, b, paths=paths_of('keep')) as crowd:
                        copied.cut()
                        way_b.cut()
                        if not read:
                            way_a.cut(only=b'XRANGE')
                        faults += lose_primary(origin, crowd, a, b, primary, replica)
                    faults += crowd.faults + a.died() + b.died()
            finally:
                primary.stop()
                replica.stop()
    return faults


def lose_primary(origin, crowd, a, b, primary, replica):
    sent, origin.version = a.figure('l2_purges_sent_total'), origin.version + 1
    a.purge(tag='keep')
    crowd.least(origin.version, a)
    a.await_figure('l2_purges_sent_total', sent + 1)
    primary.kill()
    until(lambda: replica.ask('REPLICAOF', 'NO', 'ONE') == 'OK', 'the replica is none')
    b.hears('keep')
    crowd.least(origin.version, b)
    crowd.go_on()
    a.knows()
    b.knows()
    return [] if b.version('/keep/1') == origin.version else ['an older version']


def late_start(folder):
    """A gate that begins while Redis cannot be reached keeps what it fetches; of what was purged since then it is told."""
    with fleet(folder) as (origin, redis, relay, a, _), Relay(redis.port) as way:
        way.cut()
        with Gate(folder, origin, [way], name='c') as c, Crowd(a, c, paths=paths_of('keep')) as crowd:
            faults = warm(c, paths_of('keep'))
            faults += purge_and_wait(origin, crowd, a, c, lambda: None, way.heal)
            return faults + crowd.faults + c.died()


def upgrade_cut_off(folder):
    """A new program takes over while Redis cannot be reached: what others purged meanwhile reaches what it inherits, and
    what was purged here reaches them."""
    with fleet(folder) as (origin, redis, relay, a, b):
        faults = warm(a, paths_of('keep', 'tag')) + warm(b, paths_of('keep', 'tag'))
        b.says_again(LOST, relay.cut)
        origin.version += 1
        a.purge(tag='keep')                       # b cannot know yet
        b.purge(tag='tag')                        # nor a
        ask(b.port, '/keep/1', 'POST', body=b'x', host='b.example')
        before = b.process
        status, answer = b.order('POST', '/upgrade')
        if status != 200:
            return [f'{answer}']
        b.successors.append(b.order('GET', '/status')[1]['pid'])
        before.wait(timeout=PATIENCE_S)           # and what it knew is gone
        relay.heal()
        b.hears('keep')
        a.hears('tag')
        for gate in (a, b):
            for path in ('/keep/1', '/tag/1'):
                faults += expect(gate.version(path), origin.version)
        until(lambda: any(p.get('url', '').endswith('b.example/keep/1') for p in a.order('GET', '/purges?after=0')[1]['purges']),
              'the unsafe request is forgotten')
        return faults + a.died()


def reload_cut_off(folder):
    """The same over a new configuration."""
    with fleet(folder) as (origin, redis, relay, a, b):
        faults = warm(a, paths_of('keep'))
        b.says_again(LOST, relay.cut)
        origin.version += 1
        ask(b.port, '/keep/1', 'POST', body=b'x')
        b.purge(tag='keep')
        faults += expect(b.order('POST', '/reload')[0], 200)
        until(lambda: b.order('GET', '/status')[1]['leaving'] == 0, 'the configuration before does not leave')
        relay.heal()
        a.hears('keep')
        until(lambda: any(p.get('url', '').endswith('a.example/keep/1') for p in a.order('GET', '/purges?after=0')[1]['purges']),
              'the unsafe request is forgotten')
        return faults + expect(a.version('/keep/1'), origin.version) + a.died() + b.died()


# ---- the gate itself

def gate_killed(folder):
    """In the middle of its work, with purges that Redis has not got: the next one carries them on, and nothing comes
    back from the second level."""
    with fleet(folder, more='purge_log: {folder}/purges') as (origin, redis, relay, a, b):
        paths = paths_of('keep')
        faults = warm(b, paths)
        b.await_figure('l2_written_values_total', len(paths))
        with Crowd(a, paths=paths) as crowd, Crowd(b, paths=paths, allowed=TROUBLE | {200}, breaks=True) as other:
            relay.cut()
            origin.version += 1
            b.purge(tag='keep')
            other.least(origin.version, b)
            b.kill()
            with Relay(redis.port) as way:
                relay.kill()
                b.start()
                crowd.go_on()
                relay.start()
                relay.heal()
                a.hears('keep')
                crowd.least(origin.version, a)
                b.knows()
                crowd.go_on()
                other.go_on()
        faults += [f'{p}: {b.version(p)}' for p in paths if b.version(p) != origin.version]
        return faults + crowd.faults + other.faults + a.died() + b.died()


@contextlib.contextmanager
def small_disk(folder, mib=16):
    """A file system of so much, which the access log does not fill by itself; None where nobody may mount one."""
    at = os.path.join(folder, 'disk')
    os.makedirs(at, exist_ok=True)
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={mib}m', 'none', at], capture_output=True, check=False)
    try:
        yield at if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(['umount', '-l', at], check=False)


def fill(disk):
    with open(os.path.join(disk, 'filler'), 'ab', buffering=0) as f:
        for size in (1 << 16, 1 << 9):
            with contextlib.suppress(OSError):
                while f.write(b'.' * size) == size:
                    pass


def disk_full(folder):
    """Purges are in force though they cannot be written, which is said; the logs go on, with whole lines, when there is
    room; a gate begins on a full disk."""
    with small_disk(folder) as disk, Origin() as origin:
        if not disk:
            return None
        more = f'purge_log: {disk}/purges\naccess_log: {{{{ path: {disk}/access, format: json }}}}'
        with Gate(folder, origin, more=more) as gate, Crowd(gate, paths=paths_of('keep')) as crowd:
            gate.purge(tag='before')
            fill(disk)
            until(lambda: gate.order('POST', '/purge', {'tag': 'x' * 900})[0] == 500, 'the disk is not full')
            origin.version += 1
            gate.order('POST', '/purge', {'tag': 'keep'})   # there may be room for a short line
            crowd.least(origin.version, gate)
            gate.says('the purge log cannot be written: No space left', 'the access log cannot be written')
            crowd.go_on()
            os.unlink(os.path.join(disk, 'filler'))
            os.truncate(os.path.join(disk, 'access'), 0)
            gate.says('the purge log is written again', 'the access log is written again')
            gate.purge(tag='after')
            latest = gate.order('GET', '/purges?after=0')[1]['latest']
            fill(disk)
            crowd.breaks, crowd.allowed = True, TROUBLE | {200}
            gate.kill()
            gate.start()
            faults = expect(gate.order('GET', '/purges?after=0')[1]['latest'], latest)
            crowd.go_on()
            faults += gate.died()
        with open(os.path.join(disk, 'access'), 'rb') as f:
            lines = f.read().split(b'\n')
        for line in lines[:-1]:
            try:
                json.loads(line.lstrip(b'\0') or b'{}')
            except ValueError:
                faults += [] if line.startswith(b'{') and b'{' not in line[1:] else [f'a line in a line: {line[:200]!r}']
        return faults + crowd.faults


def descriptors(folder, engine='epoll'):
    """More clients than descriptors: who is connected is served, and who comes when there is one again."""
    with Origin() as origin, Gate(folder, origin, engine=engine) as gate:
        faults = warm(gate, paths_of('keep'))
        with Crowd(gate, paths=paths_of('keep', 'none', n=3), allowed=TROUBLE | {200}) as crowd:
            limit = gate.files() + 40
            _, hard = resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (limit, hard))
            faults += expect(gate.order('POST', '/reload')[0], 200)   # io_uring looks at the limit where it begins to accept
            until(lambda: gate.order('GET', '/status')[1]['leaving'] == 0, 'the configuration before does not leave')
            before = gate.files()
            many = [socket.create_connection(('127.0.0.1', gate.port)) for _ in range(120)]
            gate.says('no connection can be accepted', 'LimitNOFILE')
            crowd.go_on()
            for s in many:
                s.close()
            until(lambda: gate.files() <= before + 8, lambda: f'{gate.files()} descriptors, {before} before')
            time.sleep(1.1)   # for as long nobody may be turned away
            until(lambda: gate.version('/keep/1') == 1 and 'connections are accepted again' in gate.said(),
                  lambda: gate.said()[-500:])
            crowd.allowed = {200}
            until(lambda: gate.version('/none/1') == 1, 'the origin is not asked again')
        faults += expect(gate.said().count('no connection can be accepted'), 1)
        return faults + crowd.faults + gate.died()


def rude_clients(folder, n=300):
    """They send half a request, read nothing of an answer, vanish with a reset or at once: nobody else notices, and
    what they took comes back."""
    with Origin() as origin, Gate(folder, origin) as gate:
        faults = warm(gate, paths_of('keep'))
        with Crowd(gate, paths=paths_of('keep', 'none', 'mine')) as crowd:
            before, size = gate.files(), None
            for turn in range(3):
                many = []
                for i in range(n):
                    p = Peer(gate.port)
                    many.append(p)
                    p.send(request('/none/2' if i % 2 else '/keep/2')[:20 if i % 4 == 0 else None] * (1 + i % 3))
                crowd.go_on()
                for i, p in enumerate(many):
                    if i % 3 == 0:
                        p.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                    p.s.close()
                until(lambda: gate.figure('client_connections') <= 8, lambda: f'{gate.figure("client_connections")} clients stay')
                until(lambda: gate.files() <= before + 40, lambda: f'{gate.files()} descriptors, {before} before')
                size = size or gate.resident()
            grown = gate.resident() - size
            faults += [] if grown < 4096 else [f'{grown} KiB more after each time']
        return faults + crowd.faults + gate.died()


FAST = [late_start, upgrade_cut_off]
IO_URING = [origin_killed, descriptors]   # what the engine has a part in
ROWS = FAST + [origin_killed, origin_fails, partition, standstill, redis_killed, redis_full, failover, reload_cut_off,
               gate_killed, disk_full, descriptors, rude_clients]


def main():
    wanted = sys.argv[2:]
    chosen = ROWS if wanted == ['--all'] else [r for r in ROWS if r.__name__ in wanted] or FAST
    for row, args in [(r, ()) for r in chosen] + [(r, ('io_uring',)) for r in IO_URING if r in chosen]:
        with tempfile.TemporaryDirectory(prefix='prony-chaos-') as folder:
            begun = time.monotonic()
            faults = faults_of(row, folder, *args)
            name = ' '.join((row.__name__, *args))
            print(f'# {name}: {time.monotonic() - begun:.1f} s', flush=True)
            if faults is None:
                tap.skip(name, 'nobody may mount a file system here')
            else:
                tap.row(name, faults)
    return tap.end()


sys.exit(main())
