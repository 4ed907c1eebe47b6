# SPDX-License-Identifier: MIT
"""What prony sets out to reach, held against what was found."""
from collections.abc import Callable
from dataclasses import dataclass


def scenario(found, key):
    return next((s for s in found.get('efficiency', []) if s['key'] == key), {'rows': {}})


def costs(key):
    """Of prony, and of the floor."""
    return tuple(lambda found, who=who: scenario(found, key)['rows'][who]['cpu_us']['median'] for who in ('prony', 'floor'))


def ratios(key, peer):
    """prony ÷ the peer, and the floor ÷ it."""
    return tuple(lambda found, figure=figure: scenario(found, key)['rows'][peer][figure]['median']
                 for figure in ('ratio', 'floor'))


def over_floor(key):
    return ratios(key, 'floor')[0]


def lag_us(key):
    return lambda found: 1e6 * scenario(found, key)['rows']['prony']['lag_p99']['median']


def arrival(kind, figure, who='prony'):
    return lambda found: found['fidelity'][kind]['rows'][who][figure]


def worst_of_stall(found):
    r = found['fidelity']['A']['rows']['prony']
    return max(abs(r['said'][q] / r['true'][q] - 1) for q in (0.95, 0.99, 0.999))


def above_truth_us(letter, what):
    def value(found):
        r = found['fidelity'][letter]['rows']['prony']
        return 1e6 * (r[what][0.5] - r['true'][0.5])
    return value


@dataclass
class Goal:
    what: str
    limit: float
    how: str                       # 'most' or 'least'
    value: Callable                # of what was found
    floor: Callable | None = None  # the same of the floor: where it is above the limit, no client can keep that here


GOALS = [
    Goal('CPU a request ÷ the floor, nginx, 64 connections', 1.15, 'most', over_floor('nginx')),
    Goal('CPU a request ÷ the floor, truth server, 512 connections', 1.15, 'most', over_floor('fast')),
    Goal('CPU a request ÷ wrk, nginx, 64 connections', 0.75, 'most', *ratios('nginx', 'wrk')),
    Goal('CPU a request ÷ h2load, the same', 0.67, 'most', *ratios('nginx', 'h2load')),
    Goal('CPU a request ÷ hey, the same', 0.15, 'most', *ratios('nginx', 'hey')),
    Goal('CPU a request ÷ autocannon, the same', 0.27, 'most', *ratios('nginx', 'autocannon')),
    Goal('CPU a request ÷ wrk, truth server, 512 connections', 0.68, 'most', *ratios('fast', 'wrk')),
    Goal('CPU a request ÷ h2load, HTTP/2', 0.85, 'most', *ratios('h2c', 'h2load')),
    Goal('CPU a request ÷ wrk, TLS 1.3', 0.78, 'most', *ratios('tls', 'wrk')),
    Goal('CPU-us a request at 20,000/s', 8, 'most', *costs('20k')),
    Goal('sent late at 20,000/s, p99, us', 500, 'most', lag_us('20k')),
    Goal('gap CV of even arrivals', 0.15, 'most', arrival('constant', 'gap_cv')),
    Goal('share of even gaps within ±25 %', 0.98, 'least', arrival('constant', 'within_quarter')),
    Goal('KS of Poisson arrivals, the server awake', 0.03, 'most',
         *(arrival('poisson_awake', 'ks_exponential', who) for who in ('prony', 'floor'))),
    Goal('truth A: p95, p99, p99.9 off by', 0.02, 'most', worst_of_stall),
    Goal('truth B: p50 above it, us', 60, 'most', above_truth_us('B', 'said')),
    Goal('truth B: p50 from the real sending above it, us', 10, 'most', above_truth_us('B', 'service')),
    Goal('bytes of memory a waiting connection', 1024, 'most', lambda found: found['memory']['rows']['prony']['bytes']),
]


def measured(value, found):
    try:
        return value(found) if value else None
    except KeyError:
        return None


def rows(found):
    """(goal, measured, met, measured of the floor); None where it was not."""
    told = []
    for goal in GOALS:
        v = measured(goal.value, found)
        met = None if v is None else v <= goal.limit if goal.how == 'most' else v >= goal.limit
        told.append((goal, v, met, measured(goal.floor, found)))
    return told
