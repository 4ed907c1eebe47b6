# SPDX-License-Identifier: MIT
"""What a fix gains beside what the plan said it would: p99 of the planted and of the repaired service at
the rate of the traced measurement, each as `prony load` sees it."""
import json
import subprocess

MEASURE = '8s'


def p99(prony, words, rate, folder):
    subprocess.run([prony, 'load', *words, '--rate', f'{rate:g}', '--for', MEASURE, '--out', folder, '--quiet'],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60, check=False)
    run = json.loads((folder / 'run.json').read_text())
    return run['baseline']['latency']['p99']


def compare(prony, run, planted, repair, folder):
    """{rate, predicted, realised, error}: shares of p99 that go away, the error as a share of what really
    goes; None without a prediction. `repair` starts the repaired service, after the planted one was measured."""
    step = next(iter(run.get('plan', [])), {})
    after = step.get('predicted', {}).get('latency_p99', {}).get('value')
    before, rate = run['baseline']['latency'].get('p99'), run['baseline'].get('rate')
    if not after or not before or not rate:
        return None
    seen = p99(prony, planted, rate, folder / 'planted')
    left = p99(prony, repair(), rate, folder / 'repaired')
    predicted, realised = 1 - after / before, 1 - left / seen
    return {'rate': rate, 'before': seen, 'after': left, 'predicted': predicted, 'realised': realised,
            'error': abs(predicted - realised) / abs(realised) if realised else None}
