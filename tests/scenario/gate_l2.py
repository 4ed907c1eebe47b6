#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The second level of the gate's cache on real Redis servers: alone, with a replica, as a cluster; killed, full, locked,
through TLS, and something else on its port. usage: gate_l2.py PRONY; prints TAP."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import gates
from certs import Authority
from gate_origin import Origin
from gates import PATIENCE_S, ask, expect, faults_of, tap, until
from level2 import WRITTEN, Gate, Redis
from services import free_port

PASSWORD = 'open sesame'


def is_l2_hit(answer, body):
    faults = expect(answer[0], 200) + expect(answer[3], body)
    return faults + ([] if 'prony; hit' in answer[1] and 'detail=l2' in answer[1] else [f'no hit of l2: {answer[1]}'])


def is_origins(answer):
    return expect(answer[0], 200) + ([] if 'fwd=' in answer[1] else [f'not of the origin: {answer[1]}'])


def asked(origin, mark):
    return sum(mark in p for p in origin.paths())


# ---- one server

def outlives(folder, origin):
    """A gate that is started anew finds all that the one before has written: plain, packed, with variants; Age counts
    on, and what may not be stored is not there."""
    small, large = '/cached/small?cc=max-age=60&text=hello', '/cached/large?cc=max-age=60&text=0123456789&times=9000'
    vary = '/cached/vary?cc=max-age=60&vary=X-Kind'
    origin.clear()
    redis = Redis(folder)
    try:
        with Gate(folder, origin, [redis], workers=2) as gate:
            faults = is_origins(gate.get(small)) + is_origins(gate.get(large))
            for kind in ('one', 'two'):
                faults += is_origins(gate.get(vary, f'X-Kind: {kind}\r\n'))
            gate.get('/cached/private?cc=private,max-age=60')
            gate.get('/cached/no-store?cc=no-store')
            gate.await_written(6)   # each variant with what tells them apart
        faults += expect(len(redis.keys()), 5)
        faults += [f'a key that tells: {k}' for k in redis.keys() if not re.fullmatch(rb'prony:1:[0-9a-f]{32}', k)]
        faults += [] if max(redis.ask('PTTL', k) for k in redis.keys()) <= 3600_000 else ['a key without an end']
        time.sleep(1.1)
        with Gate(folder, origin, [redis], workers=2, engine='epoll') as gate:
            first = gate.get(small)
            faults += is_l2_hit(first, b'hello') + ([] if first[2] >= 1 else [f'age {first[2]}'])
            faults += is_l2_hit(gate.get(large), b'0123456789' * 9000)
            faults += is_l2_hit(gate.get(vary, 'X-Kind: two\r\n'), b'two')
            faults += is_l2_hit(gate.get(vary, 'X-Kind: one\r\n'), b'one')
            again = gate.get(small)
            faults += [] if 'hit' in again[1] and 'l2' not in again[1] else [f'not promoted: {again[1]}']
            faults += is_origins(gate.get(vary, 'X-Kind: three\r\n'))
            faults += expect(gate.figure('cache_level_requests_total{level="l2",result="hit"}'), 4.0)
        return faults + expect(asked(origin, 'small') + asked(origin, 'large'), 2) + expect(asked(origin, 'vary'), 3)
    finally:
        redis.stop()


def parts(folder, origin):
    """What is whole there serves a range, a HEAD, and who wants what is cached alone; none of them asks the origin."""
    large, many, small, vary, part, gone = (f'/cached/{x}?cc=max-age=60&{y}' for x, y in (
        ('large', 'etag=1&text=0123456789&times=9000'), ('many', 'etag=2&text=0123456789'), ('small', 'text=hello'),
        ('vary', 'vary=X-Kind'), ('part', 'etag=3&parts=1&text=0123456789'), ('gone', 'tag=gone&text=gone')))
    alone = 'Cache-Control: only-if-cached\r\n'
    redis = Redis(folder)

    def get(gate, path, fields='', method='GET', wanted=200, body=b'', l2=True, **fields_wanted):
        status, had, got = ask(gate.port, path, method, fields=fields)
        said = had.get('cache-status', '')
        faults = expect(status, wanted) + expect(got, body) + expect('hit; ttl' in said and 'detail=l2' in said, l2)
        return [f'{path[8:12]} {fields.strip()}: {x}' for x in faults] + [
            x for name, value in fields_wanted.items() for x in expect(had.get(name.replace('_', '-')), value)]

    try:
        with Gate(folder, origin, [redis]) as gate, Gate(folder, origin, [redis], engine='epoll') as late:
            for i, path in enumerate((large, many, small, gone), 1):
                gate.get(path)
                gate.await_written(i)
            gate.get(vary, 'X-Kind: one\r\n')
            gate.await_written(6)
            origin.clear()
            faults = get(late, large, 'Range: bytes=10-14\r\n', wanted=206, body=b'01234',
                         content_range='bytes 10-14/90000', content_length='5')
            faults += get(late, large, 'Range: bytes=-3\r\n', wanted=206, body=b'789', l2=False)   # it is here now
            faults += get(late, many, 'Range: bytes=20-\r\n', wanted=416, content_range='bytes */10')
            faults += get(late, small, 'Range: bytes=0-1\r\nIf-Range: "x"\r\n', body=b'hello')
            faults += get(late, vary, alone + 'X-Kind: one\r\n', body=b'one')
            faults += get(late, gone, method='HEAD', content_length='4')
            faults += expect(origin.paths(), [])
        with Gate(folder, origin, [redis]) as gate:
            faults += get(gate, large, alone + 'Range: bytes=0-0\r\n', wanted=206, body=b'0')
            faults += get(gate, many, 'Authorization: Basic eDp4\r\n', body=b'0123456789')
            for path, fields in ((vary, 'X-Kind: two\r\n'), (part, ''), (part, 'Range: bytes=0-4\r\n'),
                                 (small, 'Cache-Control: no-cache\r\n')):
                answer = gate.get(path, alone + fields)
                faults += expect(answer[0], 504) + expect(answer[1], '')
            faults += get(gate, small, alone, body=b'hello', l2=False)   # found for who would not have it unseen
            gate.purge(tag='gone')
            faults += expect(gate.get(gone, alone)[0], 504) + expect(origin.paths(), [])
            faults += get(gate, part, 'Range: bytes=2-4\r\n', wanted=206, body=b'234', l2=False)   # nobody has it whole
            faults += expect(len(origin.paths()), 1)
            with Gate(folder, origin, [redis]) as other:
                other.get(part)
                other.await_written(1)
            origin.clear()
            faults += get(gate, part, 'Range: bytes=7-8\r\n', wanted=206, body=b'78')   # what is here is not enough
            faults += get(gate, part, alone, body=b'0123456789', l2=False)
            redis.kill()
            gate.says('is not to be had')
            faults += expect(gate.get('/cached/never?cc=max-age=60', alone)[0], 504) + expect(origin.paths(), [])
            return faults
    finally:
        redis.stop()


def confirms_for(a, b, path, body):
    """Both copies are stale; A is told by the origin that its own is good, and B takes that from the second level.
    False: it took so long that it was stale again."""
    time.sleep(1.1)
    written = a.figure(WRITTEN)
    a.get(path)
    a.await_figure(WRITTEN, written + 1)
    return not is_l2_hit(b.get(path), body)


def shared(folder, origin):
    """Two gates: what one has fetched the other has; a 304 of one is news for both; a POST through one makes it
    worthless for both."""
    path = '/cached/shared?cc=max-age=60&text=both&etag=1'
    brief = '/cached/brief?cc=max-age=1&etag=2'
    origin.clear()
    redis = Redis(folder)
    try:
        with Gate(folder, origin, [redis]) as a, Gate(folder, origin, [redis]) as b:
            faults = is_origins(a.get(path)) + is_origins(a.get(brief))
            a.await_written(2)
            faults += is_l2_hit(b.get(path), b'both')
            herd = [None] * 20
            fetch = [threading.Thread(target=lambda i=i: herd.__setitem__(i, b.get(brief))) for i in range(20)]
            for t in fetch:
                t.start()
            for t in fetch:
                t.join()
            faults += expect({x[0] for x in herd}, {200})
            until(lambda: confirms_for(a, b, brief, b'body'), 'a confirmation is not shared')
            a.get(path, 'Content-Length: 0\r\n', 'POST')
            a.await_figure('l2_deleted_keys_total', 1)
            with Gate(folder, origin, [redis]) as c:
                faults += is_origins(c.get(path))
        return faults
    finally:
        redis.stop()


def dies(folder, origin):
    """Killed and back: nobody notices but the log; a gate that has never met it serves as well."""
    redis = Redis(folder)
    try:
        with Gate(folder, origin, [redis], ttl='1s') as gate:
            gate.get('/cached/d?cc=max-age=60')
            gate.await_written()
            redis.kill()
            gate.says('is not to be had', 'it is tried again')
            faults = is_origins(gate.get('/cached/e?cc=max-age=60'))
            with Gate(folder, origin, [redis], waits=False) as other:
                faults += is_origins(other.get('/cached/d?cc=max-age=60'))
            redis.start()
            gate.says('answers again')
            faults += is_origins(gate.get('/cached/f?cc=max-age=60'))
            gate.await_written(2)
            return faults + expect(gate.said().count('is not to be had'), 1) + expect(len(redis.keys()), 1)
    finally:
        redis.stop()


def hangs(folder, origin):
    """It takes what it is asked and says nothing: a question ends with the time-out, then none is asked."""
    redis = Redis(folder)
    try:
        with Gate(folder, origin, [redis], timeout='100ms') as gate:
            gate.get('/cached/h?cc=max-age=60')
            gate.await_written()
            redis.process.send_signal(signal.SIGSTOP)
            faults = []
            for i in range(5):
                faults += is_origins(gate.get(f'/cached/h{i}?cc=max-age=60'))
            skipped = gate.figure('l2_skipped_reads_total')
            faults += [] if skipped >= 1 else ['the breaker has not opened']
            redis.process.send_signal(signal.SIGCONT)
            gate.await_figure('l2_connections', 1)
            return faults
    finally:
        redis.stop()


def full(folder, origin):
    """No memory left there: read, not written, and said once with what to do."""
    redis = Redis(folder)
    try:
        with Gate(folder, origin, [redis]) as gate:
            gate.get('/cached/full?cc=max-age=60&text=there')
            gate.await_written()
            redis.ask('CONFIG', 'SET', 'maxmemory', '1')
            for i in range(6):
                gate.get(f'/cached/full{i}?cc=max-age=60')
            gate.says('answers OOM; it is full: set maxmemory-policy')
            faults = expect(gate.said().count('OOM'), 1)
            with Gate(folder, origin, [redis]) as other:
                faults += is_l2_hit(other.get('/cached/full?cc=max-age=60&text=there'), b'there')
            redis.ask('CONFIG', 'SET', 'maxmemory', '0')
            until(lambda: gate.get(f'/cached/{time.monotonic()}?cc=max-age=60') and gate.figure(WRITTEN) >= 2,
                  'it is not written again')
            gate.says('takes what is written again')
            return faults
    finally:
        redis.stop()


def locked(folder, origin):
    """A password from a file or the environment works; none or a wrong one is said, and stands nowhere."""
    redis = Redis(folder, '--requirepass', PASSWORD)
    file = os.path.join(folder, 'password')
    with open(file, 'w', encoding='utf-8') as f:
        f.write(PASSWORD + '\n')
    faults = []
    try:
        path = '/cached/locked?cc=max-age=60&text=secret'
        with Gate(folder, origin, [redis], more=f'password_file: {file}') as gate:
            gate.get(path)
            gate.await_written()
            faults += [] if PASSWORD not in gate.said() else ['the log has the password']
        with Gate(folder, origin, [redis], more='user: default, password_env: L2_PASSWORD',
                  env={'L2_PASSWORD': PASSWORD}) as gate:
            faults += is_l2_hit(gate.get(path), b'secret')
        with Gate(folder, origin, [redis], more='password_env: L2_PASSWORD', waits=False,
                  env={'L2_PASSWORD': 'geheim'}) as gate:
            faults += is_origins(gate.get(path))
            gate.says('answers WRONGPASS', 'password_file')
            faults += [] if 'geheim' not in gate.said() else ['the log has the password']
        with Gate(folder, origin, [redis], waits=False) as gate:
            faults += is_origins(gate.get(path))
            gate.says('answers NOAUTH', 'password_file')
        return faults
    finally:
        redis.stop()


def secured(folder, origin):
    """Through TLS with a user and a certificate of its own; what is wrong with it is said, with what to do, and no
    command has gone there in clear."""
    authority, other = Authority(folder), Authority(folder, 'other')
    good, mine, old = authority.sign('good'), authority.sign('gate'), authority.sign('old', days=-1)
    user = ['--user', 'gate', 'on', '>' + PASSWORD.replace(' ', ''), '~*', '&*', '+@all']
    redis, loose = Redis(folder, *user, tls=(authority, good, 'yes')), Redis(folder, tls=(authority, old))
    show = f'certificate: {mine[0]}, key: {mine[1]}'
    word = {'L2_PASSWORD': PASSWORD.replace(' ', '')}
    rows = [
        ('no certificate', redis, f'tls: {{ ca: {authority.ca} }}', ['certificate', 'key']),
        ('another authority', redis, f'tls: {{ ca: {other.ca}, {show} }}', ['certificate is not accepted', '(ca)']),
        ('another name', redis, f'tls: {{ ca: {authority.ca}, {show}, server_name: b.test }}', ["is not for 'b.test'"]),
        ('expired', loose, f'tls: {{ ca: {authority.ca} }}', ['certificate has expired', 'renew']),
        ('a port in clear', redis.port, 'tls: true', ['is that the port that speaks TLS?']),
        ('a port with TLS', redis.tls_port, '', ['if it speaks TLS there, set l2.tls: true']),
    ]

    def refused(row):
        name, server, more, said = row
        with Gate(folder, origin, [server], more=more, waits=False) as gate:
            gate.says('is not to be had', 'it is tried again', *said)
            return [f'{name}: {x}' for x in is_origins(gate.get('/cached/refused?cc=max-age=60'))]

    path = '/cached/secured?cc=max-age=60&times=9000&text=0123456789'
    try:
        faults = []
        for engine, name in (('io_uring', ''), ('epoll', ', server_name: redis.test')):
            with Gate(folder, origin, [redis], engine=engine, env=word,
                      more=f'user: gate, password_env: L2_PASSWORD, tls: {{ ca: {authority.ca}, {show}{name} }}') as gate:
                answer = gate.get(path)
                faults += is_l2_hit(answer, b'0123456789' * 9000) if name else is_origins(answer)
                gate.await_written(0 if name else 1)
                faults += [f'the log has the password: {gate.said()}'] if word['L2_PASSWORD'] in gate.said() else []
        with ThreadPoolExecutor(len(rows)) as pool:
            faults += [x for found in pool.map(refused, rows) for x in found]
        faults += expect(len(redis.keys()), 1)
        gate = Gate(folder, origin, [redis], more='tls: { ca: /nowhere/ca.pem }')
        p = subprocess.run([gates.PRONY, 'gate', '--config', gate.file], capture_output=True, text=True, timeout=PATIENCE_S,
                           check=False)
        return faults + ([] if re.search(r":\d+:\d+: l2.tls: cannot read the CA file '/nowhere/ca.pem'", p.stderr) and
                         p.returncode else [f'{p.returncode}: {p.stderr}'])
    finally:
        redis.stop()
        loose.stop()


def values(folder, origin):
    """What others have written, or what was torn, counts as absent and is counted."""
    redis = Redis(folder)
    path = '/cached/values?cc=max-age=60&text=whole'
    try:
        with Gate(folder, origin, [redis]) as gate:
            gate.get(path)
            gate.await_written()
        key = redis.keys()[0]
        value, faults = redis.ask('GET', key), []
        for reason, wrong in (('foreign', b'hello'), ('foreign', b''), ('newer', value[:4] + b'\x02' + value[5:]),
                              ('corrupt', value[:-1]), ('corrupt', value[:40] + b'\xff' + value[41:])):
            with Gate(folder, origin, [redis]) as gate:
                redis.ask('SET', key, wrong)
                faults += is_origins(gate.get(path))
                faults += expect(gate.figure(f'l2_unreadable_values_total{{reason="{reason}"}}'), 1.0)
                gate.await_written()
        redis.ask('DEL', key)
        redis.ask('RPUSH', key, 'a', 'list')
        with Gate(folder, origin, [redis]) as gate:
            faults += is_origins(gate.get(path))
            gate.says('answers WRONGTYPE')
        return faults
    finally:
        redis.stop()


def strangers(folder, origin):
    """Something else listens there: an HTTP server, one that says garbage, one that closes at once."""
    faults = []
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()

        def talk():
            for said in (b'$5\r\nhello\r\n' * 3, b'\x16\x03\x01\x00', b'', b'*1\r\n' * 100, b'$99999999999999999\r\n'):
                c, _ = s.accept()
                with c:
                    c.recv(100)
                    c.sendall(said)

        threading.Thread(target=talk, daemon=True).start()
        for server in (origin.port, s.getsockname()[1]):
            with Gate(folder, origin, [server], waits=False) as gate:
                for i in range(3):
                    faults += is_origins(gate.get(f'/cached/s{i}?cc=max-age=60'))
                gate.says('is not to be had')
    return faults


def purges(folder, origin):
    """What is purged at one gate is purged at all, in memory and behind: by tag, by URL, by unsafe requests; also what
    was purged while a gate could not be reached. Where the stream is lost, memory is not trusted."""
    url, tagged, posted = ('/cached/%s?cc=max-age=60&tag=shop' % x for x in ('url', 'tagged', 'posted'))
    redis = Redis(folder)

    def warm(*gates):
        for path in (url, tagged, posted):
            for gate in gates:
                gate.get(path)

    def heard(gate, n):
        gate.await_figure('l2_purges_heard_total', n)

    def shared_again(a, b):
        """What is fetched before a gate has heard of its own purge again does not count."""
        tries = iter(range(10**6))

        def look():
            path, n = f'/cached/again{next(tries)}?cc=max-age=60&tag=shop', a.figure(WRITTEN)
            a.get(path)
            a.await_figure(WRITTEN, n + 1)
            return not is_l2_hit(b.get(path), b'body')
        return look

    try:
        with Gate(folder, origin, [redis]) as a, Gate(folder, origin, [redis], engine='epoll') as b:
            warm(a)
            a.await_written(3)
            warm(b)
            faults = [] if 'hit' in b.get(url)[1] else ['not warm']
            a.purge(tag='shop')
            faults += is_origins(a.get(tagged))      # at once here, in Redis as well
            heard(b, 1)
            faults += is_origins(b.get(url))
            until(shared_again(a, b), 'what comes after a purge is not shared')
            warm(a, b)
            b.purge(url='https://a.example' + url)
            heard(a, 1)
            origin.clear()
            faults += is_origins(a.get(url)) + expect(asked(origin, '/url'), 1)
            warm(a, b)
            a.get(posted, 'Content-Length: 0\r\n', 'POST')
            heard(b, 2)
            faults += is_origins(b.get(posted))
            warm(a, b)
            redis.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
            a.purge(tag='shop')
            heard(b, 3)
            faults += is_origins(b.get(tagged))
            faults += expect(b.figure('l2_purges_lost_total'), 0.0)
            warm(a, b)
            redis.kill()                             # and with it the stream
            a.purge(tag='nothing')
            redis.start()
            for gate in (a, b):
                gate.await_figure('l2_purges_lost_total', 1)
                gate.says('may be lost')
                faults += is_origins(gate.get(f'{posted}&by={gate.port}'))
            faults += is_origins(b.get(url))
        with Gate(folder, origin, [redis]) as c:     # which has seen none of it
            warm(c)
            c.get('/cached/late?cc=max-age=60&tag=late')
            c.await_written(1)
            c.purge(all=True)
            faults += is_origins(c.get('/cached/late?cc=max-age=60&tag=late'))
        return faults
    finally:
        redis.stop()


# ---- several servers

def replicas(folder, origin):
    """Reads go to the replica, writes to the primary, whoever is named first; without a replica to the primary, and
    a replica that is made primary is written to."""
    primary = Redis(folder)
    replica = Redis(folder, '--replicaof', '127.0.0.1', str(primary.port))
    path = '/cached/replica?cc=max-age=60&text=copied'
    try:
        until(lambda: replica.ask('ROLE')[3] == b'connected', 'the replica does not follow')
        with Gate(folder, origin, [replica, primary], more='replicas: true') as gate:
            gate.await_figure('l2_connections', 2)
            gate.get(path)
            gate.await_written()
        until(replica.keys, 'it is not copied')
        before = primary.ask('INFO', 'commandstats')
        with Gate(folder, origin, [replica, primary], more='replicas: true') as gate:
            gate.await_figure('l2_connections', 2)
            faults = is_l2_hit(gate.get(path), b'copied')
            gets = [re.search(rb'cmdstat_get:calls=(\d+)', x) for x in (before, primary.ask('INFO', 'commandstats'))]
            faults += expect(*[g.group(1) if g else b'0' for g in gets])
        with Gate(folder, origin, [replica, primary], more='replicas: true') as gate:
            replica.kill()
            gate.await_figure('l2_connections', 1)
            faults += is_l2_hit(gate.get(path), b'copied')
            replica.start()
            until(lambda: replica.ask('ROLE')[3] == b'connected', 'the replica does not follow')
            gate.await_figure('l2_connections', 2)
            primary.kill()
            replica.ask('REPLICAOF', 'NO', 'ONE')
            until(lambda: gate.get(f'/cached/{time.monotonic()}?cc=max-age=60') and len(replica.keys()) > 1,
                  'it is not written to the new primary')
        return faults
    finally:
        primary.stop()
        replica.stop()


def make_cluster(folder, n, tls):
    """Nodes that know each other, with the slots shared among them; they speak TLS and in clear."""
    nodes = [Redis(folder, '--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--tls-cluster', 'yes',
                   '--cluster-require-full-coverage', 'no', '--cluster-port', str(free_port()), tls=tls) for _ in range(n)]
    for i, node in enumerate(nodes):
        node.ask('CLUSTER', 'ADDSLOTSRANGE', 16384 * i // n, 16384 * (i + 1) // n - 1)
        node.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    for node in nodes[1:]:
        node.ask('CLUSTER', 'MEET', '127.0.0.1', nodes[0].tls_port, nodes[0].argv[nodes[0].argv.index('--cluster-port') + 1])
    until(lambda: all(b'cluster_state:ok' in x.ask('CLUSTER', 'INFO') and len(x.ask('CLUSTER', 'SLOTS')) == n for x in nodes),
          'there is no cluster')
    return nodes


def cluster(folder, origin):
    """Each key at its node, through TLS; slots that move or are about to; a node that dies costs only what it had."""
    authority = Authority(folder, 'cluster')
    nodes = make_cluster(folder, 3, (authority, authority.sign('node')))
    paths = [f'/cached/c{i}?cc=max-age=60&text=c{i}' for i in range(12)]
    try:
        with Gate(folder, origin, nodes[:1], more=f'cluster: true, tls: {{ ca: {authority.ca} }}') as gate:
            faults = []
            for path in paths:
                faults += is_origins(gate.get(path))
            gate.await_written(len(paths))
        homes = {key: node for node in nodes for key in node.keys()}
        faults += expect(len(homes), len(paths))
        faults += [] if len(set(homes.values())) > 1 else ['all keys on one node']
        with Gate(folder, origin, nodes[1:2], more='cluster: true') as gate:
            gate.await_figure('l2_connections', 3)
            for i, path in enumerate(paths[:4]):
                faults += is_l2_hit(gate.get(path), b'c%d' % i)
            for key, node in homes.items():      # what the gate knows is wrong from here on, or half of it
                to = nodes[(nodes.index(node) + 1) % 3]
                slot, ids = node.ask('CLUSTER', 'KEYSLOT', key), [x.ask('CLUSTER', 'MYID') for x in (node, to)]
                to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[0])
                node.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[1])
                faults += expect(node.ask('MIGRATE', '127.0.0.1', to.tls_port, key, 0, 5000), 'OK')
                if sorted(homes).index(key) % 2:
                    for x in (to, node):
                        x.ask('CLUSTER', 'SETSLOT', slot, 'NODE', ids[1])
            for i, path in enumerate(paths[4:], 4):
                faults += is_l2_hit(gate.get(path), b'c%d' % i)
            for i in range(12):
                faults += is_origins(gate.get(f'/cached/n{i}?cc=max-age=60'))
            gate.await_written(12)
            nodes[2].kill()
            for i in range(12):
                faults += is_origins(gate.get(f'/cached/m{i}?cc=max-age=60'))
            faults += expect(gate.get(paths[0])[0], 200)
        return faults
    finally:
        for node in nodes:
            node.stop()


ROWS = [outlives, parts, shared, purges, dies, hangs, full, locked, secured, values, strangers, replicas, cluster]


def main():
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix='prony-gate-l2-') as folder, Origin() as origin:
        for row in [r for r in ROWS if not wanted or r.__name__ in wanted]:
            tap.row(row.__name__, faults_of(row, folder, origin))
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
