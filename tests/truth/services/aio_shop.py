# SPDX-License-Identifier: MIT
"""A shop on one event loop: aiohttp, asyncpg. DATABASE_URL and PEER tell what is behind it.

/price asks PEER, /orders?customer=N reads them, /stock?article=N is one short statement,
/offers asks PEER for twenty prices.
--fault blocking: /price asks PEER in a blocking way. Truth: io.blocking-call.
--fault sleep:    /price keeps to a rate by sleeping on the loop, in keep_to_rate(). Truth: io.blocking-call.
--fault reset:    /stock takes its connection from a pool that resets it at each release, one more
                  round trip. Truth: the reset statement.
--fault gather:   /offers makes twenty calls at once, without a bound. Truth: io.net.n-plus-one.
"""
import argparse
import asyncio
import os
import socket
import time
import urllib.request

import aiohttp
import asyncpg
from aiohttp import web

OFFERS = 20


class WithoutReset(asyncpg.Connection):
    def get_reset_query(self):
        return ''


def keep_to_rate():
    time.sleep(0.008)


async def price(request):
    app = request.app
    if app['fault'] == 'sleep':
        keep_to_rate()
    url = f"http://{app['peer']}/price"
    if app['fault'] == 'blocking':
        with urllib.request.urlopen(url) as answer:
            text = answer.read().decode()
    else:
        async with app['http'].get(url) as answer:
            text = await answer.text()
    return web.json_response({'price': text})


async def orders(request):
    customer = int(request.query.get('customer', 1))
    rows = await request.app['pool'].fetch(
        'SELECT id, article, quantity FROM orders WHERE customer = $1 ORDER BY id DESC LIMIT 20',
        customer)
    return web.json_response([dict(row) for row in rows])


async def stock(request):
    article = int(request.query.get('article', 1))
    async with request.app['pool'].acquire() as connection:
        left = await connection.fetchval('SELECT price_of($1)', article)
    return web.json_response({'article': article, 'left': left})


async def offer(app, number):
    async with app['http'].get(f"http://{app['peer']}/offer/{number}") as answer:
        return await answer.text()


async def offers(request):
    app = request.app
    if app['fault'] == 'gather':
        found = await asyncio.gather(*(offer(app, n) for n in range(OFFERS)))
    else:
        found = [await offer(app, 0)]
    return web.json_response(found)


async def start(app):
    app['http'] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    if 'DATABASE_URL' in os.environ:
        reset = app['fault'] == 'reset'
        app['pool'] = await asyncpg.create_pool(
            os.environ['DATABASE_URL'], min_size=2, max_size=2 if reset else 16,
            connection_class=asyncpg.Connection if reset else WithoutReset)


async def stop(app):
    await app['http'].close()
    if 'pool' in app:
        await app['pool'].close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--fault')
    app = web.Application()
    app['fault'] = parser.parse_args().fault
    app['peer'] = os.environ.get('PEER')
    app.add_routes([web.get('/price', price), web.get('/orders', orders), web.get('/stock', stock),
                    web.get('/offers', offers)])
    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
    print(f'listening on 127.0.0.1:{listener.getsockname()[1]}', flush=True)
    web.run_app(app, sock=listener, print=None, access_log=None)


if __name__ == '__main__':
    main()
