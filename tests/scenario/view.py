#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The live view of prony load on terminals of several sizes, as the terminal shows it. usage: view.py PRONY; prints
TAP."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from calls import Tap
from services import Service

PRONY = os.path.abspath(sys.argv[1])
TOKEN = re.compile(r'\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)')
tap = Tap()


class Screen:
    """Just the sequences that the view may use; anything else is a fault."""

    def __init__(self):
        self.lines, self.row, self.column, self.faults, self.most = [''], 0, 0, [], 0
        self.frames = 0

    def feed(self, text, columns):
        end = 0
        for m in TOKEN.finditer(text):
            if m.start() != end:
                self.faults.append(f'unknown sequence {text[end:end + 12]!r}')
            end = m.end()
            arguments, final, control, words = m.groups()
            if words:
                self.write(words, columns)
            elif control == '\r':
                self.column = 0
            elif control == '\n':
                self.row += 1
                self.lines += [''] * (self.row + 1 - len(self.lines))
            elif final == 'A':
                self.row -= int(arguments)
                self.frames += 1
                if self.row < 0:
                    self.faults.append('above its own first line')
                    self.row = 0
            elif final == 'K':
                self.lines[self.row] = self.lines[self.row][:self.column]
            elif final == 'J':
                self.lines = self.lines[:self.row + 1]
                self.lines[self.row] = self.lines[self.row][:self.column]
            elif final != 'm':
                self.faults.append(f'sequence {m.group()!r}')
        self.most = max(self.most, len([line for line in self.lines if line.strip()]))

    def write(self, words, columns):
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + words + line[self.column + len(words):]
        self.column += len(words)
        if self.column >= columns:
            self.faults.append(f'{self.column} of {columns} columns: {self.lines[self.row]!r}')


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


class Terminal:
    """prony with stderr on a terminal. Attributes: screen, seen (all text), status."""

    def __init__(self, words, rows=24, columns=80, variables=None, interrupt_after=None, resize=None):
        ours, theirs = pty.openpty()
        set_size(theirs, rows, columns)
        environment = {k: v for k, v in os.environ.items() if k not in ('NO_COLOR', 'COLUMNS', 'CLICOLOR_FORCE')}
        environment.update({'TERM': 'xterm', 'LC_ALL': 'C.UTF-8'}, **(variables or {}))
        child = subprocess.Popen([PRONY] + words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
                                 env=environment)
        os.close(theirs)
        self.screen, self.seen = Screen(), ''
        begin, signalled, decoder = time.monotonic(), False, codecs.getincrementaldecoder('utf-8')('replace')
        while True:
            ready = select.select([ours], [], [], 0.1)[0]
            now = time.monotonic() - begin
            if interrupt_after and now > interrupt_after and not signalled:
                child.send_signal(signal.SIGINT)
                signalled = True
            if resize and now > resize[0]:
                columns = resize[1]
                set_size(ours, rows, columns)
                resize = None
            if not ready:
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            text = decoder.decode(data)
            self.seen += text
            self.screen.feed(text, columns)
        self.status = child.wait(timeout=30)
        os.close(ours)


def shows(name, words, wanted, status=0, unwanted=(), lines=5, **more):
    t = Terminal(words, **more)
    faults = list(t.screen.faults[:3])
    faults += [f'exit status {t.status}'] if t.status not in (status, 3) else []   # 3: the host is too busy
    faults += [f'no {w!r}' for w in wanted if w not in t.seen]
    faults += [f'{w!r} is there' for w in unwanted if w in t.seen]
    faults += [f'{t.screen.most} lines at once'] if lines and t.screen.most != lines else []
    left = [line for line in t.screen.lines if line.strip()] if lines else []
    faults += [f'left behind: {left}'] if left else []
    tap.row(name, faults + ([t.seen[-600:]] if faults else []))
    return t


def main():
    with Service('steady') as s:
        load = ['load', s.url, '--rate', '200', '--for', '2s']
        t = shows('80 columns', load, ['baseline', 'rate', 'of 2', 'p50', 'p99', 'errors 0', 'timeouts 0', 'generator',
                                       'ETA', '\u2588'], unwanted=['\x1b[?25l', '\x1b[?1049h'])
        redraws = t.screen.frames
        tap.row('about four frames a second', [] if 4 <= redraws <= 12 else [f'{redraws} frames in 2 s'])
        shows('40 columns', load, ['baseline', 'p99', 'errors 0'], columns=40)
        shows('200 columns', load, ['max'], columns=200)
        shows('no colours', load, ['p99'], variables={'NO_COLOR': '1'}, unwanted=['\x1b[1m', '\x1b[2m', '\x1b[1;31m'])
        shows('ASCII', load, ['#'], variables={'LC_ALL': 'C'}, unwanted=['\u2588'])
        shows('five rows', load, ['baseline', 'p99'], rows=5, lines=1)
        shows('interrupted', ['load', s.url, '--rate', '200', '--for', '60s'], ['p99'], status=3, interrupt_after=1.5)
        shows('quiet', load + ['--quiet'], [], unwanted=['p99'], lines=0)
        dumb = shows('dumb terminal', load, ['probe'], variables={'TERM': 'dumb'}, unwanted=['\x1b'], lines=0)
        tap.row('a dumb terminal gets whole lines', [] if dumb.seen.endswith('\n') else [dumb.seen])
        wider = shows('becomes wider', load, ['p99'], columns=50, resize=(1.0, 120))
        tap.row('and uses it', [] if max(map(len, wider.seen.split('\n'))) > 50 else ['no'])
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
