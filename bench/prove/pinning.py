#!/usr/bin/python3
"""What chance does to a measurement when kept connections stay with the process that accepted them.

tests/tools/pinned_server is a service of several single-threaded processes (the kernel deals
connections by hash, or the processes race for them); a request costs its process a sleep of 5 ms, and
all run in the lowest real-time class where they may, so that neighbours on the machine hardly count.
tests/tools/pinned_load runs the same phase on 16 connections again and again: first on new connections
each time, then on connections that load_spread has spread over the processes. The spread is largest
over smallest value, less one.

usage: bench/prove/pinning.py PRONY [TIMES] [MILLISECONDS]; of its build folder
"""
import os, signal, statistics, subprocess, sys

build = os.path.dirname(os.path.abspath(sys.argv[1]))
times = int(sys.argv[2]) if len(sys.argv) > 2 else 10
milliseconds = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
CONNECTIONS, COST_US = 16, 5000


def promptly():
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass


def measure(url, rate, spread):
    command = [f'{build}/tests/tools/pinned_load', '-c', str(CONNECTIONS), '-n', str(times), '-m', str(milliseconds)]
    command += ['-r', str(rate)] if rate else []
    out = subprocess.run(command + (['-s'] if spread else []) + [url], check=True, capture_output=True, text=True,
                         preexec_fn=promptly)
    rows = [[float(x) for x in line.split()] for line in out.stdout.splitlines()]
    return [r[0] for r in rows], [r[1] for r in rows], max(r[2] for r in rows)


def spread_of(values):
    return max(values) / min(values) - 1


def rows_for(processes, race):
    server = subprocess.Popen([f'{build}/tests/tools/pinned_server', '-n', str(processes), '-u', str(COST_US)] +
                              (['-a'] if race else []), stdout=subprocess.PIPE, text=True, preexec_fn=promptly)
    try:
        url = f'http://{server.stdout.readline().split()[-1]}/'
        for name, rate in (('closed loop', 0), ('60 % load', int(0.6 * processes * 1e6 / COST_US))):
            for spread in (False, True):
                throughput, p99, placement = measure(url, rate, spread)
                print(f'{processes:9}  {"race" if race else "hash":4}  {name:11}  {"spread" if spread else "chance":6}  '
                      f'{statistics.median(throughput):8.0f}/s {100 * spread_of(throughput):6.1f} %  '
                      f'{statistics.median(p99):8.1f} ms {100 * spread_of(p99):7.1f} %  {placement:9.2f}', flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


print(f'{times} phases of {milliseconds} ms each, {CONNECTIONS} connections, {COST_US / 1000:g} ms a request')
print('processes  deal  load         conns    throughput  spread       p99       spread  placement')
for race in (False, True):
    for processes in (2, 4):
        rows_for(processes, race)
