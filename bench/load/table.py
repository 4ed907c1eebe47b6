# SPDX-License-Identifier: MIT
"""The figures as Markdown."""
import math

from clients import QUANTILES
from goals import rows as goal_rows

NOISY = 0.1     # cores used by others: told beside the figure


def table(head, rows):
    if not rows:
        return []
    return ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head),
            *('| ' + ' | '.join(row) + ' |' for row in rows), '']


def skipped(found):
    return [f'Left out: {name}: {why}.' for name, why in found['skipped'].items()] + [''] * bool(found['skipped'])


def number(value, digits=2):
    return '-' if value is None or math.isnan(value) else f'{value:.{digits}f}'


def with_spread(s, digits=2):
    return f'{number(s["median"], digits)} ({number(s["least"], digits)}–{number(s["most"], digits)})'


def noise(others):
    return f'{others:.2f}' + (' noisy' if others > NOISY else '')


def efficiency(found):
    head = ['client', 'CPU-us a request', 'prony ÷ it', 'floor ÷ it', 'of it user', 'requests/s', 'server CPU-us',
            'cores of others']
    return [f'### {found["title"]}', '', *table(head, [
        [name, with_spread(r['cpu_us']), with_spread(r['ratio']) if 'ratio' in r else '',
         with_spread(r['floor']) if 'floor' in r else '', number(r['user_us']['median']), f'{r["per_s"]["median"]:,.0f}', number(r['server_us']['median']),
         noise(r['others']['median'])]
        for name, r in found['rows'].items()]), *skipped(found)]


def constant(found):
    head = ['client', 'rate', 'gap CV', 'median gap, us', 'gaps within ±25 %', 'dispersion 1 ms', 'most in 1 ms',
            'cores of others']
    return [f'### {found["title"]}', '', *table(head, [
        [name, f'{r["rate"]:,.0f}', number(r['gap_cv']), number(r['gap_median_us'], 1),
         f'{100 * r["within_quarter"]:.1f} %', number(r['dispersion_1ms']), str(r['most_in_1ms']), noise(r['others'])]
        for name, r in found['rows'].items()]), *skipped(found)]


def poisson(found):
    head = ['client', 'rate', 'gap CV', 'KS to exponential', 'dispersion 1 ms', 'dispersion 10 ms', 'cores of others']
    return [f'### {found["title"]}', '', *table(head, [
        [name, f'{r["rate"]:,.0f}', number(r['gap_cv']), number(r['ks_exponential'], 3), number(r['dispersion_1ms']),
         number(r['dispersion_10ms']), noise(r['others'])]
        for name, r in found['rows'].items()]), *skipped(found)]


def said_cell(said, true):
    if said is None:
        return '-'
    return f'{1e3 * said:.3f} ({said / true:.2f}×, {1e6 * (said - true):+,.0f} us)'


def said_row(name, said, true, others):
    return [name, *(said_cell(said.get(q), true[q]) for q in QUANTILES), noise(others)]


def latency(found):
    rows = []
    for name, r in found['rows'].items():
        how = ', closed loop' * r['closed'] + ', by its own word the limit itself' * r['limited']
        rows.append(said_row(name + how, r['said'], r['true'], r['others']))
        if r['service']:
            rows.append(said_row(f'{name}, from the real sending', r['service'], r['true'], r['others']))
    if rows:
        true = next(iter(found['rows'].values()))['true']
        rows.append(['the truth, in the first of these runs', *(f'{1e3 * true[q]:.3f}' for q in QUANTILES), ''])
    head = ['client says, ms (÷ and − the truth of its run)', 'p50', 'p95', 'p99', 'p99.9', 'cores of others']
    return [f'### {found["title"]}', '', *table(head, rows), *skipped(found)]


def memory(found):
    return [f'### {found["title"]}', '', *table(['client', 'bytes a connection', 'peak, MiB'], [
        [name, f'{r["bytes"]:,.0f}', f'{r["many_bytes"] / 2**20:.1f}'] for name, r in found['rows'].items()]),
        *skipped(found)]


def goals(found):
    def word(g, met, floor):
        out_of_reach = met is False and floor is not None and floor > g.limit
        return {None: 'not measured', True: 'met', False: 'missed'}[met] + ', out of reach here' * out_of_reach

    return table(['goal', 'at', 'measured', '', 'the floor is at'], [
        [g.what, f'{g.how} {g.limit:g}', '-' if value is None else f'{value:.3g}', word(g, met, floor),
         '' if floor is None else f'{floor:.3g}']
        for g, value, met, floor in goal_rows(found)])


def markdown(found):
    lines = ['# prony load, measured', '', found['host'], '',
             'Versions: ' + ', '.join(f'{n} {v}' for n, v in found['versions'].items()) + '.', '']
    lines += [f'Not measured: {name}: {why}.' for name, why in found['absent'].items()] + [''] * bool(found['absent'])
    lines += goals(found)
    for scenario in found.get('efficiency', []):
        lines += efficiency(scenario)
    if 'fidelity' in found:
        lines += constant(found['fidelity']['constant']) + poisson(found['fidelity']['poisson']) + poisson(found['fidelity']['poisson_awake'])
        for letter in 'ABC':
            lines += latency(found['fidelity'][letter])
    if 'memory' in found:
        lines += memory(found['memory'])
    return '\n'.join(lines)
