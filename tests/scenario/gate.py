#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate before an origin, on each engine: what reaches the origin, what comes back, and what neither side
may do to the other. usage: gate.py PRONY; prints TAP."""
import asyncio
import gzip
import json
import os
import re
import resource
import signal
import socket
import tempfile
import time

from gate_origin import EVENTS, Origin
from gates import PATIENCE_S, Gate, Peer, ask, expect, request, run_rows, tap, wait_for
from services import free_port

BIG = 3_000_000
HERD = 1000
CONFIG = '''
listen: 127.0.0.1:{port}
engine: {engine}
workers: 2
metrics: 127.0.0.1:{metrics}
access_log: {{ path: {folder}/{engine}.log, format: json }}
timeouts: {{ head: 1s, body: 1s }}
upstreams:
  origin:
    servers: ["127.0.0.1:{origin}"]
    timeouts: {{ response: 1s }}
  nobody:
    servers: ["127.0.0.1:{nobody}"]
  one_of_two:
    servers: ["127.0.0.1:{nobody}", "127.0.0.1:{origin}"]
    ejection: {{ errors: 2, time: 60s }}
  breaks:
    servers: ["127.0.0.1:{origin}"]
    breaker: {{ errors: 3, open: 300ms, trials: 1 }}
  by_hash:
    servers: ["127.0.0.1:{origin}", "localhost:{origin}"]
    balance: hash
    hash: header:X-Who
routes:
  - {{ match: /cached/breaks, upstream: breaks }}
  - {{ match: /hash, upstream: by_hash }}
  - {{ match: /nobody, upstream: nobody }}
  - {{ match: /two, upstream: one_of_two }}
  - {{ match: /cached/packed, upstream: origin, cache: {{ enabled: true }}, compress: {{ enabled: true }} }}
  - {{ match: /cached, upstream: origin, cache: {{ enabled: true }} }}
  - {{ match: /limited, upstream: origin, rate_limit: {{ rate: 1/min, burst: 3, by: client }} }}
  - {{ match: /, upstream: origin }}
'''


# ---- the ways of requests and bodies

def canonical(gate, origin):
    status, fields, body = ask(gate.port, '/echo?a=b', fields='hOst2: x\r\nConnection: X-Mine, close\r\nX-Mine: 1\r\nTE: x\r\n'
                               'X-Forwarded-For: 1.2.3.4\r\nX-Yours:\t 2 \r\n')
    head = json.loads(body)['head']
    lines = head.split('\r\n')
    faults = expect(status, 200) + expect(fields.get('via'), '1.1 prony') + expect(fields.get('connection'), 'close')
    for line in ('Host: a.example', 'hOst2: x', 'X-Yours: 2', 'X-Forwarded-For: 1.2.3.4, 127.0.0.1', 'Via: 1.1 prony'):
        faults += [] if line in lines else [f'no "{line}" in {lines}']
    return faults + ([f'passed on: {head}'] if re.search(r'(?mi)^(x-mine|te|connection):', head) else [])


def bodies_up(gate, origin):
    faults = []
    with Peer(gate.port) as p:
        p.send(request('/echo', 'POST', body=b'x' * BIG))
        faults += expect(json.loads(p.answer()[2])['body'], BIG)
        p.send('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
        for size in (1, 10, 70000, 200000):
            p.send(b'%X;a="b"\r\n%s\r\n' % (size, b'x' * size))
        p.send('0\r\nX: y\r\n\r\n')
        faults += expect(json.loads(p.answer()[2])['body'], 270011)
        p.send(request('/echo'))
        faults += expect(p.answer()[0], 200)
    return faults


def bodies_down(gate, origin):
    faults = []
    with Peer(gate.port) as p:
        for path, wanted in ((f'/big?n={BIG}', b'x' * BIG), ('/chunked', b'onetwothree'), ('/until-close', b'until the end'),
                             ('/big?n=0', b'')):
            p.send(request(path))
            faults += expect(p.answer()[2], wanted)
        p.send(request('/big?n=77', 'HEAD'))
        status, fields, _ = p.answer('HEAD')
        faults += expect((status, fields['content-length']), (200, '77'))
        p.send(request('/echo'))
        faults += expect(p.answer()[0], 200)
    with Peer(gate.port) as p:
        p.send('GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
        status, fields = p.head()
        faults += expect((status, p.rest(), fields.get('connection')), (200, b'onetwothree', 'close'))
    return faults


def resident(gate):
    with open(f'/proc/{gate.process.pid}/status', encoding='ascii') as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read()).group(1))


def slow_reader(gate, origin):
    """The gate's memory does not grow by what the client does not read."""
    before = resident(gate)
    with Peer(gate.port) as p:
        p.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        p.send(request('/big?n=100000000'))
        p.more()
        time.sleep(0.3)
        more = resident(gate) - before
    return [] if more < 20_000 else [f'{more} KiB more']


def pipelining(gate, origin):
    with Peer(gate.port) as p:
        p.send(b''.join(request(f'/echo?n={i}', 'POST', body=b'x' * i) for i in range(20)))
        p.s.shutdown(socket.SHUT_WR)
        got = [json.loads(p.answer()[2]) for _ in range(20)]
        ended = p.ends()
    return expect([g['body'] for g in got], list(range(20))) + expect(ended, True) + \
        expect([re.search(r'n=(\d+)', g['head']).group(1) for g in got], [str(i) for i in range(20)])


def keep_alive(gate, origin):
    origin.clear()
    for _ in range(20):
        ask(gate.port, '/echo')
    return [] if origin.connections <= 2 else [f'{origin.connections} connections for 20 requests one by one']


def refused_head(gate, origin):
    """Answers to HEAD have no body, the gate's own ones neither: it would be taken for the next answer."""
    with Peer(gate.port) as p:
        p.send(request('/nobody', 'HEAD') + request('/echo'))
        return expect(p.answer('HEAD')[0], 502) + expect(p.answer()[0], 200)


def stale_connections(gate, origin):
    faults = []
    for _ in range(5):
        faults += expect(ask(gate.port, '/once')[0], 200)
        time.sleep(0.06 if _ % 2 else 0.05)
    return faults


def interim(gate, origin):
    with Peer(gate.port) as p:
        p.send(request('/hints'))
        faults = expect(p.answer()[0], 103) + expect(p.answer()[::2], (200, b'hinted'))
        p.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
        faults += expect(p.answer()[0], 100)
        p.send('hello')
        return faults + expect(json.loads(p.answer()[2])['body'], 5)


def early_answer(gate, origin):
    with Peer(gate.port) as p:
        p.send('POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n' + 'x' * 1000)
        status, fields, _ = p.answer()
        return expect((status, fields.get('connection')), (403, 'close')) + expect(p.ends(), True)


def events(gate, origin):
    """Each is passed on before the next comes."""
    with Peer(gate.port) as p:
        origin.heard = 0
        p.send(request('/events'))
        p.head()
        for _ in p.chunks():
            origin.heard += 1
    return expect(origin.heard, EVENTS)


def websocket(gate, origin):
    with Peer(gate.port) as p:
        p.send(request('/socket', fields='Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n'
                       'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n') + b'first')
        status, fields = p.head()
        faults = expect((status, fields.get('upgrade'), fields.get('sec-websocket-accept')),
                        (101, 'websocket', 'HSmrc0sMlYUkAGmm5OPpG2HaGWk='))
        p.send(b'y' * 500000)
        faults += expect(p.exactly(500005)[:6], b'firsty')
        p.s.shutdown(socket.SHUT_WR)
        return faults + expect(p.ends(), True)


# ---- bad origins, bad clients

def bad_origins(gate, origin):
    faults = []
    for path, wanted in (('/die', 502), ('/garbage', 502), ('/two-lengths', 502), ('/nobody', 502), ('/slow?s=3', 504)):
        faults += [f'{path}: {f}' for f in expect(ask(gate.port, path)[0], wanted)]
    with Peer(gate.port) as p:
        p.send(request('/partial'))
        try:
            p.answer()
            faults.append('a body that broke off looks whole')
        except (EOFError, ConnectionResetError):
            pass
    for _ in range(50):
        with Peer(gate.port) as p:
            p.send(request('/reset'))
            p.s.shutdown(socket.SHUT_WR)
            faults += [] if p.head()[0] in (400, 502) else ['another answer than the one that was reset']
    faults += expect(ask(gate.port, '/more')[2], b'mine') + expect([ask(gate.port, '/two')[0] for _ in range(4)], [200] * 4)
    return faults


def slow_clients(gate, origin):
    with Peer(gate.port) as head, Peer(gate.port) as body:
        head.send('GET / HTTP/1.1\r\nHost: ')
        body.send(request('/echo', 'POST', body=b'xx')[:-1])
        return expect([p.answer()[0] for p in (head, body)], [408, 408])


def limits(gate, origin):
    faults = []
    for data, wanted in (('GET /' + 'x' * 300000, 414), ('GET / HTTP/1.1\r\nHost: a\r\nX: ' + 'x' * 300000, 431),
                         ('GET / HTTP/1.1\r\nHost: a\r\n' + 'X: y\r\n' * 200 + '\r\n', 431)):
        with Peer(gate.port) as p:
            p.send(data)
            faults += expect(p.answer()[0], wanted)
    return faults


# ---- one request, or none

EVIL = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'
HEAD = 'POST /probe HTTP/1.1\r\nHost: a\r\n'
CHUNKED = 'Transfer-Encoding: chunked\r\n'
PROBES = [
    HEAD + 'Content-Length: 44\r\n' + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + 'Content-Length: 4\r\n\r\n5c\r\n' + EVIL + '\r\n0\r\n\r\n',
    HEAD + 'Content-Length: 0\r\nContent-Length: 38\r\n\r\n' + EVIL,
    HEAD + 'Content-Length: 0, 38\r\n\r\n' + EVIL,
    HEAD + 'Content-Length: +0\r\n\r\n' + EVIL,
    HEAD + 'Content-Length : 38\r\n\r\n' + EVIL,
    HEAD + 'Content-Length\x0b: 38\r\n\r\n' + EVIL,
    HEAD + 'X: y\n' + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + 'X: y\r' + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + ' ' + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + 'X: y\r\n ' + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding: xchunked\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n' + EVIL,
    HEAD + 'Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + CHUNKED + '\r\n0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + '\r\n0\n\n' + EVIL,
    HEAD + CHUNKED + '\r\n0\r\n \r\n' + EVIL,
    HEAD + CHUNKED + '\r\n0;\n' + EVIL,
    HEAD + CHUNKED + '\r\n0x0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + '\r\n-0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + '\r\n1\r\nab\r\n0\r\n\r\n' + EVIL,
    HEAD + CHUNKED + '\r\nffffffffffffffff\r\n' + EVIL,
    'GET /probe HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET /probe HTTP/1.1\r\n\r\n' + EVIL,
    'GET /probe HTTP/1.1\n\n' + EVIL,
    'GET /probe\r\n\r\n' + EVIL,
    'GET /probe HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n',
    'GET http://b/probe HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /probe HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n' + EVIL,
    'GET /pro\rbe HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /probe HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /probe#x HTTP/1.1\r\nHost: a\r\n\r\n',
]


def probe(gate, origin, bytes_):
    """The first answer is a refusal, and the origin saw nothing; or it saw just what was answered."""
    origin.clear()
    with Peer(gate.port) as p:
        p.send(bytes_)
        p.s.shutdown(socket.SHUT_WR)
        statuses = []
        try:
            while True:
                statuses.append(p.answer()[0])
        except (EOFError, ConnectionResetError):
            pass
    refused = [s for s in statuses if s >= 400]
    taken = [s for s in statuses if s < 400]
    if origin.bad or len(taken) != len(origin.seen) or (refused and statuses[0] < 400) or not statuses:
        return [f'{bytes_!r}: answers {statuses}, origin saw {origin.paths()} {origin.bad}']
    return [f'{bytes_!r}: smuggled'] if '/evil' in origin.paths() else []


def desync(gate, origin):
    faults = []
    for bytes_ in PROBES:
        faults += probe(gate, origin, bytes_)
    return faults


# ---- the cache

def asked(gate, origin, path, *fields, method='GET', body=b''):
    """How often the origin was asked for these, and what came."""
    origin.clear()
    got = [ask(gate.port, path, method, fields=f, body=body) for f in fields]
    return len(origin.seen), got


def hits(gate, origin):
    faults = []
    n, got = asked(gate, origin, '/cached/1?cc=max-age=60&text=hello', '', '', '')
    faults += expect((n, [g[2] for g in got]), (1, [b'hello'] * 3))
    faults += expect([g[1]['cache-status'].split(';')[1].strip() for g in got], ['fwd=uri-miss', 'hit', 'hit'])
    for path in ('/cached/./%31?cc=max-age=60&text=hello', '/cached/1?cc=max-age=60&text=hello'):
        faults += expect(asked(gate, origin, path, '')[0], 0)
    n, got = asked(gate, origin, '/cached/2?cc=max-age=60&text=hello&times=200000', '', '')
    faults += expect((n, [len(g[2]) for g in got]), (1, [1_000_000] * 2))
    n, got = asked(gate, origin, '/cached/2?cc=max-age=60&text=hello&times=200000', 'Range: bytes=999990-\r\n')
    faults += expect((n, got[0][0], got[0][1]['content-range'], got[0][2]), (0, 206, 'bytes 999990-999999/1000000', b'hello' * 2))
    return faults + expect(asked(gate, origin, '/cached/1?cc=max-age=60&text=hello', '', method='HEAD')[1][0][1]['content-length'], '5')


def half_closed(gate, origin):
    """Who ends its stream after the request still gets the answer."""
    faults = []
    for path in ('/cached/1?cc=max-age=60&text=hello', '/echo') * 20:
        with Peer(gate.port) as p:
            p.send(request(path))
            p.s.shutdown(socket.SHUT_WR)
            faults += expect(p.answer()[0], 200) + expect(p.ends(), True)
    with Peer(gate.port) as p:   # and to all of them, whoever answers
        paths = ('/echo', '/cached/1?cc=max-age=60&text=hello', '/cached/1?cc=max-age=60&text=hello', '/echo')
        p.send(b''.join(request(path) for path in paths) + b'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf')
        p.s.shutdown(socket.SHUT_WR)
        faults += expect([p.answer()[0] for _ in paths], [200] * 4)
    return faults


def private(gate, origin):
    faults = []
    for name, query, fields in (('no-store', 'cc=no-store', ''), ('private', 'cc=private', ''), ('nothing said', 'x=y', ''),
                                ('authorization', 'cc=max-age=60', 'Authorization: Basic eDp5\r\n')):
        n, _ = asked(gate, origin, f'/cached/p?{query}', fields, fields)
        faults += [f'{name}: {f}' for f in expect(n, 2)]
    return faults


def validation(gate, origin):
    n, got = asked(gate, origin, '/cached/v?cc=no-cache&etag=x&text=same', '', '', '')
    faults = expect((n, [g[::2] for g in got]), (3, [(200, b'same')] * 3))
    faults += expect([b'If-None-Match: "x"' in head for head, _ in origin.seen], [False, True, True])
    n, got = asked(gate, origin, '/cached/v?cc=max-age=60&etag=y', '', 'If-None-Match: "y"\r\n', 'If-None-Match: "z"\r\n')
    return faults + expect((n, [g[0] for g in got]), (1, [200, 304, 200]))


def variants(gate, origin):
    n, got = asked(gate, origin, '/cached/w?cc=max-age=60&vary=X-Kind', *('X-Kind: a\r\n', 'X-Kind: b\r\n') * 2)
    return expect((n, [g[2] for g in got]), (2, [b'a', b'b', b'a', b'b']))


def invalidation(gate, origin):
    path = '/cached/i?cc=max-age=60'
    faults = expect(asked(gate, origin, path, '', '')[0], 1)
    asked(gate, origin, path, '', method='POST', body=b'x')
    return faults + expect(asked(gate, origin, path, '', '')[0], 1)


def stale(gate, origin):
    """What is stale is served while it is refreshed behind, and where the origin fails."""
    path = '/cached/s?cc=max-age=1,stale-while-revalidate=60'
    asked(gate, origin, path, '')
    time.sleep(1.1)
    n, got = asked(gate, origin, path, '')
    faults = expect('hit' in got[0][1]['cache-status'], True)
    time.sleep(0.2)
    n, got = asked(gate, origin, path, '')
    return faults + expect((n, got[0][1]['cache-status'][:18]), (0, 'prony; hit; ttl=1'), (0, 'prony; hit; ttl=0'))


async def one_of_many(port, path, there, start, times):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    there.append(writer)
    await start.wait()
    writer.write(request(path, fields='Connection: close\r\n'))
    data = await reader.read()
    times.append(time.monotonic())
    writer.close()
    return int(data.split(b' ')[1]), data.split(b'\r\n\r\n', 1)[1]


async def all_of_them(port, path, n):
    start, there, times = asyncio.Event(), [], []
    tasks = [asyncio.create_task(one_of_many(port, path, there, start, times)) for _ in range(n)]
    while len(there) < n:
        await asyncio.sleep(0.01)
    begun = time.monotonic()
    start.set()
    got = await asyncio.gather(*tasks)
    return got, max(times) - begun


def herd(gate, origin, path):
    origin.clear()
    got, last = asyncio.run(all_of_them(gate.port, path, HERD))
    print(f'# {HERD} at once for {path}: {len(origin.seen)} at the origin, at most {origin.most_at_once} at once, '
          f'last after {last:.2f} s', flush=True)
    return got


def herd_cold(gate, origin):
    got = herd(gate, origin, '/cached/h?cc=max-age=60&s=0.5&text=xyz')
    return expect(set(got), {(200, b'xyz')}) + expect(len(origin.seen), 1)


def herd_unshareable(gate, origin):
    got = herd(gate, origin, '/cached/n?cc=no-store&s=0.2&text=xyz')
    return expect(set(got), {(200, b'xyz')}) + expect(len(origin.seen), HERD)


def herd_of_errors(gate, origin):
    got = herd(gate, origin, '/cached/e?status=500&s=0.5')
    return expect({status for status, _ in got}, {500}) + ([] if len(origin.seen) <= 3 else [f'{len(origin.seen)} at the origin'])


# ---- rates, servers

def rates(gate, origin):
    origin.clear()
    got = [ask(gate.port, '/limited/x') for _ in range(5)]
    seconds = int(got[4][1].get('retry-after', 0))
    return expect([g[0] for g in got], [200] * 3 + [429] * 2) + expect(len(origin.seen), 3) + \
        ([] if 50 <= seconds <= 60 else [f'Retry-After: {seconds}'])


def breaker(gate, origin):
    """After three failures the server is left in peace; one trial that goes well ends that."""
    origin.clear()
    with Peer(gate.port) as p:
        def statuses(status, n):
            for _ in range(n):
                p.send(request(f'/cached/breaks?status={status}'))
                yield p.answer()[0]
        faults = expect(list(statuses(500, 5)), [500] * 3 + [503] * 2) + expect(len(origin.seen), 3)
        time.sleep(0.35)
        return faults + expect(list(statuses(200, 3)), [200] * 3)


def ejection(gate, origin):
    """Each worker finds out for itself what server is dead, and then leaves it alone."""
    before = gate.figures()
    faults = expect({ask(gate.port, '/two')[0] for _ in range(30)}, {200})
    bad = [v - before.get(k, 0) for k, v in gate.figures().items() if 'upstream="one_of_two"' in k and 'outcome="bad"' in k]
    return faults + ([] if sum(bad) <= 4 else [f'asked in vain {bad} times'])


def by_hash(gate, origin):
    before = gate.figures()
    faults = []
    for _ in range(20):
        faults += expect(ask(gate.port, '/hash', fields='X-Who: me\r\n')[0], 200)
    good = [v - before.get(k, 0) for k, v in gate.figures().items() if 'upstream="by_hash"' in k and 'outcome="good"' in k]
    return faults + ([] if min(good) == 0 and max(good) >= 19 else [f'to the servers went {good}'])


def compression(gate, origin):
    """What the origin sent plain reaches those who like it packed so, from it and from the store; nobody else."""
    plain, faults = b'hello' * 200000, []
    for query in ('cc=no-store', 'cc=max-age=60'):
        path = f'/cached/packed?{query}&etag=x&text=hello&times=200000'
        for _ in range(2):
            status, fields, packed = ask(gate.port, path, fields='Accept-Encoding: gzip\r\n')
            faults += expect((status, fields.get('content-encoding'), fields.get('vary'), fields.get('etag')),
                             (200, 'gzip', 'Accept-Encoding', 'W/"x"'))
            faults += expect(gzip.decompress(packed) == plain and len(packed) < len(plain) / 20, True)
        status, fields, body = ask(gate.port, path)
        faults += expect((body == plain, fields.get('content-encoding'), fields.get('vary'), fields.get('etag')),
                         (True, None, 'Accept-Encoding', '"x"'))
        _, fields, _ = ask(gate.port, path, 'HEAD', fields='Accept-Encoding: gzip\r\n')
        faults += expect((fields.get('content-encoding'), fields.get('content-length')),
                         ('gzip', None if 'no-store' in query else str(len(packed))))
    got = ask(gate.port, path, fields='Accept-Encoding: gzip\r\nIf-None-Match: W/"x"\r\n')
    faults += expect((got[0], got[1].get('etag'), got[1].get('content-encoding')), (304, 'W/"x"', None))
    return faults + expect(ask(gate.port, '/cached/packed?cc=max-age=60', fields='Accept-Encoding: gzip\r\n')[2], b'body')


# ---- what is told of it

def grown(gate, before, wanted):
    """Faults, unless the series have grown by so much, soon."""
    def by():
        after = gate.figures()
        return {series: after.get(f'prony_gate_{series}', 0) - before.get(f'prony_gate_{series}', 0) for series in wanted}
    wait_for(lambda: by() == wanted)
    return expect(by(), wanted)


def metrics(gate, origin):
    before = gate.figures()
    for path in ('/echo', '/cached/m?cc=max-age=60&text=hello', '/cached/m?cc=max-age=60&text=hello', '/nobody', '/two', '/two'):
        ask(gate.port, path)
    server = '{upstream="%s",server="127.0.0.1:%d"%s}'
    good = ',outcome="good"'
    faults = grown(gate, before, {
        'requests_total{route="/",code="2xx"}': 1, 'request_duration_seconds_count{route="/"}': 1,
        'cache_requests_total{route="/cached",result="miss"}': 1, 'cache_requests_total{route="/cached",result="hit"}': 1,
        'refused_requests_total{reason="upstream"}': 1, 'client_connections_total': 6, 'cache_objects': 1,
        'upstream_requests_total' + server % ('origin', origin.port, good): 2,
        'upstream_requests_total' + server % ('one_of_two', origin.port, good): 2,
        'upstream_requests_in_flight' + server % ('origin', origin.port, ''): 0})
    return faults + expect(ask(gate.metrics, '/')[0], 404)


def line_of(file, mark):
    def lines():
        if os.path.exists(file):
            with open(file, encoding='utf-8') as f:
                return [line for line in f if mark in line and line.endswith('\n')]
        return []
    found = wait_for(lines)
    return json.loads(found[0]) if found else {}


def access_log(gate, origin):
    log = os.path.join(gate.folder, gate.values['engine'] + '.log')
    ask(gate.port, '/cached/l?cc=max-age=60&text=hello&token=geheim', fields='User-Agent: me\r\nReferer: you\r\n')
    got = line_of(log, '/cached/l?')
    faults = expect([got.get(k) for k in ('method', 'status', 'client', 'cache', 'agent', 'referer', 'bytes')],
                    ['GET', 200, '127.0.0.1', 'miss', 'me', 'you', 5]) + expect('geheim' in str(got), False)
    os.rename(log, log + '.1')
    gate.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.exists(log))
    ask(gate.port, '/nobody/x')
    return faults + expect(line_of(log, '/nobody/x').get('status'), 502)


def drain(gate, origin):
    """What is under way ends well, what is idle at once."""
    with Peer(gate.port) as busy, Peer(gate.port) as idle:
        idle.send(request('/echo'))
        idle.answer()
        busy.send(request('/slow?s=0.4'))
        time.sleep(0.1)
        gate.process.send_signal(signal.SIGTERM)
        faults = expect(idle.ends(), True)
        status, fields, _ = busy.answer()
        faults += expect((status, fields.get('connection')), (200, 'close'))
    return faults + expect(gate.process.wait(timeout=PATIENCE_S), 0)


ROWS = [canonical, bodies_up, bodies_down, slow_reader, pipelining, keep_alive, refused_head, stale_connections, interim, early_answer,
        events, websocket, hits, half_closed, private, validation, variants, invalidation, stale, herd_cold, herd_unshareable,
        herd_of_errors, bad_origins, slow_clients, limits, desync, rates, breaker,
        ejection, by_hash, compression, metrics, access_log, drain]
ONCE = (stale, herd_unshareable, herd_of_errors, rates, breaker, ejection, by_hash, metrics, access_log,
        refused_head, bad_origins, slow_clients, limits, desync)   # no affair of the engine


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix='prony-gate-') as folder, Origin() as origin:
        for engine in ('epoll', 'io_uring'):
            with Gate(folder, CONFIG, engine, engine=engine, origin=origin.port, nobody=free_port()) as gate:
                run_rows(ROWS if engine == 'io_uring' else [r for r in ROWS if r not in ONCE], gate, origin,
                         prefix=f'{engine}: ')
    tap.end()


main()
