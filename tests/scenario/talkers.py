# SPDX-License-Identifier: MIT
"""Servers in threads of the test itself that know what they heard, said and when: WebSocket echo, a shop, streams of
events as language models send them."""
import base64
import hashlib
import json
import socket
import statistics
import threading
import time
import urllib.parse


class Talker:
    """A context manager; `talk(conn)` of a subclass has a connection each, `port`."""

    def __enter__(self):
        self.listening = socket.create_server(('127.0.0.1', 0), backlog=256)
        self.port = self.listening.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def accept(self):
        while True:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.attend, args=(conn,), daemon=True).start()

    def attend(self, conn):
        with conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.talk(conn, conn.makefile('rb'))
            except (OSError, ValueError):
                pass


def read_request(stream):
    """Method, path, headers by their lower-case names, body; None at the end."""
    line = stream.readline().decode().split()
    if len(line) != 3:
        return None
    headers = {}
    while True:
        field = stream.readline().decode().rstrip('\r\n')
        if not field:
            break
        name, value = field.split(':', 1)
        headers[name.lower()] = value.strip()
    return line[0], line[1], headers, stream.read(int(headers.get('content-length', 0)))


class Echo(Talker):
    """WebSocket: says what it hears; 'bye' makes it close. `texts`: all that it heard; `upgrades`: the headers."""

    def __init__(self):
        self.texts, self.upgrades = [], []

    def talk(self, conn, stream):
        request = read_request(stream)
        if not request:
            return
        key = request[2]['sec-websocket-key']
        accept = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        with self.lock:
            self.upgrades.append(request[2])
        conn.sendall(('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                      f'Sec-WebSocket-Accept: {accept}\r\n\r\n').encode())
        conn.sendall(b'\x89\x02hi')               # a ping that nobody asked for
        while self.answer(conn, stream):
            pass

    def answer(self, conn, stream):
        head = stream.read(2)
        if len(head) < 2:
            return False
        size = head[1] & 127
        if size >= 126:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), 'big')
        mask = stream.read(4)
        text = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(size)))
        if head[0] & 15 == 8:
            conn.sendall(b'\x88\x00')
            return False
        if head[0] & 15 != 1:
            return True
        with self.lock:
            self.texts.append(text.decode())
        if text == b'bye':
            conn.sendall(b'\x88\x02\x03\xe8')
            return False
        length = bytes([size]) if size < 126 else b'\x7e' + size.to_bytes(2, 'big')
        half = size // 2                          # in two fragments, if it is short
        if 0 < size < 126:
            conn.sendall(b'\x01' + bytes([half]) + text[:half])
            conn.sendall(b'\x80' + bytes([size - half]) + text[half:])
        else:
            conn.sendall(b'\x81' + length + text)
        return True


class Shop(Talker):
    """Remembers every request in `log`, in the order in which they came. /login gives a token (JSON), a cart (header) and
    an item (in a page's text), each belonging to the number in ?n=; /stock is empty for every third number."""

    def __init__(self):
        self.log = []

    def talk(self, conn, stream):
        while True:
            request = read_request(stream)
            if not request:
                return
            asked = Asked(*request)
            with self.lock:
                self.log.append(asked)
            status, body, extra = self.answer(asked)
            asked.answered = time.monotonic()
            conn.sendall((f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n{extra}'
                          f'\r\n{body}').encode())

    def answer(self, asked):
        n = asked.query.get('n', '0')
        if asked.path == '/login':
            return '200 OK', json.dumps({'users': [{}, {'token/x': f'token-{n}'}]}), f'X-Cart: cart-{n}\r\n'
        if asked.path == '/page':
            return '200 OK', f'<a href="/item/{1000 + int(n)}">', ''
        if asked.path == '/stock':
            return '200 OK', 'sold out' if int(n) % 3 == 0 else 'in stock', ''
        if asked.path == '/nothing':
            return '404 Not Found', '', ''
        return '200 OK', 'fine', ''

    def of(self, path):
        return [asked for asked in self.log if asked.path == path]

    def lines(self):
        """What was asked, without when: equal for equal seeds, in this order for each number."""
        return sorted((int(a.query.get('n', -1)), i, a.method, a.target, a.body) for i, a in self.ordered())

    def ordered(self):
        seen = {}
        for asked in self.log:
            n = asked.query.get('n')
            seen[n] = seen.get(n, -1) + 1
            yield seen[n], asked


class Asked:
    def __init__(self, method, target, headers, body):
        self.at, self.answered = time.monotonic(), None
        self.method, self.target, self.headers, self.body = method, target, headers, body.decode()
        self.path, _, query = target.partition('?')
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


def chunk_of(text):
    return 'data: ' + json.dumps({'object': 'chat.completion.chunk', 'choices': [{'index': 0, 'delta': {'content': text}}]},
                                 ensure_ascii=False) + '\n\n'


ROLE = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
EVENT = 'event: tick\r\ndata: %d\r\ndata: more\r\n\r\n'
STOP = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


class Model(Talker):
    """Streams of tokens. The path says how: /plain, /wide (four tokens in a chunk, told by a usage block), /broken (an
    error in the middle), /cut (no [DONE]), /gone (the connection ends in a chunk), /events (server-sent events of no
    model). `first`, `gap`: seconds; what really passed is in first_s and token_s."""
    first, gap, tokens = 0.08, 0.02, 12

    def __init__(self):
        self.first_s, self.token_s, self.bodies, self.tokens_said = [], [], [], 0

    def talk(self, conn, stream):
        while True:
            request = read_request(stream)
            if not request:
                return
            began = time.monotonic()
            with self.lock:
                self.bodies.append(request[3].decode())
            conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
            if not self.stream(conn, request[1].strip('/'), began):
                return

    def say(self, conn, text):
        data = text if isinstance(text, bytes) else text.encode()
        conn.sendall(f'{len(data):x}\r\n'.encode() + data + b'\r\n')

    def stream(self, conn, kind, began):
        wide, model = kind == 'wide', kind != 'events'
        chunks = self.tokens // 4 if wide else self.tokens
        times = []
        self.say(conn, ': keep-alive\n\n')
        if model:
            self.say(conn, ROLE)
        time.sleep(self.first)
        for i in range(chunks):
            if i:
                time.sleep(self.gap)
            text = chunk_of('Größe 東京 ' * (4 if wide else 1)) if model else EVENT % i
            times.append(self.in_pieces(conn, text, i))
            if kind == 'gone' and i == 4:
                conn.sendall(b'ff\r\ndata: {"cho')
                return False
            if kind == 'broken' and i == 4:
                self.say(conn, 'data: {"error":{"message":"out of memory"}}\n\n')
        if kind in ('plain', 'wide', 'broken'):
            self.say(conn, STOP)
        if wide:
            self.say(conn, 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":%d}}\n\n' % (4 * chunks))
        if kind in ('plain', 'wide', 'broken'):
            self.say(conn, 'data: [DONE]\n\n')
        conn.sendall(b'0\r\n\r\n')
        said = 4 * chunks if wide else chunks
        with self.lock:
            self.tokens_said += said
            self.first_s.append(times[0] - began)
            self.token_s.append((times[-1] - times[0]) / (said - 1))
        return True

    def in_pieces(self, conn, text, i):
        """Every third event is cut: in the middle of its line, of a character where it holds one, and from its last line
        end. Returns when its last byte, which makes it an event, was sent."""
        data = text.encode()
        if i % 3 == 2:
            at = data.find('ö'.encode()) + 1 or len(data) // 2
            for piece in (data[:at], data[at:-1]):
                self.say(conn, piece)
            data = data[-1:]
        self.say(conn, data)
        return time.monotonic()

    def medians(self):
        return statistics.median(self.first_s), statistics.median(self.token_s)
