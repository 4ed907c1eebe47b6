# SPDX-License-Identifier: MIT
"""Is this host itself too busy to judge a generator by? A shared one is taken away for milliseconds at a time, which
prony rightly calls a limit of the generator. Told by what has nothing to do with prony."""
import time

MEASURE_S, NAP_S = 3, 0.001
LATE_S = 0.0005         # half of what a generator may be late
STOLEN = 0.02


def cpu_ticks():
    """Of all CPUs: (those that the hypervisor took, all)."""
    with open('/proc/stat', encoding='ascii') as f:
        ticks = [int(n) for n in f.readline().split()[1:9]]
    return ticks[7], sum(ticks)


BEGIN = cpu_ticks()


def stolen():
    """Share of the CPU time since this program began."""
    steal, every = (now - then for now, then in zip(cpu_ticks(), BEGIN))
    return steal / max(every, 1)


def late_p99():
    """How late one who sleeps is woken while nothing else is done here, in seconds."""
    late, end = [], time.monotonic() + MEASURE_S
    while time.monotonic() < end:
        began = time.monotonic()
        time.sleep(NAP_S)
        late.append(time.monotonic() - began - NAP_S)
    return sorted(late)[len(late) * 99 // 100]


def busy_host():
    """Why nothing can be judged here; '' where it can."""
    if stolen() > STOLEN:
        return f'the hypervisor took {100 * stolen():.0f} % of the CPU time'
    late = late_p99()
    return f'who sleeps here is woken {1e3 * late:.1f} ms late (p99)' if late > LATE_S else ''
