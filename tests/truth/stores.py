# SPDX-License-Identifier: MIT
"""What stands behind the services: private PostgreSQL and Redis servers, and compiled Java and Go.

`make truth` installs node modules in BUILD-truth, where Go's build cache is kept too."""
import importlib.util
import os
import pwd
import subprocess
import sys
from pathlib import Path

from host import Skip

sys.path.append(str(Path(__file__).resolve().parent.parent / 'scenario'))
import backends  # noqa: E402

PASSWORD = 'a-password-for-tests'
JDBC = '/usr/share/java/postgresql.jar'

SCHEMA = '''
CREATE TABLE articles (id int PRIMARY KEY, title text, price int, supplier text, weight real, stored timestamptz,
                       body text, manual text);
INSERT INTO articles SELECT n, 'article ' || n, n * 37 % 5000 + 99, 'supplier ' || n % 97, n % 40, now(),
  repeat(md5(n::text), 400), repeat(md5((-n)::text), 200) FROM generate_series(1, 2000) n;
CREATE TABLE orders (id int, customer int, article int, quantity int);
INSERT INTO orders SELECT n, n % 10000, n % 2000 + 1, n % 9 + 1 FROM generate_series(1, 300000) n;
CREATE TABLE counters (id int PRIMARY KEY, sold bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO counters SELECT n, 0 FROM generate_series(1, 501) n;
CREATE TABLE journal (id bigserial PRIMARY KEY, what text, written timestamptz DEFAULT now());
-- A price that comes from elsewhere: it takes time, but no CPU.
CREATE FUNCTION price_of(wanted int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_sleep(0.003);
  RETURN (SELECT price FROM articles WHERE id = wanted);
END $$;
'''
INDEX = 'CREATE INDEX orders_customer ON orders (customer, id);'


class Postgres(backends.Postgres):
    def __init__(self, durable):
        super().__init__(PASSWORD, local='peer')     # as Debian does
        self.durable = durable

    def prepare(self):
        super().prepare()
        self.argv += ['-c', 'max_connections=300', '-c', f'fsync={"on" if self.durable else "off"}']


def enter(stage, backend):
    if not os.access(f'{backends.POSTGRES}/postgres', os.X_OK) or not os.access('/usr/bin/redis-server', os.X_OK):
        raise Skip('PostgreSQL 15 or Redis is not installed')
    stage.ends.append(lambda: backend.__exit__(None, None, None))
    try:
        return backend.__enter__()
    except BaseException:
        stage.ends.pop()
        raise


def postgres(stage, index=True, durable=False):
    """A server with the shop's tables; stage.peer is its address."""
    server = enter(stage, Postgres(durable))
    owner = pwd.getpwuid(backends.NOBODY if os.geteuid() == 0 else os.geteuid()).pw_name
    server.sql(SCHEMA + (INDEX if index else '') + f'ANALYZE; CREATE ROLE "{owner}" SUPERUSER LOGIN')
    stage.peer = f'127.0.0.1:{server.port}'
    return server


def database_url(server):
    return f'postgresql://shop:{PASSWORD}@127.0.0.1:{server.port}/postgres'


def redis(stage):
    """A server with sessions, profiles and articles; stage.peer is its address."""
    server = enter(stage, backends.Redis(PASSWORD))
    stage.peer = f'127.0.0.1:{server.port}'
    fill = '''for n = 0, 149999 do redis.call('SET', 'session:' .. n % 1000 .. ':' .. n, 'phone')
  redis.call('SADD', 'sessions-of:' .. n % 1000, 'session:' .. n % 1000 .. ':' .. n) end
for n = 0, 999 do redis.call('HSET', 'names', n, 'user ' .. n) end
for n = 0, 1999 do redis.call('SET', 'article:' .. n, n * 37 % 5000) end
redis.call('SET', 'profiles', string.rep('user and what is known of the user' .. string.char(10), 120000))'''
    server.ask('EVAL', fill, '0')
    return server


# ---- programs ----------------------------------------------------------------------------------

def beside_build(stage):
    """BUILD-truth; the services' folder is BUILD/tests/truth."""
    build = stage.services.parents[1]
    return Path(os.environ.get('PRONY_TRUTH_FOLDER') or build.with_name(build.name + '-truth'))


def need_python(*modules):
    for module in modules:
        if not importlib.util.find_spec(module):
            raise Skip(f'the Python module {module} is not installed')


def node(stage, script, *words, **environment):
    """Start a Node service; the URL it answers at."""
    modules = beside_build(stage) / 'node_modules'
    if 'DATABASE_URL' in environment and not (modules / 'pg').is_dir():
        raise Skip(f'the node module pg is not in {modules}')
    return start(stage, [stage.program('node'), stage.sources / script, *words], NODE_PATH=modules, **environment)


def start(stage, argv, cgroup=None, **environment):
    return stage.start(['/usr/bin/env', *(f'{k}={v}' for k, v in environment.items()), *argv], cgroup)


def java(stage, name, *words, flags=(), cgroup=None, **environment):
    classes = stage.folder / 'classes'
    if not (classes / f'{name}.class').exists():
        subprocess.run([stage.program('javac'), '-d', classes, stage.sources / f'{name}.java'], check=True)
    return start(stage, [stage.program('java'), *flags, '-cp', f'{classes}:{JDBC}', name, *words], cgroup,
                 **environment)


def go(stage, name, *words):
    folder = beside_build(stage)
    program = folder / 'go' / name
    subprocess.run([stage.program('go'), 'build', '-o', program, stage.sources / f'{name}.go'], check=True,
                   env={**os.environ, 'GOCACHE': str(folder / 'go-cache'), 'GO111MODULE': 'off'})
    return stage.start([stage.own(program), *words])
