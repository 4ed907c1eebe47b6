#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compressed forms of what the gate has stored: made once, served to all who take them, gone with what they are a form
of, made again when there is time. usage: gate_squeeze.py PRONY; prints TAP."""
import asyncio
import functools
import gzip
import random
import socket
import sys
import tempfile
import threading
import zlib

from gate_origin import Origin, response
from gates import PATIENCE_S, Gate, Peer, ask, expect, request, run_rows, tap, wait_for

CONFIG = '''
listen: 127.0.0.1:{port}
workers: 2
metrics: 127.0.0.1:{metrics}
upstreams: {{ origin: {{ servers: ["127.0.0.1:{origin}"] }} }}
routes:
  - {{ match: /hot, upstream: origin, cache: {{ enabled: true }}, compress: {{ enabled: true }} }}
  - {{ match: /hot_soon, upstream: origin, cache: {{ enabled: true }}, compress: {{ enabled: true }} }}
  - {{ match: /, upstream: origin, cache: {{ enabled: true }}, compress: {{ enabled: true, recompress: false }} }}
'''
WORDS = [w.encode() for w in ('the gate keeps what it has made beside what it was made of and serves it to whoever takes it next '
                              'compressed forms go with their object').split()]
UNPACK = {'gzip': gzip.decompress, 'deflate': zlib.decompress}


@functools.lru_cache(maxsize=None)
def text_of(path, version=0):
    """As long as the path says; of the kind `big` it stays large when it is compressed."""
    size, chance = int(path.rsplit('=', 1)[1]), random.Random(f'{path} {version}')
    if path.startswith('/big'):
        return chance.randbytes(size // 2).hex().encode()
    text = b'%d ' % version
    while len(text) < size:
        text += b' '.join(chance.choices(WORDS, k=500)) + b'%d ' % chance.randrange(10**9)
    return text[:size]


class Texts(Origin):
    """Text is fresh for long; hot_soon: for less than a minute; checked: never, but it may be confirmed; held: its
    second half waits. A POST changes it."""

    def __init__(self):
        super().__init__()
        self.versions, self.released = {}, threading.Event()

    async def do_text(self, reader, writer, method, fields, query, head, body, cc='max-age=3600', held=False):
        path = head.split(b' ')[1].decode()
        version = self.versions[path] = self.versions.get(path, 0) + (method == 'POST')
        etag = f'"v{version}"'
        if method == 'POST':
            writer.write(response('200 OK', b''))
            return
        if fields.get('if-none-match') == [etag]:
            writer.write(f'HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\nCache-Control: {cc}\r\n\r\n'.encode())
            return
        whole = response('200 OK', text_of(path, version), ETag=etag, Cache_Control=cc, Content_Type='text/plain')
        half = len(whole) // 2 if held else len(whole)
        writer.write(whole[:half])
        while held and not self.released.is_set():
            await asyncio.sleep(0.01)
        writer.write(whole[half:])

    do_big = do_hot = do_text
    do_hot_soon = functools.partialmethod(do_text, cc='max-age=50')
    do_checked = functools.partialmethod(do_text, cc='no-cache')
    do_held = functools.partialmethod(do_text, held=True)


class Answer:
    def __init__(self, got):
        self.status, self.fields, self.bytes = got
        self.coding = self.fields.get('content-encoding')

    def plain(self):
        return UNPACK[self.coding](self.bytes) if self.coding else self.bytes

    def says(self, *names):
        return [self.fields.get(n) for n in names]


def get(gate, path, accept='gzip', fields='', method='GET'):
    return Answer(ask(gate.port, path, method, fields=f'Accept-Encoding: {accept}\r\n' * bool(accept) + fields))


def fed(gate, coding='gzip'):
    return gate.figure(f'compression_input_bytes_total{{coding="{coding}"}}')


def hits(gate, coding):
    return gate.figure(f'compressed_hits_total{{coding="{coding}"}}')


# ---- rows

def made_once(gate, origin):
    faults = []
    for size in (5000, 280_000):   # at once, and in steps
        for coding in ('gzip', 'deflate', 'br', 'zstd'):
            path = f'/text/{coding}?n={size}'
            plain, bytes_before, hits_before = text_of(path), fed(gate, coding), hits(gate, coding)
            got = [get(gate, path, coding) for _ in range(3)]
            for a in got:
                faults += expect((a.status, a.says('content-encoding', 'etag', 'vary', 'accept-ranges')),
                                 (200, [coding, 'W/"v0"', 'Accept-Encoding', None]))
                faults += expect((a.bytes == got[0].bytes, coding not in UNPACK or a.plain() == plain), (True, True))
            for a in got[1:] + [get(gate, path, coding, method='HEAD')]:
                faults += expect(a.says('content-length', 'transfer-encoding'), [str(len(got[0].bytes)), None])
            faults += expect((fed(gate, coding) - bytes_before, hits(gate, coding) - hits_before), (size, 3))
            a = get(gate, path, None)
            faults += expect((a.bytes == plain, a.says('content-encoding', 'etag', 'vary')),
                             (True, [None, '"v0"', 'Accept-Encoding']))
    return faults + expect(len(origin.seen), 8)


def conditions(gate, origin):
    """Parts are of what is stored, whole answers of the form; a validator of one is none of the other's bytes."""
    path = '/text/conditions?n=9000'
    plain, part = text_of(path), 'Range: bytes=10-19\r\n'
    faults = expect(get(gate, path).plain() == plain, True)
    a = get(gate, path, fields=part)
    faults += expect((a.status, a.bytes, a.says('content-encoding', 'etag', 'content-range')),
                     (206, plain[10:20], [None, '"v0"', 'bytes 10-19/9000']))
    a = get(gate, path, fields=part + 'If-Range: "v0"\r\n')
    faults += expect((a.status, a.bytes), (206, plain[10:20]))
    a = get(gate, path, fields=part + 'If-Range: W/"v0"\r\n')
    faults += expect((a.status, a.coding, a.plain() == plain), (200, 'gzip', True))
    for etag in ('W/"v0"', '"v0"'):
        a = get(gate, path, fields=f'If-None-Match: {etag}\r\n')
        faults += expect((a.status, a.says('content-encoding', 'etag', 'vary')), (304, [None, 'W/"v0"', 'Accept-Encoding']))
    a = get(gate, path, fields='If-None-Match: "v1"\r\n')
    return faults + expect((a.status, a.plain() == plain), (200, True))


def goes_with_its_object(gate, origin):
    """A form outlives confirmations, and goes when what it is of goes."""
    path, faults, before = '/checked/a?n=9000', [], fed(gate)
    for _ in range(3):
        a = get(gate, path)
        faults += expect((a.plain() == text_of(path), a.coding), (True, 'gzip'))
    faults += expect((fed(gate) - before, len(origin.seen)), (9000, 3))
    origin.versions[path] = 1
    for _ in range(2):
        a = get(gate, path)
        faults += expect((a.plain() == text_of(path, 1), a.says('etag')), (True, ['W/"v1"']))
    faults += expect(fed(gate) - before, 18000)
    path = '/text/changed?n=9000'
    for version in range(3):
        for _ in range(2):
            faults += expect(get(gate, path).plain() == text_of(path, version), True)
        get(gate, path, method='POST')
    return faults + expect(fed(gate) - before, 18000 + 27000)


def one_for_all(gate, origin):
    """All who ask while it arrives read the same form, one a worker at most."""
    path, before, got, heads = '/held/x?n=300000', fed(gate), [], threading.Semaphore(0)

    def client():
        with Peer(gate.port) as p:
            p.send(request(path, fields='Accept-Encoding: gzip\r\n'))
            status, fields = p.head()
            heads.release()
            got.append(Answer((status, fields, b''.join(p.chunks()))))
    clients = [threading.Thread(target=client) for _ in range(12)]
    for c in clients:
        c.start()
    faults = expect([heads.acquire(timeout=PATIENCE_S) for _ in clients], [True] * 12)
    origin.released.set()
    for c in clients:
        c.join()
    faults += expect([(a.coding, a.plain() == text_of(path)) for a in got], [('gzip', True)] * 12)
    return faults + expect(fed(gate) - before, 300_000, 600_000) + expect(len(origin.seen), 1)


def slow_and_gone(gate, origin):
    """Who reads slowly holds nobody up, nor does who leaves."""
    path, faults = '/big/x?n=10000000', []
    plain = text_of(path)
    get(gate, path, None)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(PATIENCE_S)
        s.connect(('127.0.0.1', gate.port))
        s.sendall(request(path, fields='Accept-Encoding: gzip\r\n'))
        faults += expect(s.recv(12), b'HTTP/1.1 200')
        faults += expect(get(gate, path).plain() == plain, True)
    a = get(gate, path)
    return faults + expect((a.plain() == plain, a.says('content-length')), (True, [str(len(a.bytes))]))


def recompressed(gate, origin):
    """What is hot becomes shorter, in what its clients like best; what is not of use for long stays as it is, and what
    is not to be. All are short, as the thread of lowest priority may get little of a busy machine."""
    hot, left = '/hot/a?n=6000', ('/hot_soon/a?n=6000', '/text/left?n=6000')
    first, as_left = get(gate, hot), [get(gate, path).bytes for path in left]
    for path in left * 10:
        get(gate, path)
    faults = expect(wait_for(lambda: len(get(gate, hot).bytes) < len(first.bytes)), True)
    a = get(gate, hot)
    faults += expect((a.plain() == text_of(hot), a.says('content-length', 'content-encoding', 'etag', 'vary')),
                     (True, [str(len(a.bytes)), 'gzip', 'W/"v0"', 'Accept-Encoding']))
    faults += expect(get(gate, hot, 'gzip, br').coding, 'gzip')
    faults += expect(wait_for(lambda: get(gate, hot, 'gzip, br').coding == 'br'), True)
    b = get(gate, hot, 'gzip, br')
    faults += expect((len(b.bytes) < len(a.bytes), b.says('content-length')), (True, [str(len(b.bytes))]))
    faults += expect([get(gate, hot, w).bytes == a.bytes for w in ('gzip', 'gzip, br;q=0.5')], [True, True])
    faults += expect([get(gate, path).bytes for path in left] == as_left, True)   # they would have been first in the queue
    return faults + expect([gate.figure(f'recompressions_total{{coding="{c}"}}') > 0 for c in ('gzip', 'br')], [True, True])


ROWS = (made_once, conditions, goes_with_its_object, one_for_all, slow_and_gone, recompressed)


def main():
    with tempfile.TemporaryDirectory(prefix='prony-gate-') as folder, Texts() as origin:
        with Gate(folder, CONFIG, origin=origin.port) as gate:
            for row in ROWS:
                origin.clear()
                run_rows([row], gate, origin)
                if gate.died():
                    break
    return tap.end()


sys.exit(main())
