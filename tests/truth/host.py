# SPDX-License-Identifier: MIT
"""What a case needs of the host: processes, cgroups, free ports. Everything is taken back."""
import ctypes
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import rungs

CGROUP = Path('/sys/fs/cgroup')
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
START_SECONDS = 15


class Skip(Exception):
    """The case cannot be made on this host."""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Stage:
    def __init__(self, folder, services, shop, sources, rung='bpf'):
        self.folder, self.services, self.rung = folder, services, rung
        self.processes, self.cgroups, self.notes, self.timers, self.ends = [], [], [], [], []
        self.peer = None           # host:port of whom the service asks
        self.prony_cgroup = None   # that prony is to run in
        self.namespace = None      # network that all who are started later share
        if rung != 'bpf':
            os.chmod(folder, 0o777)
            sources = shutil.copytree(sources, folder / 'sources')
        self.shop, self.sources = self.own(shop), sources

    def own(self, program):
        """The program where the user that the rung runs it as may read it: the build folder may be closed."""
        if self.rung == 'bpf':
            return program
        copy = self.folder / Path(program).name
        return copy if copy.exists() else Path(shutil.copy(program, copy))

    # ---- processes

    def program(self, name):
        path = shutil.which(name) or shutil.which(name, path='/usr/sbin:/sbin')
        if not path:
            raise Skip(f'{name} is not installed')
        return path

    def enter(self, cgroup, rung_of):
        """Between fork and exec, in the child."""
        if cgroup:
            (cgroup / 'cgroup.procs').write_text(str(os.getpid()))
        if self.namespace is not None:
            ctypes.CDLL(None).setns(self.namespace, CLONE_NEWNET)
        rung_of(self.rung)
        die_with_parent()   # a change of user would forget it

    def enter_prony(self):
        self.enter(self.prony_cgroup, rungs.of_prony)

    def spawn(self, argv, cgroup=None, env=None, **rest):
        """env: what is added to the environment. Who is not root has no home of root's."""
        home = {} if self.rung == 'bpf' else {'HOME': str(self.folder)}

        def enter():
            self.enter(cgroup, rungs.of_service)
        p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, preexec_fn=enter,
                             start_new_session=True, env={**os.environ, **home, **(env or {})}, **rest)
        self.processes.append(p)
        return p

    def start(self, argv, cgroup=None, **environment):
        """Start what says 'listening on HOST:PORT'; its URL."""
        p = self.spawn(argv, cgroup, stdout=subprocess.PIPE, text=True, env=environment)
        line = p.stdout.readline()
        if not line.startswith('listening on '):
            raise RuntimeError(f'{argv[0]} did not start: {line!r}')
        return f'http://{line.split()[2]}/'

    def service(self, name, *words, cgroup=None):
        return self.start([self.own(self.services / f'truth_{name}'), *words], cgroup)

    def later(self, seconds, act, *words):
        """Do something while prony measures."""
        timer = threading.Timer(seconds, act, words)
        timer.daemon = True
        self.timers.append(timer)
        timer.start()

    def wait_for(self, url):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return urllib.request.urlopen(url, timeout=5, context=ssl._create_unverified_context()).read()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def gunicorn(self, application, *flags, **environment):
        """Debian's gunicorn with two synchronous workers, unless the flags say otherwise; they may bind it to more."""
        if not os.path.exists('/usr/bin/gunicorn'):
            raise Skip('gunicorn is not installed')
        port = free_port()
        self.spawn(['/usr/bin/gunicorn', '-w', '2', '-b', f'127.0.0.1:{port}', '--chdir',
                    self.sources, '--log-level', 'warning', *flags, application],
                   env={**environment, 'PYTHONDONTWRITEBYTECODE': '1'})
        self.wait_for(f'http://127.0.0.1:{port}/')
        return f'http://127.0.0.1:{port}/'

    def proxied(self, url, named=''):
        """A route of a service as nginx before it has it, which may reach the service at another address."""
        _, _, host, path = url.split('/', 3)
        return self.nginx(f'upstream service {{ server {named or host}; keepalive 64; keepalive_requests 1000000; }}',
                          server='''location / { proxy_pass http://service; proxy_http_version 1.1;
                              proxy_set_header Connection ""; }''', name='front', path=path)

    def certificate(self):
        """Files of a key and of a certificate for 127.0.0.1 that nobody vouches for."""
        key, certificate = self.folder / 'key.pem', self.folder / 'certificate.pem'
        subprocess.run([self.program('openssl'), 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                        '-nodes', '-days', '2', '-keyout', key, '-out', certificate, '-subj', '/CN=truth', '-addext',
                        'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
        os.chmod(key, 0o644)
        return key, certificate

    def nginx(self, settings='', page='<p>' + 'x' * 4000 + '</p>', tls=False, server='', name='nginx', path=''):
        """One worker that serves a page, unless `server` says what else; the URL of a path there."""
        program, port = self.program('nginx'), free_port()
        (self.folder / 'index.html').write_text(page)
        os.chmod(self.folder, 0o755 if self.rung == 'bpf' else 0o777)   # nginx writes there, as nobody below root
        paths = ''.join(f'{kind}_temp_path {self.folder}/{name}-{kind};'
                        for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        conf, url = self.folder / f'{name}.conf', f'http{"s" if tls else ""}://127.0.0.1:{port}/{path}'
        if tls:
            settings += 'ssl_certificate_key {}; ssl_certificate {};'.format(*self.certificate())
        conf.write_text(f'''worker_processes 1; daemon off; pid {self.folder}/{name}.pid;
error_log {self.folder}/{name}.log;
events {{ worker_connections 2048; }}
http {{ access_log off; {paths} keepalive_requests 1000000; {settings}
  server {{ listen 127.0.0.1:{port} {'ssl http2 ' if tls else ''}backlog=1024; root {self.folder}; {server} }} }}
''')
        self.spawn([program, '-p', self.folder, '-c', conf], stderr=subprocess.DEVNULL)
        self.wait_for(url)
        return url

    # ---- cgroups: version 1 where the controller is mounted, else version 2

    def cgroup(self, controller, settings_v1, settings_v2):
        v1 = CGROUP / controller
        if v1.is_dir():
            parent, settings = v1, settings_v1
        else:
            parent, settings = CGROUP, settings_v2
        if not os.access(parent, os.W_OK):
            raise Skip(f'cannot make a cgroup in {parent}')
        folder = parent / f'prony-truth-{os.getpid()}-{len(self.cgroups)}'
        try:
            if settings is settings_v2:
                control = 'cpu' if controller == 'cpu' else 'io'
                (CGROUP / 'cgroup.subtree_control').write_text(f'+{control}')
            folder.mkdir()
            self.cgroups.append(folder)
            for name, value in settings.items():
                (folder / name).write_text(value)
        except OSError as why:
            raise Skip(f'{controller} cgroup: {why}') from None
        return folder

    def cpu_quota(self, cores):
        quota = int(cores * 100000)
        return self.cgroup('cpu', {'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': str(quota)},
                           {'cpu.max': f'{quota} 100000'})

    def write_limit(self, per_second):
        return self.disk_limit('write', per_second)

    def read_limit(self, per_second):
        return self.disk_limit('read', per_second)

    def disk_limit(self, way, per_second):
        """Throttle the disk of the case's folder; without a way to do so the disk is as it is."""
        number = os.stat(self.folder).st_dev
        device = f'{os.major(number)}:{os.minor(number)}'
        try:
            return self.cgroup(
                'blkio', {f'blkio.throttle.{way}_iops_device': f'{device} {per_second}'},
                {'io.max': f'{device} {way[0]}iops={per_second}'})
        except Skip as why:
            self.notes.append(f'the disk is not throttled: {why}')
            return None

    # ---- networks

    def slow_network(self, megabits):
        """All who are started from now on share a loopback that carries no more than this."""
        if os.geteuid() != 0:
            raise Skip('a network of its own needs root')
        script = (f'ip link set lo mtu 1500 up && tc qdisc add dev lo root tbf rate {megabits}mbit burst 256k '
                  'limit 4m && echo ready && exec sleep 1000')
        holder = self.spawn(['unshare', '-n', 'sh', '-c', script], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
        if holder.stdout.readline() != 'ready\n':
            raise Skip('no network namespace with a token bucket is to be had')
        self.namespace = os.open(f'/proc/{holder.pid}/ns/net', os.O_RDONLY)

    # ---- the end

    def clear(self):
        for timer in self.timers:
            timer.cancel()
        if self.namespace is not None:
            os.close(self.namespace)
        for p in reversed(self.processes):
            try:
                os.killpg(p.pid, signal.SIGTERM)
                p.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            p.wait()
            if p.stdout:
                p.stdout.close()
        for end in reversed(self.ends):   # of servers that the services used
            end()
        for folder in self.cgroups:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.02)
