# SPDX-License-Identifier: MIT
"""The same twins judged as people do today: a load generator before and after, and a look at two
figures.

once    one run of each: B is worse (or better) when its figure is more than 5 % off
t test  three runs of each, all of A first: Student's t test on the runs, two-sided, 5 %"""
import math
import statistics
import subprocess
import tempfile
from dataclasses import replace

from clients import Hey, Job, Wrk
from machine import Cannot
from share import share
from twins import twins

THRESHOLD = 0.05
T_OF_4 = 2.776           # Student's t, 4 degrees of freedom, 97.5 %
RUNS = 3
SPARE_S = 20
FIGURES = {'requests/s': (lambda r, job: r.requests / job.seconds, -1), 'p99': (lambda r, job: r.quantiles[0.99], 1)}


def run(client, job):
    with tempfile.TemporaryDirectory(prefix='prony-bench-') as folder:
        job = replace(job, folder=folder)
        call = subprocess.run(client.command(job), capture_output=True, text=True, timeout=job.seconds + SPARE_S,
                              check=True)
        result = client.read(job, call.stdout)
    return {name: figure(result, job) for name, (figure, _) in FIGURES.items()}


def spelled(client, job):
    with tempfile.TemporaryDirectory(prefix='prony-bench-') as folder:
        words = client.command(replace(job, folder=folder))
        return ' '.join([client.name, *(word.replace(folder, 'FOLDER') for word in words[1:])])


def judge_once(a, b, sign):
    change = sign * (b[0] / a[0] - 1)
    return 'same' if abs(change) <= THRESHOLD else 'worse' if change > 0 else 'better'


def judge_t(a, b, sign):
    error = math.sqrt((statistics.variance(a) + statistics.variance(b)) / RUNS)
    change = sign * (statistics.mean(b) - statistics.mean(a))
    return 'same' if abs(change) <= T_OF_4 * error else 'worse' if change > 0 else 'better'


def ask(client, job, o, words):
    """{(way, figure): verdict}"""
    with twins(o.twin, (), words) as urls:
        found = [[run(client, replace(job, url=url)) for _ in range(RUNS)] for url in urls]
    return {(way, name): judge([f[name] for f in found[0]], [f[name] for f in found[1]], sign)
            for way, judge in (('once', judge_once), ('t test', judge_t)) for name, (_, sign) in FIGURES.items()}


def ask_often(client, job, o, words, title, say):
    said = []
    for i in range(o.peer_comparisons):
        said.append(ask(client, job, o, words))
        say(f'{client.name}, {title}: {i + 1} of {o.peer_comparisons}')
    return {key: [s[key] for s in said] for key in said[0]}


def measure_one(client, o, say):
    job = Job('URL', connections=16, seconds=o.peer_seconds, latency=True)
    found = {'peer': client.name, 'version': client.version(), 'command': spelled(client, job), 'rows': []}
    equal = ask_often(client, job, o, (), 'two equal twins', say)
    slower = ask_often(client, job, o, ('--work', 1.05), '5 % more work a request', say)
    for way, name in equal:
        verdicts, worse = equal[way, name], slower[way, name]
        found['rows'].append({'way': way, 'figure': name, 'right': share(worse.count('worse'), len(worse)),
                              'false': share(len(verdicts) - verdicts.count('same'), len(verdicts))})
    return found


def measure(o, say):
    told, absent = [], {}
    for client in (Wrk(), Hey()):
        try:
            told.append(measure_one(client, o, say))
        except Cannot as why:
            absent[client.name] = str(why)
    return {'runs': told, 'absent': absent}
