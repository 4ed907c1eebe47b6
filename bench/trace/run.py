#!/usr/bin/python3
"""What being looked at costs a service: CPU per request of nginx with and without tracing, serving a
file and asking another nginx for it, of which what is asked and answered is copied.

Blocks alternate (plain, traced, traced, plain, ...) at one fixed rate, so that drift of the machine
cancels; the figure is the ratio of the medians. The peer is perf record with stack copies at the
same frequency, where perf is installed.

usage: bench/trace/run.py PRONY [RATE]
"""
import json, os, shutil, signal, statistics, subprocess, sys, tempfile, time

prony = os.path.abspath(sys.argv[1])
rate = sys.argv[2] if len(sys.argv) > 2 else '4k/s'
PORT, PAIRS, SECONDS = 18480, 4, 6
TICK = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    total = 0
    for p in [pid] + [int(c) for c in open(f'/proc/{pid}/task/{pid}/children').read().split()]:
        f = open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()
        total += int(f[11]) + int(f[12])
    return total / TICK


def block(pid, watcher):
    """CPU seconds per request of one block of load, `watcher` running beside it."""
    beside = subprocess.Popen(watcher, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) if watcher else None
    time.sleep(1.0)
    before = cpu_seconds(pid)
    load = subprocess.run([prony, 'load', f'http://127.0.0.1:{PORT}/', '--rate', rate, '--for', f'{SECONDS}s',
                           '--quiet', '--json'], capture_output=True, text=True)
    used = cpu_seconds(pid) - before
    if beside:
        beside.send_signal(signal.SIGINT)
        beside.wait()
    phase = json.loads(load.stdout)['evidence']['phases'][-1]
    return used / phase['answered']


FILE = 'listen 127.0.0.1:{port}; root {folder};'
PROXY = ('listen 127.0.0.1:{port}; location / {{ proxy_pass http://other; proxy_http_version 1.1; '
         'proxy_set_header Connection ""; }}')


def nginx(folder, port, server):
    """One with a single worker; `other` is the one at the next port."""
    conf = f'{folder}/{port}.conf'
    open(conf, 'w').write(
        f'worker_processes 1; pid {folder}/{port}.pid; error_log {folder}/error.log; events {{}}\n'
        f'http {{ access_log off; keepalive_requests 1000000; upstream other {{ server 127.0.0.1:{port + 1}; keepalive 64; '
        f'keepalive_requests 1000000; }} server {{ {server.format(port=port, folder=folder)} }} }}')
    return subprocess.Popen(['/usr/sbin/nginx', '-c', conf, '-g', 'daemon off;'])


def compare(title, folder, served):
    watch = [prony, 'check', '--observe', f'pid:{served.pid}', '--for', f'{SECONDS + 4}s', '--out', f'{folder}/run']
    ways = {'plain': None, 'prony check --observe': watch}
    if shutil.which('perf'):
        ways['perf record -F 199 --call-graph dwarf'] = [
            'perf', 'record', '-q', '-F', '199', '--call-graph', 'dwarf', '-a', '-o', f'{folder}/perf.data']
    cost = {name: [] for name in ways}
    for i in range(PAIRS):
        for name in list(ways) if i % 2 == 0 else reversed(list(ways)):
            cost[name].append(block(served.pid, ways[name]))
    base = statistics.median(cost['plain'])
    print(f'{title}, {rate}, {PAIRS} interleaved blocks of {SECONDS} s each')
    for name, values in cost.items():
        m = statistics.median(values)
        print(f'{name:42s} {m * 1e6:7.1f} us CPU a request   {m / base:5.3f}x')


def main():
    folder = tempfile.mkdtemp(prefix='prony-bench-')
    os.chmod(folder, 0o755)
    open(f'{folder}/index.html', 'w').write('x' * 1024)
    for title, server in (('nginx, 1 KiB file', FILE), ('nginx, from another nginx', PROXY)):
        running = [nginx(folder, PORT, server), nginx(folder, PORT + 1, FILE)]
        try:
            time.sleep(0.5)
            compare(title, folder, running[0])
        finally:
            for p in running:
                p.terminate()
                p.wait()
    shutil.rmtree(folder, ignore_errors=True)


main()
