# SPDX-License-Identifier: MIT
"""A run beside what its case knows to be true."""
import json
import re
import subprocess

try:
    import jsonschema
except ImportError:
    jsonschema = None

LIMIT_SECONDS = 90
LIMIT_RSS = 64 << 20
NEAR = 3            # findings that count as told


def place(c, stage):
    return c.where.replace('PEER', re.escape(stage.peer)) if 'PEER' in c.where else c.where


def match(c, stage, finding, located):
    if finding.get('kind') not in c.kinds:
        return False
    return not located or bool(re.search(place(c, stage), finding.get('where') or ''))


def family(kind):
    return (kind or '').split('.')[0]


def scores(c, stage, run):
    """How well the run names a planted cause: cpu, io, memory or contention first, kind first, kind and place
    first, both among three. Where nothing is to be found, it is right to find nothing."""
    findings = run.get('findings', [])
    if not c.kinds:
        return dict.fromkeys(('family@1', 'class@1', 'place@1', 'place@3'), not findings)
    first = findings[:None if c.anywhere else 1]
    return {'family@1': any(family(f.get('kind')) in map(family, c.kinds) for f in first),
            'class@1': any(match(c, stage, f, False) for f in first),
            'place@1': any(match(c, stage, f, True) for f in first),
            'place@3': any(match(c, stage, f, True) for f in findings[:None if c.anywhere else NEAR])}


def wrong_of_case(c, stage, run, rung):
    """Why the run is wrong about the case; on a lower rung the kind is enough."""
    findings = run.get('findings', [])
    told = f"{findings[0].get('kind')} at '{findings[0].get('where')}'" if findings else 'nothing'
    if c.verdict and run.get('verdict') != c.verdict:
        yield f"verdict {run.get('verdict')}, wanted {c.verdict}"
    if not c.kinds and not c.every and findings:
        yield f'found {told} where nothing is planted'
    if c.kinds:
        s = scores(c, stage, run)
        if not s['class@1']:
            yield f"found {told}, wanted {' or '.join(c.kinds)}"
        elif not s['place@1'] and rung == 'bpf':
            yield f"found {told}, wanted the place '{place(c, stage)}'"
    kinds = {f.get('kind') for f in findings}
    yield from (f'{kind} is not among the findings' for kind in c.every if kind not in kinds)


def wrong_of_twin(c, stage, run):
    """The healthy twin has some limit too, but not the one that is planted in the other."""
    for f in run.get('findings', []):
        if f.get('kind') not in c.kept and match(c, stage, f, True):
            yield f"found {f.get('kind')} at '{f.get('where')}' in the healthy twin"


def wrong_of_record(prony, run, out):
    """The record itself: valid, frugal, and the same conclusions drawn again without measuring."""
    def ask(*words):
        return json.loads(subprocess.run([prony, *words], stdout=subprocess.PIPE, text=True,
                                         check=False).stdout)
    if jsonschema:
        validator = jsonschema.Draft202012Validator(ask('schema', 'run'))
        yield from (f'run.json: {e.json_path}: {e.message}' for e in validator.iter_errors(run))
    again = ask('report', out, '--json')
    for part in ('findings', 'ruled_out', 'plan'):
        if again.get(part) != run.get(part):
            yield f'diagnosed again, the run gives other {part}'
    if run['self']['rss_bytes'] > LIMIT_RSS:
        yield f"prony used {run['self']['rss_bytes'] >> 20} MiB"


def describe(run, seconds):
    yield f"{seconds:.1f} s, {run.get('verdict')}: {run.get('headline')}"
    for f in run.get('findings', [])[:NEAR]:
        yield (f"{f.get('kind')} {f.get('share', float('nan')):.2f} "
               f"{f.get('confidence', float('nan')):.2f} {f.get('where')}")
