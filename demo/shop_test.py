#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shop with and without its faults answers the same, refuses nonsense, and leaves nothing
behind. Prints TAP. usage: shop_test.py PRONY-SHOP"""
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile

number = 0


def check(name, good, seen=''):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {name}", *([] if good else [f'\n# {seen}']))


class Shop:
    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([sys.argv[1], *flags], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, 'TMPDIR': self.folder.name})
        self.address = self.process.stdout.readline().split()[-1]
        self.connection = http.client.HTTPConnection(self.address, timeout=20)

    def get(self, path):
        self.connection.request('GET', path)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        left = os.listdir(self.folder.name)
        self.folder.cleanup()
        return status, left


def refused(*flags):
    return subprocess.run([sys.argv[1], *flags], capture_output=True, timeout=20).returncode == 2


def main():
    slow, fast = Shop(), Shop('--fault', 'none')
    for path in ('/orders', '/cart', '/checkout', '/health'):
        a, b = slow.get(f'{path}?customer=4711'), fast.get(f'{path}?customer=4711')
        check(f'{path} answers the same with and without faults', a == b and a[0] == 200, (a, b))
    a, b = (s.get('/recommend?customer=4711')[1]['score'] for s in (slow, fast))
    check('/recommend finds as near a neighbour', a == b > 0, (a, b))
    a, b = (len(s.get('/catalog')[1]['products']) for s in (slow, fast))
    check('/catalog is a page only without its fault', (a, b) == (200, 20), (a, b))
    check('an unknown page is 404', slow.get('/nothing')[0] == 404)
    for shop in (slow, fast):
        ended = shop.end()
        check('SIGTERM ends it in good order, its folder is gone', ended == (0, []), ended)
    check('an unknown fault is refused', refused('--fault', 'everything'))
    check('a port out of range is refused', refused('--port', '70000'))
    print(f'1..{number}')


main()
