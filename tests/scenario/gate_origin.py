# SPDX-License-Identifier: MIT
"""An origin for the tests of the gate: reads requests strictly, keeps what it saw, answers by path.

Origin() is a context manager with .port; .seen is the list of (head, body) in the order of coming, .bad what was
no canonical request."""
import asyncio
import base64
import hashlib
import json
import re
import socket
import struct
import threading
from urllib.parse import parse_qsl, urlsplit

HEAD = re.compile(rb'[!-~]+ (/[!-~]*|\*) HTTP/1\.1\r\n([!#$%&\'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)+\r\n')
EVENTS = 4


class Bad(Exception):
    pass


def fields_of(head):
    pairs = [line.split(b': ', 1) for line in head.split(b'\r\n')[1:-2]]
    fields = {}
    for name, value in pairs:
        fields.setdefault(name.decode().lower(), []).append(value.decode('latin-1'))
    return fields


def response(status, body=b'', **fields):
    lines = ''.join(f'{k.replace("_", "-")}: {v}\r\n' for k, v in fields.items())
    return f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n'.encode() + body


async def read_head(reader):
    try:
        head = await reader.readuntil(b'\r\n\r\n')
    except asyncio.IncompleteReadError as e:
        if e.partial:
            raise Bad(e.partial) from e
        return None
    if not HEAD.fullmatch(head):
        raise Bad(head)
    return head


async def read_chunks(reader):
    body = b''
    while True:
        line = await reader.readline()
        if not line.endswith(b'\n'):
            raise EOFError
        if not re.fullmatch(rb'[0-9a-f]+\r\n', line):
            raise Bad(line)
        size = int(line, 16)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b'\r\n':
            raise Bad(b'a chunk without its end')
        if not size:
            return body


async def read_body(reader, fields):
    coding, length = fields.get('transfer-encoding', []), fields.get('content-length', [])
    if len(coding) + len(length) > 1 or len(fields.get('host', [])) != 1:
        raise Bad(str(fields).encode())
    if coding:
        return await read_chunks(reader)
    return await reader.readexactly(int(length[0])) if length else b''


class Origin:
    def __init__(self):
        self.seen, self.bad, self.connections, self.at_once, self.most_at_once = [], [], 0, 0, 0
        self.heard = 0   # events, as the test says

    def __enter__(self):
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(started)), daemon=True).start()
        started.wait()
        return self

    def __exit__(self, *_):
        """Its thread ends with the process."""

    async def serve(self, started):
        server = await asyncio.start_server(self.connection, '127.0.0.1', 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            server.close()

    def clear(self):
        self.seen, self.bad, self.connections, self.most_at_once = [], [], 0, 0

    def paths(self):
        return [head.split(b' ')[1].decode() for head, _ in self.seen]

    async def connection(self, reader, writer):
        self.connections += 1
        try:
            while await self.request(reader, writer):
                await writer.drain()
        except Bad as e:
            self.bad.append(e.args[0])
        except (OSError, EOFError):
            pass
        writer.close()

    async def request(self, reader, writer):
        head = await read_head(reader)
        if not head:
            return False
        method, target, _ = head.split(b'\r\n')[0].decode().split(' ')
        url = urlsplit(target)
        fields, query = fields_of(head), dict(parse_qsl(url.query))
        if url.path == '/early':
            self.seen.append((head, b''))
            writer.write(response('403 Forbidden', b'no'))
            return False
        if 'expect' in fields:
            writer.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        body = await read_body(reader, fields)
        self.seen.append((head, body))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = getattr(self, 'do_' + url.path.strip('/').split('/')[0].replace('-', '_'), self.do_echo)
            going_on = await answer(reader, writer, method, fields, query, head, body)
        finally:
            self.at_once -= 1
        return going_on is not False

    async def do_echo(self, reader, writer, method, fields, query, head, body):
        text = json.dumps({'head': head.decode('latin-1'), 'body': len(body)}).encode()
        writer.write(response('200 OK', b'' if method == 'HEAD' else text))

    async def do_big(self, reader, writer, method, fields, query, head, body):
        n = int(query['n'])
        writer.write(f'HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n'.encode())
        while n and method != 'HEAD':
            piece = min(n, 65536)
            writer.write(b'x' * piece)
            await writer.drain()
            n -= piece

    async def do_chunked(self, reader, writer, method, fields, query, head, body):
        writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for word in (b'one', b'two', b'three'):
            writer.write(b'%x;x=y\r\n%s\r\n' % (len(word), word))
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b'0\r\nTrailer: x\r\n\r\n')

    async def do_until_close(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 200 OK\r\n\r\nuntil the end')
        return False

    async def do_slow(self, reader, writer, method, fields, query, head, body):
        await asyncio.sleep(float(query['s']))
        return await self.do_echo(reader, writer, method, fields, query, head, body)

    async def do_die(self, reader, writer, *_):
        return False

    async def do_garbage(self, reader, writer, *_):
        writer.write(b'220 mail.example ready\r\n')
        await asyncio.sleep(0.2)
        return False

    async def do_reset(self, reader, writer, method, fields, query, head, body):
        """Why, and the connection is gone at once: so Node refuses what it does not know."""
        writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        writer.write(b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
        writer.transport.abort()
        return False

    async def do_partial(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this')
        return False

    async def do_two_lengths(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')
        return False

    async def do_more(self, reader, writer, *_):
        writer.write(response('200 OK', b'mine') + response('200 OK', b'unasked'))

    async def do_once(self, reader, writer, *_):
        """Ends the connection after a moment in which the gate has it in its pool."""
        writer.write(response('200 OK', b'once'))
        await writer.drain()
        await asyncio.sleep(0.05)
        return False

    async def do_hints(self, reader, writer, *_):
        writer.write(b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' + response('200 OK', b'hinted'))

    async def do_events(self, reader, writer, *_):
        """The next is sent when the one before was heard; where that does not come about, the answer is broken off."""
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
        for i in range(EVENTS):
            event = b'data: %d\n\n' % i
            writer.write(b'%x\r\n%s\r\n' % (len(event), event))
            await writer.drain()
            for _ in range(2000):
                if self.heard > i:
                    break
                await asyncio.sleep(0.01)
            else:
                return False
        writer.write(b'0\r\n\r\n')

    async def do_socket(self, reader, writer, method, fields, *_):
        """A WebSocket as far as its opening; then bytes are echoed."""
        key = fields.get('sec-websocket-key', [''])[0]
        accept = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest())
        writer.write(b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
                     b'Sec-WebSocket-Accept: ' + accept + b'\r\n\r\n')
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        return False

    async def do_cached(self, reader, writer, method, fields, query, head, body):
        """Answers as the query says: s(econds), status, cc (Cache-Control), etag, vary, tag, times, parts (Range counts)."""
        await asyncio.sleep(float(query.get('s', 0)))
        more = {k: query[v] for k, v in (('Cache_Control', 'cc'), ('Vary', 'vary'), ('Surrogate_Key', 'tag')) if v in query}
        if 'etag' in query:
            more['ETag'] = f'"{query["etag"]}"'
            if fields.get('if-none-match') == [more['ETag']]:
                writer.write(f'HTTP/1.1 304 Not Modified\r\nETag: {more["ETag"]}\r\n'.encode() +
                             (f'Cache-Control: {query["cc"]}\r\n' if 'cc' in query else '').encode() + b'\r\n')
                return
        text = (query.get('text') or fields.get(query.get('vary', '').lower(), [''])[0] or 'body').encode()
        text = text * int(query.get('times', 1))
        status = query.get('status', '200')
        more['Content_Type'] = 'text/plain'
        if 'parts' in query and 'range' in fields:
            first, last = (int(x) for x in fields['range'][0].removeprefix('bytes=').split('-'))
            status, more['Content_Range'] = '206', f'bytes {first}-{last}/{len(text)}'
            text = text[first:last + 1]
        whole = response(f'{status} Status', text, **more)
        writer.write(whole if method != 'HEAD' else whole[:whole.index(b'\r\n\r\n') + 4])
