# SPDX-License-Identifier: MIT
"""Faults planted in services of Node, Python, Java and Go, and in the databases behind them."""
from cases import case


@case('node-loop', ['cpu.event-loop'], number=1, fast=True)
def node_loop(stage):
    return [stage.start([stage.program('node'), stage.sources / 'node_loop.js'])]


@case('flask-gunicorn', ['cpu.hot-function'], where='score_cart', fast=True)
def flask_gunicorn(stage):
    return [stage.gunicorn('flask_score:app')]


@case('flask-downstream', ['io.net.downstream'], fast=True)
def flask_downstream(stage):
    peer = stage.service('slow_peer', '40')
    return [stage.gunicorn('flask_downstream:app', PEER=peer.split('/')[2])]
