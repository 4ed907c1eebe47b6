#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate before an origin that answers for many: who shares a call, what each gets of it, and what becomes of all when
it fails. How many calls there are is a matter of time; what is in them is not. usage: gate_batch.py PRONY; prints TAP."""
import asyncio
import contextlib
import json
import tempfile
from urllib.parse import unquote

from gate_origin import Origin, fields_of, response
from gates import Gate, Peer, ask, expect, request, run_rows, tap, until
from h2_peer import H2Peer

N = 40
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 1
metrics: 127.0.0.1:{metrics}
upstreams:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
  hasty: {{ servers: ["127.0.0.1:{origin}"], timeouts: {{ response: 200ms }} }}
routes:
  - match: /products
    upstream: origin
    cache: {{ enabled: true }}
    batch: {{ from: "/products/{{id}}", into: "/many?ids={{id}}&v=1", items: /data, by: /id, size: 40, wait: 100ms }}
  - match: /mine
    upstream: origin
    batch: {{ from: "/mine?id={{id}}", into: /bodied, body: '{{"ids": [{{id}}]}}', by: name, wait: 100ms, max_answer: 1KiB,
              fields: [Authorization] }}
  - match: /row
    upstream: origin
    batch: {{ from: "/row/{{n}}", into: "/row-list?n={{n}}", join: "&n=", keys: number, by: order, wait: 100ms }}
  - match: /late
    upstream: hasty
    batch: {{ from: "/late/{{id}}", into: "/never?ids={{id}}", by: /id }}
  - {{ match: /, upstream: origin }}
'''


class Shop(Origin):
    """Every answer for many says of an item what it is asked by; keys that begin with a word bring about what it says."""

    def __init__(self):
        super().__init__()
        self.held = True

    async def answer(self, writer, keys, items):
        """`held`: not before it is let go."""
        words = {key.split('-')[0] for key in keys}
        if 'held' in words:
            while self.held:
                await asyncio.sleep(0.005)
        if status := words & {'401', '403', '404', '429', '500', '503'}:
            writer.write(response(status.pop() + ' Status', b'whatever', Retry_After='7', WWW_Authenticate='Basic realm="x"'))
        elif 'text' in words:
            writer.write(response('200 OK', b'<html>'))
        elif 'large' in words:
            writer.write(response('200 OK', b'"' + b'x' * 100000 + b'"'))
        elif 'breaks' in words:
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[')
            return False
        else:
            more = {'Set_Cookie': 'a=b'} if 'cookie' in words else {}
            writer.write(response('200 OK', items, Content_Type='application/json', Cache_Control='max-age=600',
                                  ETag='"all"', Via='1.1 inner', **more))
        return True

    async def do_many(self, reader, writer, method, fields, query, head, body):
        keys = query['ids'].split(',')   # decoded, but no key here has a comma
        items = ['{"price": 1.10, "id": %s}' % json.dumps(key) for key in reversed(keys) if not key.startswith('no')]
        items += ['null'] if 'no-null' in keys else []
        return await self.answer(writer, keys, f'{{"data": [{", ".join(items)}]}}'.encode())

    async def do_bodied(self, reader, writer, method, fields, query, head, body):
        keys = json.loads(body)['ids']
        return await self.answer(writer, keys, json.dumps({key: {'of': fields.get('authorization')} for key in keys}).encode())

    async def do_row_list(self, reader, writer, method, fields, query, head, body):
        numbers = [word.split('=')[1] for word in head.split(b' ')[1].decode().split('?')[1].split('&')]
        return await self.answer(writer, numbers, json.dumps([int(n) for n in numbers] + [0] * ('666' in numbers)).encode())

    async def do_products(self, reader, writer, *_):
        writer.write(response('401 Unauthorized', b'', WWW_Authenticate='Basic realm="own"'))

    async def do_never(self, reader, writer, *_):
        await asyncio.sleep(20)

    def calls(self, path):
        """The requests for it, in the order of their coming."""
        return [(head, body) for head, body in self.seen if head.split(b' ')[1].split(b'?')[0].decode() == path]

    def keys(self):
        """Of each call for products."""
        return [unquote(head.split(b' ')[1].split(b'ids=')[1].split(b'&')[0].decode()).split(',')
                for head, _ in self.calls('/many')]


@contextlib.contextmanager
def busy(gate, shop, path, call):
    """Meanwhile a call of the route is under way, so that the next ones wait for each other."""
    shop.held, before = True, len(shop.calls(call))
    with Peer(gate.port) as p:
        p.send(request(path))
        until(lambda: len(shop.calls(call)) > before, 'the first one does not come at once')
        yield
        shop.held = False
        status, _, _ = p.answer()
        assert status == 200, status


def together(gate, paths, fields=lambda i: ''):
    """All are sent before an answer is read."""
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Peer(gate.port)) for _ in paths]
        for i, (p, path) in enumerate(zip(peers, paths)):
            p.send(request(path, fields=fields(i)))
        return [p.answer() for p in peers]


# ---- what goes well

def alone(gate, shop):
    """Nobody waits who is alone; the item comes byte for byte, with what the answer says of all."""
    status, fields, body = ask(gate.port, '/products/a%2fb')
    head = shop.calls('/many')[0][0]
    faults = expect(status, 200) + expect(body, b'{"price": 1.10, "id": "a/b"}')
    faults += expect(fields.get('content-type'), 'application/json') + expect(fields.get('etag'), None)
    faults += expect(fields.get('via'), '1.1 prony') + expect('stored' in fields['cache-status'], True)
    faults += expect(head.startswith(b'GET /many?ids=a%2Fb&v=1 HTTP/1.1\r\n'), True)
    faults += expect('for=_prony' in fields_of(head)['forwarded'][0] and b'X-Forwarded-For' not in head, True)
    return faults + expect(gate.figure('batches_total{route="/products",closed="idle"}'), 1)


def many(gate, shop):
    """Each gets its own, and there are fewer calls than requests; nothing is asked for twice."""
    shop.clear()
    with busy(gate, shop, '/products/held', '/many'):
        answers = together(gate, [f'/products/{i}' for i in range(N)])
    faults = []
    for i, (status, _, body) in enumerate(answers):
        faults += expect((status, body), (200, b'{"price": 1.10, "id": "%d"}' % i))
    asked = [key for keys in shop.keys() for key in keys]
    faults += expect(sorted(asked), sorted(['held'] + [str(i) for i in range(N)]))
    return faults + ([] if len(shop.keys()) < N else [f'{len(shop.keys())} calls'])


def stored(gate, shop):
    """Each item under its own key, as long as the answer says."""
    shop.clear()
    faults = []
    for i in range(N):
        status, fields, body = ask(gate.port, f'/products/{i}')
        faults += expect((status, body), (200, b'{"price": 1.10, "id": "%d"}' % i)) + expect('hit' in fields['cache-status'], True)
    return faults + expect(shop.seen, [])


def with_cookie(gate, shop):
    """What sets a cookie is for nobody else, and the cookie for nobody at all."""
    faults = []
    for _ in range(2):
        status, fields, _ = ask(gate.port, '/products/cookie-1')
        faults += expect(status, 200) + expect(fields.get('set-cookie'), None) + expect('hit' in fields.get('cache-status', ''), False)
    return faults


def the_same(gate, shop):
    """Where nothing is cached, who asks for the same at the same time shares an item; nobody shares another's name."""
    shop.clear()
    with busy(gate, shop, '/mine?id=held', '/bodied'):
        answers = together(gate, ['/mine?id=x'] * 9, lambda i: f'Authorization: Bearer {i % 3}\r\n')
    faults = []
    for i, (status, _, body) in enumerate(answers):
        faults += expect((status, body), (200, json.dumps({'of': [f'Bearer {i % 3}']}).encode()))
    calls = [json.loads(body)['ids'] for _, body in shop.calls('/bodied')]
    faults += expect([keys for keys in calls if keys not in (['held'], ['x'])], [])
    return faults + ([] if len(calls) < 10 else [f'{len(calls)} calls'])


def by_order(gate, shop):
    shop.clear()
    answers = together(gate, [f'/row/{i}' for i in (7, 3, 12)])
    faults = [f for (status, _, body), n in zip(answers, (7, 3, 12)) for f in expect((status, body), (200, b'%d' % n))]
    answers = together(gate, ['/row/666'])
    return faults + expect(answers[0][0], 502) + expect(ask(gate.port, '/row/x')[0], 200) + expect(
        shop.paths()[-1], '/row/x')


# ---- who goes by himself

def by_itself(gate, shop):
    """What is no request of the batch, or is for one client."""
    shop.clear()
    rows = [('/products/own?lang=de', 'GET', '', b''), ('/products/own/more', 'GET', '', b''), ('/products/own', 'POST', '', b'x'),
            ('/products/own-1', 'GET', 'Authorization: x\r\n', b''), ('/products/own-2', 'GET', 'Cookie: a=b\r\n', b''),
            ('/products/own-3', 'HEAD', '', b'')]
    for path, method, fields, body in rows:
        ask(gate.port, path, method, fields=fields, body=body)
    return expect(shop.paths(), [path for path, *_ in rows])


def leaver(gate, shop):
    """Who goes away takes nothing from the others."""
    shop.clear()
    with busy(gate, shop, '/mine?id=held', '/bodied'):
        with Peer(gate.port) as gone:
            gone.send(request('/mine?id=gone'))
        answers = together(gate, ['/mine?id=stays', '/mine?id=gone'])
    return [f for status, _, body in answers for f in expect((status, body), (200, b'{"of": null}'))]


# ---- what fails

def missing(gate, shop):
    """Not there, or null: 404 to those who asked for it alone, and it is asked for again."""
    shop.clear()
    answers = together(gate, ['/products/no-1', '/products/yes-1', '/products/no-null'])
    faults = expect([status for status, *_ in answers], [404, 200, 404])
    ask(gate.port, '/products/no-1')
    return faults + expect(sum('no-1' in keys for keys in shop.keys()), 2)


def failures(gate, shop):
    """One answer to all."""
    faults = []
    rows = [('500', 500), ('503', 503), ('403', 403), ('429', 429), ('404', 502), ('text', 502), ('large', 502), ('breaks', 502)]
    for word, wanted in rows:
        for status, fields, _ in together(gate, [f'/mine?id={word}-{i}' for i in range(3)]):
            faults += [f'{word}: {f}' for f in expect(status, wanted)]
            if word in ('503', '429'):
                faults += expect(fields.get('retry-after'), '7')
    for status, *_ in together(gate, ['/late/1', '/late/2']):
        faults += expect(status, 504)
    return faults + ([] if gate.figure('batches_failed_total{route="/mine"}') >= len(rows) else ['failures are not counted'])


def challenged(gate, shop):
    """Each asks for itself, and gets the challenge that it needs."""
    shop.clear()
    faults = []
    for status, fields, _ in together(gate, ['/products/401-1', '/products/401-2']):
        faults += expect((status, fields.get('www-authenticate')), (401, 'Basic realm="own"'))
    return faults + expect(sorted(p for p in shop.paths() if 'many' not in p), ['/products/401-1', '/products/401-2'])


# ---- streams of HTTP/2

def streams(gate, shop):
    """Those of one connection that come together are one call, and each gets its own."""
    shop.clear()
    with busy(gate, shop, '/products/held-streams', '/many'), H2Peer(gate.port) as p:
        keys = [f'stream-{i}' for i in range(N // 2)]
        answers = p.ask(*(f'/products/{key}' for key in keys))
    faults = expect(answers, [[200, b'{"price": 1.10, "id": "%s"}' % key.encode()] for key in keys])
    return faults + expect(shop.keys(), [['held-streams'], keys])


def stream_reset(gate, shop):
    """A stream that ends while it waits takes nothing from the others, not even from who waits for the same; its
    connection goes on."""
    shop.clear()
    with busy(gate, shop, '/mine?id=held-reset', '/bodied'), H2Peer(gate.port) as p:
        left, *stay = p.begin('/mine?id=left', '/mine?id=stays-1', '/mine?id=stays-2', left=['/mine?id=left'])
        gone, = p.begin('/mine?id=twice', left=['/mine?id=twice'])
        stay += p.begin('/mine?id=twice')
        faults = expect(p.finish(stay), [[200, b'{"of": null}']] * 3)
        faults += expect(p.ask('/mine?id=left'), [[200, b'{"of": null}']])
        faults += expect([s for s in (left, gone) if p.answers.get(s, ['reset'])[0] != 'reset'], [])
    return faults


def stream_failures(gate, shop):
    """A call that fails is an error for each stream that waits for it, and for no other one of the connection."""
    faults = []
    rows = [('500', 500), ('503', 503), ('403', 403), ('429', 429), ('404', 502), ('text', 502), ('large', 502), ('breaks', 502)]
    with H2Peer(gate.port) as p:
        for word, wanted in rows:
            with busy(gate, shop, f'/mine?id=held-{word}', '/bodied'):
                shop.clear()
                answers = p.ask(*(f'/mine?id={word}-{i}' for i in range(3)), f'/products/beside-{word}')
            faults += [f'{word}: {f}' for f in expect([status for status, _ in answers], [wanted] * 3 + [200])]
            calls = [json.loads(body)['ids'] for _, body in shop.calls('/bodied')]
            faults += [f'{word}: {f}' for f in expect([len(keys) for keys in calls if 'held' not in keys[0]], [3])]
        faults += expect([status for status, _ in p.ask('/late/3', '/late/4')], [504, 504])
        faults += expect(p.ask('/mine?id=after'), [[200, b'{"of": null}']])
    return faults


def counted(gate, shop):
    f = gate.figures()
    items, asked = (f['prony_gate_batch_%s_total{route="/mine"}' % of] for of in ('items', 'requests'))
    return expect(0 < items <= asked, True) + expect(shop.bad, [])


def ends(gate, shop):
    return expect(gate.end(), 0)


ROWS = [alone, many, stored, with_cookie, the_same, by_order, by_itself, leaver, missing, failures, challenged, streams,
        stream_reset, stream_failures, counted, ends]


def main():
    with tempfile.TemporaryDirectory(prefix='prony-batch-') as folder, Shop() as shop:
        with Gate(folder, CONFIG, origin=shop.port) as gate:
            run_rows(ROWS, gate, shop)
    tap.end()


main()
