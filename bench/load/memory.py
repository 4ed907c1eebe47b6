# SPDX-License-Identifier: MIT
"""Memory of a client for each connection that waits: the difference between few and ten thousand."""
import tempfile

from clients import Job
from machine import Cannot, peak_resident
from servers import Truth

FEW, MANY, SECONDS = 100, 10000, 6
CLIENTS = ('prony', 'wrk', 'h2load')


def one(client, connections, core, server):
    with tempfile.TemporaryDirectory(prefix='prony-bench-') as folder:
        job = Job(server.url('const?ms=2000'), connections, SECONDS, folder=folder)
        return peak_resident(client.command(job), core, SECONDS, folder)


def measure(clients, cores, setup, say):
    rows, skipped = {}, {}
    for client in (c for c in clients if c.name in CLIENTS):
        say(f'memory: {client.name}')
        try:
            with Truth(cores[1], setup.truth) as server:
                few, many = (one(client, n, cores[0], server) for n in (FEW, MANY))
            rows[client.name] = {'few_bytes': few, 'many_bytes': many, 'bytes': (many - few) / (MANY - FEW)}
        except Cannot as why:
            skipped[client.name] = str(why)
    return {'title': f'Memory of a connection that waits, at {MANY:,} of them', 'rows': rows, 'skipped': skipped}
