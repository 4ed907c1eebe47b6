#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hostile servers and bad surroundings: each failure is counted in its class, the books balance to
the request, memory stays bounded, and a generator that could not keep up never passes.

usage: hostile.py PRONY TRUTH_SERVER; prints TAP."""
import os
import re
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from ambush import AMBUSHES
from calls import Call, Tap
from loads import HERE, Ambush, Load, Truth

sys.path.append(os.path.join(HERE, '..', 'truth'))
from host import Skip, Stage   # cgroups, as the truth cases make them

PRONY, TRUTH = (os.path.abspath(p) for p in sys.argv[1:3])
MET, MISSED, USAGE, INCONCLUSIVE, NOT_MEASURED = range(5)
AT_ONCE = 6
SPARE_BYTES = 8 << 20     # what a hostile server may make prony grow by
RATE = 50
SECONDS = 2

tap = Tap()


def offer(timeout='500ms', rate=RATE):
    return ['--rate', f'{rate}/s', '--arrivals', 'constant', '--for', f'{SECONDS}s', '--timeout', timeout,
            '-t', 'errors<1%', '--quiet']


def patience(allowed):
    """A short timeout where it is to be seen, else one that no busy host reaches."""
    return '500ms' if 'timeouts' in allowed else '10s'


# ---- what must hold in every run

def classes_of(p):
    return [name for name in p if name.startswith('error_')] + ['timeouts']


def books(p):
    """The identity, to the request."""
    errors = sum(p[c] for c in classes_of(p)) - p['timeouts']
    sums = {'scheduled = sent + unsent': p['scheduled'] - p['sent'] - p['unsent'],
            'errors = the sum of their classes': p['errors'] - errors,
            'sent = answered + errors + timeouts + in flight':
                p['sent'] - p['answered'] - p['errors'] - p['timeouts'] - p['in_flight']}
    return [f'{name} is wrong by {off}' for name, off in sums.items() if off]


def classes(p, allowed, wrong):
    """`wrong` requests failed, all of them in the classes `allowed`; who times out near the end may
    be in flight still."""
    late = p['in_flight'] if 'timeouts' in allowed else 0
    faults = [f'{c} = {p[c]}, wanted none' for c in classes_of(p) if p[c] and c not in allowed]
    counted = sum(p[c] for c in allowed) + late
    if counted != wrong:
        faults.append(f'{counted} in {" + ".join(allowed) or "no class"}, wanted {wrong}: {shown(p)}')
    return faults


def shown(p):
    names = ('scheduled', 'sent', 'answered', *classes_of(p), 'in_flight')
    return ' '.join(f'{n} {p[n]}' for n in names if p[n])


def verdict(load, wrong):
    """Missed when requests failed, else met; a busy host may make the generator the limit."""
    if load.limited:
        return [] if load.status == INCONCLUSIVE else [f'generator-limited, and exit status {load.status}']
    want = (MISSED, 'missed') if wrong else (MET, 'met')
    got = (load.status, load.run.get('verdict'))
    return [] if got == want else [f'exit status and verdict {got}, wanted {want}']


def whole(load, base_rss, rate=RATE):
    faults = [] if load.run.get('sealed') else ['no whole run was left']
    if load.phase['scheduled'] != rate * SECONDS:
        faults.append(f'{load.phase["scheduled"]} scheduled, wanted {rate * SECONDS}')
    if load.rss_bytes > base_rss + SPARE_BYTES:
        faults.append(f'{load.rss_bytes >> 20} MiB of memory, {base_rss >> 20} with a good server')
    if load.err.strip():
        faults.append('it says something on stderr in spite of --quiet')
    return faults


# ---- servers that go wrong when asked: tests/tools/truth.h says how

ANSWERED = ()
AFTER_A_REQUEST = [
    ('answers of which only a half comes', 'half', ('error_closed',)),
    ('a body cut by a reset', 'cut', ('error_reset',)),
    ('a reset instead of an answer', 'reset', ('error_reset',)),
    ('a body shorter than its length', 'short', ('error_closed',)),
    ('a body longer than its length', 'long', ('error_protocol',)),
    ('two answers to one request', 'twice', ('error_protocol',)),
    ('garbage', 'garbage', ('error_protocol',)),
    ('a switch of protocols, unasked', 'upgrade', ('error_protocol',)),
    ('a length that is no number', 'length-bad', ('error_protocol',)),
    ('a negative length', 'length-negative', ('error_protocol',)),
    ('a length beyond all numbers', 'length-huge', ('error_protocol',)),
    ('two lengths', 'length-two', ('error_protocol',)),
    ('a length and chunks', 'length-and-chunks', ('error_protocol',)),
    ('a chunk size that is none', 'chunk-bad', ('error_protocol',)),
    ('a chunk size beyond all numbers', 'chunk-huge', ('error_protocol',)),
    ('a chunk longer than its size', 'chunk-long', ('error_protocol',)),
    ('chunks that break off', 'chunk-cut', ('error_closed',)),
    ('chunks that never end', 'chunk-unended', ('timeouts',)),
    ('endless 1xx', 'flood', ('error_protocol',)),
    ('endless headers', 'headers', ('error_protocol',)),
    ('one endless header', 'long-line', ('error_protocol',)),
    ('endless trailers', 'trailers', ('error_protocol',)),
    ('an endless chunk extension', 'extension', ('error_protocol',)),
    ('an endless body', 'body?ms=1', ('timeouts',)),
    ('headers without end, a line at a time', 'headers?ms=20', ('timeouts',)),
    ('a drip too slow for the timeout', 'drip?ms=50', ('timeouts',)),
    ('a black hole', 'hole', ('timeouts',)),
    ('500', 'status?code=500', ('error_status',)),
    ('503', 'status?code=503', ('error_status',)),
    ('429', 'status?code=429', ('error_status',)),
    ('a drip of a byte a millisecond', 'drip?ms=1', ANSWERED),
    ('1xx before the answer', 'interim', ANSWERED),
    ('chunks with an extension and a trailer', 'chunked', ANSWERED),
    ('a close after each answer', 'close', ANSWERED),
    ('bodies that end with the connection', 'until-close', ANSWERED),
    ('404 now and then', 'status?code=404', ANSWERED),
    ('redirects to where load is not allowed', 'redirect', ANSWERED),
]


def every_second(path):
    return path + ('&' if '?' in path else '?') + 'every=2'


def after_a_request(path, allowed, base_rss):
    """Every second request goes wrong; the probe is the first and goes well."""
    with Truth(TRUTH) as server:
        load = Load(PRONY, [server.url(every_second(path)), *offer(patience(allowed)), '--json'])
        seen = server.requests() - 1
    if not load.phase:
        return [f'exit status {load.status}, no phase', *load.told()]
    p, wrong = load.phase, (seen + 1) // 2 if allowed else 0
    faults = books(p) + classes(p, allowed, wrong) + verdict(load, wrong) + whole(load, base_rss)
    if p['sent'] != seen:
        faults.append(f'{p["sent"]} sent, the server saw {seen}')
    return faults + (load.told() if faults else [])


def always(path):
    """It goes wrong from the first request on: one message, one next step, nothing measured."""
    with Truth(TRUTH) as server:
        load = Load(PRONY, [server.url(path), *offer()])
    faults = [] if load.status == NOT_MEASURED else [f'exit status {load.status}, wanted {NOT_MEASURED}']
    if len(load.messages()) != 1 or len(load.next_steps()) != 1:
        faults.append(f'{len(load.messages())} messages and {len(load.next_steps())} next steps, wanted one each')
    if load.run.get('sealed'):
        faults.append('a run claims to be whole')
    return faults + (load.told() if faults else [])


# ---- servers that go wrong before they are asked

BEFORE_A_REQUEST = {
    # name: (what it is, classes that are right, whether all requests fail or none, rate)
    'slams': ('a close at once', ('error_closed', 'error_reset'), True, RATE),
    'resets': ('a reset at once', ('error_reset',), True, RATE),
    'banner': ('a banner of another protocol', ('error_protocol',), True, RATE),
    # Whose answer it is cannot be told when the request is on its way already; the one after it gets none.
    'early': ('an answer before the request', ('error_protocol', 'error_status', 'timeouts'), True, RATE),
    # So slow that the one to nothing does not meet a request.
    'unasked': ('an answer to nothing between two requests', ANSWERED, False, 10),
    'mute': ('connections that are taken and never answered', ('timeouts',), True, RATE),
    'never-accepts': ('connections that are never taken', ('timeouts',), True, RATE),
}


def before_a_request(name, base_rss):
    _, allowed, all_fail, rate = BEFORE_A_REQUEST[name]
    with Ambush(name) as server:
        load = Load(PRONY, [server.url(''), *offer(patience(allowed), rate), '--json'])
    if not load.phase:
        return [f'exit status {load.status}, no phase', *load.told()]
    wrong = load.phase['sent'] if all_fail else 0
    faults = books(load.phase) + classes(load.phase, allowed, wrong) + whole(load, base_rss, rate)
    # Nothing was answered, or little asked: then there is nothing to hold a target against either.
    if load.status != INCONCLUSIVE or not (wrong or rate < RATE):
        faults += verdict(load, wrong)
    return faults + (load.told() if faults else [])


def good_server_rss():
    with Truth(TRUTH) as server:
        load = Load(PRONY, [server.url('none'), *offer('10s'), '--json'])
    tap.row('a good server', (books(load.phase) + verdict(load, 0)) if load.phase else load.told())
    return load.rss_bytes


def servers():
    base_rss = good_server_rss()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = [(name, pool.submit(after_a_request, path, allowed, base_rss))
                for name, path, allowed in AFTER_A_REQUEST]
        rows += [(BEFORE_A_REQUEST[name][0], pool.submit(before_a_request, name, base_rss)) for name in AMBUSHES]
        rows += [(f'{name}, from the first request on', pool.submit(always, path))
                 for name, path, allowed in AFTER_A_REQUEST if allowed]
        for name, row in rows:
            tap.row(name, row.result())


def people_read_the_class():
    with Truth(TRUTH) as server:
        load = Load(PRONY, [server.url('cut?every=2'), *offer('10s')])
    says = re.search(r'errors +50 +reset 50$', load.out, re.M) and '100 scheduled = 100 sent + 0 unsent' in load.out
    tap.row('the table names the class', [] if says else load.told())


# ---- bad surroundings: never a pass

def limited(name, load, why):
    faults = []
    if load.status != INCONCLUSIVE or not load.limited:
        faults.append(f'exit status {load.status}, verdict {load.run.get("verdict")}')
    if not re.search(why, load.phase.get('generator_why') or ''):
        faults.append(f'no "{why}" in the reason: {load.phase.get("generator_why")}')
    if load.phase:
        faults += books(load.phase)
    tap.row(name, faults + (load.told() if faults else []))


def kept_up(load):
    """The hogs did not matter: all was sent in time and answered."""
    p = load.phase
    return bool(p) and load.status == 0 and p['answered'] >= 0.99 * p['scheduled'] and p['lag_p99'] < 0.010


def heavy(rate, *more):
    """A load that any server holds here, with a target that anybody would pass."""
    return ['--rate', rate, '--arrivals', 'constant', '--for', '2s', '-t', 'p99<30s', '--quiet', '--json', *more]


def cpu_quota():
    stage = Stage(None, None, None, None)
    try:
        group = stage.cpu_quota(0.1)
        with Truth(TRUTH) as server:
            def enter():
                (group / 'cgroup.procs').write_text(str(os.getpid()))
            load = Load(PRONY, [server.url('none'), *heavy('10k/s')], enter=enter)
        limited('a tenth of a CPU', load, 'CPU|core|late')
    except Skip as why:
        tap.skip('a tenth of a CPU', str(why))
    finally:
        stage.clear()


def hogs(name, rate, prefix=()):
    """Three busy loops on the core of a generator that may not use another one."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 or not shutil.which('taskset'):
        tap.skip(name, 'needs two cores and taskset')
        return
    here, there = (['taskset', '-c', str(c)] for c in (cpus[0], cpus[-1]))
    busy = [subprocess.Popen([*here, sys.executable, '-c', 'while True: pass']) for _ in range(3)]
    try:
        with Truth(TRUTH, there) as server:
            load = Load(PRONY, [server.url('none'), *heavy(rate, '--connections', '64', '--threads', '1')],
                        prefix=[*here, *prefix])
        if kept_up(load):
            tap.row(name + ' (it kept up all the same)', books(load.phase))
        else:
            limited(name, load, 'CPU|core|late')
    finally:
        for hog in busy:
            hog.kill()
            hog.wait()


def hogged():
    """At a low rate a generator that may be prompt is; one that may not must notice that it is late."""
    hogs('hogs on the same core, at a high rate', '50k/s')
    without = ['setpriv', '--bounding-set', '-sys_nice', '--inh-caps', '-sys_nice'] if os.geteuid() == 0 else []
    if without and not shutil.which('setpriv'):
        tap.skip('hogs on the same core, without the right to be prompt', 'no setpriv')
    else:
        hogs('hogs on the same core, without the right to be prompt', '2k/s', without)


def no_descriptors():
    with Truth(TRUTH) as server:
        load = Load(PRONY, [server.url('const?ms=200'), *heavy('500/s', '--connections', '256')],
                    enter=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)))
    limited('no file descriptors', load, 'file descriptors')


def no_ports():
    """A network of its own with sixteen ports; the server makes it, prony joins it."""
    alone = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && '
             'echo 20000 20015 >/proc/sys/net/ipv4/ip_local_port_range && exec "$0"']
    with Truth(TRUTH, alone) as server:
        if not server.said:
            tap.skip('no ports', 'cannot make a network namespace: ' + server.end().strip())
            return
        load = Load(PRONY, [server.url('const?ms=200'), *heavy('500/s', '--connections', '256')],
                    prefix=['nsenter', '-t', str(server.pid), '-n'])
    limited('no ports', load, 'ports')


def other_hosts():
    for name, words in [('by address', ['http://192.0.2.1/']),
                        ('among others', ['http://127.0.0.1:1/', 'http://192.0.2.1:1/']),
                        ('allowed is another', ['http://192.0.2.1/', '--allow-load', '192.0.2.2'])]:
        call = Call(PRONY, ['load', *words, '--rate', '10/s', '--for', '1s'])
        faults = [] if call.status == USAGE and len(call.messages()) == 1 else [f'exit status {call.status}', call.err]
        tap.row(f'load on another host needs --allow-load: {name}', faults)


def main():
    servers()
    people_read_the_class()
    cpu_quota()
    hogged()
    no_descriptors()
    no_ports()
    other_hosts()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
