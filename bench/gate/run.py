#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a request costs the gate, beside floors and the servers of Debian that are here; README.md says how.
usage: run.py PRONY [--only hit1k,pass1k ...] [--servers gate-uring,nginx ...] [--rounds N] [--seconds S]"""
import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = {'1k': 1024, '64k': 65536}
SCENARIOS = {   # name: what is asked, of which size, over how many connections, and how
    'hit1k': ('hit', '1k', 64, ''), 'hit1k-512': ('hit', '1k', 512, ''), 'hit64k': ('hit', '64k', 64, ''),
    'pass1k': ('pass', '1k', 64, ''), 'pass64k': ('pass', '64k', 64, ''),
    'tls1k': ('hit', '1k', 64, 'tls'), 'tls64k': ('hit', '64k', 64, 'tls'), 'h2-1k': ('hit', '1k', 16, 'h2'),
}
HERDS = {   # name: status and Cache-Control of what a thousand ask for at once, when nobody has asked before
    'herd': ('200', 'max-age=60'), 'herd-no-store': ('200', 'no-store'), 'herd-500': ('500', 'none'),
}
HERD, DELAY_MS = 1000, 500
TLS = ('tls', 'h2')
STREAMS = 10   # of each connection of HTTP/2, which is spoken through TLS


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def find(*names):
    for name in names:
        for folder in ('/usr/sbin', '/usr/bin', '/usr/local/bin'):
            if os.access(f'{folder}/{name}', os.X_OK):
                return f'{folder}/{name}'
    return None


# ---- servers: each writes its files into a folder and says how it is started

NGINX = '''daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; {http} }}'''


def nginx(folder, http):
    with open(f'{folder}/nginx.conf', 'w', encoding='utf-8') as f:
        f.write(NGINX.format(folder=folder, http=http))
    return [find('nginx'), '-c', f'{folder}/nginx.conf', '-e', f'{folder}/error.log']


def origin(folder, port):
    for kind in ('hit', 'pass'):
        os.makedirs(f'{folder}/files/{kind}')
        for name, size in SIZES.items():
            with open(f'{folder}/files/{kind}/{name}', 'wb') as f:
                f.write(b'x' * size)
    return nginx(folder, f'''sendfile on; open_file_cache max=100; etag off;
      server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/files;
        location ~ /hit {{ add_header Cache-Control max-age=3600; }} location / {{ add_header Cache-Control no-store; }} }}''')


def certificate(folder):
    """ECDSA P-256, as most sites have it; its paths."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-keyout', f'{folder}/key', '-out', f'{folder}/pem'], check=True,
                   stderr=subprocess.DEVNULL)
    return f'{folder}/pem', f'{folder}/key'


def nginx_cache(folder, port, behind, how):
    tls = ''
    lock = 'proxy_cache_lock on; ' if how == 'herd' else ''
    if how in TLS:
        tls = ('ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.3; '
               'ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; http2_max_concurrent_streams 128;').format(*certificate(folder))
    return nginx(folder, f'''open_file_cache max=1000; sendfile on; tcp_nopush off;
      proxy_cache_path {folder}/cache keys_zone=z:10m; upstream o {{ server 127.0.0.1:{behind}; keepalive 512; }}
      server {{ listen 127.0.0.1:{port} backlog=4096 {'ssl http2' if tls else ''}; {tls} location / {{ proxy_pass http://o; proxy_http_version 1.1;
        proxy_set_header Connection ""; proxy_buffer_size 8k; proxy_buffers 16 16k; proxy_cache z; {lock}}} }}''')


def haproxy(folder, port, behind, how):
    with open(f'{folder}/haproxy.cfg', 'w', encoding='utf-8') as f:
        f.write(f'''global
  nbthread 1
  maxconn 4096
cache c
  total-max-size 64
  max-object-size 1000000
  max-age 3600
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-keep-alive
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  http-request cache-use c
  http-response cache-store c
  http-reuse always
  server s 127.0.0.1:{behind}
''')
    return [find('haproxy'), '-db', '-q', '-f', f'{folder}/haproxy.cfg']


def varnish(folder, port, behind, how):
    with open(f'{folder}/v.vcl', 'w', encoding='utf-8') as f:
        f.write(f'vcl 4.1;\nbackend default {{ .host = "127.0.0.1"; .port = "{behind}"; }}\n')
    return [find('varnishd'), '-F', '-n', f'{folder}/v', '-a', f'127.0.0.1:{port}', '-f', f'{folder}/v.vcl', '-s',
            'malloc,64m', '-p', 'thread_pool_min=100']


ATS = '''CONFIG proxy.config.http.server_ports STRING {port}:ip-in=127.0.0.1
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.crash_log_helper STRING NULL
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.cache.ram_cache.size INT 67108864
'''


def ats(folder, port, behind, how):
    """Apache Traffic Server; it takes its places from a file."""
    places = {'sysconfdir': 'etc', 'datadir': 'cache', 'cachedir': 'cache', 'localstatedir': 'run', 'runtimedir': 'run',
              'logdir': 'logs', 'includedir': 'etc'}
    for name in set(places.values()):
        os.makedirs(f'{folder}/{name}')
    files = {
        'runroot.yaml': f'prefix: {folder}\nexec_prefix: {folder}\nbindir: /usr/bin\nsbindir: /usr/bin\n'
                        'libdir: /usr/lib/trafficserver\nlibexecdir: /usr/lib/trafficserver/modules\n'
                        + ''.join(f'{key}: {folder}/{name}\n' for key, name in places.items()),
        'etc/records.config': ATS.format(port=port),
        'etc/remap.config': f'map / http://127.0.0.1:{behind}/\n',
        'etc/storage.config': f'{folder}/cache 256M\n',
        'etc/ip_allow.yaml': 'ip_allow: [ { apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL } ]\n',
        'etc/plugin.config': '',
    }
    for name, text in files.items():
        with open(f'{folder}/{name}', 'w', encoding='utf-8') as f:
            f.write(text)
    return [find('traffic_server'), f'--run-root={folder}/runroot.yaml']


def gate(engine):
    def command(folder, port, behind, how):
        tls = ', tls: {{ certificate: {}, key: {} }}'.format(*certificate(folder)) if how in TLS else ''
        with open(f'{folder}/gate.yaml', 'w', encoding='utf-8') as f:
            f.write(f'listen: {{ address: "127.0.0.1:{port}"{tls} }}\nengine: {engine}\nworkers: 1\n'
                    f'upstreams: {{ o: {{ servers: ["127.0.0.1:{behind}"] }} }}\n'
                    'routes: [ { match: /hit, upstream: o, cache: { enabled: true } }, { match: /, upstream: o } ]\n')
        return [PRONY, 'gate', '--config', f'{folder}/gate.yaml', '--quiet']
    return command


def floor(mode):
    def command(folder, port, behind, how):
        return [FLOOR, mode, str(port), str(behind)]
    return command


SERVERS = {
    'floor-uring': floor('uring'), 'floor-epoll': floor('epoll'), 'floor-relay': floor('relay'),
    'gate-uring': gate('io_uring'), 'gate-epoll': gate('epoll'),
    'nginx': nginx_cache if find('nginx') else None, 'haproxy': haproxy if find('haproxy') else None,
    'varnish': varnish if find('varnishd') else None, 'ats': ats if find('traffic_server') else None,
}


# ---- measuring

def cpu_ns(pid):
    """On a processor, all threads of a process and of its children."""
    total = 0
    pids = [pid] + [int(p) for p in subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True,
                                                   check=False).stdout.split()]
    for p in pids:
        try:
            for task in os.listdir(f'/proc/{p}/task'):
                with open(f'/proc/{p}/task/{task}/schedstat', encoding='ascii') as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


class Running:
    """A server on the first processor."""

    def __init__(self, command, folder, port):
        self.log = open(f'{folder}/log', 'w', encoding='utf-8')
        self.process = subprocess.Popen(['taskset', '-c', '0', *command], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(open(f'{folder}/log', encoding='utf-8').read())

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wrk(url, connections, seconds):
    out = subprocess.run(['taskset', '-c', '1', 'wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--latency', url],
                         capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in out or 'Socket errors' in out:
        raise RuntimeError(out)
    return int(re.search(r'(\d+) requests in', out).group(1)), re.search(r'99%\s+(\S+)', out).group(1)


def h2load(url, connections, seconds):
    out = subprocess.run(['taskset', '-c', '1', 'h2load', '-t1', f'-c{connections}', f'-m{STREAMS}', f'-D{seconds}', url],
                         capture_output=True, text=True, check=True).stdout
    done, failed = re.search(r'(\d+) succeeded, (\d+) failed', out).groups()
    if int(failed) or not int(done):
        raise RuntimeError(out)
    return int(done), re.search(r'time for request: +\S+ +(\S+)', out).group(1)


def measure(name, scenario, seconds):
    """CPU microseconds a request, requests a second, p99 (of HTTP/2 the longest)."""
    kind, size, connections, how = SCENARIOS[scenario]
    ask = h2load if how == 'h2' else wrk
    with tempfile.TemporaryDirectory(prefix='prony-bench-gate-') as folder:
        os.chmod(folder, 0o755)
        behind, port = free_port(), free_port()
        servers = []
        try:
            os.makedirs(f'{folder}/origin')
            servers.append(Running(origin(f'{folder}/origin', behind), f'{folder}/origin', behind))
            arg = SIZES[size] if name in ('floor-uring', 'floor-epoll') else behind
            servers.append(Running(SERVERS[name](folder, port, arg, how), folder, port))
            url = f'http{"s" if how else ""}://127.0.0.1:{port}/{kind}/{size}'
            ask(url, connections, 1)
            pid = servers[-1].process.pid
            before = cpu_ns(pid)
            requests, p99 = ask(url, connections, seconds)
            return (cpu_ns(pid) - before) / 1000 / requests, requests / seconds, p99
        finally:
            for s in reversed(servers):
                s.stop()


def herd(name, status, cache_control):
    """What the clients and the origin saw of a thousand at once."""
    with tempfile.TemporaryDirectory(prefix='prony-bench-gate-') as folder:
        os.chmod(folder, 0o755)
        behind, port = free_port(), free_port()
        servers = []
        try:
            servers.append(Running([HERD_PROGRAM, 'origin', str(behind), str(DELAY_MS)], folder, behind))
            servers.append(Running(SERVERS[name](folder, port, behind, 'herd'), folder, port))
            got = subprocess.run(['taskset', '-c', '1', HERD_PROGRAM, 'ask', str(port),
                                  f'/hit/{status}/{cache_control}/{name}', str(HERD)], capture_output=True, text=True, check=False)
            with urllib.request.urlopen(f'http://127.0.0.1:{behind}/count') as answer:
                asked = answer.read().decode()
            return f'{asked:>5} at the origin; {(got.stdout or got.stderr).strip()}'
        finally:
            for s in reversed(servers):
                s.stop()


def herds():
    print(f'# {HERD} at once for a key that nobody has asked for; the origin takes {DELAY_MS} ms')
    for scenario in O.only.split(','):
        for name in SERVERS if scenario in HERDS else ():
            if SERVERS[name] and not name.startswith('floor') and (not O.servers or name in O.servers.split(',')):
                print(f'{scenario:14} {name:12} {herd(name, *HERDS[scenario])}', flush=True)


def fits(name, kind, how):
    if how:   # the others do not speak it, or not alone
        return name.startswith('gate') or name == 'nginx'
    return not name.startswith('floor') or (name == 'floor-relay') == (kind == 'pass')


def costs():
    print('# CPU microseconds a request (least of the rounds), times the floor, requests a second, p99')
    for scenario in (s for s in O.only.split(',') if s in SCENARIOS):
        kind, how = SCENARIOS[scenario][0], SCENARIOS[scenario][3]
        names = [n for n in SERVERS if SERVERS[n] and (not O.servers or n in O.servers.split(',')) and fits(n, kind, how)]
        best = {}
        for _ in range(O.rounds):
            for name in names:
                try:
                    got = measure(name, scenario, O.seconds)
                except RuntimeError as e:
                    print(f'# {scenario} {name}: {str(e).strip()[-300:]}')
                    continue
                best[name] = min(best.get(name, got), got)
        least = [best[n][0] for n in best if n.startswith('floor') or (how and n == 'nginx')]
        floor_us = min(least, default=float('nan'))
        for name, (us, rate, p99) in best.items():
            print(f'{scenario:10} {name:12} {us:7.2f} {us / floor_us:6.2f} x {rate:9.0f}/s {p99:>9}', flush=True)


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('prony')
    p.add_argument('--only', default=','.join((*SCENARIOS, *HERDS)))
    p.add_argument('--servers', default='')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--seconds', type=int, default=2)
    return p.parse_args()


O = options()
PRONY = os.path.abspath(O.prony)
HERD_PROGRAM = os.path.join(os.path.dirname(PRONY), 'bench/gate/gate_herd')
FLOOR = os.path.join(os.path.dirname(PRONY), 'bench/gate/gate_floor')
if not shutil.which('wrk') or not find('nginx'):
    sys.exit('run.py: needs wrk and nginx (make deps-bench)')
if set(O.only.split(',')) & set(SCENARIOS):
    costs()
if set(O.only.split(',')) & set(HERDS):
    herds()
