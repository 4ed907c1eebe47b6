# SPDX-License-Identifier: MIT
"""A report on threads of the standard library: /report?shop=N.

--fault compute: parsing, scoring and rendering take a few milliseconds each, and the interpreter
                 runs one thread at a time. Truth: cpu.single-thread, or one of the three.
--fault pieces:  head and body leave in two small writes with Nagle's algorithm on: the second waits
                 for the other side's delayed acknowledgement, 40 ms. Truth: that stall.
"""
import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler
from urllib.parse import parse_qs, urlsplit

LINES = [f'{n};shop {n % 7};{n * 13 % 900 + 99}' for n in range(60)]


def parse(lines, turns):
    rows = []
    for _ in range(turns):
        rows = [line.split(';') for line in lines]
    return rows


def score(rows, turns):
    total = 0
    for _ in range(turns):
        for number, _, cents in rows:
            total += int(cents) % (int(number) + 7)
    return total


def render(rows, turns):
    cells = []
    for _ in range(turns):
        cells = [f'<td>{shop}</td><td>{int(cents) / 100:.2f}</td>' for _, shop, cents in rows]
    return len(''.join(cells))


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    fault = None

    def handle_error(self, *_):
        pass   # a client that went away


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def setup(self):
        self.disable_nagle_algorithm = self.server.fault != 'pieces'
        StreamRequestHandler.setup(self)

    def do_GET(self):
        shop = parse_qs(urlsplit(self.path).query).get('shop', ['0'])[0]
        turns = 240 if self.server.fault == 'compute' else 1
        rows = parse(LINES, turns)
        body = json.dumps({'shop': shop, 'score': score(rows, turns // 2 + 1),
                           'cells': render(rows, turns // 2 + 1)}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--fault')
    server = Server(('127.0.0.1', 0), Handler)
    server.fault = parser.parse_args().fault
    print(f'listening on 127.0.0.1:{server.server_port}', flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main()
