# SPDX-License-Identifier: MIT
"""Planted: each request waits for a slow HTTP peer. Truth: io.net.downstream, the peer's address."""
import http.client
import os

from flask import Flask, jsonify

app = Flask(__name__)
PEER = os.environ['PEER']
peer = None


def ask_peer():
    global peer
    if peer is None:
        peer = http.client.HTTPConnection(PEER, timeout=10)
    peer.request('GET', '/price')
    return peer.getresponse().read()


@app.route('/')
def price():
    return jsonify(price=ask_peer().decode())
