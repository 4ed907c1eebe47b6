# SPDX-License-Identifier: MIT
"""What is loaded: nginx, which everybody has, and the truth server (tests/tools/truth.h), which is
faster and knows what it did. Context managers with .pid and .url(path), each on a core of its own."""
import os
import shutil
import signal
import subprocess
import tempfile

from machine import Cannot, free_port, pinned, wait_for

CONF = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 100000000;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}{how}; {tls} location / {{ return 200 "ok\\n"; }} }} }}
"""
TLS = 'ssl_certificate {folder}/cert; ssl_certificate_key {folder}/key; ssl_protocols TLSv1.3;'


class Server:
    scheme = 'http'

    def __init__(self, core):
        self.core = core

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='prony-bench-')
        self.port = free_port()
        try:
            self.process = subprocess.Popen(pinned(self.core, self.command()), stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)
            self.pid = self.process.pid
            wait_for(self.port)
        except Exception:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def url(self, path=''):
        return f'{self.scheme}://127.0.0.1:{self.port}/{path}'


class Nginx(Server):
    """`return 200`: a head, three bytes, no file and no log. kind: '' 'h2c' or 'tls'."""

    def __init__(self, core, kind=''):
        super().__init__(core)
        self.kind = kind
        self.scheme = 'https' if kind == 'tls' else 'http'

    def command(self):
        nginx = shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin')
        if not nginx:
            raise Cannot('nginx is not installed')
        tls = TLS.format(folder=self.folder) if self.kind == 'tls' else ''
        if tls:
            self.make_certificate()
        how = {'h2c': ' http2', 'tls': ' ssl'}.get(self.kind, '')
        with open(f'{self.folder}/conf', 'w', encoding='ascii') as f:
            f.write(CONF.format(folder=self.folder, port=self.port, how=how, tls=tls))
        return [nginx, '-c', f'{self.folder}/conf', '-p', self.folder]

    def make_certificate(self):
        if not shutil.which('openssl'):
            raise Cannot('openssl is not installed')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                        '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext',
                        'subjectAltName=IP:127.0.0.1', '-keyout', f'{self.folder}/key', '-out',
                        f'{self.folder}/cert'], check=True, capture_output=True)


class Truth(Server):
    """logged: keep the stamps of every request, for stamps() after the end; in real time where it may.
    busy: it never sleeps, and is no real-time task then."""

    def __init__(self, core, program, logged=False, busy=False):
        super().__init__(core)
        self.program, self.logged, self.busy = program, logged, busy

    def command(self):
        if not os.path.exists(self.program):
            raise Cannot(f'{self.program} is not built (meson setup -Dtests=true)')
        more = ['-b' if self.busy else '-r', '-l', f'{self.folder}/log'] if self.logged else []
        return [self.program, '-p', str(self.port), *more]

    def stamps(self):
        """(arrived_ns, replied_ns) of all answered requests by arrival, and when the server began."""
        self.stop()
        with open(f'{self.folder}/log', encoding='ascii') as f:
            start_ns = int(f.readline().split()[2])
            dropped = int(f.readline().split()[2])
            f.readline()
            rows = [tuple(map(int, line.split()[2:5:2])) for line in f]
        if dropped:
            raise Cannot(f'{dropped} requests more than the log holds')
        return sorted(row for row in rows if row[1]), start_ns
