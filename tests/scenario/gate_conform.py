#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The gate's cache against the rules of HTTP, a row each with the section it is from (9110, 9111, 9211, 9213, 5861 are
RFCs). One gate, one origin that answers as the row says, a path of its own for each row.

usage: gate_conform.py PRONY [WORD]; prints TAP, with WORD the rows that have it. Rows stand in gate_rules.py."""
import asyncio
import sys
import tempfile
import threading
import time
from email.utils import formatdate

from gate_rules import HIT, PAUSE, ROWS
from gates import Gate, tap

PAUSE_S = 1.2
TRIES = 5   # of a row that a stall of the machine comes into
CONFIG = '''
listen: 127.0.0.1:{port}
workers: 1
upstreams:
  origin:
    servers: ["127.0.0.1:{origin}"]
    retries: {{ attempts: 0 }}
    ejection: {{ errors: 0 }}
    breaker: {{ errors: 0, ratio: 0 }}
routes:
  - {{ match: /vary, upstream: origin, cache: {{ enabled: true, vary: [X-Site, X-Kind] }} }}
  - {{ match: /ignore, upstream: origin, cache: {{ enabled: true, ignore_query: [utm_*, gclid] }} }}
  - {{ match: /grace, upstream: origin, cache: {{ enabled: true, stale_if_error: 1h, stale_while_revalidate: 0s }} }}
  - {{ match: /keep, upstream: origin, cache: {{ enabled: true, set_cookie: keep }} }}
  - {{ match: /ttl, upstream: origin, cache: {{ enabled: true, ttl: 1h }} }}
  - {{ match: /, upstream: origin, cache: {{ enabled: true }} }}
'''


def lines_of(text):
    """"A: b|C: @-5" as fields; "@-5" is the date five seconds ago."""
    fields = []
    for line in filter(None, text.split('|')):
        name, value = line.split(':', 1)
        value = value.strip()
        if value.startswith('@'):
            value = formatdate(int(time.time()) + int(value[1:]), usegmt=True)
        fields.append((name, value))
    return fields


def head_of(first, fields):
    return (first + '\r\n' + ''.join(f'{n}: {v}\r\n' for n, v in fields) + '\r\n').encode('latin-1')


class Message:
    def __init__(self, head, body):
        lines = head.decode('latin-1').split('\r\n')
        self.first, self.body = lines[0], body
        self.fields = [tuple(line.split(': ', 1)) for line in lines[1:] if ': ' in line]

    def values(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]


async def read_body(reader, message, status=None, method='GET'):
    if method == 'HEAD' or status in (204, 304) or (status and status < 200):
        return b''
    if message.values('transfer-encoding'):
        body = b''
        while size := int((await reader.readline()).split(b';')[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body
    length = message.values('content-length')
    if length or status is None:
        return await reader.readexactly(int(length[0])) if length else b''
    return await reader.read()


class Origin:
    """Answers a path's requests in turn: (status, fields, body) or a word for a way to fail."""

    def __init__(self):
        self.answers, self.seen = {}, {}

    async def connection(self, reader, writer):
        try:
            while head := await reader.readuntil(b'\r\n\r\n'):
                message = Message(head, b'')
                message.body = await read_body(reader, message)
                if not self.answer(message, writer):
                    break
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    def answer(self, message, writer):
        method, target, _ = message.first.split(' ')
        self.seen.setdefault(target, []).append(message)
        queue = self.answers.get(target) or [(500, [('X-Unasked', 'yes')], b'nothing was to be asked')]
        status, fields, body = queue[0]
        if isinstance(status, int):   # who fails fails again, however often it is tried
            queue.pop(0)
        if status == 'die':
            return False
        if status == 'reset':
            writer.transport.abort()
            return False
        if status == 'garbage':
            writer.write(b'220 mail.example ready\r\n')
            return False
        if status not in (204, 304) and not any(n.lower() in ('content-length', 'transfer-encoding') for n, _ in fields):
            fields = fields + [('Content-Length', str(len(body)))]
        data = head_of(f'HTTP/1.1 {status} Status', fields)
        writer.write(data if method == 'HEAD' or status in (204, 304) else data + body)
        return True

    def run(self):
        started = threading.Event()

        async def serve():
            server = await asyncio.start_server(self.connection, '127.0.0.1', 0)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await asyncio.Event().wait()
        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        started.wait()


class Row:
    """Its steps, one after the other, up to a pause; faults as texts."""

    def __init__(self, number, row, origin):
        self.section, self.name, self.where, self.steps = row
        self.origin, self.number, self.at, self.bodies, self.faults, self.tries = origin, number, 0, [], [], 0

    def target(self, step):
        return f'{self.where}/r{self.number}{"-" * self.tries}{step.get("path", "")}'

    def wrong(self, text):
        self.faults.append(f'step {self.at}: {text}')

    async def go_on(self, reader, writer):
        """True: it stands at a pause."""
        while self.at < len(self.steps) and not self.faults:
            step = self.steps[self.at]
            self.began = self.began if self.at else time.monotonic()
            self.at += 1
            if step is PAUSE:
                return True
            await self.play(step, reader, writer)
            if time.monotonic() - self.began >= step.get('within', float('inf')):
                self.begin_again()
        return False

    def begin_again(self):
        self.at, self.bodies, self.faults, self.tries = 0, [], [], self.tries + 1
        if self.tries == TRIES:
            self.wrong(f'the machine stalled in each of {TRIES} tries')

    async def play(self, step, reader, writer):
        target, method, answer = self.target(step), step.get('method', 'GET'), step['answer']
        asked = self.target({'path': step['asked']}) if 'asked' in step else target
        self.origin.seen.pop(asked, None)
        if answer is HIT:
            self.origin.answers[asked] = [(status, lines_of(fields), body.encode())
                                          for status, fields, body in filter(None, [step.get('behind')])]
        else:
            status, fields, body = answer
            body = f'{target}#{len(self.bodies) + 1}' if body is None else body
            self.origin.answers[asked] = [(status, lines_of(fields.replace('{here}', target)), body.encode())]
            self.bodies.append(body)
        body = step.get('body', '').encode()
        more = [('Content-Length', str(len(body)))] if body else []
        writer.write(head_of(f'{method} {target} HTTP/1.1', [('Host', step.get('host', 'a.example'))] +
                             lines_of(step.get('fields', '')) + more) + body)
        got = Message(await reader.readuntil(b'\r\n\r\n'), b'')
        got.status = int(got.first.split(' ')[1])
        got.body = (await read_body(reader, got, got.status, method)).decode('latin-1')
        self.judge(step, got, self.origin.seen.get(asked, []), method)

    def judge(self, step, got, seen, method):
        answer = step['answer']
        if (answer is HIT) == bool(seen) and 'behind' not in step:
            self.wrong(f'the origin was {"" if seen else "not "}asked; answer: {got.first} {got.fields}')
            return
        status = step.get('status', answer[0] if answer is not HIT else 200)
        if got.status != status:
            self.wrong(f'{got.first}, wanted {status}')
        which = step.get('of', 1 if answer is HIT else len(self.bodies))
        wanted = step.get('text', self.bodies[which - 1] if which and self.bodies else None)
        if wanted is not None and method != 'HEAD' and got.status not in (204, 304, 502, 504) and got.body != wanted:
            self.wrong(f'body {got.body[:200]!r}, wanted {wanted!r}')
        self.judge_fields('answer', got, step.get('wants', ''))
        if seen:
            self.judge_fields('request', seen[-1], step.get('asks', ''))
        if 'see' in step and not step['see'](got):
            self.wrong(f'not as it should be: {got.first} {got.fields} {got.body[:500]!r}')

    def judge_fields(self, what, message, wanted):
        """"A: b": has it; "-A": has none; "A": has one."""
        for name, value in ((w.lstrip('-').split(':', 1) + [None])[:2] for w in filter(None, wanted.split('|'))):
            none = f'-{name}' in wanted.split('|')
            have = message.values(name)
            value = value.strip() if value else None
            if none == bool(have) or (value is not None and value not in have):
                self.wrong(f'{what} has {name}: {have}, wanted {"none" if none else value}')


async def run_rows(rows, port):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    while rows:
        waiting = []
        for row in rows:
            try:
                if await asyncio.wait_for(row.go_on(reader, writer), 10):
                    waiting.append(row)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as e:
                row.wrong(f'{type(e).__name__}: {e}')
                writer.close()
                try:
                    reader, writer = await asyncio.open_connection('127.0.0.1', port)
                except OSError:
                    return   # it has died, which main() says
        if waiting:
            await asyncio.sleep(PAUSE_S)
        rows = waiting


def main():
    origin = Origin()
    origin.run()
    word = sys.argv[2] if len(sys.argv) > 2 else ''
    rows = [Row(i, row, origin) for i, row in enumerate(ROWS) if word in f'{row[0]} {row[1]}']
    with tempfile.TemporaryDirectory(prefix='prony-conform-') as folder, Gate(folder, CONFIG, origin=origin.port) as gate:
        asyncio.run(run_rows(rows, gate.port))
        dead = gate.died()
    for row in rows:
        tap.row(f'{row.section}: {row.name}', row.faults)
    tap.row('the gate is alive', dead)
    tap.end()


main()
