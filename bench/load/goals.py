# SPDX-License-Identifier: MIT
"""What prony sets out to reach, held against what was found."""


def scenario(found, key):
    return next((s for s in found.get('efficiency', []) if s['key'] == key), {'rows': {}})


def cost_ratio(key, peer):
    return lambda found: scenario(found, key)['rows'][peer]['ratio']['median']


def cost(key, figure, factor):
    return lambda found: factor * scenario(found, key)['rows']['prony'][figure]['median']


def arrival(kind, figure):
    return lambda found: found['fidelity'][kind]['rows']['prony'][figure]


def worst_of_stall(found):
    r = found['fidelity']['A']['rows']['prony']
    return max(abs(r['said'][q] / r['true'][q] - 1) for q in (0.95, 0.99, 0.999))


def above_truth_us(letter, what):
    def value(found):
        r = found['fidelity'][letter]['rows']['prony']
        return 1e6 * (r[what][0.5] - r['true'][0.5])
    return value


# What, how much of it, and whether that is the most or the least.
GOALS = [
    ('CPU a request ÷ wrk, nginx, 64 connections', 0.75, 'most', cost_ratio('nginx', 'wrk')),
    ('CPU a request ÷ h2load, the same', 0.67, 'most', cost_ratio('nginx', 'h2load')),
    ('CPU a request ÷ hey, the same', 0.15, 'most', cost_ratio('nginx', 'hey')),
    ('CPU a request ÷ autocannon, the same', 0.27, 'most', cost_ratio('nginx', 'autocannon')),
    ('CPU a request ÷ wrk, truth server, 512 connections', 0.68, 'most', cost_ratio('fast', 'wrk')),
    ('CPU a request ÷ h2load, HTTP/2', 0.85, 'most', cost_ratio('h2c', 'h2load')),
    ('CPU a request ÷ wrk, TLS 1.3', 0.78, 'most', cost_ratio('tls', 'wrk')),
    ('CPU-us a request at 20,000/s', 8, 'most', cost('20k', 'cpu_us', 1)),
    ('sent late at 20,000/s, p99, us', 500, 'most', cost('20k', 'lag_p99', 1e6)),
    ('gap CV of even arrivals', 0.15, 'most', arrival('constant', 'gap_cv')),
    ('share of even gaps within ±25 %', 0.98, 'least', arrival('constant', 'within_quarter')),
    ('KS of Poisson arrivals, the server awake', 0.03, 'most', arrival('poisson_awake', 'ks_exponential')),
    ('truth A: p95, p99, p99.9 off by', 0.02, 'most', worst_of_stall),
    ('truth B: p50 above it, us', 60, 'most', above_truth_us('B', 'said')),
    ('truth B: p50 from the real sending above it, us', 10, 'most', above_truth_us('B', 'service')),
    ('bytes of memory a waiting connection', 1024, 'most', lambda found: found['memory']['rows']['prony']['bytes']),
]


def rows(found):
    """(what, goal, most or least, measured, met); the last two None where it was not measured."""
    told = []
    for what, goal, how, value in GOALS:
        try:
            v = value(found)
        except KeyError:
            v = None
        met = None if v is None else v <= goal if how == 'most' else v >= goal
        told.append((what, goal, how, v, met))
    return told
