# SPDX-License-Identifier: MIT
"""What is looked at: services that are nothing special, each as the truth bench starts its own."""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRUTH = HERE.parent.parent / 'tests' / 'truth'
sys.path.append(str(TRUTH))
import stores  # noqa: E402
from host import Skip, Stage, free_port  # noqa: E402,F401

NGINX = '''worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; {paths}
server {{ listen 127.0.0.1:{port}{how}; {tls} location / {{ return 200 "ok\\n"; }} }} }}
'''


class Service:
    """start(stage) gives the URLs. rate: requests a second while its cost is measured, about a third of a core."""

    def __init__(self, name, about, rate, start):
        self.name, self.about, self.rate, self.start = name, about, rate, start


SERVICES = []


def service(name, about, rate):
    def add(start):
        SERVICES.append(Service(name, about, rate, start))
        return start
    return add


# ---- C -----------------------------------------------------------------------------------------

def nginx(stage, tls=False):
    """A head and three bytes: no file, no log."""
    program, port = stage.program('nginx'), free_port()
    paths = ''.join(f'{kind}_temp_path {stage.folder}/{kind};'
                    for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    key = 'ssl_certificate_key {}; ssl_certificate {};'.format(*stage.certificate()) if tls else ''
    conf = stage.folder / 'nginx.conf'
    conf.write_text(NGINX.format(folder=stage.folder, port=port, how=' ssl' if tls else '', tls=key, paths=paths))
    stage.spawn([program, '-p', stage.folder, '-c', conf])
    url = f'http{"s" if tls else ""}://127.0.0.1:{port}/'
    stage.wait_for(url)
    return [url]


service('nginx', 'nginx, `return 200`', 10000)(nginx)
service('nginx-fast', 'the same, at a rate where requests are sampled', 60000)(nginx)
service('nginx-tls', 'nginx over TLS 1.3', 6000)(lambda stage: nginx(stage, tls=True))


@service('c-epoll', 'C, one thread around epoll, some 40 us of work', 6000)
def c_epoll(stage):
    twin = stage.services.parent / 'tools' / 'twin_server'
    p = stage.spawn([twin, '--cpu-us', '40', '--tail-share', '0'], stdout=subprocess.PIPE, text=True)
    return [p.stdout.readline().strip() + 'a']


service('c-threads', 'C, a thread a connection', 2500)(lambda stage: [stage.service('healthy')])
service('c-uring', 'C, io_uring alone', 10000)(lambda stage: [stage.service('uring_prices', 'repaired')])


@service('sqlite', 'C and SQLite: a statement of forty rows a request', 1000)
def sqlite(stage):
    return [stage.start([stage.shop, '--fault', 'large-answer']) + 'cart?customer=4711']


@service('sqlite-points', 'C and SQLite: a statement of one row for each line of a cart', 1000)
def sqlite_points(stage):
    return [stage.start([stage.shop, '--fault', 'n-plus-one']) + 'cart?customer=4711']


# ---- others ------------------------------------------------------------------------------------

@service('node', 'Node, http', 5000)
def node(stage):
    return [stores.node(stage, 'healthy_node.js')]


@service('node-tls', 'Node, https', 4000)
def node_tls(stage):
    key, certificate = stage.certificate()
    url = stores.node(stage, 'node_tls.js', '--key', key, '--certificate', certificate)
    return [url.replace('http:', 'https:') + 'report?month=7']


@service('node-pg', 'Node, pg: two statements a request', 700)
def node_pg(stage):
    server = stores.postgres(stage)
    return [stores.node(stage, 'node_orders.js', DATABASE_URL=stores.database_url(server)) + 'orders?customer=17']


@service('asyncio', 'Python, aiohttp and asyncpg', 500)
def asyncio(stage):
    stores.need_python('aiohttp', 'asyncpg')
    server = stores.postgres(stage)
    return [stores.start(stage, ['/usr/bin/python3', '-B', stage.sources / 'aio_shop.py'],
                         DATABASE_URL=stores.database_url(server)) + 'orders?customer=17']


@service('gunicorn', 'Python, gunicorn with Flask and Redis', 150)
def gunicorn(stage):
    stores.need_python('flask', 'redis')
    server = stores.redis(stage)
    return [stage.gunicorn('flask_sessions:app', REDIS_PORT=str(server.port), REDIS_PASSWORD=stores.PASSWORD) +
            'devices?user=7']


@service('java', 'Java, its own HttpServer with 32 threads', 3000)
def java(stage):
    stage.sources = HERE
    return [stores.java(stage, 'Quote')]


service('go', 'Go, net/http, a goroutine a request', 6000)(lambda stage: [stores.go(stage, 'tickets') + 'watch?show=1'])
