# SPDX-License-Identifier: MIT
"""Is what a client does and says true? The truth server's own stamps tell: when requests arrived in
its kernel, and how long it really took to answer."""
import bisect
import math
import statistics

from clients import Job, quantiles_of
from machine import Cannot
from servers import Truth
from trial import trial

RATE, CONNECTIONS = 5000, 64
STALL_CONNECTIONS = 512          # more than a stall holds up: else the pool is what is measured
SETTLE_NS, END_NS = 1_000_000_000, 200_000_000     # left out at both ends
STALL_NS, EVERY_NS = 100_000_000, 1_000_000_000

TRUTHS = [
    ('A', 'the whole server stands still for 100 ms of every second', 'stall?ms=100&every=1000'),
    ('B', 'every answer takes 0.2 ms more', 'const?ms=0.2'),
    ('C', 'answers take an exponential time of mean 1 ms', 'exp?ms=1'),
]


def middle(stamps):
    first, last = stamps[0][0] + SETTLE_NS, stamps[-1][0] - END_NS
    return [s for s in stamps if first <= s[0] <= last]


# ---- arrivals

def dispersion(arrivals, window_ns):
    """Variance over mean of the counts in windows: 1 for a Poisson process, 0 for an even one."""
    edges = range(arrivals[0], arrivals[-1], window_ns)
    places = [bisect.bisect_left(arrivals, e) for e in edges]
    counts = [b - a for a, b in zip(places, places[1:])]
    return statistics.pvariance(counts) / statistics.fmean(counts)


def ks_exponential(gaps, mean):
    """The largest distance between the distribution of the gaps and the exponential one."""
    ordered, n, worst = sorted(gaps), len(gaps), 0.0
    for i, gap in enumerate(ordered):
        want = 1 - math.exp(-gap / mean)
        worst = max(worst, want - i / n, (i + 1) / n - want)
    return worst


def most_within(arrivals, window_ns):
    """The largest burst: how many arrived in one window, wherever it lies."""
    most = start = 0
    for end, at in enumerate(arrivals):
        while at - arrivals[start] > window_ns:
            start += 1
        most = max(most, end - start + 1)
    return most


def arrival_figures(stamps, rate):
    arrivals = [s[0] for s in middle(stamps)]
    gaps = [b - a for a, b in zip(arrivals, arrivals[1:])]
    if len(gaps) < 1000:
        raise Cannot(f'only {len(gaps)} requests arrived')
    want = 1e9 / rate
    return {'rate': 1e9 * len(gaps) / (arrivals[-1] - arrivals[0]),
            'gap_cv': statistics.pstdev(gaps) / statistics.fmean(gaps),
            'gap_median_us': statistics.median(gaps) / 1e3,
            'within_quarter': sum(abs(g - want) <= want / 4 for g in gaps) / len(gaps),
            'ks_exponential': ks_exponential(gaps, want),
            'dispersion_1ms': dispersion(arrivals, 1_000_000),
            'dispersion_10ms': dispersion(arrivals, 10_000_000),
            'most_in_1ms': most_within(arrivals, 1_000_000)}


def arrivals(client, poisson, core, server_core, setup, busy=False):
    with Truth(server_core, setup.truth, logged=True, busy=busy) as server:
        job = Job(server.url('none'), CONNECTIONS, setup.fidelity_seconds, rate=RATE, poisson=poisson)
        result, cost = trial(client, job, core, server)
        return arrival_figures(server.stamps()[0], RATE) | {'others': cost.others, 'requests': result.requests}


# ---- latency

def pace_after_stalls(stamps, start_ns):
    """How long an answer takes the server that works off what a stall has held up: median gap between
    answers in the first two milliseconds after one."""
    phases = sorted(b - start_ns for _, b in middle(stamps) if STALL_NS <= (b - start_ns) % EVERY_NS < STALL_NS + 2_000_000)
    gaps = [b - a for a, b in zip(phases, phases[1:]) if b - a < 1_000_000]
    return statistics.median(gaps) if gaps else 0


def true_stall(stamps, start_ns, seconds):
    """What users who come evenly would have waited: whoever comes into a stall, for its end and for those
    who came into it before. Taken from the schedule and not from the requests: a client that sends
    nothing into the stall hides it. Over whole periods, so that the stalls have their share of the time."""
    usual = statistics.median(b - a for a, b in middle(stamps) if (a - start_ns) % EVERY_NS > 2 * STALL_NS)
    pace, gap = pace_after_stalls(stamps, start_ns), 10**9 // RATE
    whole = max(1, int(seconds * 10**9) // EVERY_NS) * EVERY_NS
    waits = []
    for at in range(0, whole, gap):
        phase = at % EVERY_NS
        held = max(0, STALL_NS + phase // gap * pace - phase)     # those before it, one after another
        waits.append(usual + held)
    return quantiles_of([w / 1e9 for w in waits])


def latency(client, letter, path, core, server_core, setup):
    """What the client said and what was true, by quantile; seconds."""
    with Truth(server_core, setup.truth, logged=True) as server:
        connections = STALL_CONNECTIONS if letter == 'A' else CONNECTIONS
        job = Job(server.url(path), connections, setup.fidelity_seconds, rate=RATE, latency=True)
        try:
            result, cost = trial(client, job, core, server)
        except Cannot:
            if letter != 'A':
                raise
            job.rate = 0           # no rate: in a closed loop, as it is used
            result, cost = trial(client, job, core, server)
        stamps, start_ns = server.stamps()
    if letter == 'A':
        true = true_stall(stamps, start_ns, job.seconds)
    else:
        true = quantiles_of([(b - a) / 1e9 for a, b in middle(stamps)])
    return {'said': result.quantiles, 'service': result.service if letter != 'A' else {}, 'true': true,
            'closed': not job.rate, 'limited': result.limited, 'others': cost.others}


# ---- all of it

def each(clients, measure, say, title):
    rows, skipped = {}, {}
    for client in clients:
        say(f'{title}: {client.name}')
        try:
            rows[client.name] = measure(client)
        except Cannot as why:
            skipped[client.name] = str(why)
    return {'title': title, 'rows': rows, 'skipped': skipped}


def measure(clients, cores, setup, say):
    core, server_core = cores
    telling = [c for c in clients if c.name != 'floor']     # what it says is nothing
    return {
        'constant': each(telling, lambda c: arrivals(c, False, core, server_core, setup), say,
                         f'{RATE:,} evenly spaced requests a second over {CONNECTIONS} connections'),
        'poisson': each(clients, lambda c: arrivals(c, True, core, server_core, setup), say,
                        f'{RATE:,} Poisson arrivals a second over {CONNECTIONS} connections'),
        'poisson_awake': each(clients, lambda c: arrivals(c, True, core, server_core, setup, busy=True), say,
                              f'{RATE:,} Poisson arrivals a second over {CONNECTIONS} connections, the server never asleep'),
        **{letter: each(telling, lambda c, at=(letter, path): latency(c, *at, core, server_core, setup), say,
                        f'Latency, truth {letter}: {what}') for letter, what, path in TRUTHS},
    }
