# SPDX-License-Identifier: MIT
"""Small services on 127.0.0.1 that behave badly in one way each; for the scenario tests.

As a program: services.py NAME prints its port and serves until it is killed, as a process that can
die. As a module: Service(NAME) is the same as a context manager with .port and .pid."""
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time


def answer(status, body=b'ok\n', extra=''):
    return (f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n').encode() + body


def requests(conn):
    """Complete request heads, one after another."""
    data = b''
    while True:
        while b'\r\n\r\n' not in data:
            more = conn.recv(65536)
            if not more:
                return
            data += more
        head, data = data.split(b'\r\n\r\n', 1)
        yield head


def steady(conn, status='200 OK', pause=0.0):
    for _ in requests(conn):
        time.sleep(pause)
        conn.sendall(answer(status))


def breaks(conn):
    """Errors from three seconds after the first request on."""
    for _ in requests(conn):
        breaks.since = getattr(breaks, 'since', None) or time.monotonic()
        late = time.monotonic() - breaks.since > 3.0
        conn.sendall(answer('500 Internal Server Error' if late else '200 OK'))


def dies(conn):
    """The whole process ends without a word a while after the first request."""
    for _ in requests(conn):
        dies.since = getattr(dies, 'since', None) or time.monotonic()
        if time.monotonic() - dies.since > 1.0:
            os._exit(3)
        conn.sendall(answer('200 OK'))


def not_http(conn):
    conn.sendall(b'220 mail.example ready\r\n')
    while conn.recv(4096):
        conn.sendall(b'500 unrecognised command\r\n')


def tls(conn):
    """What a TLS server says to a plain request: an alert."""
    conn.recv(4096)
    conn.sendall(bytes([0x15, 3, 1, 0, 2, 2, 0x46]))


def black_hole(conn):
    while conn.recv(4096):
        pass


def slams(conn):
    conn.recv(4096)


def resets(conn):
    conn.recv(4096)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')


def half_answer(conn):
    for _ in requests(conn):
        conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
        return


BEHAVIOURS = {
    'steady': steady,
    'slow': lambda conn: steady(conn, pause=0.05),
    'not-found': lambda conn: steady(conn, '404 Not Found'),
    'failing': lambda conn: steady(conn, '500 Internal Server Error'),
    'breaks': breaks, 'dies': dies, 'not-http': not_http, 'tls': tls, 'black-hole': black_hole, 'slams': slams,
    'resets': resets, 'half-answer': half_answer,
}


def serve_connection(conn, behave):
    with conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            behave(conn)
        except OSError:
            pass


def serve(name):
    with socket.create_server(('127.0.0.1', 0), backlog=128) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            conn, _ = listening.accept()
            threading.Thread(target=serve_connection, args=(conn, BEHAVIOURS[name]),
                             daemon=True).start()


class Service:
    def __init__(self, name):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), name],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid
        self.url = f'http://127.0.0.1:{self.port}/'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


given = set()


def free_port():
    """Below those that the kernel gives to clients: until it is used nobody has it by chance. 10000 above it there is one
    for the bus of a Redis cluster, too."""
    while True:
        port = random.randrange(10000, 22000)
        try:
            socket.create_server(('127.0.0.1', port)).close()
        except OSError:
            continue
        if port not in given:
            given.add(port)
            return port


if __name__ == '__main__':
    serve(sys.argv[1])
