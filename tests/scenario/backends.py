# SPDX-License-Identifier: MIT
"""Private servers in temporary folders, as nobody where root may not: nginx, PostgreSQL, Redis."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from services import free_port

POSTGRES = '/usr/lib/postgresql/15/bin'
NOBODY = pwd.getpwnam('nobody').pw_uid
NOGROUP = pwd.getpwnam('nobody').pw_gid


def certificate(folder, name):
    """A self-signed one for 127.0.0.1; its file, beside which lies NAME.key."""
    path = os.path.join(folder, name)
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
                    '2', '-keyout', path + '.key', '-out', path + '.pem', '-subj', '/CN=' + name, '-addext',
                    'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
    return path + '.pem'


def wait_for(port, process, patience_s=30):
    end = time.monotonic() + patience_s
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError('the server does not come up')


class Backend:
    """A folder and a process in it; a context manager. `argv` is what a subclass runs."""
    end_signal = signal.SIGTERM
    owner = None          # of the process, where root may not run it

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='prony-backend-')
        os.chmod(self.folder, 0o755)
        self.user = self.owner if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user, -1)
        try:
            self.prepare()
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def start(self):
        with open(self.path('log'), 'ab') as log:
            self.process = subprocess.Popen(self.argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            user=self.user, group=NOGROUP if self.user else None,
                                            extra_groups=[] if self.user else None)
        try:
            wait_for(self.port, self.process)
        except RuntimeError as e:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f'{e}: {self.read("log")[-800:]}') from e

    def __exit__(self, *_):
        self.process.send_signal(self.end_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as f:
            return f.read()


NGINX = '''daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  log_format plain '$connection $ssl_session_reused $server_protocol $status $request_length $sent_http_content_encoding';
  access_log access.log plain;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ssl_certificate {certificate}; ssl_certificate_key server.key;
  gzip on; gzip_min_length 1; gzip_types text/plain application/json;
  types {{ text/plain txt; application/json json; }}
  root docs;
  server {{
    listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{h2c} http2; listen 127.0.0.1:{port};
    location /post {{ client_max_body_size 1m; proxy_pass http://127.0.0.1:{port}/page.txt; proxy_method GET;
                      proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location /socket {{ proxy_pass http://127.0.0.1:{socket}/; proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}
  }}
  server {{ listen 127.0.0.1:{short_tls} ssl http2; listen 127.0.0.1:{short_h2c} http2; keepalive_requests 50; }}
}}
'''


class Nginx(Backend):
    """HTTP/1.1 and HTTP/2, with TLS and without; `short_*`: connections are ended after 50 requests."""

    def __init__(self, socket_port):
        self.ports = {'socket': socket_port}

    def prepare(self):
        for name in ('port', 'tls', 'h2c', 'short_tls', 'short_h2c'):
            self.ports[name] = free_port()
        self.port = self.ports['port']
        self.certificate = certificate(self.folder, 'server')
        os.mkdir(self.path('docs'))
        self.put('docs/page.txt', 'x' * 20000)
        self.put('docs/card.json', '{"token": "card-4711", "items": [1, 2, 3]}')
        config = self.put('nginx.conf', NGINX.format(certificate=self.certificate, **self.ports))
        self.argv = ['/usr/sbin/nginx', '-p', self.folder, '-c', config, '-e', 'error.log']

    def url(self, port, path='/page.txt'):
        scheme = 'https' if 'tls' in port else 'http'
        return f'{scheme}://127.0.0.1:{self.ports[port]}{path}'

    def forget(self):
        os.truncate(self.path('access.log'), 0)

    def requests(self):
        """What came since forget(): tuples of connection, resumed, protocol, status, bytes, encoding."""
        return [line.split() for line in self.read('access.log').splitlines()]


class Postgres(Backend):
    owner, end_signal = NOBODY, signal.SIGINT

    def __init__(self, password, local='scram-sha-256'):
        self.password, self.local = password, local

    def prepare(self):
        self.port = free_port()
        secret = self.put('secret', self.password)
        if self.user:
            os.chown(secret, self.user, -1)
        self.run('initdb', '-D', self.path('data'), '-U', 'shop', '--auth-host', 'scram-sha-256', '--auth-local',
                 self.local, '--pwfile', secret, '-N', '--no-locale', '-E', 'UTF8')
        os.unlink(secret)
        self.argv = [f'{POSTGRES}/postgres', '-D', self.path('data'), '-c', 'listen_addresses=127.0.0.1', '-c',
                     f'port={self.port}', '-c', f'unix_socket_directories={self.folder}', '-c', 'fsync=off']

    def run(self, program, *words):
        done = subprocess.run([f'{POSTGRES}/{program}', *words], cwd=self.folder, capture_output=True, text=True,
                              user=self.user, group=NOGROUP if self.user else None,
                              extra_groups=[] if self.user else None, check=False,
                              env={**os.environ, 'PGPASSWORD': self.password})
        if done.returncode:
            raise RuntimeError(f'{program}: {done.stderr}')
        return done.stdout.strip()

    def sql(self, text):
        return self.run('psql', '-h', '127.0.0.1', '-p', str(self.port), '-U', 'shop', '-d', 'postgres', '-AtXqc', text)

    def start(self):
        super().start()
        end = time.monotonic() + 30
        while True:         # it listens before it lets anybody in
            try:
                self.sql('SELECT 1')
                return
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)


class Redis(Backend):
    owner = NOBODY

    def __init__(self, password):
        self.password = password

    def prepare(self):
        self.port = free_port()
        self.argv = ['/usr/bin/redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--save', '', '--dir',
                     self.folder, '--requirepass', self.password]

    def ask(self, *words):
        done = subprocess.run(['redis-cli', '-p', str(self.port), *words], capture_output=True, text=True, check=True,
                              env={**os.environ, 'REDISCLI_AUTH': self.password})
        return done.stdout.strip()
