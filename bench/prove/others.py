# SPDX-License-Identifier: MIT
"""The parts that are programs of their own: simulation needs no service, and placement has its own."""
import os
import subprocess
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 3600


@dataclass
class Program:
    key: str
    title: str


PROGRAMS = [
    Program('simulate', 'Intervals and verdicts, simulated'),
    Program('changepoints', 'Change points, against labelled series'),
    Program('usl', 'The scalability law, against published coefficients'),
    Program('pinning', 'A service whose connections stick to its processes'),
]


def argv(program, o):
    """Built, or a script of this folder that gets prony; None when it is neither."""
    script, built = f'{HERE}/{program.key}.py', f'{o.build}/bench/prove/prove_{program.key}'
    if os.path.exists(script):
        return [sys.executable, script, o.prony]
    return [built] if os.access(built, os.X_OK) else None


def measure(program, o, say):
    say(program.title)
    words = argv(program, o)
    found = {'key': program.key, 'title': program.title, 'text': '', 'why': None}
    if not words:
        return {**found, 'why': 'Not measured: it is not built (meson setup -Dtests=true).'}
    call = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if call.returncode:
        found['why'] = f'It ended with status {call.returncode}. {call.stderr[-300:].strip()}'
    return {**found, 'text': call.stdout.rstrip()}
