# SPDX-License-Identifier: MIT
"""All results of a bench as lines for people: the table, who was taken for what, the figures."""
from statistics import median

MIB = 1 << 20


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def told(result):
    return result['findings'][0]['kind'] if result['findings'] else result['verdict'] or 'no run'


def of_role(results, role):
    return [r for r in results if r['role'] == role]


def share(results, key):
    return f'{sum(r[key] for r in results)}/{len(results)}'


def rows(results):
    """A planted case a line."""
    yield f"{'case':28} {'no':>3} {'kind':>4} {'place':>5} {'of 3':>4} {'s':>5} {'MiB':>5}  said"
    for r in of_role(results, 'planted'):
        first = r['findings'][0] if r['findings'] else {}
        yield (f"{r['case'][:28]:28} {r['number'] or '':>3} {'x' if r['class@1'] else '-':>4} "
               f"{'x' if r['place@1'] else '-':>5} {'x' if r['place@3'] else '-':>4} {r['seconds']:5.1f} "
               f"{r['rss'] / MIB:5.1f}  {told(r)} {(first.get('where') or '')[:60]}")


def confusion(results):
    """Which kind was taken for which."""
    counts = {}
    for r in of_role(results, 'planted'):
        taken = ('/'.join(r['kinds']) or 'nothing', told(r), r['class@1'])
        counts[taken] = counts.get(taken, 0) + 1
    for (wanted, said, right), n in sorted(counts.items()):
        yield f"{n:3}  {wanted:40} {'is' if right else 'TAKEN FOR':9} {said}"


def gains(results):
    known = [r['gain'] for r in results if r.get('gain') and r['gain']['error'] is not None]
    for r in results:
        g = r.get('gain')
        if g:
            yield (f"{r['case'][:28]:28} p99 {g['before'] * 1e3:.1f} -> {g['after'] * 1e3:.1f} ms at "
                   f"{g['rate']:.0f}/s: {g['predicted']:.0%} predicted, {g['realised']:.0%} realised")
    if known:
        errors = [g['error'] for g in known]
        yield f'gain of {len(known)} fixes: median error {median(errors):.0%}, 90th {quantile(errors, 0.9):.0%}'


def totals(results):
    planted, negative, twin = (of_role(results, role) for role in ('planted', 'negative', 'twin'))
    if planted:
        yield f"class@1 {share(planted, 'class@1')}, class and place@1 {share(planted, 'place@1')}, " \
              f"@3 {share(planted, 'place@3')}; cpu, io, memory or contention@1 {share(planted, 'family@1')}"
    if negative:
        yield f"negatives: {sum(bool(r['wrong']) for r in negative)} wrong of {len(negative)}"
    if twin:
        yield f"healthy twins: {sum(bool(r['wrong']) for r in twin)} of {len(twin)} with the finding"
    times, sizes = [r['seconds'] for r in results], [r['rss'] for r in results]
    if times:
        yield f'verdict after {median(times):.1f} s (median), {max(times):.1f} s (longest); ' \
              f'prony {median(sizes) / MIB:.1f} MiB (median), {max(sizes) / MIB:.1f} (largest)'


def lines(results):
    for part in (rows, confusion, gains, totals):
        yield from part(results)
        yield ''
