#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Scenarios of `prony load` against a shop that remembers what it was asked. usage: flows.py PRONY; prints TAP."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter

from calls import Tap
from proof import Proof, equal, near
from talkers import Shop

PRONY = os.path.abspath(sys.argv[1])
EVEN = ('--arrivals', 'constant')
UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}')
tap = Tap()
proof = Proof(PRONY, tap, ('geheim-4711',))


class Bench:
    """A shop, a folder for scenarios and their files."""

    def __init__(self, shop, folder):
        self.shop, self.folder = shop, folder

    def put(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8', newline='') as f:
            f.write(text)
        return path

    def load(self, text, *words, **more):
        base = '' if 'base:' in text else f'base: http://127.0.0.1:{self.shop.port}\n'
        return proof.load('--scenario', self.put('scenario.yaml', base + text.strip() + '\n'), *words,
                          before=self.shop.log.clear, **more)


def routes(load):
    return {r['route']: r for r in load.run.get('baseline', {}).get('routes', [])}


def all_answered(load):
    return equal('answered', load.phase.get('answered'), load.phase.get('sent')) + \
        ([] if load.phase.get('sent') else ['nothing was sent'])


# ---- which, and in which order ----

def weights(b):
    text = '''
flows:
  - { get: "/often?n=${sequence()}", name: often, weight: 3 }
  - { get: "/seldom?n=${sequence()}", name: seldom }
'''
    counts, lines = [], []
    for seed in ('7', '7', '8'):
        load = b.load(text, *EVEN, '--rate', '800', '--for', '1s', '--seed', seed)
        counts.append((len(b.shop.of('/often')), len(b.shop.of('/seldom'))))
        lines.append(b.shop.lines())
        of = routes(load)
        faults = all_answered(load) + equal('in the log', sum(counts[-1]), load.phase.get('sent', -2) + 2)
        # Of 800 draws with chance 3/4, four standard deviations are 49.
        faults += near('often', of.get('often', {}).get('requests'), 600, 49)
        proof.row(f'three to one, seed {seed}', load, faults)
    tap.row('the same seed asks the same', equal('counts', *counts[:2]) + equal('requests', *lines[:2]))
    tap.row('another seed asks otherwise', [] if lines[1] != lines[2] else ['the same'])


def extraction(b):
    text = '''
variables: { shop: "Nord & Süd", visit: "${uuid()}" }
flows:
  - name: buy
    steps:
      - get: /login?n=${sequence()}
        expect: { status: 200, header: { x-cart: "" } }
        extract: { token: { json: "/users/1/token~1x" }, cart: { header: X-Cart } }
      - get: /page?n=${sequence()}&visit=${visit}
        extract: { item: { regex: '/item/([0-9]+)' } }
      - think: 10ms
      - post: /order/${item}?n=${sequence()}&shop=${shop}
        headers: { Authorization: "Bearer ${token}", X-Cart: "${cart}", Content-Type: text/plain }
        body: "${item} of ${shop} in ${cart}, visit ${visit}"
        expect: { status: 2xx, contains: fine, lacks: sold }
'''
    lines = []
    for _ in range(2):
        load = b.load(text, *EVEN, '--rate', '100', '--for', '1s')
        lines.append(b.shop.lines())
        orders = [a for a in b.shop.log if a.path.startswith('/order/')]
        visits = {a.query['n']: a.query['visit'] for a in b.shop.of('/page')}
        faults = all_answered(load)
        for a in orders:
            n = a.query['n']
            item = str(1000 + int(n))
            got = (a.path, a.headers['authorization'], a.headers['x-cart'], a.query['shop'], a.body)
            faults += equal('an order', got, ('/order/' + item, 'Bearer token-' + n, 'cart-' + n, 'Nord & Süd',
                                              f'{item} of Nord & Süd in cart-{n}, visit {visits.get(n)}'))[:3]
        faults += [] if len(orders) > 90 else [f'{len(orders)} orders']
        faults += [] if len(set(visits.values())) > 90 and all(map(UUID.fullmatch, visits.values())) else ['visits']
        proof.row('what answers tell reaches the next request', load, faults)
    tap.row('flows of the same seed ask the same', equal('requests', *(strip_tail(x) for x in lines)))


def strip_tail(lines):
    """The last users may have been in the middle of their flow when the window ended."""
    last = max((n for n, *_ in lines), default=0)
    return [line for line in lines if line[0] < last - 5]


def expectation(b):
    load = b.load('''
flows:
  - name: buy
    steps:
      - { get: "/stock?n=${sequence()}", name: stock, expect: { contains: in stock } }
      - { get: "/order?n=${sequence()}", name: order }
''', *EVEN, '--rate', '200', '--for', '1s')
    empty = [int(a.query['n']) for a in b.shop.of('/stock') if int(a.query['n']) % 3 == 0]
    ordered = {int(a.query['n']) for a in b.shop.of('/order')}
    faults = equal('not as expected', load.phase.get('error_expect'), len(empty) - 1)     # the probe's is one of them
    faults += equal('errors', load.phase.get('errors'), load.phase.get('error_expect'))
    faults += [f'{n} was ordered' for n in ordered if n % 3 == 0]
    faults += [] if len(ordered) > 120 else [f'{len(ordered)} orders']
    faults += equal('errors of the route', routes(load).get('stock', {}).get('errors'), load.phase.get('errors'))
    proof.row('a failed expectation ends its flow', load, faults)
    load = b.load('''
flows: [ { get: /nothing, name: gone, expect: { status: [200, 404] } }, { get: /nothing, name: wrong, expect: { status: 200 } },
         { name: blind, steps: [ { get: /fine, extract: { id: { json: /id } } }, { get: "/never?id=${id}" } ] } ]
''', *EVEN, '--rate', '300', '--for', '500ms')
    of = routes(load)
    faults = equal('gone', of.get('gone', {}).get('errors'), 0)
    for name in ('wrong', '/fine'):
        faults += equal(name, of.get(name, {}).get('errors'), of.get(name, {}).get('requests', -1))
    faults += equal('went on', b.shop.of('/never'), [])
    faults += equal('not as expected', load.phase.get('error_expect'), load.phase.get('errors'))
    proof.row('statuses, and what cannot be extracted', load, faults)


# ---- when ----

def pauses(b, think):
    """Of each flow, the seconds from the first answer to the second request, in the order of arrivals; but for the number
    0, which is the probe's, too."""
    load = b.load(f'''
flows:
  - name: visit
    steps: [ {{ get: "/a?n=${{sequence()}}" }}, {{ think: {think} }}, {{ get: "/b?n=${{sequence()}}" }} ]
''', *EVEN, '--rate', '150', '--for', '1500ms')
    left = {a.query['n']: a.answered for a in b.shop.of('/a')}
    found = sorted((int(a.query['n']), a.at - left[a.query['n']]) for a in b.shop.of('/b') if a.query['n'] != '0')
    return load, [seconds for _, seconds in found]


def thinking(b):
    load, found = pauses(b, '120ms')
    faults = all_answered(load) + near('median', statistics.median(found), 0.12, 0.01)
    faults += [f'{s} s' for s in found if s < 0.118][:3]
    proof.row('a constant pause', load, faults)
    load, found = pauses(b, '{ exponential: 30ms }')
    again_load, again = pauses(b, '{ exponential: 30ms }')
    # 200 of them: their mean is known to 7 %, and is the same for the seed.
    faults = near('mean', statistics.fmean(found[:200]), 0.03, 0.01)
    faults += near('median', statistics.median(found[:200]), 0.03 * 0.693, 0.01)
    apart = statistics.median(abs(x - y) for x, y in zip(found[:200], again[:200]))
    faults += near('the same pauses again', apart, 0, 0.003) + proof.faults(again_load)
    proof.row('an exponential pause', load, faults)
    load, found = pauses(b, '{ lognormal: 30ms, sigma: 0.5 }')
    proof.row('a lognormal pause', load, near('mean', statistics.fmean(found[:200]), 0.03, 0.008) +
              near('median', statistics.median(found[:200]), 0.0265, 0.008))


def stages(b):
    text = '''
stages: [ { from: 0/s, to: 400/s, for: 1s }, { rate: 100/s, for: 1s } ]
arrivals: constant
flows: [ { get: "/a?n=${sequence()}" } ]
'''
    load = b.load(text)
    offered = load.phase.get('offered_by_second') or [0, 0]
    faults = all_answered(load) + near('first second', offered[0], 200, 2) + near('second second', offered[-1], 100, 2)
    times = [a.at for a in b.shop.log[1:]]
    first_half = sum(t < times[0] + 0.5 for t in times)
    proof.row('stages', load, faults + near('in the first half second', first_half, 50, 15))
    proof.row('flags say more than the scenario', load := b.load(text, '--rate', '50', '--for', '400ms'),
              near('scheduled', load.phase.get('scheduled'), 20, 1))


def replay(b):
    b.put('recorded', '# a comment\n' + ''.join(f'{0.02 * i:.3f} {"buy" if i % 5 == 0 else "look"}\n' for i in range(50)))
    load = b.load('replay: recorded\nflows: [ { get: /look, name: look }, { name: buy, get: "/buy" } ]')
    paths = [a.path for a in b.shop.log[2:]]
    faults = all_answered(load) + equal('order', paths, ['/buy' if i % 5 == 0 else '/look' for i in range(50)])
    times = [a.at for a in b.shop.log[2:]]
    faults += near('length', times[-1] - times[0], 0.98, 0.05)
    proof.row('a replay of arrivals beside the scenario', load, faults)
    load = b.load('replay: recorded\nflows: [ { get: /look, name: look }, { name: buy, get: "/buy" } ]', '--speed', '4')
    times = [a.at for a in b.shop.log[2:]] or [0]
    proof.row('four times as fast', load, near('length', times[-1] - times[0], 0.245, 0.03))


# ---- with what ----

def feeders(b):
    b.put('users.csv', 'id,name\n1,Ann\n2,"O\'Neil, Bo"\n3,"say ""hi"""\n4,Zoë & Co\n5,"two\r\nlines"\n')
    names = {'1': 'Ann', '2': "O'Neil, Bo", '3': 'say "hi"', '4': 'Zoë & Co', '5': 'two\r\nlines'}
    counts = {}
    for order in ('sequential', 'random', 'zipf'):
        lines = []
        for _ in range(2):
            load = b.load(f'''
feeders: {{ users: {{ file: users.csv, order: {order} }} }}
flows: [ {{ get: "/hi?n=${{sequence()}}&id=${{users.id}}&name=${{users.name}}", headers: {{ X-Name: "${{users.name}}" }} }} ]
''', *EVEN, '--rate', '500', '--for', '500ms')
            lines.append(b.shop.lines())
        asked = b.shop.of('/hi')[1:]
        faults = all_answered(load) + equal('twice', *lines)
        faults += [f'{a.query}' for a in asked if names[a.query['id']] != a.query['name']][:2]
        faults += [f'{a.headers}' for a in asked if a.query['id'] == '5' and a.headers['x-name'] not in ('two  lines', 'two lines')][:2]
        counts[order] = Counter(a.query['id'] for a in asked)
        if order == 'sequential':
            faults += [f'{a.target}' for a in asked if int(a.query['id']) != int(a.query['n']) % 5 + 1][:2]
        faults += equal('rows', set(counts[order]), set(names))
        proof.row(f'a feeder, {order}', load, faults)
    # Zipf's shares of five rows: 1/i over 137/60; of 250 draws, four standard deviations.
    for i in range(1, 6):
        share = 60 / 137 / i
        tap.row(f'row {i} after Zipf', near('count', counts['zipf'][str(i)], 250 * share, 4 * (250 * share * (1 - share)) ** 0.5))


def functions(b):
    before = time.time() * 1000
    load = b.load('''
headers: { X-Key: "${env(SHOP_KEY)}" }
flows:
  - post: /f?n=${sequence()}&die=${random(1, 6)}&pick=${choice(red, "a, b", 'c)')}&id=${uuid()}
    headers: { X-At: "${time(ms)}", Content-Type: application/json }
    body: '{"literal": "$${die}", "twice": [${random(-5, 5)}, ${random(-5, 5)}]}'
''', *EVEN, '--rate', '500', '--for', '600ms', prefix=('env', 'SHOP_KEY=geheim-4711'))
    asked = b.shop.of('/f')[1:]
    faults = all_answered(load) + equal('numbers', sorted(int(a.query['n']) for a in asked), list(range(len(asked))))
    faults += equal('dice', {a.query['die'] for a in asked}, set('123456'))
    faults += equal('picks', {a.query['pick'] for a in asked}, {'red', 'a, b', 'c)'})
    faults += [] if len({a.query['id'] for a in asked}) == len(asked) else ['the same uuid twice']
    faults += [f'{a.query["id"]}' for a in asked if not UUID.fullmatch(a.query['id'])][:2]
    faults += equal('key', {a.headers['x-key'] for a in asked}, {'geheim-4711'})
    faults += [f'{a.headers["x-at"]}' for a in asked if not before <= int(a.headers['x-at']) <= time.time() * 1000][:2]
    bodies = [json.loads(a.body) for a in asked]
    faults += equal('literal', {x['literal'] for x in bodies}, {'${die}'})
    faults += equal('range', {v for x in bodies for v in x['twice']}, set(range(-5, 6)))
    faults += [] if any(x['twice'][0] != x['twice'][1] for x in bodies) else ['two draws are one']
    proof.row('functions', load, faults)


# ---- promises and mistakes ----

def thresholds(b):
    flows = 'flows: [ { get: /a, name: look }, { get: /b, name: buy } ]\n'
    for name, wanted, status in [
            ('kept', ['p99 < 5s', 'look: p95 < 4s', 'buy: errors < 1%'], 0),
            ('one route misses its own', ['p99 < 5s', 'look: p50 < 1us', 'buy: p95 < 4s'], 1),
            ('all miss', ['p50 < 1us'], 1)]:
        load = b.load(flows + f'thresholds: {json.dumps(wanted)}', '--rate', '100', '--for', '500ms', *EVEN)
        targets = load.run.get('targets', [])
        faults = equal('targets', len(targets), len(wanted))
        faults += [] if load.limited else equal('verdict', load.run.get('verdict'), 'missed' if status else 'met')
        proof.row('thresholds: ' + name, load, faults, status)
    load = b.load(flows + 'thresholds: [ "buuy: p95 < 1s" ]', '--rate', '100', '--for', '300ms')
    proof.refused('a speed without a replay', b.load(flows, '--rate', '5', '--speed', '2'), 2, 'replays nothing', '--replay')
    proof.refused('thresholds: of a route that is not there', load, 2, "'buuy'", "'buy'")


def mistakes(b):
    for name, text, line, column, says, hint in [
            ('unknown key', 'flow:\n  - get: /\n', 1, 1, "unknown key 'flow'", "'flows'"),
            ('unknown key of a step', 'flows:\n  - get: /\n    expects: { status: 200 }\n', 3, 5, "'expects'", "'expect'"),
            ('unknown variable', 'flows:\n  - get: /a?x=${tokn}\nvariables: { token: 1 }\n', 2, 10, "'tokn'", "'token'"),
            ('unknown function', 'flows:\n  - get: /a?x=${uid()}\n', 2, 10, "'uid'", "'uuid'"),
            ('no duration', 'flows:\n  - name: a\n    steps: [ { get: / }, { think: 5 } ]\n', 3, 35, 'not a duration', '500ms'),
            ('two requests in one step', 'flows:\n  - get: /\n    post: /\n', 3, 5, "'get' and 'post'", ''),
            ('a tab', 'flows:\n\t- get: /\n', 2, 1, '', ''),
            ('a wrong pointer', 'flows:\n  - get: /\n    extract: { id: { json: id } }\n', 3, 28, 'id', ''),
            ('a wrong expression', "flows:\n  - get: /\n    extract: { id: { regex: '(' } }\n", 3, 29, '', ''),
            ('a header with a length', 'flows:\n  - get: /\n    headers: { Content-Length: 5 }\n', 3, 16, 'Content-Length', ''),
            ('another protocol', 'flows:\n  - command: [PING]\n', 2, 5, 'Redis', ''),
            ('a stage without an end', 'flows: [ { get: / } ]\nstages: [ { rate: 5/s } ]\n', 2, 11, '', 'for: 10s'),
            ('a threshold', 'flows: [ { get: / } ]\nthresholds: [ "p99 < 5" ]\n', None, None, 'not a duration', '500ms')]:
        path = b.put('broken.yaml', text + f'base: http://127.0.0.1:{b.shop.port}\n')
        load = proof.load('--scenario', path, '--rate', '5', '--for', '200ms')
        where = [f'{path}:{line}:{column}: '] if line else []
        proof.refused('a scenario with ' + name, load, 2, *where, says, hint)
        if line:
            shown = re.search(r'\n *%d \| (.*)\n *\| ( *)\^' % line, load.err)
            tap.row('and a caret', [] if shown and len(shown[2]) == column - 1 else load.told())
    for name, text, says, hint in [
            ('a feeder that is not there', 'feeders: { u: { file: none.csv } }\nflows: [ { get: "/${u.id}" } ]', 'none.csv', ''),
            ('a column that is not there', 'feeders: { u: { file: users.csv } }\nflows: [ { get: "/${u.nam}" } ]', "'nam'", "'name'"),
            ('a variable of the environment that is not set', 'flows: [ { get: "/${env(NOT_SET)}" } ]', 'NOT_SET', 'export'),
            ('another service', 'flows: [ { get: "http://127.0.0.2:1/" } ]', 'another service', 'one service')]:
        proof.refused('a scenario with ' + name, b.load(text, '--rate', '5', '--for', '200ms'), 2, says, hint)
    proof.refused('a scenario that is not there', proof.load('--scenario', b.folder + '/none.yaml', '--rate', '5'), 2,
                  'none.yaml')
    proof.refused('a scenario without load', b.load('flows: [ { get: / } ]'), 2, 'how much load')


# ---- recordings ----

def har(base):
    def entry(method, url, **more):
        return {'startedDateTime': '2026-11-21T10:00:00.000Z', 'time': 5, 'cache': {}, 'timings': {'send': 0, 'wait': 5, 'receive': 0},
                'request': {'method': method, 'url': url, 'httpVersion': 'HTTP/1.1', 'cookies': [], 'queryString': [],
                            'headers': [{'name': 'Authorization', 'value': 'Bearer geheim-4711'}], 'headersSize': -1,
                            'bodySize': -1, **more},
                'response': {'status': 200, 'statusText': 'OK', 'httpVersion': 'HTTP/1.1', 'cookies': [], 'headers': [],
                             'content': {'size': 4, 'mimeType': 'text/html'}, 'redirectURL': '', 'headersSize': -1, 'bodySize': 4}}
    return json.dumps({'log': {'version': '1.2', 'creator': {'name': 'x', 'version': '1'}, 'entries': [
        entry('GET', base + '/catalog?page=2'),
        entry('POST', base + '/cart', postData={'mimeType': 'text/plain', 'text': 'one more'})]}})


def recordings(b):
    base = f'http://127.0.0.1:{b.shop.port}'
    log = ''.join(f'127.0.0.1 - - [21/Nov/2026:10:00:{i // 20:02d} +0000] "GET {"/rare" if i % 4 == 0 else "/often"} HTTP/1.1" '
                  f'200 4 "-" "x"\n' for i in range(80))
    for name, text, words, wanted in [
            ('HAR', har(base), (), {('GET', '/catalog'), ('POST', '/cart')}),
            ('curl', f"curl '{base}/search?q=a%20b' -H 'X-A: b'\ncurl -X POST {base}/cart --data 'one more'\n", (),
             {('GET', '/search'), ('POST', '/cart')}),
            ('access log', log, ('--base', base), {('GET', '/rare'), ('GET', '/often')})]:
        path, out, arrivals = b.put('recorded', text), os.path.join(b.folder, 'made.yaml'), os.path.join(b.folder, 'arrivals')
        if name == 'access log':
            words = (*words, '--replay', arrivals)
        made = subprocess.run([PRONY, 'import', path, '--out', out, *words], capture_output=True, text=True, check=False)
        if made.returncode:
            tap.row('import: ' + name, [made.stderr])
            continue
        keys = re.findall(r'env\((\w+)\)', open(out, encoding='utf-8').read())
        load = proof.load('--scenario', out, *(('--speed', '4') if name == 'access log' else ('--rate', '60', '--for', '500ms')),
                          before=b.shop.log.clear, prefix=('env', *(f'{key}=Bearer x' for key in keys)))
        faults = all_answered(load) + equal('asked', {(a.method, a.path) for a in b.shop.log}, wanted)
        if name == 'access log':
            faults += equal('replayed', load.phase.get('scheduled'), 80)
        if name != 'access log':
            faults += equal('bodies', {a.body for a in b.shop.of('/cart')}, {'one more'})
        proof.row('import, then load: ' + name, load, faults)


def main():
    with tempfile.TemporaryDirectory(prefix='prony-flows-') as folder, Shop() as shop:
        bench = Bench(shop, folder)
        for part in (weights, extraction, expectation, thinking, stages, replay, feeders, functions, thresholds, mistakes,
                     recordings):
            part(bench)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
