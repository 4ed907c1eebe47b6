#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every protocol of `prony load` against a real server, whose own count is compared. usage: protocols.py PRONY; prints
TAP."""
import os
import sys
import tempfile

from backends import Nginx, Postgres, Redis, certificate
from calls import Tap
from proof import Proof, equal, near
from talkers import Echo, Model

PRONY = os.path.abspath(sys.argv[1])
TOKEN, PASSWORD = 'token-e1f7a9', 'geheim-77c3'
SHORT = ('--rate', '300', '--for', '600ms')
# A handshake is a millisecond of the generator's CPU: one after another, or they make each other late.
APART = ('--rate', '100', '--for', '2s', '--arrivals', 'constant')
tap = Tap()
proof = Proof(PRONY, tap, (TOKEN, PASSWORD))


def scenario(folder, text):
    path = os.path.join(folder, 'scenario.yaml')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return '--scenario', path


# ---- HTTP ----

def nginx_counts(nginx, load, protocol, resumed=None, connections=None, probes=1):
    """Every request that prony counts is in nginx's log, and one more of the probe."""
    seen = nginx.requests()
    faults = equal('requests in the log', len(seen), load.phase.get('sent', -1) + probes)
    faults += equal('answered', load.phase.get('answered'), load.phase.get('sent'))
    faults += [f'{row}' for row in seen if row[2] != protocol or row[3] != '200'][:2]
    if resumed:
        share = sum(row[1] == 'r' for row in seen) / max(len(seen), 1)
        faults += near('share of resumed', share, *resumed)
    if connections:
        faults += near('connections', len({row[0] for row in seen}), *connections)
    return faults


def http(nginx):
    trusted = ('--ca', nginx.certificate)
    for name, port, words, protocol, more in [
            ('HTTP/1.1 over TLS', 'tls', trusted, 'HTTP/1.1', {'resumed': (0, 0)}),
            ('HTTP/1.1, the certificate not verified', 'tls', ('--insecure',), 'HTTP/1.1', {}),
            ('HTTP/2 by ALPN', 'tls', (*trusted, '--http2'), 'HTTP/2.0', {'connections': (1, 0)}),
            ('HTTP/2 in the clear', 'h2c', ('--http2',), 'HTTP/2.0', {'connections': (1, 0)}),
            ('HTTP/2, four streams', 'h2c', ('--http2', '--streams', 4, '--connections', 8), 'HTTP/2.0', {}),
            ('HTTP/2, one stream', 'tls', ('--http2', '--streams', 1, '-k'), 'HTTP/2.0', {}),
            ('HTTP/2, connections end after 50 requests', 'short_h2c', ('--http2',), 'HTTP/2.0', {'connections': (14, 10)}),
            ('HTTP/2 over TLS, likewise', 'short_tls', (*trusted, '--http2'), 'HTTP/2.0', {'connections': (14, 10)}),
            ('HTTP/1.1 over TLS, likewise', 'short_tls', trusted, 'HTTP/1.1', {'connections': (14, 10)})]:
        load = proof.load(nginx.url(port), *SHORT, *words, '-H', 'Authorization: Bearer ' + TOKEN, before=nginx.forget)
        proof.row(name, load, nginx_counts(nginx, load, protocol, **more))
    # A host that is slow to shake hands sees some more connections than requests / 50.
    # So often that many a request crosses the server's GOAWAY: it goes to the next connection.
    for port, words in (('short_h2c', ()), ('short_tls', (*trusted, '--streams', 8))):
        load = proof.load(nginx.url(port), '--rate', '2000', '--for', '700ms', '--http2', *words, before=nginx.forget)
        proof.row(f'HTTP/2, no request is lost where connections end, {port}', load,
                  nginx_counts(nginx, load, 'HTTP/2.0', connections=(45, 18)))
    # Of n requests about half are the last of their connection, each followed by a new one.
    load = proof.load(nginx.url('tls'), *APART, *trusted, '--reuse', '50%', before=nginx.forget)
    half = load.phase.get('sent', 0) / 2
    proof.row('half of the requests on a new connection', load,
              nginx_counts(nginx, load, 'HTTP/1.1', resumed=(0, 0), connections=(half, 0.2 * half + 2)))
    for share, low, high in (('100%', 0.9, 1), ('50%', 0.3, 0.7)):
        load = proof.load(nginx.url('tls'), *APART, *trusted, '--reuse', '0%', '--tls-resume', share, before=nginx.forget)
        middle = (low + high) / 2
        proof.row(f'{share} of TLS sessions resumed', load,
                  nginx_counts(nginx, load, 'HTTP/1.1', resumed=(middle, high - middle)))


def http_bodies(nginx, folder):
    """Compressed answers are looked into; what is posted arrives whole."""
    for version, words in (('HTTP/1.1', ()), ('HTTP/2.0', ('--http2',))):
        port = 'h2c' if words else 'port'
        flow = scenario(folder, f'''
base: {nginx.url(port, '')}
flows:
  - name: card
    steps:
      - get: /card.json
        expect: {{ status: 200, json: {{ /items/2: 3 }}, contains: card-4711 }}
        extract: {{ token: {{ json: /token }} }}
      - get: /page.txt?token=${{token}}
        expect: {{ status: 200, contains: xxxx }}
''')
        load = proof.load(*flow, *SHORT, *words, before=nginx.forget)
        seen = nginx.requests()
        routes = load.run.get('baseline', {}).get('routes', [])
        faults = equal('compressed', {row[5] for row in seen}, {'gzip'})
        faults += equal('encodings in the record', {r.get('content_encoding') for r in routes}, {'gzip'})
        faults += equal('answered', load.phase.get('answered'), load.phase.get('sent'))
        proof.row(f'gzip, looked into, {version}', load, faults)
        body = 'order=' + 'y' * 30000
        flow = scenario(folder, f'''
base: {nginx.url(port, '')}
flows:
  - {{ post: /post, body: "{body}", headers: {{ Content-Type: text/plain }}, expect: {{ status: 200 }} }}
''')
        load = proof.load(*flow, *SHORT, *words, before=nginx.forget)
        posts = [int(row[4]) for row in nginx.requests() if row[2] == version and int(row[4]) > 20000]
        faults = equal('posts', len(posts), load.phase.get('sent', -1) + 1)
        faults += equal('answered', load.phase.get('answered'), load.phase.get('sent'))
        faults += [f'{n} bytes came, of {len(body)}' for n in posts if not len(body) < n < len(body) + 400][:1]
        proof.row(f'POST of 30 kB, {version}', load, faults)


def http_refusals(nginx, folder):
    for name, words, says in [
            ('a certificate that nobody knows', (), ('certificate', '--ca')),
            ('a certificate of another authority', ('--ca', certificate(folder, 'stranger')), ('certificate',)),
            ('HTTP/2 over TLS, likewise', ('--http2',), ('certificate', '--ca'))]:
        proof.refused(name, proof.load(nginx.url('tls'), *SHORT, *words), 4, *says)
    proof.refused('a file of authorities that is not there', proof.load(nginx.url('tls'), *SHORT, '--ca', folder + '/none'),
                  2, folder + '/none')
    proof.refused('HTTP/2 where there is none', proof.load(nginx.url('port'), *SHORT, '--http2'), 4, 'HTTP/2')
    proof.refused('TLS where there is none', proof.load(f'https://127.0.0.1:{nginx.port}/', *SHORT), 4, 'TLS')


# ---- WebSocket ----

def websocket(nginx, echo, folder):
    for name, base, words in [('WebSocket', f'ws://127.0.0.1:{echo.port}/', ()),
                              ('WebSocket over TLS', f'wss://127.0.0.1:{nginx.ports["tls"]}/socket',
                               ('--ca', nginx.certificate))]:
        flow = scenario(folder, f'''
base: {base}
headers: {{ Authorization: Bearer {TOKEN} }}
flows:
  - {{ name: greet, message: "hello ${{sequence()}}", expect: {{ contains: hello }} }}
''')
        load = proof.load(*flow, *SHORT, *words, before=echo.texts.clear)
        faults = equal('messages heard', len(echo.texts), load.phase.get('sent', -1) + 1)
        faults += equal('answered', load.phase.get('answered'), load.phase.get('sent'))
        faults += equal('different messages', len(set(echo.texts)), load.phase.get('sent', -1))
        faults += equal('the header of the upgrade', {h.get('authorization') for h in echo.upgrades}, {'Bearer ' + TOKEN})
        proof.row(name, load, faults)
    flow = scenario(folder, f'''
base: ws://127.0.0.1:{echo.port}/
flows: [ {{ name: greet, weight: 9, message: hello }}, {{ name: leave, message: bye }} ]
''')
    load = proof.load(*flow, *SHORT, before=echo.texts.clear)
    faults = equal('closed', load.phase.get('error_closed'), load.phase.get('errors'))
    faults += near('of those that left', load.phase.get('errors'), echo.texts.count('bye') - 1, 1)   # the probe asks two
    faults += [] if load.phase.get('errors') else ['nobody left']
    proof.row('a WebSocket that the server closes', load, faults)


# ---- PostgreSQL ----

def postgres(folder):
    with Postgres(PASSWORD) as server:
        base = f'postgresql://shop:{PASSWORD}@127.0.0.1:{server.port}/postgres'
        server.sql('CREATE TABLE orders (n bigint, customer text, price numeric)')
        inserts = f'''
base: {base}
flows:
  - name: order
    query: INSERT INTO orders VALUES ($1, $2, $3)
    parameters: ["${{sequence()}}", "O'Neil; ${{uuid()}}", "${{random(1, 99)}}.50"]
'''
        for name, words in (('PostgreSQL', ()), ('PostgreSQL, 8 statements in a pipeline', ('--streams', 8, '--connections', 1))):
            load = proof.load(*scenario(folder, inserts), *SHORT, *words, before=lambda: server.sql('TRUNCATE orders'))
            rows, numbers = server.sql('SELECT count(*), count(DISTINCT n) FROM orders').split('|')
            faults = equal('rows', int(rows), load.phase.get('answered', -1) + 1)
            faults += equal('different numbers', int(numbers), load.phase.get('answered'))
            faults += equal('answered', load.phase.get('answered'), load.phase.get('sent'))
            proof.row(name, load, faults)
        load = proof.load(*scenario(folder, f'''
base: {base}
flows:
  - {{ name: count, query: SELECT count(*) AS n FROM orders, expect: {{ lacks: nothing }} }}
  - {{ name: divide, query: "SELECT 1 / $1::int", parameters: ["0"] }}
'''), *SHORT)
        routes = {r['route']: r for r in load.run.get('baseline', {}).get('routes', [])}
        faults = [] if '22012' in (load.phase.get('first_error') or '') else [f'{load.phase.get("first_error")}']
        faults += equal('errors', load.phase.get('error_status'), routes.get('divide', {}).get('requests'))
        faults += equal('errors of the other', routes.get('count', {}).get('errors'), 0)
        proof.row('an error of a statement', load, faults)
        for name, text, says in [
                ('a wrong password', inserts.replace(PASSWORD, PASSWORD + 'x'), ('28P01', 'shop')),
                ('a statement that is none', f'base: {base}\nflows: [ {{ query: SELEC 1 }} ]', ('42601',)),
                ('a table that is not there', f'base: {base}\nflows: [ {{ query: TABLE none }} ]', ('42P01',))]:
            proof.refused('PostgreSQL: ' + name, proof.load(*scenario(folder, text), *SHORT), 4, *says)


# ---- Redis ----

def redis_counts(server, load):
    return equal('the counter', int(server.ask('GET', 'counter') or 0), load.phase.get('answered', -1) + 1) + \
        equal('answered', load.phase.get('answered'), load.phase.get('sent'))


def redis(folder):
    with Redis(PASSWORD) as server:
        base = f'redis://:{PASSWORD}@127.0.0.1:{server.port}/'
        for name, url, words in [('Redis', base, ()), ('Redis, 16 commands in a pipeline', base, ('--streams', 16,
                                                                                                  '--connections', 1)),
                                 ('Redis, RESP3', base + '0?protocol=3', ())]:
            load = proof.load(*scenario(folder, f'base: {url}\nflows: [ {{ command: [INCR, counter] }} ]'), *SHORT, *words,
                              before=lambda: server.ask('FLUSHALL'))
            proof.row(name, load, redis_counts(server, load))
        load = proof.load(*scenario(folder, f'''
base: {base}
flows:
  - name: visit
    steps:
      - {{ name: write, command: [SET, "user:${{sequence()}}", "O'Neil ${{uuid()}}"] }}
      - {{ name: read, command: [GET, "user:${{sequence()}}"], expect: {{ contains: "O'Neil" }} }}
'''), *SHORT, '--streams', 4, '--connections', 2, before=lambda: server.ask('FLUSHALL'))
        routes = {r['route']: r['answered'] for r in load.run.get('baseline', {}).get('routes', [])}
        proof.row('Redis: what was written is read', load, equal('answered', load.phase.get('answered'),
                  load.phase.get('sent')) + equal('keys', int(server.ask('DBSIZE')), routes.get('write')))
        server.ask('SET', 'word', 'none')
        load = proof.load(*scenario(folder, f'''
base: {base}
flows: [ {{ name: good, command: [GET, word] }}, {{ name: bad, command: [INCR, word] }} ]
'''), *SHORT)
        routes = {r['route']: r for r in load.run.get('baseline', {}).get('routes', [])}
        proof.row('an error of a command', load, equal('errors', load.phase.get('error_status'),
                  routes.get('bad', {}).get('requests')) + equal('first', load.phase.get('first_error'), 'ERR'))
        moved = "return redis.error_reply('MOVED 3999 127.0.0.1:6381')"
        load = proof.load(*scenario(folder, f'''
base: {base}
flows: [ {{ name: good, weight: 9, command: [PING] }}, {{ name: moved, command: [EVAL, "{moved}", "0"] }} ]
'''), *SHORT, '--streams', 4)
        routes = {r['route']: r for r in load.run.get('baseline', {}).get('routes', [])}
        proof.row('a key that has moved', load, equal('errors', load.phase.get('error_status'),
                  routes.get('moved', {}).get('requests')) + equal('first', load.phase.get('first_error'), 'MOVED'))
        for name, url, says in [('a wrong password', base.replace(PASSWORD, PASSWORD + 'x'), ('WRONGPASS',)),
                                ('no password', f'redis://127.0.0.1:{server.port}/', ('NOAUTH',)),
                                ('a wrong password, RESP3', base.replace(PASSWORD, PASSWORD + 'x') + '0?protocol=3',
                                 ('WRONGPASS',))]:
            proof.refused('Redis: ' + name, proof.load(url, *SHORT), 4, *says)


# ---- streams ----

def streams(folder):
    for kind, how in (('plain', 'openai'), ('wide', 'openai'), ('events', 'sse')):
        with Model() as model:
            load = proof.load(*scenario(folder, f'''
base: http://127.0.0.1:{model.port}/
flows:
  - {{ name: ask, post: /{kind}, body: '{{"stream": true}}', stream: {how} }}
'''), '--rate', '10', '--for', '2s', '--arrivals', 'constant', before=lambda: model.__init__())
            first, token = model.medians()
            p = load.phase
            faults = equal('answered', p.get('answered'), p.get('sent'))
            faults += near('first', p.get('first_event', {}).get('p50'), first, 0.02)
            faults += near('each token', p.get('token', {}).get('p50'), token, 0.01)
            faults += equal('tokens', p.get('tokens', -1), model.tokens_said - model.tokens_said // len(model.first_s))
            faults += equal('estimated', p.get('tokens_estimated', 0), 0 if kind == 'wide' else p.get('tokens'))   # it tells itself
            faults += equal('posts', set(model.bodies), {'{"stream": true}'})
            proof.row(f'a stream of tokens: {kind}', load, faults)
    with Model() as model:
        for kind, count, says in (('broken', 'error_status', 'error'), ('cut', 'error_status', '[DONE]'),
                                  ('gone', 'error_closed', 'closed')):
            load = proof.load(*scenario(folder, f'''
base: http://127.0.0.1:{model.port}/
flows: [ {{ name: good, post: /plain, stream: openai }}, {{ name: bad, post: /{kind}, stream: openai }} ]
'''), '--rate', '10', '--for', '1s', '--arrivals', 'constant')
            faults = equal(count, load.phase.get(count), load.phase.get('errors'))
            faults += equal('good ones', load.phase.get('answered'), load.phase.get('sent', 0) - load.phase.get('errors', 0))
            faults += [] if load.phase.get('errors', 0) >= 3 else ['too few errors']
            faults += [] if says in (load.phase.get('first_error') or '') else [f'{load.phase.get("first_error")}']
            proof.row(f'a stream of tokens: {kind}', load, faults)


def main():
    with tempfile.TemporaryDirectory(prefix='prony-protocols-') as folder:
        with Echo() as echo, Nginx(echo.port) as nginx:
            http(nginx)
            http_bodies(nginx, folder)
            http_refusals(nginx, folder)
            websocket(nginx, echo, folder)
        postgres(folder)
        redis(folder)
        streams(folder)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
