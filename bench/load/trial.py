# SPDX-License-Identifier: MIT
"""One run of one client against one server."""
import shutil
import tempfile
from dataclasses import replace

from machine import Cannot, run

SPARE_S = 20
FAILED_MOST = 0.01


def last_words(folder):
    for name in ('stderr', 'stdout'):
        with open(f'{folder}/{name}', encoding='utf-8', errors='replace') as f:
            lines = [line.strip() for line in f if line.strip()]
        if lines:
            word = next((line for line in lines if line.startswith('prony: ')), lines[-1])
            return word.removeprefix('prony: ')[:160]
    return 'it said nothing'


def trial(client, job, core, server):
    """Result and Cost; Cannot when it does not do such a job, or when requests failed."""
    folder = tempfile.mkdtemp(prefix='prony-bench-')
    try:
        job = replace(job, folder=folder)
        out, cost = run(client.command(job), core, server.pid, folder, job.seconds + SPARE_S)
        try:
            result = client.read(job, out)
        except (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError):
            raise Cannot(last_words(folder)) from None
        if not result.requests or result.failed > FAILED_MOST * result.requests:
            raise Cannot(f'{result.failed} requests failed, {result.requests} were answered')
        return result, cost
    finally:
        shutil.rmtree(folder, ignore_errors=True)
