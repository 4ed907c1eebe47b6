# SPDX-License-Identifier: MIT
"""Stock in PostgreSQL, a connection a thread: /sell?article=N, /log.

FAULT=hot-row: every sale updates one counter early in its transaction and then asks for a price:
               all others wait for that row. Truth: contention.db-lock, counters.
FAULT=commit:  /log commits each row by itself, which waits for the disk. Truth: COMMIT.
"""
import os
import threading

import psycopg2
from flask import Flask, jsonify, request

app = Flask(__name__)
FAULT = os.environ.get('FAULT')
local = threading.local()


def connection():
    if not hasattr(local, 'connection'):
        local.connection = psycopg2.connect(os.environ['DATABASE_URL'])
        if FAULT != 'commit':
            with local.connection.cursor() as cursor:
                cursor.execute('SET synchronous_commit = off')
            local.connection.commit()
    return local.connection


def counter_of(article):
    return 1 if FAULT == 'hot-row' else article % 500 + 1


@app.route('/')
def alive():
    return 'ok'


@app.route('/sell')
def sell():
    article = int(request.args.get('article', 1))
    with connection() as c, c.cursor() as cursor:
        if FAULT != 'hot-row':
            article = threading.get_ident() % 500
        cursor.execute('UPDATE counters SET sold = sold + 1 WHERE id = %s', (counter_of(article),))
        cursor.execute('SELECT price_of(%s)', (article,))
        price, = cursor.fetchone()
    return jsonify(article=article, price=price)


@app.route('/log')
def log():
    with connection() as c, c.cursor() as cursor:
        cursor.execute('INSERT INTO journal (what) VALUES (%s)', ('visit',))
    return jsonify(written=True)
