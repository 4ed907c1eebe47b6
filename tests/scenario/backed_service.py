#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A service of threads that asks PostgreSQL (through libpq), Redis (through hiredis), another HTTP service
and a name server, each route a known number of times a request; for wire.py.
usage: backed_service.py POSTGRES_FOLDER POSTGRES_PORT REDIS_PORT HTTP_PORT PASSWORD; prints 'listening on HOST:PORT'."""
import ctypes
import http.client
import http.server
import queue
import socket
import sys

pg_folder, pg_port, password = sys.argv[1], int(sys.argv[2]), sys.argv[5]
redis_port, http_port = int(sys.argv[3]), int(sys.argv[4])
pq = ctypes.CDLL('libpq.so.5')
hiredis = ctypes.CDLL('libhiredis.so.0.14')
for f in (pq.PQconnectdb, pq.PQexec, pq.PQprepare, pq.PQexecPrepared, pq.PQexecParams, hiredis.redisConnect,
          hiredis.redisCommandArgv):
    f.restype = ctypes.c_void_p
pq.PQerrorMessage.restype = ctypes.c_char_p


def texts(*values):
    return (ctypes.c_char_p * len(values))(*values)


class Backends:
    """What a request may use; made when there are too few of them."""
    idle = queue.LifoQueue()

    def __init__(self):
        self.pg, self.local = self.connect('127.0.0.1'), self.connect(pg_folder)
        self.prepare('by_id', b'SELECT name FROM item WHERE id = $1::int')
        self.redis = ctypes.c_void_p(hiredis.redisConnect(b'127.0.0.1', redis_port))
        self.command('AUTH', password)
        self.http = http.client.HTTPConnection('127.0.0.1', http_port)

    def connect(self, host):
        return ctypes.c_void_p(pq.PQconnectdb(f'host={host} port={pg_port} user=shop dbname=postgres password={password} '
                                              'gssencmode=disable'.encode()))

    def clear(self, result):
        status = pq.PQresultStatus(ctypes.c_void_p(result))
        pq.PQclear(ctypes.c_void_p(result))
        return status

    def query(self, sql, connection=None):
        return self.clear(pq.PQexec(connection or self.pg, sql.encode()))

    def prepare(self, name, sql):
        return self.clear(pq.PQprepare(self.pg, name.encode(), sql, 1, None))

    def run_prepared(self, name, value):
        return self.clear(pq.PQexecPrepared(self.pg, name.encode(), 1, texts(str(value).encode()), None, None, 0))

    def run_with(self, sql, value):
        return self.clear(pq.PQexecParams(self.pg, sql.encode(), 1, None, texts(str(value).encode()), None, None, 0))

    def command(self, *words):
        encoded = [str(w).encode() for w in words]
        sizes = (ctypes.c_size_t * len(encoded))(*map(len, encoded))
        hiredis.freeReplyObject(ctypes.c_void_p(hiredis.redisCommandArgv(self.redis, len(encoded), texts(*encoded), sizes)))

    def call(self, path):
        self.http.request('GET', path)
        self.http.getresponse().read()


def orders(b):
    for i in range(7):
        b.query(f"SELECT price FROM item WHERE id = {i} AND name <> 'secret-{i}'")


def prepared(b):
    for i in range(3):
        b.run_prepared('by_id', i)
    b.run_with('SELECT count(*) FROM item WHERE price > $1::int', 5)


def report(b):
    b.query('SELECT id, name, price, repeat(name, 20) FROM item ORDER BY id')


def local(b):
    for i in range(2):
        b.query(f'SELECT max(id) FROM item WHERE price < {i}', b.local)


def cart(b):
    for i in range(5):
        b.command('HGET', f'cart:{1000 + i}', 'total')
    b.command('SET', 'session:0f8fad5bd9cb469fa165', 'secret' * 500)
    b.command('GET', 'session:0f8fad5bd9cb469fa165')


def refused(b):
    b.query('SELECT nothing FROM nowhere')
    b.command('INCR', 'name')


def prices(b):
    for i in range(2):
        b.call(f'/price/{i}?token=secret')


def names(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.connect(('127.99.0.1', 53))
        s.send(b'0123456789abcdef')
        s.recv(512)


ROUTES = {'/orders': orders, '/prepared': prepared, '/report': report, '/cart': cart, '/refused': refused, '/prices': prices,
          '/names': names, '/local': local}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        backends = Backends.idle.get() or Backends()
        ROUTES[self.path](backends)
        Backends.idle.put(backends)
        self.send_response(200)
        self.send_header('Content-Length', '3')
        self.end_headers()
        self.wfile.write(b'ok\n')

    def log_message(self, *_):
        pass


def main():
    for _ in range(12):
        Backends.idle.put(None)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print('listening on 127.0.0.1:%d' % server.server_address[1], flush=True)
    server.serve_forever()


main()
