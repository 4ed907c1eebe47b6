#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Requests that are read in two ways, through the gate to an origin that reads strictly and to whatever servers of others are
here (tests/tools/smuggle.c says what is judged). No row may let a hidden request through.

usage: gate_smuggle.py PRONY SMUGGLE [--count N] [--seed S] [--all]; prints TAP. --all: also before nginx, HAProxy,
node and Python's http.server, as far as they are installed."""
import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from gates import Gate, tap, until
from services import free_port

CONFIG = '''
listen: 127.0.0.1:{port}
workers: 2
upstreams:
  origin:
    servers: ["127.0.0.1:{origin}"]
    ejection: {{ errors: 0 }}
    breaker: {{ errors: 0, ratio: 0 }}
routes:
  - {{ match: /, upstream: origin }}
'''
# Servers that have read a request whole before they answer: what one says to half a request is no fault of the gate.
NGINX = '''
daemon off; master_process off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://unix:{folder}/echo; proxy_http_version 1.1; }} }}
  server {{ listen unix:{folder}/echo; location / {{ return 200 "$request_method $request_uri\\n"; }} }}
}}
'''
HAPROXY = '''
defaults
  mode http
  option http-buffer-request
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend f
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain lf-string "%HM %HP%HQ\\n"
'''
NODE = '''
require('http').createServer((q, a) => {{
  let n = 0;
  q.on('data', d => {{ n += d.length; }});
  q.on('end', () => {{ const s = `${{q.method}} ${{q.url}} ${{n}}\\n`;
    a.writeHead(200, {{ 'Content-Length': Buffer.byteLength(s) }}); a.end(q.method === 'HEAD' ? '' : s); }});
}}).listen({port}, '127.0.0.1');
'''
PYTHON = '''
import http.server
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True   # it sends head and body apart
    def log_message(self, *a):
        pass
    def answer(self):
        n = int(self.headers.get('Content-Length', 0))
        self.rfile.read(n)
        if self.headers.get('Transfer-Encoding'):
            n = 0
            while size := int(self.rfile.readline(), 16):
                n += len(self.rfile.read(size))
                self.rfile.read(2)
            while self.rfile.readline() != b'\\r\\n':
                pass
        text = f'{{self.command}} {{self.path}} {{n}}\\n'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer
http.server.ThreadingHTTPServer(('127.0.0.1', {port}), Echo).serve_forever()
'''
# name, program, its words, the file that it is told by; none: the origin of `smuggle`.
FOREIGN = [
    ('nginx', 'nginx', lambda file, folder: ['-p', folder, '-c', file], NGINX),
    ('HAProxy', 'haproxy', lambda file, folder: ['-f', file], HAPROXY),
    ('node', 'node', lambda file, folder: [file], NODE),
    ('http.server', '/usr/bin/python3', lambda file, folder: [file], PYTHON),
]


def stop(process):
    process.kill()
    return process.communicate()[0] or ''


def is_there(port):
    try:
        socket.create_connection(('127.0.0.1', port)).close()
        return True
    except OSError:
        return False


def attack(args, folder, origin, port, foreign):
    """Faults of the gate before this origin."""
    until(lambda: is_there(port), f'{origin.args[0]} does not listen')
    with Gate(folder, CONFIG, origin=port) as gate:
        done = subprocess.run([args.smuggle, '--gate', str(gate.port), '--count', str(args.count), '--seed', str(args.seed)] +
                              (['--foreign'] if foreign else []), stdout=subprocess.PIPE, text=True, errors='replace', check=False)
        print(f'# {done.stdout.splitlines()[-1]}', flush=True)
        return ([done.stdout] if done.returncode else []) + gate.died()


def before_own(args, folder):
    port = free_port()
    origin = subprocess.Popen([args.smuggle, '--origin', str(port)], stdout=subprocess.PIPE, text=True, errors='replace')
    try:
        faults = attack(args, folder, origin, port, False)
    finally:
        said = stop(origin)
    return faults + [line for line in said.splitlines() if 'not canonical' in line][:5]


def before(args, folder, program, words, text):
    port, file = free_port(), os.path.join(folder, 'origin.cfg')
    with open(file, 'w', encoding='utf-8') as f:
        f.write(text.format(port=port, folder=folder))
    origin = subprocess.Popen([program] + words(file, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return attack(args, folder, origin, port, True)
    finally:
        stop(origin)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('prony', type=os.path.abspath)
    parser.add_argument('smuggle', type=os.path.abspath)
    parser.add_argument('--count', type=int, default=3000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--all', action='store_true')
    args = parser.parse_args()
    os.environ['PATH'] += ':/usr/sbin'
    with tempfile.TemporaryDirectory(prefix='prony-smuggle-') as folder:
        tap.row('an origin that reads strictly', before_own(args, folder))
        for name, program, words, text in FOREIGN if args.all else []:
            if shutil.which(program):
                tap.row(name, before(args, folder, program, words, text))
            else:
                tap.skip(name, 'it is not installed')
    sys.exit(tap.end())


main()
