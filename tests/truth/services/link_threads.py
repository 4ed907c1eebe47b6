# SPDX-License-Identifier: MIT
"""A thread for each connection, or a gunicorn worker, that asks PostgreSQL on a connection of its own.
The file TRUTH (a process each: its pid is appended) as in link_node.js; "h": the handler ran."""
import atexit
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import psycopg2

lines = []
ids = count(1)
local = threading.local()


def connection():
    if not hasattr(local, 'connection'):
        local.connection = psycopg2.connect(host='127.0.0.1', port=os.environ['PGPORT'], user='shop',
                                            dbname='postgres', password=os.environ['PGPASSWORD'])
        local.connection.autocommit = True
    return local.connection


def work():
    began, request, tid = time.monotonic_ns(), f'{os.getpid()}{next(ids)}', threading.get_native_id()
    with connection().cursor() as cursor:
        for text in ('SELECT 1 AS first', 'SELECT pg_sleep(0.001)'):
            asked = time.monotonic_ns()
            cursor.execute(text)
            lines.append(f'q {request} {asked} {time.monotonic_ns()} {tid}')
    lines.append(f'h {request} {began} {time.monotonic_ns()} {tid}')


def save(*_):
    with open(f"{os.environ['TRUTH']}.{os.getpid()}", 'w', encoding='ascii') as f:
        f.write('\n'.join(lines) + '\n')
    if _:
        os._exit(0)


def app(environ, start_response):
    work()
    start_response('200 OK', [('Content-Length', '3')])
    return [b'ok\n']


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1            # one write a response

    def do_GET(self):
        work()
        self.send_response(200)
        self.send_header('Content-Length', '3')
        self.end_headers()
        self.wfile.write(b'ok\n')

    def log_message(self, *_):
        pass


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, save)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    print('listening on 127.0.0.1:%d' % server.server_address[1], flush=True)
    server.serve_forever()
else:
    atexit.register(save)
