# SPDX-License-Identifier: MIT
"""Servers on 127.0.0.1 that answer one request like any other and go wrong from then on, before
they have read anything; what goes wrong after a request is the truth server's (tests/tools).

As a program: ambush.py NAME prints its port and serves until it is killed. As a module: AMBUSHES
has their names."""
import socket
import sys
import threading
import time

from services import answer, requests, serve_connection

ONCE_S = 0.03   # after an answer: long enough that it stands alone, shorter than between requests


class Watch:
    """Has the one good answer been given?"""
    good = False


def first(conn):
    """The good answer, to whoever asks; knocks come and go without asking."""
    for _ in requests(conn):
        Watch.good = True
        conn.sendall(answer('200 OK', extra='Connection: close\r\n'))
        return


def slams(conn):
    pass


def banner(conn):
    conn.sendall(b'220 mail.example ready\r\n')
    while conn.recv(4096):
        pass


def early(conn):
    """An answer to nothing, before any request; then silence."""
    conn.sendall(answer('503 Unasked'))
    while conn.recv(4096):
        pass


def unasked(conn):
    """A good answer to each request, and one to nothing while the connection is idle."""
    for _ in requests(conn):
        conn.sendall(answer('200 OK'))
        time.sleep(ONCE_S)
        conn.sendall(answer('503 Unasked'))


def mute(conn):
    while conn.recv(4096):
        pass


def resets(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')


AMBUSHES = {'slams': slams, 'banner': banner, 'early': early, 'unasked': unasked, 'mute': mute,
            'resets': resets, 'never-accepts': None}


def serve(name):
    with socket.create_server(('127.0.0.1', 0), backlog=4) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            if Watch.good and name == 'never-accepts':
                time.sleep(3600)
            conn, _ = listening.accept()
            behave = AMBUSHES[name] if Watch.good else first
            if name == 'never-accepts':
                serve_connection(conn, first)
            else:
                threading.Thread(target=serve_connection, args=(conn, behave), daemon=True).start()


if __name__ == '__main__':
    serve(sys.argv[1])
