# SPDX-License-Identifier: MIT
"""What `prony prove` sets out to reach, held against what was found."""

# What, of which part, the figure of its summary, how much of it, and whether that is the most or the least.
GOALS = [
    ('A/A: share of false verdicts', 'aa', lambda s: s['false']['share'], 0.01, 'most'),
    ('5 % more work: share found', 'cpu', lambda s: s['right']['share'], 0.9, 'least'),
    ('5 % more work: seconds of the longest', 'cpu', lambda s: s['seconds']['most'], 120, 'most'),
    ('p99 10 % longer: share found', 'p99', lambda s: s['right']['share'], 0.9, 'least'),
    ('p99 10 % longer: seconds of the longest', 'p99', lambda s: s['seconds']['most'], 120, 'most'),
    ('wrong answers: share caught', 'wrong', lambda s: s['right']['share'], 1.0, 'least'),
]


def rows(found):
    """(what, goal, most or least, measured, met); the last two None where it was not measured."""
    by_key, told = {s['key']: s for s in found['comparisons']}, []
    for what, key, value, goal, how in GOALS:
        s = by_key.get(key)
        v = value(s) if s and s['right']['of'] else None
        told.append((what, goal, how, v, None if v is None else v <= goal if how == 'most' else v >= goal))
    return told
