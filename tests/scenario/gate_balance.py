#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate before origins that are slow, full, failing or gone: who is asked, who waits, who is told to come back.
usage: gate_balance.py PRONY; prints TAP."""
import asyncio
import socket
import struct
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from gate_origin import Origin, response
from gates import PRONY, Gate, Peer, ask, expect, request, run_rows, tap, until

LIMITED = '''upstream: origin, timeout: 300ms'''
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 1
admin: {folder}/admin.sock
metrics: 127.0.0.1:{metrics}
upstreams:
  origin: {{ servers: ["127.0.0.1:{origin}"] }}
  narrow:
    servers: ["127.0.0.1:{origin}"]
    concurrency: {{ max: 1, queue: 1, queue_timeout: 300ms }}
  patient:
    servers: ["127.0.0.1:{origin}"]
    concurrency: {{ max: 1, queue_target: 30s, queue_timeout: 60s }}
  found:
    servers: ["127.0.0.1:{origin}"]
    concurrency: {{ adaptive: true, min: 1, queue_target: 30s, queue_timeout: 60s }}
  grown:
    servers: ["127.0.0.1:{origin}"]
    concurrency: {{ adaptive: true, min: 1, queue_target: 30s, queue_timeout: 60s }}
  checked:
    servers: ["127.0.0.1:{origin}", "127.0.0.1:{twin}"]
    balance: round-robin
    health: {{ path: /well, interval: 100ms, timeout: 20s, rise: 1, fall: 1, panic: 10% }}
  ready: {{ servers: ["127.0.0.1:{twin}"], pool: {{ min: 2, idle: 200ms }} }}
  hedged:
    servers: ["127.0.0.1:{origin}", "127.0.0.1:{twin}"]
    balance: round-robin
    retries: {{ budget: 100% }}
    hedge: {{ quantile: 90% }}
routes:
  - {{ match: /hedged, upstream: hedged }}
  - {{ match: /checked, upstream: checked }}
  - {{ match: /crowded, upstream: found }}
  - {{ match: /roomy, upstream: grown }}
  - {{ match: /ready, upstream: ready }}
  - {{ match: /held, upstream: narrow }}
  - {{ match: /narrow-socket, upstream: narrow }}
  - {{ match: /patient, upstream: patient }}
  - {{ match: /hang/kept, {limited}, cache: {{ enabled: true }} }}
  - {{ match: /hang, {limited} }}
  - {{ match: /stall, {limited} }}
  - {{ match: /socket, {limited} }}
  - {{ match: /upload, {limited} }}
  - {{ match: /, upstream: origin }}
'''
class Slow(Origin):
    """Answers some paths when it is let go, or never."""

    def __init__(self):
        super().__init__()
        self.free, self.sick, self.stuck = set(), False, False
        self.inside, self.most_inside = 0, 0

    def let_go(self, path):
        self.free.add(path)

    def await_path(self, path):
        until(lambda: path in self.paths(), f'{path} does not come')

    async def do_crowded(self, reader, writer, *_):
        """Beyond eight at a time all take longer, together more than they were asked for more."""
        await self.work(writer, lambda: 0.03 * max(1, self.inside / 8) ** 2)

    async def do_roomy(self, reader, writer, *_):
        await self.work(writer, lambda: 0.1)

    async def work(self, writer, for_s):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(for_s())
        self.inside -= 1
        writer.write(response('200 OK', b'done'))

    async def do_hang(self, reader, writer, *_):
        await reader.read()   # until the gate gives up
        return False

    async def do_stall(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this')
        await reader.read()
        return False

    async def do_held(self, reader, writer, method, fields, query, head, body):
        path = head.split(b' ')[1].decode()
        while path not in self.free:
            await asyncio.sleep(0.01)
        writer.write(response('200 OK', b'let go'))

    do_patient = do_ready = do_held

    async def do_well(self, reader, writer, *_):
        writer.write(response('500 Sick' if self.sick else '200 OK'))

    async def do_hedged(self, reader, writer, *args):
        while self.stuck:
            await asyncio.sleep(0.01)
        writer.write(response('503 Failing' if self.sick else '200 OK', str(self.port).encode()))

    async def do_checked(self, reader, writer, *_):
        writer.write(response('200 OK', str(self.port).encode()))

    async def do_narrow_socket(self, *args):
        return await self.do_socket(*args)


class Asking(threading.Thread):
    """A GET on its way; .answer: as of Peer, or None when it broke off."""

    def __init__(self, gate, path, method='GET'):
        super().__init__(daemon=True)
        self.port, self.path, self.method, self.got = gate.port, path, method, None
        self.start()

    def run(self):
        try:
            self.got = ask(self.port, self.path, self.method)
        except (EOFError, OSError):
            pass

    def answer(self):
        self.join()
        return self.got

    def status(self):
        return self.answer() and self.got[0]


# ---- the time of an exchange

UPGRADE = ('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
           'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')


def upload(gate):
    """A body that does not come."""
    with Peer(gate.port) as p:
        p.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
        return p.answer()[0]


def route_timeout(gate, origin, twin):
    """One limit for all that an exchange waits for; a tunnel has none."""
    with Peer(gate.port) as tunnel:
        tunnel.send(request('/socket', fields=UPGRADE))
        faults = expect(tunnel.head()[0], 101)
        hung, kept = Asking(gate, '/hang'), [Asking(gate, '/hang/kept') for _ in range(3)]
        stalled = Asking(gate, '/stall')
        faults += expect(upload(gate), 408) + expect([k.status() for k in kept], [504] * 3)
        status, _, body = hung.answer()
        faults += expect((status, body), (504, b'504 Gateway Timeout: longer than the 300 ms that its route allows: '
                                          b'the server had not answered\n'))
        faults += expect(stalled.answer(), None)
        tunnel.send(b'still here')
        faults += expect(tunnel.exactly(10), b'still here')
    figures = gate.figures()
    faults += expect(figures.get('prony_gate_route_timeouts_total{route="/hang"}'), 1)
    return faults + expect(figures.get('prony_gate_route_timeouts_total{route="/socket"}', 0), 0)


# ---- requests under way

QUEUE = 'upstream_queued_requests{upstream="narrow"}'


def concurrency(gate, origin, twin):
    """One at a time: the second waits in vain, the third has no room; then a tunnel takes none."""
    first = Asking(gate, '/held/first')
    origin.await_path('/held/first')
    second = Asking(gate, '/held/second')
    gate.await_figure(QUEUE)
    status, fields, body = ask(gate.port, '/held/third')
    faults = expect((status, fields.get('retry-after')), (503, '1'))
    faults += expect((second.status(), '/held/second' in origin.paths()), (503, False))
    origin.let_go('/held/first')
    faults += expect(first.status(), 200)
    with Peer(gate.port) as tunnel:
        tunnel.send(request('/narrow-socket', fields=UPGRADE))
        faults += expect(tunnel.head()[0], 101)
        origin.let_go('/held/fourth')
        faults += expect(ask(gate.port, '/held/fourth')[0], 200)
    faults += expect(gate.figure('upstream_concurrency_limit{upstream="narrow"}'), 1)
    faults += expect(gate.figure(QUEUE), 0)
    return faults + expect(gate.figure('upstream_shed_requests_total{upstream="narrow"}'), 2)


def queue_moves_on(gate, origin, twin):
    """Who waits gets the place of who leaves, in turn; who is gone none."""
    queued = 'upstream_queued_requests{upstream="patient"}'
    waiting = [Asking(gate, '/patient/0')]
    origin.await_path('/patient/0')
    with Peer(gate.port) as leaves:
        leaves.send(request('/patient/gone'))
        gate.await_figure(queued)
        waiting += [Asking(gate, f'/patient/{i}') for i in range(1, 4)]
        gate.await_figure(queued, 4)
        leaves.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))   # a reset
    until(lambda: gate.figure(queued) == 3, 'who is gone still waits')
    for i in range(4):
        origin.let_go(f'/patient/{i}')
    faults = expect([w.status() for w in waiting], [200] * 4)
    return faults + expect('/patient/gone' in origin.paths(), False)


CLIENTS = 64


def most_inside(gate, origin, path, times):
    """How many the server had at a time, of clients who each ask one time after another; and their statuses."""
    def client(_):
        with Peer(gate.port) as p:
            return {p.ask(path)[0] for _ in range(times)}

    origin.most_inside = 0
    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = set().union(*pool.map(client, range(CLIENTS)))
    return origin.most_inside, statuses


def adaptive(gate, origin, twin):
    """The limit is found from below: a server that gets slower by more than it is asked for is never asked for much
    more than it can do; one that can do more gets all there is."""
    most, statuses = most_inside(gate, origin, '/crowded', 16)
    faults = expect(statuses, {200})
    faults += [] if 4 <= most <= CLIENTS / 2 else [f'{most} at a time where 8 are served well']
    faults += [] if gate.figure('upstream_concurrency_limit{upstream="found"}') <= CLIENTS / 2 else ['the limit is too high']
    most, statuses = most_inside(gate, origin, '/roomy', 12)
    return faults + expect(statuses, {200}) + ([] if most > CLIENTS / 2 else [f'no more than {most} at a time'])


# ---- servers and connections

def health(gate, origin, twin):
    """Who fails its checks is asked no more; when nobody passes, all are; who is well again is asked again."""
    def say(*servers, healthy):
        for server in servers:
            server.sick = not healthy
        for server in servers:
            series = f'upstream_server_healthy{{upstream="checked",server="127.0.0.1:{server.port}"}}'
            until(lambda s=series: gate.figure(s) == healthy, f'{series} is not {healthy}')

    def answer():
        return {int(ask(gate.port, '/checked')[2]) for _ in range(4)}

    say(twin, healthy=False)
    faults = expect(answer(), {origin.port})
    done = subprocess.run([PRONY, 'gate', 'status', '--config', gate.file], capture_output=True, text=True)
    faults += expect([line.split('; ')[-1] for line in done.stdout.splitlines() if f'checked 127.0.0.1:{twin.port}:' in line],
                     ['fails its checks: status 500'])
    say(origin, healthy=False)
    faults += expect(answer(), {origin.port, twin.port})
    say(origin, twin, healthy=True)
    gate.says(f"server 127.0.0.1:{twin.port} fails its checks: status 500", f'server 127.0.0.1:{twin.port} is well again')
    return faults + expect(answer(), {origin.port, twin.port})


def ready_connections(gate, origin, twin):
    """So many are made before anybody asks, and stay."""
    series = f'{{upstream="ready",server="127.0.0.1:{twin.port}"}}'
    gate.await_figure('upstream_connections_total' + series, 2)
    faults = expect('/ready/0' in twin.paths(), False)
    asked = [Asking(gate, f'/ready/{i}') for i in range(3)]
    for i in range(3):
        twin.await_path(f'/ready/{i}')
    for i in range(3):
        twin.let_go(f'/ready/{i}')
    faults += expect([a.status() for a in asked], [200] * 3)
    until(lambda: gate.figure('upstream_connections' + series) == 2, 'the third stays')
    made = gate.figure('upstream_connections_total' + series)
    return faults + expect(ask(gate.port, '/ready/0')[0], 200) + \
        expect((made, gate.figure('upstream_connections_total' + series)), (3, 3))


def hedging(gate, origin, twin):
    """What one server does not answer another does, unless it fails; what changes something waits."""
    hedges, wins = (f'upstream_{name}_total{{upstream="hedged"}}' for name in ('hedges', 'hedge_wins'))
    bad = f'upstream_requests_total{{upstream="hedged",server="127.0.0.1:{twin.port}",outcome="bad"}}'
    with Peer(gate.port) as p:
        faults = expect({p.ask('/hedged')[0] for _ in range(64)}, {200})
    hedged, won, failed = (gate.figure(name) for name in (hedges, wins, bad))
    origin.stuck = True
    faults += expect([int(ask(gate.port, '/hedged')[2]) for _ in range(4)], [twin.port] * 4)
    faults += expect((gate.figure(hedges) - hedged >= 2, gate.figure(wins) - won), (True, 2))
    hedged = gate.figure(hedges)
    posts = [Asking(gate, '/hedged', 'POST') for _ in range(2)]
    until(lambda: any(post.got for post in posts), 'no POST is answered')
    faults += expect(gate.figure(hedges), hedged)
    twin.sick = True
    gets = [Asking(gate, '/hedged') for _ in range(2)]
    gate.await_figure(bad, failed + 2)
    origin.stuck = twin.sick = False
    faults += expect({int(post.answer()[2]) for post in posts}, {origin.port, twin.port})
    return faults + expect(sorted(get.status() for get in gets), [200, 503], [200, 200])   # asked first, or hedged as well


def ends(gate, origin, twin):
    """Checks and connections that nobody uses hold nobody up."""
    return expect(gate.end(), 0)


ROWS = [route_timeout, concurrency, queue_moves_on, adaptive, health, ready_connections, hedging, ends]


def main():
    with tempfile.TemporaryDirectory(prefix='prony-balance-') as folder, Slow() as origin, Slow() as twin, \
            Gate(folder, CONFIG, origin=origin.port, twin=twin.port, limited=LIMITED) as gate:
        run_rows(ROWS, gate, origin, twin)
    tap.end()


main()
