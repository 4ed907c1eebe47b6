#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a real PostgreSQL says of statements that trace would have seen, and who may ask it.
usage: plans.py EXPLAIN; prints TAP."""
import os
import pwd
import shutil
import subprocess
import sys

from backends import NOBODY, POSTGRES, Postgres
from calls import Tap

PASSWORD = 'not-for-artefacts'
SCHEMA = '''
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int, status varchar(12), created_at timestamptz, note text);
INSERT INTO orders (customer_id, status, created_at, note)
  SELECT g % 5000, CASE WHEN g % 3 = 0 THEN 'open' ELSE 'done' END, now() - g * interval '1 minute', repeat('x', 40)
  FROM generate_series(1, 40000) g;
CREATE TABLE items (id serial PRIMARY KEY, order_id int, price numeric);
INSERT INTO items (order_id, price) SELECT g, g FROM generate_series(1, 20000) g;
CREATE INDEX items_order ON items (order_id);
'''
# statement -> what its line begins with
STATEMENTS = [
    ('SELECT * FROM orders WHERE customer_id = ?', 'orders 40000 customer_id |'),
    ('SELECT * FROM orders WHERE customer_id = $1 AND created_at > $2', 'orders 40000 customer_id created_at |'),
    ('SELECT * FROM orders WHERE id = ?', '- nan |'),
    ('SELECT * FROM items WHERE order_id = ?', '- nan |'),
    ('SELECT count(*) FROM orders', '- nan |'),                                     # all of it is wanted
    ('SELECT * FROM orders WHERE status = ?', 'orders 40000 |'),                     # a third or more of it is
    ('UPDATE orders SET note = ? WHERE customer_id = ?', 'orders 40000 customer_id |'),
    ('SELECT o.id FROM orders o JOIN items i ON i.order_id = o.id WHERE o.customer_id = ?', 'orders 40000 customer_id |'),
    ('SELECT * FROM nowhere WHERE id = ?', '- nan | no plan'),
]
tap = Tap()


def ask(explain, database, login, user=None):
    words = [s for s, _ in STATEMENTS]
    as_user = {'user': user, 'group': user, 'extra_groups': []} if user else {}
    done = subprocess.run([explain, 'postgresql', database, login, *words], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, 'PGPASSWORD': PASSWORD if login != '-' else ''}, **as_user)
    return done.stdout.splitlines(), done.stderr


def judge(name, lines, stderr):
    faults = [f'"{s}": {line}' for (s, want), line in zip(STATEMENTS, lines) if not line.startswith(want)]
    if len(lines) < len(STATEMENTS) or stderr:
        faults.append(f'{lines[-2:]} {stderr}')
    if not any('1 statements could not be explained' in line and 'nowhere' in line for line in lines):
        faults.append(f'the statement without a table is not told: {lines[-2:]}')
    tap.row(name, faults)


def main():
    explain = os.path.abspath(sys.argv[1])
    if not os.path.exists(f'{POSTGRES}/postgres'):
        tap.skip('plans', 'PostgreSQL is not installed')
        return tap.end()
    with Postgres(PASSWORD, local='peer') as server:
        owner = pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.geteuid()).pw_name
        server.sql(SCHEMA + f'ANALYZE; CREATE ROLE "{owner}" SUPERUSER LOGIN')
        before = server.sql('SELECT count(*), max(xmin::text::bigint) FROM orders')
        place = f'127.0.0.1:{server.port}/postgres'
        judge('as the user of the server, by its own socket', *ask(explain, place, '-'))
        judge('by a login', *ask(explain, place, f'postgresql://shop@127.0.0.1:{server.port}/postgres'))
        lines, _ = ask(explain, f'127.0.0.1:{server.port}/nobase', '-')
        tap.row('a database that is not there is told', [] if any('nobase' in s for s in lines) else lines[-2:])
        tap.row('nothing was changed', [] if server.sql('SELECT count(*), max(xmin::text::bigint) FROM orders') == before
                else ['rows were'])
        if os.geteuid() == 0:
            copy = shutil.copy(explain, server.folder)      # the build folder may be closed to others
            lines, _ = ask(copy, place, '-', user=pwd.getpwnam('daemon').pw_uid)
            told = [s for s in lines if s.startswith('closed') and 'only root and its own user' in s]
            tap.row('another user is not let in, by name', [] if told else lines[-2:])
        else:
            tap.skip('another user is not let in', 'needs root')
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
