# SPDX-License-Identifier: MIT
"""A task for each request that asks PostgreSQL through a pool; the file TRUTH as in link_node.js."""
import asyncio
import contextvars
import os
import random
import signal
import threading
import time
from asyncio import selector_events

import asyncpg

current = contextvars.ContextVar('current', default=None)
lines = []
last = 0
write = selector_events._SelectorSocketTransport.write
pg_port = int(os.environ['PGPORT'])


def logged(transport, data):
    began = time.monotonic_ns()
    write(transport, data)
    request = current.get()
    if request is not None:
        question = transport.get_extra_info('peername')[1] == pg_port
        lines.append(f"{'q' if question else 'r'} {request} {began} {time.monotonic_ns()} {threading.get_native_id()}")


selector_events._SelectorSocketTransport.write = logged


async def one(pool):
    await pool.fetchval('SELECT pg_sleep($1)', random.random() * 0.002)


async def two(pool):
    await pool.fetchval('SELECT 1 AS two_first')
    await pool.fetchval('SELECT 2 AS two_second')


async def nap(pool):
    await asyncio.sleep(random.random() * 0.005)
    await pool.fetchval('SELECT 3 AS nap')


async def gather(pool):
    await asyncio.gather(*(pool.fetchval('SELECT 4 AS gathered') for _ in range(3)))


ROUTES = {'/' + work.__name__: work for work in (one, two, nap, gather)}


class Connection(asyncio.Protocol):
    def __init__(self, pool):
        self.pool, self.tasks = pool, set()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        task = asyncio.create_task(self.answer(ROUTES[data.split(None, 2)[1].decode()]))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, work):
        global last
        last += 1
        current.set(last)
        await work(self.pool)
        self.transport.write(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n')


async def main():
    size = int(os.environ['POOL'])
    pool = await asyncpg.create_pool(host='127.0.0.1', port=pg_port, user='shop', database='postgres',
                                     password=os.environ['PGPASSWORD'], min_size=size, max_size=size)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pool), '127.0.0.1', 0)
    print('listening on 127.0.0.1:%d' % server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    with open(os.environ['TRUTH'], 'w', encoding='ascii') as f:
        f.write('\n'.join(lines) + '\n')
    os._exit(0)


asyncio.run(main())
