# SPDX-License-Identifier: MIT
"""Sessions in Redis, whose port is in REDIS_PORT: /devices?user=N, /profile?user=N, /basket?user=N.

FAULT=keys:       /devices looks through all keys of the server. Truth: io.redis.slow-command, KEYS.
FAULT=big:        /profile reads a value of four megabytes for a name. Truth: io.redis.slow-command, GET.
FAULT=n-plus-one: /basket asks for forty articles one by one. Truth: io.redis.n-plus-one, GET.
"""
import os

import redis
from flask import Flask, jsonify, request

app = Flask(__name__)
FAULT = os.environ.get('FAULT')
store = redis.Redis(port=int(os.environ['REDIS_PORT']), password=os.environ['REDIS_PASSWORD'])


def user():
    return int(request.args.get('user', 1)) % 1000


@app.route('/')
def alive():
    return 'ok'


@app.route('/devices')
def devices():
    if FAULT == 'keys':
        found = store.keys(f'session:{user()}:*')
    else:
        found = store.smembers(f'sessions-of:{user()}')
    return jsonify(devices=sorted(name.decode() for name in found))


@app.route('/profile')
def profile():
    if FAULT == 'big':
        name = store.get('profiles').split(b'\n', 1)[0]
    else:
        name = store.hget('names', str(user()))
    return jsonify(name=(name or b'').decode())


@app.route('/basket')
def basket():
    names = [f'article:{(user() * 7 + n) % 2000}' for n in range(40)]
    prices = [store.get(n) for n in names] if FAULT == 'n-plus-one' else store.mget(names)
    return jsonify(total=sum(int(p or 0) for p in prices))
