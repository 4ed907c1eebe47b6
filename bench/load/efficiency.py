# SPDX-License-Identifier: MIT
"""What a request costs the client: user and system CPU time of its process over its requests.

The clients take turns, each round in another order, so that what changes on the machine hits all of
them; a ratio is that of two neighbours in one round, and the median of the rounds is told with its
spread."""
import statistics
from dataclasses import dataclass

from clients import Job
from machine import Cannot
from servers import Nginx, Truth
from trial import trial

ALL = ('prony', 'floor', 'wrk', 'h2load', 'ab', 'hey', 'siege', 'autocannon')


@dataclass
class Scenario:
    key: str
    title: str
    server: str                      # '' h2c tls: nginx; truth
    clients: tuple
    job: dict


SCENARIOS = [
    Scenario('nginx', 'HTTP/1.1, nginx `return 200`, 64 connections, closed loop', '', ALL,
             {'connections': 64}),
    Scenario('fast', 'HTTP/1.1, the truth server, 512 connections, closed loop', 'truth',
             ('prony', 'floor', 'wrk', 'h2load', 'ab'), {'connections': 512}),
    Scenario('h2c', 'HTTP/2 without TLS, nginx `return 200`, 8 connections of 32 streams, closed loop', 'h2c',
             ('prony', 'h2load'), {'connections': 8, 'streams': 32}),
    Scenario('tls', 'TLS 1.3, HTTP/1.1, nginx `return 200`, 64 connections, closed loop', 'tls',
             ('prony', 'floor', 'wrk', 'h2load'), {'connections': 64}),
    Scenario('20k', 'HTTP/1.1, nginx `return 200`, 64 connections, 20,000 a second', '',
             ('prony', 'floor', 'h2load', 'hey', 'autocannon'), {'connections': 64, 'rate': 20000}),
]


def sample(client, job, core, server):
    result, cost = trial(client, job, core, server)
    return {'cpu_us': 1e6 * cost.cpu / result.requests, 'user_us': 1e6 * cost.user / result.requests,
            'server_us': 1e6 * cost.server / result.requests, 'per_s': result.requests / job.seconds,
            'others': cost.others, 'steal': cost.steal, 'lag_p99': result.lag_p99}


def spread(values):
    return {'median': statistics.median(values), 'least': min(values), 'most': max(values)}


def ratio(above, below):
    return spread([a['cpu_us'] / b['cpu_us'] for a, b in zip(above, below)])


def summary(samples):
    """What is told of each client, from its rounds."""
    rows = {}
    for name, rounds in samples.items():
        rows[name] = {key: spread([s[key] for s in rounds]) for key in rounds[0]}
        if name != 'prony' and 'prony' in samples:
            rows[name]['ratio'] = ratio(samples['prony'], rounds)
        if name != 'floor' and 'floor' in samples:
            rows[name]['floor'] = ratio(samples['floor'], rounds)
    return rows


def rounds_of(clients, job, core, server, rounds, say):
    """Samples by client and round. Round 0 does not count: it warms, and shows who can; who fails in a
    later one is left out as well, so that all rounds have the same clients."""
    samples, skipped = {c.name: [] for c in clients}, {}
    for r in range(rounds + 1):
        able = [c for c in clients if c.name not in skipped]
        for client in able[r % len(able):] + able[:r % len(able)] if able else []:
            say(f'  round {r} of {rounds}: {client.name}')
            try:
                samples[client.name].append(sample(client, job, core, server))
            except Cannot as why:
                skipped[client.name] = str(why)
    return {name: s[1:] for name, s in samples.items() if name not in skipped}, skipped


def measure(scenario, clients, cores, setup, say):
    """{'key', 'title', 'rows': {client: figures}, 'skipped': {client: why}, 'samples'}"""
    say(scenario.title)
    found = {'key': scenario.key, 'title': scenario.title, 'rows': {}, 'skipped': {}}
    chosen = [c for c in clients if c.name in scenario.clients]
    try:
        truth = scenario.server == 'truth'
        with (Truth(cores[1], setup.truth) if truth else Nginx(cores[1], scenario.server)) as server:
            job = Job(server.url('none' if truth else ''), seconds=setup.seconds, **scenario.job)
            found['samples'], found['skipped'] = rounds_of(chosen, job, cores[0], server, setup.rounds, say)
        found['rows'] = summary(found['samples'])
    except Cannot as why:
        found['skipped'] = {c.name: str(why) for c in chosen}
    return found
