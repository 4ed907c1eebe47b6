# SPDX-License-Identifier: MIT
"""What can be broken around a gate, and clients who judge what they get meanwhile: for gate_chaos.py.

Each body says which path it is of, which version and for whom, and has a checksum: so each answer shows by itself
whether it is torn, another key's or another user's."""
import asyncio
import collections
import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import threading
import time

import gates
from gates import PATIENCE_S, ask, until
from services import free_port

SIZES = (60, 3000, 150000)
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 2
engine: {engine}
admin: {folder}/admin.sock
metrics: 127.0.0.1:{metrics}
{more}
timeouts: {{ idle: 20s, head: 2s, send: 2s }}
cache: {{ memory: 16MiB{l2} }}
upstreams:
  origin:
    servers: ["127.0.0.1:{origin}"]
    timeouts: {{ connect: 1s, response: {patience}, body: {patience} }}
    pool: {{ max: 32, idle: 1s }}
    ejection: {{ errors: 5, time: 200ms, share: 100% }}
    breaker: {{ errors: 20, ratio: 50%, requests: 50, window: 1s, open: 200ms, trials: 1 }}
routes: [ {{ match: /, upstream: origin, cache: {{ enabled: true }} }} ]
'''


# ---- bodies that tell

def body_of(path, version, user, size):
    text = f'{path} {version} {user or "-"} {"." * size} '.encode()
    return text + hashlib.sha256(text).hexdigest().encode()


def read_body(body, path, user):
    """The version, or what is wrong with it."""
    text, digest = body[:-64], body[-64:]
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return f'{path}: torn: {body[:80]!r} of {len(body)} bytes'
    of, version, who, _, _ = text.decode().split(' ')
    if of != path or who not in ('-', user):
        return f'{path} of {user}: the body is of {of} for {who}'
    return int(version)


class Thread:
    """An event loop in a thread of its own."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        async def cancel():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)

    def run(self, what):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(PATIENCE_S)


class Server(Thread):
    """Listens on a port until it is killed: then each connection is reset, and none comes in."""

    def __init__(self):
        self.port, self.writers = free_port(), set()

    def __enter__(self):
        super().__enter__()
        self.start()
        return self

    def start(self):
        async def begin():
            self.server = await asyncio.start_server(self.accept, '127.0.0.1', self.port, backlog=1024)
        self.run(begin())

    def kill(self):
        async def end():
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()
        self.run(end())

    async def accept(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.serve(reader, writer)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()


class Origin(Server):
    """Answers as the first part of the path says: keep and tag may be kept for long, stale for a second and then after
    errors, mine is for one user, none for nobody. `version` is that of everything; `mode` how it fails."""

    def __init__(self):
        super().__init__()
        self.version, self.mode, self.asked = 1, 'well', 0

    async def serve(self, reader, writer):
        while True:
            head = (await reader.readuntil(b'\r\n\r\n')).decode()
            method, path, _ = head.split('\r\n')[0].split(' ')
            self.asked += 1
            if not await self.answer(writer, method, path, head):
                return
            await writer.drain()

    async def answer(self, writer, method, path, head):
        kind, number = path.split('/')[1:3]
        user = next((line[13:] for line in head.split('\r\n') if line.lower().startswith('cookie: user=')), '')
        body = body_of(path, self.version, user if kind == 'mine' else '', SIZES[int(number) % len(SIZES)])
        rules = {'keep': 'max-age=600', 'tag': 'max-age=600', 'stale': 'max-age=1, stale-if-error=600',
                 'mine': 'private, max-age=600', 'none': 'no-store'}[kind]
        fields = f'Cache-Control: {rules}\r\nSurrogate-Key: {kind} {kind}-{number}\r\n'
        if self.mode == 'slow':
            await asyncio.sleep(1)
        if self.mode == 'hang':
            await asyncio.sleep(PATIENCE_S)
        if self.mode == 'garbage':
            writer.write(os.urandom(300))
            return False
        if self.mode == 'error':
            writer.write(b'HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno')
            return True
        if self.mode in ('torn', 'torn-chunks'):
            chunked = self.mode == 'torn-chunks'
            writer.write(f'HTTP/1.1 200 OK\r\n{fields}'.encode() + (
                b'Transfer-Encoding: chunked\r\n\r\n%x\r\n' % len(body) if chunked else
                b'Content-Length: %d\r\n\r\n' % len(body)) + body[:len(body) // 2])
            await writer.drain()
            return False
        status = '204 No Content' if method == 'POST' else '200 OK'
        length = f'Content-Length: {len(body)}\r\n' if method == 'GET' else ''
        writer.write(f'HTTP/1.1 {status}\r\n{length}{fields}\r\n'.encode() + (body if method == 'GET' else b''))
        return True


class Relay(Server):
    """In front of a port; cut, it carries nothing and refuses nothing, as a network that drops does."""

    def __init__(self, to):
        super().__init__()
        self.to, self.only = to, b''

    def __enter__(self):
        self.way = asyncio.Event()
        self.way.set()
        return super().__enter__()

    def cut(self, only=b''):
        """With `only`: connections on which that was said."""
        self.only = only
        self.loop.call_soon_threadsafe(self.way.clear)

    def heal(self):
        self.loop.call_soon_threadsafe(self.way.set)

    async def serve(self, reader, writer):
        said = bytearray()
        if not self.only:
            await self.way.wait()
        other_reader, other_writer = await asyncio.open_connection('127.0.0.1', self.to)
        self.writers.add(other_writer)
        ways = [asyncio.ensure_future(self.carry(*way, said)) for way in ((reader, other_writer), (other_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self.writers.discard(other_writer)
            other_writer.transport.abort()

    async def carry(self, reader, writer, said):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                said += data[:10000]
                if self.only in said:
                    await self.way.wait()
                writer.write(data)
                await writer.drain()


# ---- the gate and its clients

class Admin(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('gate', timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self.path)


class Gate(gates.Gate):
    def __init__(self, folder, origin, servers=(), more='', name='a', engine='epoll', patience='2s'):
        folder = os.path.join(folder, name)
        os.makedirs(folder, exist_ok=True)
        names = ', '.join(f'"127.0.0.1:{s.port}"' for s in servers)
        l2 = f', l2: {{ servers: [{names}], timeout: 100ms, skip_when_slower: false }}' if servers else ''
        super().__init__(folder, CONFIG, origin=origin.port, l2=l2, more=more.format(folder=folder), engine=engine,
                         patience=patience)
        self.successors = []

    def __exit__(self, *_):
        for pid in self.successors:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().__exit__()

    def order(self, method, path, body=None):
        """What the admin socket answers: status, JSON."""
        with contextlib.closing(Admin(os.path.join(self.folder, 'admin.sock'))) as c:
            c.request(method, path, json.dumps(body) if body else None)
            r = c.getresponse()
            return r.status, json.loads(r.read())

    def purge(self, **what):
        status, answer = self.order('POST', '/purge', what)
        if status != 200:
            raise OSError(f'a purge is answered {status} {answer}')
        return answer

    def hears(self, tag):
        """Until its log has a purge of this tag, or of everything, that another gate has told."""
        until(lambda: any(p['from_fleet'] and (p.get('tag') == tag or p['what'] == 'all')
                          for p in self.order('GET', '/purges?after=0')[1]['purges']),
              lambda: f'nobody has told of {tag}: {self.order("GET", "/purges?after=0")[1]} {self.said()[-1000:]}')

    def knows(self):
        self.await_figure('l2_purges_known')
        return self

    def says_again(self, text, do):
        """Does that, which the gate says something of, once more than it has before."""
        before = self.said().count(text)
        do()
        until(lambda: self.said().count(text) > before, lambda: f'the gate does not say {text}: {self.said()[-2000:]}')

    def version(self, path):
        status, _, body = ask(self.port, path)
        return read_body(body, path, '') if status == 200 else f'{path}: {status}'

    def files(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def resident(self):
        """KiB of its own, without the memory of the store."""
        with open(f'/proc/{self.process.pid}/status', encoding='utf-8') as f:
            return next(int(line.split()[1]) for line in f if line.startswith('RssAnon'))


class Crowd:
    """Clients of some gates, on kept connections, who go on whatever happens and judge each answer. `allowed` is what
    may be answered, `breaks` whether a connection may be cut off; floors are what may not be served any more."""

    def __init__(self, *gates_, paths, allowed=(200,), breaks=False, n=4):
        self.gates, self.paths, self.allowed, self.breaks = gates_, paths, set(allowed), breaks
        self.floors, self.faults, self.counts, self.n, self.over = {}, [], collections.Counter(), 0, False
        self.threads = [threading.Thread(target=self.ask, args=(i,), daemon=True) for i in range(n)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.over = True
        for t in self.threads:
            t.join(PATIENCE_S)
        self.faults += ['a client waits for ever'] * any(t.is_alive() for t in self.threads)
        print(f'# {self.n} requests: {dict(self.counts)}', flush=True)

    def go_on(self, n=40):
        wanted = self.n + n
        until(lambda: self.n >= wanted or self.over, 'the clients do not get on')

    def least(self, version, *gates_):
        """From now on nobody who asks there may get less."""
        for gate in gates_:
            self.floors[gate] = version

    def fault(self, text):
        if len(self.faults) < 5:
            self.faults.append(text)

    def ask(self, i):
        gate, user, chance = self.gates[i % len(self.gates)], f'u{i}', random.Random(i)
        c = http.client.HTTPConnection('127.0.0.1', gate.port, timeout=PATIENCE_S)
        while not self.over:
            path, least = chance.choice(self.paths), self.floors.get(gate, 0)
            try:
                c.request('GET', path, headers={'Host': 'a.example', 'Cookie': f'user={user}'})
                r = c.getresponse()
                self.judge(r, path, user, least)
            except (OSError, http.client.HTTPException) as e:
                self.counts[type(e).__name__] += 1
                if not self.breaks:
                    self.fault(f'{path}: {type(e).__name__} {e}')
                c.close()
            self.n += 1
            time.sleep(0.004)
        c.close()

    def judge(self, r, path, user, least):
        body = r.read()
        self.counts[r.status] += 1
        if r.status not in self.allowed:
            self.fault(f'{path}: {r.status} {body[:100]!r}')
        if r.status != 200:
            return
        version = read_body(body, path, user)
        if isinstance(version, str):
            self.fault(version)
        elif version < least:
            self.fault(f'{path}: version {version} after the purge of all before {least}; {r.headers.get("Cache-Status")}')


def paths_of(*kinds, n=6):
    return [f'/{kind}/{i}' for kind in kinds for i in range(n)]


def warm(gate, paths):
    faults = []
    for path in paths:
        got = gate.version(path)
        faults += [got] if isinstance(got, str) else []
    return faults
