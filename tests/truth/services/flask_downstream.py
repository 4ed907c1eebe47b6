# SPDX-License-Identifier: MIT
"""Planted: each request waits for a slow HTTP peer. Truth: io.net.downstream, the peer's address.
FAULT=lock: the threads, each with a connection of its own, ask one after another. Truth: contention.lock in ask_peer.
"""
import http.client
import os
import threading
from contextlib import nullcontext

from flask import Flask, jsonify

app = Flask(__name__)
PEER = os.environ['PEER']
its = threading.local()
turn = threading.Lock() if os.environ.get('FAULT') == 'lock' else nullcontext()


def ask_peer():
    if not hasattr(its, 'peer'):
        its.peer = http.client.HTTPConnection(PEER, timeout=10)
    with turn:
        its.peer.request('GET', '/price')
        return its.peer.getresponse().read()


@app.route('/')
def price():
    return jsonify(price=ask_peer().decode())
