#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What stands in front of the gate's requests: TLS and HTTP/2. On each engine, with clients that are not ours.
usage: gate_front.py PRONY; prints TAP."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import warnings

from gate_origin import Origin
from gates import PATIENCE_S, PRONY, Gate, Peer, expect, request, run_rows, tap, until
from services import free_port

BIG = 1_000_000   # above every window
NAMES = ('a.example', '*.wild.example', 'b.wild.example')
CONFIG = '''
listen:
  - 127.0.0.1:{clear}
  - address: 127.0.0.1:{port}
    tls:
      - {{ certificate: {folder}/0.pem, key: {folder}/0.key }}
      - {{ certificate: {folder}/1.pem }}
      - {{ certificate: {folder}/2.pem, key: {folder}/2.key }}
engine: {engine}
workers: 2
metrics: 127.0.0.1:{metrics}
timeouts: {{ head: 1s, body: 1s }}
upstreams:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
routes:
  - {{ match: /cached, upstream: origin, cache: {{ enabled: true }}, compress: {{ enabled: true }} }}
  - {{ match: /, upstream: origin }}
'''
warnings.simplefilter('ignore', DeprecationWarning)   # of versions that must not get in


def certificate(folder, number, name, together=False):
    pem, key = (os.path.join(folder, f'{number}.{end}') for end in ('pem', 'key'))
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                    key + '.new', '-out', pem + '.new', '-days', '2', '-subj', '/CN=test', '-addext',
                    f'subjectAltName=DNS:{name}'], check=True, stderr=subprocess.DEVNULL)
    if together:
        with open(pem + '.new', 'a', encoding='ascii') as f, open(key + '.new', encoding='ascii') as k:
            f.write(k.read())
    os.replace(key + '.new', key)
    os.replace(pem + '.new', pem)


def context(*alpn, most=None):
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    if alpn:
        c.set_alpn_protocols(alpn)
    if most:
        c.maximum_version = most
    return c


def clear(gate):
    return gate.values['clear']


def shown(peer):
    return ssl.DER_cert_to_PEM_cert(peer.s.getpeercert(True))


# ---- TLS

def through_tls(gate, origin):
    faults = []
    for most in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        with Peer(gate.port, context(most=most)) as p:
            head = json.loads(p.ask('/echo')[2])['head']
            for line in ('X-Forwarded-Proto: https', 'Forwarded: for=127.0.0.1;host="a.example";proto=https'):
                faults += [] if line in head.split('\r\n') else [f'no "{line}" in {head}']
            faults += expect(len(p.ask(f'/big?n={BIG}')[2]), BIG)
            faults += expect(json.loads(p.ask('/echo', 'POST', body=b'x' * BIG)[2])['body'], BIG)
            faults += expect(p.ask('/chunked')[2], b'onetwothree')
    return faults


def cached_through_tls(gate, origin):
    """What came for https is no answer for http."""
    faults = []
    origin.clear()
    with Peer(gate.port, context()) as p, Peer(clear(gate)) as plain:
        for path in ('/cached/t?cc=max-age=60&text=hello', '/cached/u?cc=max-age=60&text=0123456789&times=100000'):
            first, second = p.ask(path), p.ask(path)
            faults += expect(second[2], first[2]) + expect('hit' in second[1]['cache-status'], True)
            faults += expect(p.ask(path, fields='Range: bytes=2-4\r\n')[::2], (206, first[2][2:5]))
            faults += expect('hit' in plain.ask(path)[1]['cache-status'], False)
            faults += expect(p.ask(path, fields='Accept-Encoding: gzip\r\n')[0], 200)
    return faults + expect(len(origin.seen), 4)


def names(gate, origin):
    faults = []
    for name, number in (('a.example', 0), ('x.wild.example', 1), ('b.wild.example', 2), ('x.y.wild.example', 0),
                         ('elsewhere', 0)):
        with Peer(gate.port, context(), name) as p, open(f'{gate.folder}/{number}.pem', encoding='ascii') as f:
            faults += [f'{name} is shown another certificate'] if not f.read().startswith(shown(p)) else []
    return faults


def resumption(gate, origin):
    """Whichever worker it meets."""
    c, session, faults = context(), None, []
    for i in range(8):
        with Peer(gate.port, c, session=session) as p:
            p.ask('/echo')
            faults += expect(p.s.session_reused, i > 0)
            session = p.s.session
    return faults


def protocols(gate, origin):
    faults = []
    for offered, wanted in ((('http/1.1',), 'http/1.1'), (('x', 'http/1.1'), 'http/1.1'), (('h2', 'http/1.1'), 'h2'), ((), None)):
        with Peer(gate.port, context(*offered)) as p:
            faults += expect(p.s.selected_alpn_protocol(), wanted)
            faults += [] if wanted == 'h2' else expect(p.ask('/echo')[0], 200)
    for c in (context('smtp'), context(most=ssl.TLSVersion.TLSv1_1)):
        c.minimum_version = ssl.TLSVersion.TLSv1
        try:
            Peer(gate.port, c).s.close()
            faults.append('a client that has nothing in common with it gets in')
        except (ssl.SSLError, ConnectionResetError):
            pass
    return faults


PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0'


def unfinished(gate, origin):
    """Garbage, a ClientHello or a head of HTTP/2 that stops, an end in the middle: the connection ends, the gate goes
    on."""
    faults = []
    failed = gate.figure('tls_failed_handshakes_total')
    hello = b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'x' * 40
    rows = (b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', b'\x80' * 3000, b'\x16\x03\x01\x00\x05hello', hello)
    peers = [Peer(gate.port) for _ in rows]
    for p, data in zip(peers, rows):
        p.s.sendall(data)
    for half in (b'\0\0\1\1\1\0\0\0\1\x82', b'\0\0\x40\1\5\0\0\0\1\x82'):
        peers.append(Peer(clear(gate)))
        peers[-1].s.sendall(PREFACE + half)
    cut = Peer(gate.port)
    cut.s.sendall(hello)
    cut.__exit__()
    for p in peers:
        try:
            while p.s.recv(4096):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            faults.append('a connection that says nothing stays')
        p.__exit__()
    with Peer(gate.port, context()) as p:
        faults += expect(p.ask('/echo')[0], 200)
    gate.await_figure('tls_failed_handshakes_total', failed + 5)
    return faults


def websocket(gate, origin):
    with Peer(gate.port, context()) as p:
        p.send(request('/socket', fields='Connection: Upgrade\r\nUpgrade: websocket\r\n'
                       'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n'))
        faults = expect(p.head()[0], 101)
        p.send(b'y' * 100000)
        return faults + expect(p.exactly(100000), b'y' * 100000)


def slow_reader(gate, origin):
    """Its answer waits in bounded memory, and comes whole."""
    path = '/cached/slow?cc=max-age=60&text=0123456789&times=800000'
    with Peer(gate.port, context()) as p:
        p.send(request(path))
        time.sleep(0.1)
        return expect(len(p.answer()[2]), 8_000_000)


def new_certificates(gate, origin):
    """Read when the files change; what is broken changes nothing; who is connected stays so."""
    def shown_now():
        with Peer(gate.port, context()) as p:
            return shown(p)

    with Peer(gate.port, context()) as open_before:
        first = shown_now()
        with open(f'{gate.folder}/0.pem', 'w', encoding='ascii') as f:
            f.write('-----BEGIN CERTIFICATE-----\nbroken\n')
        gate.says('stays as it was', gate.file + ':6:24')
        faults = expect(shown_now(), first)
        certificate(gate.folder, 0, NAMES[0])
        until(lambda: shown_now() != first, lambda: 'the new one is not shown: ' + gate.said()[-300:])
        return faults + expect(open_before.ask('/echo')[0], 200)


def mistakes(gate, origin):
    """Told with line and column, and the gate does not begin."""
    faults = []
    for old, new, says in (('/0.key', '/none.key', ':6:'), ('/0.key', '/2.key', 'does not belong'), ('/2.pem', '/2.key', ':8:')):
        with open(gate.file, encoding='utf-8') as f:
            text = f.read().replace(gate.folder + old, gate.folder + new)
        with open(gate.file + '.bad', 'w', encoding='utf-8') as f:
            f.write(text)
        for more in ([], ['--check']):
            end = subprocess.run([PRONY, 'gate', '--config', gate.file + '.bad'] + more, capture_output=True, text=True,
                                 timeout=10)
            faults += expect(end.returncode, 2) + ([] if says in end.stderr + end.stdout else [end.stderr])
    return faults


# ---- HTTP/2

def curl(*words, **more):
    return subprocess.run(['curl', '-sk', '--http2', *words], capture_output=True, timeout=30, check=False, **more)


def both(gate):
    """In clear by prior knowledge, and through TLS by ALPN."""
    return ((f'http://127.0.0.1:{clear(gate)}', '--http2-prior-knowledge'), (f'https://127.0.0.1:{gate.port}', '--http2'))


def h2(url, *words, **more):
    """Status, protocol, head and body of one request."""
    out = curl('-D-', '-w', '\n%{http_code} %{http_version} %{exitcode}', *words, url, **more).stdout
    text, end = out.rsplit(b'\n', 1)
    status, version, code = end.decode().split(' ')
    parts = re.split(rb'\r\n\r\n', text)
    heads = [p for p in parts if p.startswith(b'HTTP/2 ')]
    return int(status), version, int(code), heads, parts[-1]


def h2_requests(gate, origin):
    faults = []
    for base, how in both(gate):
        status, version, _, _, body = h2(base + '/echo?q=1', how, '-H', 'X-A: b', '-H', 'Cookie: k=v')
        lines = json.loads(body)['head'].split('\r\n')
        faults += expect((status, version), (200, '2'))
        for line in ('GET /echo?q=1 HTTP/1.1', 'x-a: b', 'cookie: k=v', 'Via: 2.0 prony',
                     f'X-Forwarded-Proto: {base.split(":")[0]}'):
            faults += [] if line in lines else [f'no "{line}" in {lines}']
        faults += expect(h2(base + '/hints', how)[3][0][:10], b'HTTP/2 103')
        faults += expect(len(h2(base + '/echo', how, '-I')[3]), 1)
        faults += expect(h2(base + '/die', how)[0], 502)
        faults += expect(h2(base + '/echo', how, '-H', 'X: ' + 'y' * 40000)[0], 431)
        faults += expect(h2(base + '/partial', how)[2], 92)   # its stream is reset
    return faults + expect(origin.bad, [])


def h2_bodies(gate, origin):
    faults = []
    for base, how in both(gate):
        data = b'x' * BIG
        for words in (('--data-binary', '@-'), ('-T', '-'), ('--data-binary', '@-', '-H', 'Expect:')):   # -T: of unknown length
            got = h2(base + '/echo', how, *words, input=data)
            faults += expect((got[0], json.loads(got[4])['body']), (200, BIG))
        # The rest of its stream is reset with NO_ERROR, over which curl 7.88 forgets the answer that it has.
        got = h2(base + '/early', how, '--data-binary', '@-', input=data)
        faults += expect(got[0] or got[2], 403, 92)
        faults += expect(len(h2(base + f'/big?n={BIG}', how)[4]), BIG)
        faults += expect(h2(base + '/chunked', how)[4], b'onetwothree')
        faults += expect(h2(base + '/until-close', how)[4], b'until the end')
        faults += expect(h2(base + '/echo', how, '-T', '-', input=b'')[0], 200)
    return faults + expect(origin.bad, [])


def h2_hits(gate, origin):
    faults = []
    origin.clear()
    for base, how in both(gate):
        for path, size in (('/cached/2?cc=max-age=60&etag=e&text=hello', 5),
                           ('/cached/3?cc=max-age=60&text=0123456789&times=100000', BIG)):
            for want in ('uri-miss', 'hit'):
                status, _, _, heads, body = h2(base + path, how)
                faults += expect((status, len(body), want in heads[0].decode()), (200, size, True))
        path = base + '/cached/2?cc=max-age=60&etag=e&text=hello'
        faults += expect(h2(path, how, '-r', '1-2')[::4], (206, b'el'))
        faults += expect(h2(path, how, '-H', 'If-None-Match: "e"')[0], 304)
        faults += expect(h2(path, how, '-I')[0], 200)
        odd = h2(path, how, '-X', 'GET', '-T', '-', input=b'a body of unknown length')
        faults += expect(b'fwd=bypass' in odd[3][0], True)
        faults += expect(h2(path.replace('/2', '/3'), how, '--compressed')[0], 200)
    return faults + expect(origin.bad, [])


def h2_many(gate, origin):
    """Streams of one connection: those who ask for the same wait for one answer, the slow hold up nobody."""
    origin.clear()
    base = f'https://127.0.0.1:{gate.port}'
    path = f'{base}/cached/many?cc=max-age=60&s=0.2&x=[1-3]'
    paths = [path] * 4 + [f'{base}/slow?s=0.3', f'{base}/echo']
    out = curl('--parallel', '--parallel-max', '60', '-w', '%{http_code} %{num_connects}\n',
               *[word for p in paths for word in (p, '-o', '/dev/null')]).stdout.decode()
    lines = [line.split(' ') for line in out.splitlines()]
    return (expect([line[0] for line in lines], ['200'] * 14) + expect(sum(int(line[1]) for line in lines), 1) +
            expect(sum(p.startswith('/cached') for p in origin.paths()), 3))


def h2_left(gate, origin):
    """A client that goes away in the middle of an answer takes what was on its way with it."""
    for base, how in both(gate):
        with subprocess.Popen(['curl', '-sk', how, '-o', '/dev/null', '--limit-rate', '1k', base + '/big?n=100000000'],
                              stdout=subprocess.DEVNULL) as p:
            until(lambda: origin.at_once, 'the server is not asked')
            p.kill()
        until(lambda: not origin.at_once, 'the server goes on')
    return expect(h2(f'https://127.0.0.1:{gate.port}/echo')[0], 200)


def h2_by_pieces(gate, origin):
    """A preface that comes byte by byte is one; what only begins so is not; h2c in Upgrade is not followed."""
    faults = []
    with Peer(clear(gate)) as p:
        p.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PREFACE:
            p.s.sendall(bytes([byte]))
            time.sleep(0.001)
        faults += expect(p.exactly(9)[3:5], b'\4\0')
    with Peer(clear(gate)) as p:
        p.s.sendall(PREFACE[:18] + b'GET / HTTP/1.1\r\n\r\n')
        faults += expect(p.head()[0], 505)
    with Peer(clear(gate)) as p:
        faults += expect(p.ask('/echo', fields='Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'
                               'HTTP2-Settings: AAMAAABkAAQAAP__\r\n')[0], 200)
    return faults


def h2_drain(gate, origin):
    """What is under way ends well when the gate is told to end."""
    with subprocess.Popen(['curl', '-sk', '--http2', '-w', '%{http_code}', '-o', '/dev/null',
                           f'https://127.0.0.1:{gate.port}/slow?s=0.3'], stdout=subprocess.PIPE) as p:
        until(lambda: origin.at_once, 'the server is not asked')
        gate.process.send_signal(signal.SIGTERM)
        faults = expect(p.stdout.read(), b'200')
    return faults + expect(gate.process.wait(timeout=PATIENCE_S), 0)


ROWS = [through_tls, cached_through_tls, names, resumption, protocols, unfinished, websocket, slow_reader, mistakes,
        new_certificates, h2_requests, h2_bodies, h2_hits, h2_many, h2_left, h2_by_pieces, h2_drain]
ENGINES = (through_tls, slow_reader, h2_bodies, h2_hits, h2_drain)   # what depends on the engine


def main():
    with tempfile.TemporaryDirectory(prefix='prony-gate-front-') as folder, Origin() as origin:
        for engine in ('epoll', 'io_uring'):
            for i, name in enumerate(NAMES):
                certificate(folder, i, name, i == 1)
            with Gate(folder, CONFIG, engine, engine=engine, origin=origin.port, clear=free_port()) as gate:
                run_rows(ROWS if engine == 'io_uring' else ENGINES, gate, origin, prefix=f'{engine}: ')
    tap.end()


main()
