#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Several workers and a leader that meet at a real Redis server: the requests are those of one
worker, whoever is lost is named, the books balance to the request.

usage: fleet.py PRONY [CASE...]; prints TAP. The cases run at the same time, each a fleet of its own name."""
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from calls import Tap
from certs import Authority
from fleets import INCONCLUSIVE, MET, NAMES, NOT_MEASURED, PASSWORD, STOPPED, USAGE, Fleet, Process, Redis, Site, says

AT_ONCE = 4

tap = Tap()


# ---- the same requests, whoever offers them

USERS = 'id\n' + ''.join(f'{n * 7}\n' for n in range(50))
SCENARIO = '''
feeders:
  users: { file: users.csv, order: random }
flows:
  - name: a
    weight: 3
    steps: [ { get: "/a/${sequence()}/${users.id}/${random(1, 1000000)}", name: a } ]
  - name: b
    steps: [ { get: "/b/${sequence()}", name: b } ]
stages: [ { from: 100/s, to: 300/s, for: 2s } ]
'''
FILES = {'users.csv': USERS, 'x.yaml': SCENARIO}


def same_requests(meet):
    with Site() as alone, Site() as shared:
        words = ['--scenario', 'x.yaml', '--seed', '5']
        with tempfile.TemporaryDirectory() as folder:
            for name, text in FILES.items():
                with open(f'{folder}/{name}', 'w', encoding='utf-8') as f:
                    f.write(text)
            one = Process(folder, 'one', [alone.url, *words]).wait()
        with Fleet('same', meet, [shared.url, *words], files=FILES) as f:
            pass
        faults = f.statuses(MET) + f.books()
        if (one.status != MET and not one.limited()) or len(alone.asked) < 350 or alone.paths() != shared.paths():
            faults += [f'one worker asked {len(alone.asked)} times, three {len(shared.asked)}; not the same: '
                       f'{sorted(set(alone.paths()) ^ set(shared.paths()))[:6]}', one.err]
        shares = [w['scheduled'] for w in f.seen.values()]
        if len(shares) != 3 or max(shares) - min(shares) > 1:
            faults.append(f'shares {shares}')
        routes = {r['route']: r['requests'] for r in f.run['baseline']['routes']}
        if sum(routes.values()) != f.phase['sent'] or not routes.get('a', 0) > routes.get('b', 0) > 0:
            faults.append(f'routes {routes}')
        if 'latency.hlog' not in f.files or any(w['clock_error'] > 0.05 for w in f.seen.values()):
            faults.append(f'{f.files} {f.seen}')
        return faults


def closed_loop(meet):
    with Site(pause=0.01) as site, \
            Fleet('closed', meet, [site.url, '--closed', '--connections', '6', '--for', '2s']) as f:
        pass
    faults = f.statuses(MET) + f.books()
    return faults if not f.phase or f.phase['answered'] > 100 else faults + [str(f.phase)]


def replayed(meet):
    """Recorded arrivals travel with the plan."""
    wanted = ['/b' if i % 3 else '/a' for i in range(200)]
    recorded = ''.join(f'{i * 0.008:.3f} {path}\n' for i, path in enumerate(wanted))
    with Site() as site:
        with Fleet('replay', meet, [site.url + 'a', site.url + 'b', '--replay', 'x.txt'],
                   files={'x.txt': recorded}) as f:
            pass
        faults = f.statuses(MET) + f.books()
        probes = ['/a', '/b']
        if site.paths() != sorted(wanted + probes) or f.phase['scheduled'] != 200:
            faults.append(f'{len(site.paths())} requests, {f.phase.get("scheduled")} scheduled')
        return faults


def short_of_descriptors(meet):
    """One worker cannot open the connections that it needs: nothing is known of the service."""
    with Site(pause=0.3) as site:
        with Fleet('short', meet, [site.url, '--rate', '150/s', '--for', '2s'],
                   prefixes={'beta': ['prlimit', '--nofile=14:14']}) as f:
            pass
        faults = f.statuses(INCONCLUSIVE, beta=INCONCLUSIVE) + f.books()
        if f.run.get('verdict') != 'generator-limited' or not f.phase.get('generator_limited'):
            faults.append(f'verdict {f.run.get("verdict")}')
        return faults + says(f.leader, r'GENERATOR-LIMITED: worker beta on \S+: it .*descriptors')


# ---- losses

def killed(meet, how, why):
    """One of three goes in mid-run, with answers under way."""
    with Site(pause=0.05) as site:
        with Fleet(f'killed-{how}', meet, [site.url, '--rate', '150/s', '--for', '4s', '--arrivals', 'constant']) as f:
            f.offers(site, 300)
            f.workers['beta'].kill(how)
        faults = f.statuses(INCONCLUSIVE, beta=-how if how == signal.SIGKILL else MET) + f.books()
        faults += says(f.leader, r'worker beta on \S+ was lost after', why, r'33\.3 % of the load was not offered')
        lost = f.seen.get('beta', {})
        if f.phase and (f.phase['scheduled'] != 600 or lost['scheduled'] != 200 or not lost['lost'] or
                        not 0 < lost['unsent'] < 200 or f.phase['unsent'] != lost['unsent']):
            faults.append(f'{lost} {f.phase}')
        if f.run.get('verdict') != 'inconclusive' and not f.leader.limited():
            faults.append(f'verdict {f.run.get("verdict")}')
        return faults


def killed_and_allowed(meet):
    with Site() as site:
        with Fleet('allowed', meet, [site.url, '--rate', '100/s', '--for', '2s', '--allow-lost']) as f:
            f.offers(site)
            f.workers['gamma'].kill(signal.SIGKILL)
        return f.statuses(MET, gamma=-signal.SIGKILL) + f.books() + says(f.leader, 'worker gamma on')


def all_killed(meet):
    with Site() as site:
        with Fleet('all', meet, [site.url, '--rate', '100/s', '--for', '3s', '--arrivals', 'constant'],
                   names=NAMES[:1]) as f:
            f.offers(site, 150)
            f.workers['alpha'].kill(signal.SIGKILL)
        faults = f.statuses(INCONCLUSIVE, alpha=-signal.SIGKILL) + f.books()
        return faults + ([f'{f.phase}'] if f.phase.get('scheduled') != 300 else [])


def redis_dies():
    with Site() as site, Redis() as redis:
        with Fleet('dies', redis.url, [site.url, '--rate', '100/s', '--for', '8s']) as f:
            f.offers(site)
            redis.process.kill()
            end = time.monotonic() + 2
        faults = f.statuses(NOT_MEASURED, **{n: NOT_MEASURED for n in NAMES})
        for p in [f.leader, *f.workers.values()]:
            faults += says(p, 'Redis server at 127.0.0.1:.* went away')
        late = site.asked_after(end)
        return faults + ([f'{late} requests later than 2 s after it'] if late else [])


def redis_hangs():
    with Site() as site, Redis() as redis:
        with Fleet('hangs', redis.url, [site.url, '--rate', '100/s', '--for', '8s']) as f:
            f.offers(site)
            redis.process.send_signal(signal.SIGSTOP)
            end = time.monotonic() + 2
        faults = f.statuses(NOT_MEASURED, **{n: NOT_MEASURED for n in NAMES})
        late = site.asked_after(end)
        return faults + says(f.leader, 'no answer') + ([f'{late} requests too late'] if late else [])


def leader_dies(meet):
    with Site() as site:
        with Fleet('headless', meet, [site.url, '--rate', '100/s', '--for', '20s']) as f:
            f.offers(site)
            f.leader.kill(signal.SIGKILL)
        faults = f.statuses(-signal.SIGKILL, **{n: NOT_MEASURED for n in NAMES})
        return faults + says(f.workers['alpha'], 'leader of the fleet went away')


def suite(meet):
    """Phases of all kinds, until a worker is killed in one: it is named, and without --allow-lost there is no other."""
    with Site(pause=0.02) as site:
        with Fleet('suite', meet, ['suite', site.url, '--quick']) as f:
            f.offers(site, 250)
            f.workers['beta'].kill(signal.SIGKILL)
        faults = f.books() + says(f.leader, r'worker beta on \S+ was lost after', '1 of 3 workers were lost')
        got = [f.leader.status, *(f.workers[n].status for n in NAMES)]
        if got[0] != INCONCLUSIVE or got[2] != -signal.SIGKILL or not {got[1], got[3]} <= {MET, INCONCLUSIVE}:
            faults.append(f'exit statuses {got}: {f.leader.err} {f.workers["alpha"].err} {f.workers["gamma"].err}')
        names = [p['name'] for p in f.run.get('evidence', {}).get('phases', [])]
        if names[:3] != ['warm-up', 'baseline', 'knee-1'] or len(names) != len(set(names)):
            faults.append(f'phases {names}')
        if f.run.get('verdict') != 'inconclusive' or not f.phase.get('generator_limited'):
            faults.append(f'verdict {f.run.get("verdict")}, last phase {f.phase}')
        if [n for n, w in f.seen.items() if w['lost']] != ['beta'] or not all(w['answered'] for w in f.seen.values()):
            faults.append(f'workers {f.seen}')
        return faults


def harmful(meet):
    """What all have seen together ends the load of all."""
    with Site(pause=0.02) as site:
        with Fleet('harm', meet, [site.url, '--rate', '60/s', '--for', '20s', '--stop-if', 'p99>1ms']) as f:
            pass
        faults = f.statuses(STOPPED) + f.books() + says(f.leader, 'stopped for safety in phase .*p99>1ms')
        return faults + ([] if 3 <= f.phase.get('seconds', 0) < 15 else [f'{f.phase}'])


def interrupted(meet):
    with Site() as site:
        with Fleet('stopped', meet, [site.url, '--rate', '100/s', '--for', '20s']) as f:
            f.offers(site)
            f.leader.kill(signal.SIGINT)
        faults = f.statuses(INCONCLUSIVE) + f.books()
        lost = [n for n, w in f.seen.items() if w['lost']]
        if lost or not 0 < f.phase.get('seconds', 0) < 15:
            faults.append(f'lost {lost}, {f.phase}')
        return faults


# ---- before the start

def too_few(meet):
    with Site() as site:
        with Fleet('few', meet, [site.url, '--rate', '50/s', '--join-timeout', '3s'], names=NAMES[:2], size=3) as f:
            pass
        faults = f.statuses(NOT_MEASURED, alpha=NOT_MEASURED, beta=NOT_MEASURED)
        faults += says(f.leader, '2 of 3 workers came', 'nothing was started') + says(f.workers['beta'], 'called the load off')
        return faults + ([f'asked {site.paths()}'] if len(site.asked) > 1 else [])


def too_many(meet):
    with Site() as site:
        with Fleet('many', meet, [site.url, '--rate', '50/s', '--for', '1s'], size=2,
                   worker_words=['--join-timeout', '2s']) as f:
            pass
        refused = [n for n, w in f.workers.items() if w.status == NOT_MEASURED]
        faults = f.statuses(MET, **{n: NOT_MEASURED for n in refused}) + f.books()
        if len(refused) != 1:
            faults.append(f'refused {refused}')
        return faults + [x for n in refused for x in says(f.workers[n], 'complete without|no leader called')]


def not_permitted(meet):
    """This machine by an address that is not loopback: leader and workers must both be told."""
    with Site() as site:
        url = site.url.replace('127.0.0.1', '0.0.0.0')
        words = [url, '--rate', '50/s', '--for', '1s', '--allow-load', '0.0.0.0']
        with Fleet('refused', meet, words, names=NAMES[:1]) as f:
            pass
        faults = f.statuses(NOT_MEASURED, alpha=USAGE) + says(f.workers['alpha'], 'loopback', '--allow-load 0.0.0.0')
        faults += says(f.leader, r'worker alpha on \S+ cannot take part', '--allow-load 0.0.0.0')
        with Fleet('permitted', meet, words, names=NAMES[:1], worker_words=['--allow-load', '0.0.0.0']) as f:
            pass
        return faults + f.statuses(MET) + f.books()


def no_leader(meet):
    with tempfile.TemporaryDirectory() as folder:
        p = Process(folder, 'w', ['--join', meet + '/?fleet=nobody', '--join-timeout', '500ms']).wait()
    return says(p, 'no leader called') + ([] if p.status == NOT_MEASURED else [f'exit status {p.status}'])


def two_leaders(meet):
    with Site() as site, tempfile.TemporaryDirectory() as folder:
        words = [site.url, '--rate', '50/s', '--via', meet + '/?fleet=two', '--workers', '1', '--join-timeout', '3s']
        first = Process(folder, 'first', words)
        time.sleep(1)
        second = Process(folder, 'second', words).wait()
        first.wait()
    return says(second, 'another prony leads') + says(first, '0 of 1 workers came')


# ---- other servers

def password():
    with Site() as site, Redis('--requirepass', PASSWORD) as redis:
        words = [site.url, '--rate', '50/s', '--for', '1s', '--verbose']
        with Fleet('locked', redis.url.replace('//', f'//:{PASSWORD}@'), words, names=NAMES[:1]) as f:
            pass
        faults = f.statuses(MET)
        with Fleet('by-env', redis.url, words, names=NAMES[:1], env={'REDISCLI_AUTH': PASSWORD}) as f:
            pass
        faults += f.statuses(MET)
        with Fleet('shut', redis.url.replace('//', f'//:{PASSWORD}x@'), words, names=NAMES[:1]) as f:
            pass
        return faults + f.statuses(NOT_MEASURED, alpha=NOT_MEASURED) + says(f.leader, 'REDISCLI_AUTH')


def secured():
    """Through TLS, with a user and a certificate of its own; what is wrong is said, with what to do."""
    with tempfile.TemporaryDirectory(prefix='prony-fleet-') as folder:
        authority, other = Authority(folder), Authority(folder, 'other')
        good, mine, old = authority.sign('good'), authority.sign('mine'), authority.sign('old', days=-1)
        user = ['--user', 'load', 'on', '>' + PASSWORD, '~*', '&*', '+@all']
        with Site() as site, Redis(*user, tls=(authority, good, 'yes')) as redis, Redis(tls=(authority, old)) as loose:
            show, ca = f'?certificate={mine[0]}&key={mine[1]}', ['--ca', authority.ca]
            with Fleet('secured', redis.secure.replace('//', f'//load:{PASSWORD}@') + '/0' + show,
                       [site.url, '--rate', '50/s', '--for', '1s', *ca], names=NAMES[:1], worker_words=ca) as f:
                pass
            faults = f.statuses(MET) + f.books()
            for name, meet, words, text in [
                ('no certificate', redis.secure, ca, 'certificate'),
                ('another authority', redis.secure + '/0' + show, ['--ca', other.ca], r'is not accepted: .*\n.*\(ca\)'),
                ('another name', f'{redis.secure}/0{show}&server_name=b.test', ca, "is not for 'b.test'"),
                ('expired', loose.secure, ca, r'has expired\n.*renew'),
                ('a port in clear', redis.url.replace('redis:', 'rediss:'), ca, 'is that the port that speaks TLS'),
                ('a port with TLS', redis.secure.replace('rediss:', 'redis:'), [], 'if it speaks TLS there, write rediss://'),
            ]:
                p = Process(folder, 'x', ['--join', meet, '--join-timeout', '1s', *words]).wait()
                faults += [f'{name}: {x}' for x in says(p, 'Redis server at 127.0.0.1:', text)]
                faults += [] if p.status == NOT_MEASURED else [f'{name}: exit status {p.status}: {p.err}']
            return faults


def cluster():
    """Two nodes, through TLS; whichever is asked first, one of the two times it has not the slot."""
    folder = tempfile.mkdtemp(prefix='prony-fleet-')
    authority = Authority(folder)
    words, tls = ['--cluster-enabled', 'yes', '--tls-cluster', 'yes'], (authority, authority.sign('node'))
    with Site() as site, Redis(*words, tls=tls) as a, Redis(*words, tls=tls) as b:
        a.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '8191')
        b.ask('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383')
        a.ask('CLUSTER', 'MEET', '127.0.0.1', b.secure.split(':')[-1])
        end = time.monotonic() + 15
        while time.monotonic() < end and not all('cluster_state:ok' in n.ask('CLUSTER', 'INFO') for n in (a, b)):
            time.sleep(0.1)
        faults = []
        ca = ['--ca', authority.ca]
        for meet in (a.secure, b.secure):
            with Fleet('spread', meet, [site.url, '--rate', '50/s', '--for', '1s', *ca], names=NAMES[:2],
                       worker_words=ca) as f:
                pass
            faults += f.statuses(MET) + f.books()
        faults += on_the_move(site, a, b)
    shutil.rmtree(folder)
    return faults


def on_the_move(site, a, b):
    """The slot of all keys of a fleet goes to the other node: keys that are new are there already."""
    slot = a.ask('CLUSTER', 'KEYSLOT', '{moving}')
    owner, next_owner = (a, b) if int(slot) < 8192 else (b, a)
    next_owner.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', owner.ask('CLUSTER', 'MYID'))
    owner.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', next_owner.ask('CLUSTER', 'MYID'))
    with Fleet('moving', owner.url, [site.url, '--rate', '50/s', '--for', '1s'], names=NAMES[:1]) as f:
        pass
    asked = 'cmdstat_asking:calls=' in next_owner.ask('INFO', 'commandstats')
    return f.statuses(MET) + f.books() + ([] if asked else ['nothing was asked of the node to come'])


def usage():
    url, meet = 'http://127.0.0.1:1/', 'redis://127.0.0.1:1'
    for name, words, status, text in [
        ('no server there', [url, '-r', '5', '--via', meet, '--workers', '2'], NOT_MEASURED, '127.0.0.1:1'),
        ('no server to join', ['--join', meet], NOT_MEASURED, 'cannot reach the Redis server'),
        ('another scheme', ['--join', f'http://x:{PASSWORD}@h/'], USAGE, 'REDISCLI_AUTH'),
        ('a key alone', ['--join', f'rediss://x:{PASSWORD}@h/?key=x'], USAGE, 'without its certificate'),
        ('a certificate without TLS', ['--join', f'redis://x:{PASSWORD}@h/?certificate=x'], USAGE, '--join'),
        ('a database that is none', ['--join', f'redis://x:{PASSWORD}@h/x'], USAGE, 'database'),
        ('a name that is none', ['--join', f'redis://x:{PASSWORD}@h/0?name={{}}'], USAGE, '--join'),
        ('given twice', ['--join', f'redis://:{PASSWORD}@h', '--join', f'redis://:{PASSWORD}@i'], USAGE, 'given twice'),
        ('no workers', [url, '-r', '5', '--via', meet], USAGE, '--workers 3'),
        ('workers of no fleet', [url, '-r', '5', '--workers', '2'], USAGE, '--via'),
        ('a suite that joins', ['suite', url, '--join', meet], USAGE, 'prony load --join'),
        ('both', [url, '-r', '5', '--via', meet, '--join', meet, '--workers', '2'], USAGE, 'contradict'),
        ('a worker that says what to load', [url, '--join', meet], USAGE, 'only the leader'),
        ('fewer connections than workers', [url, '-r', '5', '--via', meet, '--workers', '9', '--connections', '8'],
         USAGE, 'too few for 9'),
        ('a closed loop that does not divide', [url, '--closed', '--via', meet, '--workers', '3', '--connections', '8'],
         USAGE, '--connections 9'),
    ]:
        with tempfile.TemporaryDirectory() as folder:
            p = Process(folder, 'x', words).wait()
        faults = says(p, text) + ([] if p.status == status else [f'exit status {p.status}, wanted {status}: {p.err}'])
        if PASSWORD in p.err + p.out:
            faults.append(f'the password is shown: {p.err}')
        tap.row('usage: ' + name, faults)


def nothing_left(redis, before):
    keys = redis.ask('--raw', 'KEYS', 'prony:*').split()
    forever = [k for k in keys if int(redis.ask('--raw', 'PTTL', k)) < 0]
    # Who comes when the leader has given up leaves its name.
    bulky = [k for k in keys if not k.endswith(':lead') and 'headless' not in k and not k.endswith(':joined')]
    plans = [f for f in os.listdir('/tmp') if f.startswith('prony-plan-') and f not in before]
    return [f'{plans} are left'] * bool(plans) + [f'{forever} stay for ever'] * bool(forever) + [f'{bulky} was left'] * bool(bulky)


def main():
    if not shutil.which('redis-server'):
        tap.skip('fleet', 'redis-server is not installed')
        return tap.end()
    before = set(os.listdir('/tmp'))
    with Redis() as redis:
        meet = redis.url
        cases = [
            ('three workers ask what one would ask', same_requests, meet),
            ('a worker killed in mid-run is named', killed, meet, signal.SIGKILL, 'was lost after'),
            ('a worker interrupted in mid-run is named', killed, meet, signal.SIGINT, 'it was interrupted'),
            ('all workers are lost', all_killed, meet),
            ('a lost worker that is allowed', killed_and_allowed, meet),
            ('the Redis server dies in mid-run', redis_dies),
            ('the Redis server hangs in mid-run', redis_hangs),
            ('the leader dies in mid-run', leader_dies, meet),
            ('the leader is interrupted', interrupted, meet),
            ('a suite, and a worker killed on its way', suite, meet),
            ('a load that does harm', harmful, meet),
            ('a closed loop', closed_loop, meet),
            ('recorded arrivals', replayed, meet),
            ('a worker short of descriptors', short_of_descriptors, meet),
            ('too few workers', too_few, meet),
            ('too many workers', too_many, meet),
            ('a worker without the permission', not_permitted, meet),
            ('a worker without a leader', no_leader, meet),
            ('two leaders', two_leaders, meet),
            ('a server with a password', password),
            ('a server with TLS', secured),
            ('a cluster of two nodes, and a slot that moves', cluster),
        ]
        cases = [c for c in cases if not sys.argv[2:] or c[1].__name__ in sys.argv[2:]]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name, result in [(name, pool.submit(case, *more)) for name, case, *more in cases]:
                tap.row(name, result.result())
        tap.row('keys expire by themselves, no plan is left', nothing_left(redis, before))
    if not sys.argv[2:]:
        usage()
    return tap.end()


sys.exit(main())
