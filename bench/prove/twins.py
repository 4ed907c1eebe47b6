# SPDX-License-Identifier: MIT
"""Two services that differ in one thing: tests/tools/twin_server.c, each pair started anew."""
import subprocess
from contextlib import contextmanager


@contextmanager
def twin(program, words):
    """Its URL with a path."""
    process = subprocess.Popen([program, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        yield process.stdout.readline().strip() + 'a'
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def twins(program, words_a, words_b):
    with twin(program, words_a) as a, twin(program, words_b) as b:
        yield a, b
