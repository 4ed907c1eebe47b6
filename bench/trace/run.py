#!/usr/bin/python3
"""What being looked at costs a service, and how long naming what was seen takes.

CPU per request of nginx with and without tracing.
Blocks alternate (plain, traced, traced, plain, ...) at one fixed rate, so that drift of the machine
cancels; the figure is the ratio of the medians. The peer is perf record with stack copies at the
same frequency, where perf is installed.

Then 200 stacks of a Node process with 300 functions, and of a Java process, are unwound and named from
nothing (cold_stacks.c), five times: the median of wall time and of CPU; wanted: at most 100 ms.

usage: bench/trace/run.py PRONY [RATE]
"""
import json, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time

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


JAVA = '''public class Spin {
    static long inner(long x) { for (int i = 0; i < 500; i++) x = x * 31 + i; return x; }
    static long work(long x) { StringBuilder s = new StringBuilder(); for (int i = 0; i < 200; i++) s.append(inner(x + i));
        return s.length(); }
    public static void main(String[] a) { for (long i = 0; ; i++) work(i); }
}'''


def cold_stacks(name, interpreter, script, seconds):
    program = os.path.join(os.path.dirname(prony), 'bench/trace/cold_stacks')
    found = shutil.which(interpreter)
    if not found or not os.path.exists(program):
        return print(f'200 cold stacks of {name}: no {interpreter}, or not built with -Dtests=true')
    service = subprocess.Popen([found, script])
    try:
        time.sleep(seconds)
        ask = [program, str(service.pid)]
        lines = [subprocess.run(ask, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    finally:
        service.kill()
        service.wait()
    wall, cpu = (statistics.median(float(re.search(p, l)[1]) for l in lines)
                 for p in (r', ([0-9.]+) ms', r'CPU ([0-9.]+) ms'))
    print(f'200 cold stacks of {name:23s} {wall:7.1f} ms, {cpu:.1f} ms of CPU '
          f'  wanted: at most 100 ms')


def main():
    folder = tempfile.mkdtemp(prefix='prony-bench-')
    os.chmod(folder, 0o755)
    open(f'{folder}/index.html', 'w').write('x' * 1024)
    open(f'{folder}/nginx.conf', 'w').write(
        f'worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n'
        f'http {{ access_log off; keepalive_requests 1000000; server {{ listen 127.0.0.1:{PORT}; root {folder}; }} }}')
    nginx = subprocess.Popen(['/usr/sbin/nginx', '-c', f'{folder}/nginx.conf', '-g', 'daemon off;'])
    try:
        time.sleep(0.5)
        watch = [prony, 'check', '--observe', f'pid:{nginx.pid}', '--for', f'{SECONDS + 4}s', '--out', f'{folder}/run']
        ways = {'plain': None, 'prony check --observe': watch}
        if shutil.which('perf'):
            ways['perf record -F 199 --call-graph dwarf'] = [
                'perf', 'record', '-q', '-F', '199', '--call-graph', 'dwarf', '-a', '-o', f'{folder}/perf.data']
        cost = {name: [] for name in ways}
        for i in range(PAIRS):
            for name in list(ways) if i % 2 == 0 else reversed(list(ways)):
                cost[name].append(block(nginx.pid, ways[name]))
        base = statistics.median(cost['plain'])
        print(f'nginx, 1 KiB file, {rate}, {PAIRS} interleaved blocks of {SECONDS} s each')
        for name, values in cost.items():
            m = statistics.median(values)
            print(f'{name:42s} {m * 1e6:7.1f} us CPU a request   {m / base:5.3f}x')
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(folder, ignore_errors=True)


cold_stacks('Node', 'node', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'many_functions.js'), 3)
with tempfile.TemporaryDirectory() as sources:
    with open(f'{sources}/Spin.java', 'w', encoding='ascii') as f:
        f.write(JAVA)
    cold_stacks('Java', 'java', f'{sources}/Spin.java', 6)
main()
