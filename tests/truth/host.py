# SPDX-License-Identifier: MIT
"""What a case needs of the host: processes, cgroups, free ports. Everything is taken back."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

CGROUP = Path('/sys/fs/cgroup')
PR_SET_PDEATHSIG = 1
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
    def __init__(self, folder, services, shop, sources):
        self.folder, self.services, self.shop, self.sources = folder, services, shop, sources
        self.processes, self.cgroups, self.notes = [], [], []
        self.peer = None

    # ---- processes

    def program(self, name):
        path = shutil.which(name) or shutil.which(name, path='/usr/sbin:/sbin')
        if not path:
            raise Skip(f'{name} is not installed')
        return path

    def spawn(self, argv, cgroup=None, **rest):
        def enter():
            die_with_parent()
            if cgroup:
                (cgroup / 'cgroup.procs').write_text(str(os.getpid()))
        p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, preexec_fn=enter,
                             start_new_session=True, **rest)
        self.processes.append(p)
        return p

    def start(self, argv, cgroup=None, **environment):
        """Start what says 'listening on HOST:PORT'; its URL."""
        p = self.spawn(argv, cgroup, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        line = p.stdout.readline()
        if not line.startswith('listening on '):
            raise RuntimeError(f'{argv[0]} did not start: {line!r}')
        return f'http://{line.split()[2]}/'

    def service(self, name, *words, cgroup=None):
        return self.start([self.services / f'truth_{name}', *words], cgroup)

    def wait_for(self, url):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return urllib.request.urlopen(url, timeout=5).read()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def gunicorn(self, application, **environment):
        """Debian's gunicorn with two synchronous workers."""
        if not os.path.exists('/usr/bin/gunicorn'):
            raise Skip('gunicorn is not installed')
        port = free_port()
        self.spawn(['/usr/bin/gunicorn', '-w', '2', '-b', f'127.0.0.1:{port}', '--chdir',
                    self.sources, '--log-level', 'warning', application],
                   env={**os.environ, **environment, 'PYTHONDONTWRITEBYTECODE': '1'})
        self.wait_for(f'http://127.0.0.1:{port}/')
        return f'http://127.0.0.1:{port}/'

    def nginx(self):
        program, port = self.program('nginx'), free_port()
        (self.folder / 'index.html').write_text('<p>' + 'x' * 4000 + '</p>')
        os.chmod(self.folder, 0o755)
        paths = ''.join(f'{kind}_temp_path {self.folder}/{kind};'
                        for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        conf = self.folder / 'nginx.conf'
        conf.write_text(f'''worker_processes 1; daemon off; pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 2048; }}
http {{ access_log off; {paths} keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port} backlog=1024; root {self.folder}; }} }}
''')
        self.spawn([program, '-p', self.folder, '-c', conf], stderr=subprocess.DEVNULL)
        self.wait_for(f'http://127.0.0.1:{port}/')
        return f'http://127.0.0.1:{port}/'

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
        """Throttle writes to the disk of the case's folder; without one the disk is as it is."""
        number = os.stat(self.folder).st_dev
        device = f'{os.major(number)}:{os.minor(number)}'
        try:
            return self.cgroup(
                'blkio', {'blkio.throttle.write_iops_device': f'{device} {per_second}'},
                {'io.max': f'{device} wiops={per_second}'})
        except Skip as why:
            self.notes.append(f'the disk is not throttled: {why}')
            return None

    # ---- the end

    def clear(self):
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
        for folder in self.cgroups:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.02)
