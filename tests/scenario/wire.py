#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a service asks PostgreSQL, Redis and HTTP peers at ports that are not theirs, and a name server:
every statement is named, with its number a request, its rows and its errors; and no value is.
usage: wire.py PRONY; prints TAP."""
import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

from backends import Postgres, Redis
from calls import Tap

PASSWORD = 'pass-4711'
EDGES = 0.05        # a request that is under way where a window of tracing begins or ends is seen in part
ROUTES = ('orders', 'prepared', 'report', 'cart', 'refused', 'prices', 'names', 'local')
BY_ID = 'SELECT name FROM item WHERE id = ?::int'
BEFORE = '(prepared before tracing)'     # on the connection that the first look at the service brought about
tap = Tap()


class Prices(http.server.BaseHTTPRequestHandler):
    """Every second answer is a refusal."""
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        refused = self.path.startswith('/price/1')
        self.send_response(429 if refused else 200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'42')

    def log_message(self, *_):
        pass


def answer_names(s):
    while True:
        question, sender = s.recvfrom(512)
        s.sendto(question, sender)


def name_server():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.99.0.1', 53))
    threading.Thread(target=answer_names, args=(s,), daemon=True).start()


def traced(prony, service):
    address = service.stdout.readline().split()[-1]
    with tempfile.TemporaryDirectory(prefix='prony-wire-') as folder:
        done = subprocess.run([prony, 'check', *(f'http://{address}/{r}' for r in ROUTES), '--rate', '240/s', '--for',
                               '5s', '--quiet', '--out', folder + '/run'], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=150, check=False)
        try:
            with open(folder + '/run/run.json', encoding='utf-8') as f:
                text = f.read()
        except OSError:
            raise RuntimeError(done.stderr) from None
        return json.loads(text), text


def near(got, want):
    return got is not None and abs(got - want) <= EDGES * want


def queries_of(run, engine, text):
    return [q for q in run['evidence']['trace']['queries'] if q['engine'] == engine and q['fingerprint'] == text]


def judge_query(run, engine, text, route, per_request, rows, errors=0):
    rows_of = queries_of(run, engine, text)
    if len(rows_of) != 1:
        tap.row(f'{engine}: {text}', [f'{len(rows_of)} rows of it'])
        return
    q = rows_of[0]
    if text == BY_ID:
        q['per_request'] += sum(before['per_request'] for before in queries_of(run, engine, BEFORE))
    faults = [f"{name} {q.get(name)}, wanted {want}" for name, want in
              (('per_request', per_request), ('rows', rows), ('errors', errors)) if not near(q.get(name), want)]
    if q.get('route') != '/' + route:
        faults.append(f"route {q.get('route')}")
    if not q.get('seconds', 0) > 0:
        faults.append('no time')
    tap.row(f'{engine}: {text}', faults)


def judge_call(run, kind, peer, route, **figures):
    calls = [c for c in run['evidence']['trace']['calls'] if c['peer'] == peer and c.get('route') == route]
    faults = [] if len(calls) == 1 else [f'{len(calls)} rows']
    for c in calls:
        faults += [f'{name} {c.get(name)}' for name, want in figures.items() if not near(c.get(name), want)]
        faults += [] if c['kind'] == kind else [c['kind']]
    tap.row(f'{kind}: calls of {route}', faults)


def judge(run, text, pg, redis_port, http_port):
    pg_port, socket_path = pg.port, f'{pg.folder}/.s.PGSQL.{pg.port}'
    judge_query(run, 'postgresql', 'SELECT price FROM item WHERE id = ? AND name <> ?', 'orders', 7, 1)
    judge_query(run, 'postgresql', BY_ID, 'prepared', 3, 1)
    judge_query(run, 'postgresql', 'SELECT count(*) FROM item WHERE price > ?::int', 'prepared', 1, 1)
    judge_query(run, 'postgresql', 'SELECT id, name, price, repeat(name, ?) FROM item ORDER BY id', 'report', 1, 997)
    judge_query(run, 'postgresql', 'SELECT nothing FROM nowhere', 'refused', 1, 0, 1)
    judge_query(run, 'redis', 'HGET cart:? total', 'cart', 5, 1)
    judge_query(run, 'redis', 'SET session:?', 'cart', 1, 1)
    judge_query(run, 'redis', 'GET session:?', 'cart', 1, 1)
    judge_query(run, 'redis', 'INCR name', 'refused', 1, 0, 1)
    judge_query(run, 'postgresql', 'SELECT max(id) FROM item WHERE price < ?', 'local', 2, 1)
    databases = {q['database'] for q in run['evidence']['trace']['queries']}
    wanted = {f'127.0.0.1:{pg_port}/postgres', f'{socket_path}/postgres', f'127.0.0.1:{redis_port}'}
    tap.row('databases have their address and name', [] if databases == wanted else [f'{databases}'])
    kinds = {p['address']: p['kind'] for p in run['system']['peers']}
    wanted = {f'127.0.0.1:{pg_port}': 'postgresql', socket_path: 'postgresql', f'127.0.0.1:{redis_port}': 'redis'}
    tap.row('peers are what they speak', [f'{a}: {kinds.get(a)}' for a in wanted if kinds.get(a) != wanted[a]])
    judge_call(run, 'http', f'127.0.0.1:{http_port}', '/prices', per_request=2, errors=0.5, limited=0.5)
    judge_call(run, 'dns', '127.99.0.1:53', '/names', per_request=1, connects_per_request=1)
    tap.row('no value is in the record', [w for w in ('secret', PASSWORD, '0f8fad5b') if w in text])


def main():
    prony = os.path.abspath(sys.argv[1])
    if os.geteuid() != 0:
        tap.skip('the wire', 'needs root to trace')
        return tap.end()
    peer = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Prices)
    threading.Thread(target=peer.serve_forever, daemon=True).start()
    http_port = peer.server_address[1]
    name_server()
    with Postgres(PASSWORD) as pg, Redis(PASSWORD) as redis:
        pg.sql("CREATE TABLE item AS SELECT i AS id, 'item ' || i AS name, i AS price FROM generate_series(0, 996) i; "
               'CREATE UNIQUE INDEX ON item (id)')
        redis.ask('SET', 'name', 'no number')
        for i in range(5):
            redis.ask('HSET', f'cart:{1000 + i}', 'total', '17')
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'backed_service.py')
        service = subprocess.Popen([sys.executable, program, pg.folder, str(pg.port), str(redis.port), str(http_port),
                                    PASSWORD], stdout=subprocess.PIPE, text=True)
        try:
            run, text = traced(prony, service)
            judge(run, text, pg, redis.port, http_port)
        finally:
            service.kill()
            service.wait()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
