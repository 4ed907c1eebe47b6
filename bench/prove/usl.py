#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How well the capacity model is fitted: usl.py BUILD/prony [SET.json...]

Prints as Markdown: published coefficients of the Universal Scalability Law beside ours; how often the
95 % interval of the peak holds the truth in simulated sets; and what is said of the upper points of a
set from its lower ones. A SET.json has "N", "X" and "published", a list of objects that name
coefficients and their "method"; methods with two parameters are left out, ours has three.
Needs a build with tests (make test), whose tests/tools/usl_fit does the fitting."""
import json
import math
import random
import statistics
import subprocess
import sys
from pathlib import Path

SEED, SETS = 4, 1000
TRUTH = (1000, 0.03, 5e-4)      # gamma, alpha, beta: the peak is at 44
PLANS = {'doubling': [1, 2, 4, 8, 16, 32, 48, 64], 'even': [1, 10, 19, 28, 37, 46, 55, 64]}
NAMES = {'gamma': ('gamma', 'lambda_', 'lambda'), 'alpha': ('alpha', 'sigma'), 'beta': ('beta', 'kappa'),
         'peak': ('n_max',), 'top': ('x_max',), 'roof': ('roof',)}
PUBLISHED = [
    {'name': 'SPEC SDM91 (R package usl; Gunther 2007)',
     'N': [1, 18, 36, 72, 108, 144, 216],
     'X': [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2],
     'published': [{'method': '3 parameters', 'gamma': 89.995233, 'alpha': 0.0277285, 'beta': 0.0001044,
                    'n_max': 96.52, 'x_max': 1884, 'roof': 3246}]},
    {'name': 'MySQL on Cisco UCS (Schwartz 2015)',
     'N': list(range(1, 33)),
     'X': [955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7,
           9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806,
           12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39],
     'published': [{'method': '3 parameters', 'gamma': 995.6486, 'alpha': 0.02671591, 'beta': 0.0007690945,
                    'x_max': 12341}]},
]


def law(n, gamma, alpha, beta):
    return gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))


def fit(tool, sets, robust=False):
    """sets: lists of points (N, X) or (N, X, weight), each with the N to ask for."""
    text = ''.join(''.join(' '.join(map(repr, p)) + '\n' for p in points) +
                   ''.join(f'? {n!r}\n' for n in asked) + '\n' for points, asked in sets)
    done = subprocess.run([tool, *['-r'] * robust], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(head, rows):
    print('| ' + ' | '.join(head) + ' |\n' + '|' + '---|' * len(head))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
    print()


def published_rows(tool, data):
    ours = fit(tool, [(list(zip(data['N'], data['X'])), [])])[0]
    for method in data.get('published', []):
        if method.get('method', '').startswith('2'):
            continue
        for name, keys in NAMES.items():
            theirs = next((method[k] for k in keys if isinstance(method.get(k), (int, float))), None)
            if theirs is None:
                continue
            off = '-' if not theirs or ours[name] is None else f'{100 * (ours[name] / theirs - 1):+.4f} %'
            found = '-' if ours[name] is None else f'{ours[name]:.8g}'
            yield [data['name'], str(len(data['N'])), name, f'{theirs:.8g}', found, off, ours['verdict']]


def coefficients(tool, sets):
    print('### Published coefficients\n')
    table(['set', 'points', 'figure', 'published', 'fitted', 'deviation', 'verdict'],
          [row for data in sets for row in published_rows(tool, data)])


def simulated(plan, noise, weights, chance):
    top = law(min(math.sqrt((1 - TRUTH[1]) / TRUTH[2]), plan[-1]), *TRUTH)
    for _ in range(SETS):
        points = []
        for n in plan:
            x = law(n, *TRUTH)
            x = max(x + 0.03 * (x if noise == 'of itself' else top) * chance.gauss(0, 1), 1)
            points.append((n, x, 1 / x ** 2) if weights else (n, x))
        yield points, []


def coverage(tool):
    truth = math.sqrt((1 - TRUTH[1]) / TRUTH[2])
    rows = []
    for plan, noise, weights in [(p, k, w) for p in PLANS for k, w in
                                 (('of itself', True), ('of itself', False), ('of the top', False))]:
        fits = fit(tool, simulated(PLANS[plan], noise, weights, random.Random(SEED)))
        peaks = [f for f in fits if f['peak'] is not None]
        holds = sum(f['peak_low'] <= truth <= f['peak_high'] for f in peaks)
        half = statistics.median((f['peak_high'] - f['peak_low']) / 2 / f['peak'] for f in peaks)
        stated = [f for f in fits if f['verdict'] == 'peak']
        right = statistics.median(abs(f['peak'] / truth - 1) for f in stated)
        rows.append([plan, f'3 % {noise}', 'yes' if weights else 'no', f'{100 * holds / len(peaks):.1f} %',
                     f'±{100 * half:.0f} %', f'{100 * len(stated) / len(fits):.0f} %', f'{100 * right:.1f} %'])
    print(f'### Does the interval of the peak hold the truth? {SETS} sets of 8 points a row, seed {SEED}\n')
    table(['points', 'noise', 'weights', 'holds it', 'median half-width', 'peak stated', 'its median error'], rows)


def upper_points(tool, sets):
    rows = []
    for data in sets:
        points = sorted(zip(data['N'], data['X']))
        errors, refused, silent = {'interpolated': [], 'extrapolated': []}, 0, 0
        cuts = [k for k in range(4, len(points)) if points[k - 1][0] >= 2 * points[0][0]]
        asked = [n for n, _ in points]
        for k, found in zip(cuts, fit(tool, [(points[:k], asked) for k in cuts])):
            for (n, x), p in list(zip(points, found['predicted']))[k:]:
                if p['reach'] == 'refused':
                    refused += 1
                    continue
                errors[p['reach']].append(abs(p['x'] / x - 1))
                silent += n > 1.33 * points[k - 1][0]
        e = sorted(errors['extrapolated'])
        rows.append([data['name'], str(len(e)), f'{100 * statistics.median(e):.1f} %' if e else '-',
                     f'{100 * e[int(0.9 * (len(e) - 1))]:.1f} %' if e else '-', str(refused), str(silent)])
    print('### From the lower points of a set to the upper ones\n')
    table(['set', 'predicted up to 1.33 times', 'median error', 'p90', 'refused further out', 'told further out'], rows)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tool = Path(sys.argv[1]).resolve().parent / 'tests' / 'tools' / 'usl_fit'
    if not tool.exists():
        sys.exit(f'{tool} is not there: build with -Dtests=true')
    sets = PUBLISHED + [{'name': Path(p).stem, **json.loads(Path(p).read_text())} for p in sys.argv[2:]]
    coefficients(tool, sets)
    coverage(tool)
    upper_points(tool, sets)


if __name__ == '__main__':
    main()
