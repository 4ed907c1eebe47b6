# SPDX-License-Identifier: MIT
"""The figures as Markdown."""
from claims import rows as claim_rows
from table import table


def percent(s):
    if not s['of']:
        return '-'
    return f'{s["hits"]} of {s["of"]}, {100 * s["share"]:.0f} % ({100 * s["low"]:.1f}–{100 * s["high"]:.1f} %)'


def spread(s, digits):
    return f'{s["median"]:.{digits}f} ({s["least"]:.{digits}f}–{s["most"]:.{digits}f})' if s else '-'


def counts(c):
    most_first = sorted(c.items(), key=lambda item: -item[1])
    return ', '.join(f'{n} {name}' for name, n in most_first if name is not None) or '-'


def comparisons(found):
    head = ['twins', 'found', 'false verdicts', 'verdicts', 'seconds', 'pairs', 'machine']
    return table(head, [
        [s['title'], percent(s['right']) if s['key'] != 'aa' else '', percent(s['false']), counts(s['verdicts']),
         spread(s['seconds'], 0), spread(s['pairs'], 0), counts(s['grades'])] for s in found])


def figures(s):
    head = ['figure', 'ratio that was said', 'verdicts', 'smallest change it would see']
    lines = [f'### {s["title"]}' + (f' (`{s["b"]}`)' if s['b'] else ''), '', *table(head, [
        [name, spread(f['ratio'], 3), counts(f['verdicts']),
         f'{100 * f["detectable"]["median"]:.1f} %' if f['detectable'] else '-'] for name, f in s['figures'].items()])]
    return lines + [f'Did not measure: {why}' for why in s['failed']] + [''] * bool(s['failed'])


def peers(found):
    lines = ['### The same twins judged by a load generator, before and after', '']
    for run in found['runs']:
        lines += [f'{run["peer"]} {run["version"]}: `{run["command"]}`', '']
        lines += table(['judged by', 'figure', 'equal twins called different', '5 % more work called worse'], [
            [r['way'], r['figure'], percent(r['false']), percent(r['right'])] for r in run['rows']])
    return lines + [f'Left out: {name}: {why}.' for name, why in found['absent'].items()] + [''] * bool(found['absent'])


def program(found):
    """As it printed it, in a frame where that is no Markdown."""
    frame = [] if '\n|' in found['text'] else ['```']
    lines = [f'## {found["title"]}', '', *([*frame, found['text'], *frame, ''] if found['text'] else [])]
    return lines + [found['why'], ''] * bool(found['why'])


def goals(found):
    words = {None: 'not measured', True: 'met', False: 'missed'}
    return table(['goal', 'at', 'measured', ''], [
        [what, f'{how} {goal:g}', '-' if value is None else f'{value:.3g}', words[met]]
        for what, goal, how, value, met in claim_rows(found)])


def markdown(found):
    lines = ['# prony prove, measured', '', found['host'], '', *goals(found), *comparisons(found['comparisons'])]
    for s in found['comparisons']:
        lines += figures(s)
    if 'peers' in found:
        lines += peers(found['peers'])
    for p in found['programs']:
        lines += program(p)
    return '\n'.join(lines)
