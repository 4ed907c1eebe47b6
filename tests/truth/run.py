#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Planted faults against `prony check`: each case starts a service whose limit is known by
construction, checks it, and compares what run.json says. Prints TAP, then tables as comments.

usage: run.py PRONY [--fast | --all | --list | CASE...] [--rung bpf|perf|proc] [--proxied] [--repeat N]
              [--json FILE] [--keep DIR] [--services DIR]
PRONY is build/prony; the C services stand beside it in tests/truth, the shop in demo.
--all also checks the healthy twins, runs the negatives three times and tries the fixes; a case that is
named alone does so with --twins and --gains. NAME/twin is a twin alone. --fast asks once more where a row is
wrong; the tables count both answers.
A case that this host cannot make (no privilege, no program) is skipped with its reason.
"""
import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import cases   # noqa: E402
import gain    # noqa: E402
import judge   # noqa: E402
import rungs   # noqa: E402
import tables  # noqa: E402
from host import Skip, Stage  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / 'scenario'))
import lateness  # noqa: E402

REFUSALS = ('generator-limited', 'inconclusive')   # of a host too busy to judge: asked once more
BUSY_HOST = 'cpu.contended-host'                   # likewise, where the neighbour is not planted
NEGATIVE_REPEATS = 3


class Row:
    """One run of the bench: a case or its twin, the n-th time."""

    def __init__(self, name, turn=1):
        self.case = cases.CASES[name.removesuffix('/twin')]
        self.name, self.turn = name, turn
        self.is_twin = name.endswith('/twin')
        self.start = self.case.twin if self.is_twin else self.case.start
        self.role = 'twin' if self.is_twin else \
            'negative' if self.case.negative else 'planted'
        self.title = f'{name} ({turn})' if turn > 1 else name


def rows_of(options):
    names = options.cases or [n for n, c in cases.CASES.items() if c.fast or not options.fast]
    if options.twins:
        names = [n for name in names for n in (name, name + '/twin')
                 if not n.endswith('/twin') or '/' not in name and cases.CASES[name].twin]
    for name in names:
        negative = options.all and cases.CASES[name.removesuffix('/twin')].negative
        yield from (Row(name, turn + 1) for turn in
                    range(NEGATIVE_REPEATS if negative and options.repeat == 1 else options.repeat))


# ---- one row -----------------------------------------------------------------------------------

def check(options, c, stage, words, out):
    """Run the check and read what it left; (run, seconds, what it printed on stderr)."""
    began = time.monotonic()
    done = subprocess.run([stage.own(options.prony), 'check', *words, '--out', out, '--quiet', *c.flags],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=stage.folder,
                          stderr=subprocess.PIPE, text=True, errors='replace', timeout=300,
                          preexec_fn=stage.enter_prony)
    seconds = time.monotonic() - began
    try:
        return json.loads((out / 'run.json').read_text()), seconds, done
    except OSError:
        return None, seconds, done


def refused(c, run):
    first = next(iter(run.get('findings', [])), {})
    return run.get('verdict') in REFUSALS and c.verdict not in REFUSALS or \
        first.get('kind') == BUSY_HOST and BUSY_HOST not in c.kinds


def host_is_busy(run):
    """By /proc/stat others than the service and prony had a quarter of the CPUs."""
    others = [s['mean'] for s in run['evidence']['series'] if s['name'] == 'host_other_cpu_cores']
    return f'others had {others[0]:.1f} cores' if others and others[0] > run['host']['cpus'] / 4 else ''


def check_twice(options, row, stage, out):
    for program in row.case.needs:
        stage.program(program)
    words = row.start(stage)
    if options.proxied:
        words = [stage.proxied(w) if w.startswith('http:') else w for w in words]
    run, seconds, done = check(options, row.case, stage, words, out)
    if run and refused(row.case, run):
        stage.notes.append(f"asked again after: {run.get('headline')}")
        run, seconds, done = check(options, row.case, stage, words, out)
    return words, run, seconds, done


def reasons(options, row, stage, run, seconds, out):
    c = row.case
    yield from judge.wrong_of_twin(c, stage, run) if row.is_twin else \
        judge.wrong_of_case(c, stage, run, options.rung)
    if seconds > judge.LIMIT_SECONDS:
        yield f'took {seconds:.0f} s, wanted {judge.LIMIT_SECONDS}'
    yield from judge.wrong_of_record(options.prony, run, out)


def try_fix(options, row, stage, words, run):
    """The repaired service beside the planted one, which stands still meanwhile."""
    if not options.gains or row.is_twin or not row.case.fixed or options.rung != 'bpf':
        return None
    flags = row.case.flags
    asked = [w for i, w in enumerate(flags) if w in ('-k', '--http2') or '-H' in flags[max(i - 1, 0):i + 1]]
    return gain.compare(options.prony, run, [*words, *asked], lambda: [*row.case.fixed(stage), *asked],
                        stage.folder)


def result_of(options, row, stage, run, seconds, wrong):
    return {'case': row.name, 'role': row.role, 'turn': row.turn, 'number': row.case.number,
            'rung': options.rung, 'kinds': row.case.kinds or row.case.every,
            'where': judge.place(row.case, stage), 'wrong': wrong, 'seconds': seconds,
            'verdict': run.get('verdict'), 'headline': run.get('headline'),
            'rss': run['self']['rss_bytes'], 'cpu': run['self'].get('cpu'),
            'findings': [{k: f.get(k) for k in ('kind', 'where', 'share', 'confidence')}
                         for f in run.get('findings', [])],
            **judge.scores(row.case, stage, run)}


def run_row(options, row, results):
    """(TAP line without its number, diagnostic lines)"""
    folder = Path(tempfile.mkdtemp(prefix='prony-truth-'))
    stage = Stage(folder, options.services, options.shop, HERE / 'services', options.rung)
    out = folder / 'run'
    try:
        words, run, seconds, done = check_twice(options, row, stage, out)
        if run is None or 'verdict' not in run:
            return f'not ok - {row.title}', [f'exit status {done.returncode}', *done.stderr.splitlines()]
        wrong = list(reasons(options, row, stage, run, seconds, out))
        busy = wrong and refused(row.case, run) and (host_is_busy(run) or lateness.busy_host())
        if busy:
            raise Skip(f"the host is too busy: {busy}; {run.get('headline')}")
        result = result_of(options, row, stage, run, seconds, wrong)
        results.append(result)
        result['gain'] = try_fix(options, row, stage, words, run)
        return (f"{'not ok' if wrong else 'ok'} - {row.title}",
                [*wrong, *judge.describe(run, seconds), *stage.notes])
    except Skip as why:
        return f'ok - {row.title} # SKIP {why}', []
    except (OSError, RuntimeError) as why:
        return f'not ok - {row.title}', [f'the service could not be started: {why}']
    except subprocess.TimeoutExpired:
        return f'not ok - {row.title}', ['prony did not end in time']
    finally:
        stage.clear()
        if options.keep and out.exists():
            keep = Path(options.keep).resolve() / row.title.replace('/', '-').replace(' ', '-')
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(out, keep)
        shutil.rmtree(folder, ignore_errors=True)


# ---- all ---------------------------------------------------------------------------------------

def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('prony')
    parser.add_argument('cases', nargs='*', metavar='CASE')
    parser.add_argument('--all', action='store_true', help='every case, twin and fix (preset)')
    parser.add_argument('--fast', action='store_true', help='the cases of `make test`')
    parser.add_argument('--list', action='store_true', help='names of the cases')
    parser.add_argument('--twins', action='store_true', help='the healthy twins too')
    parser.add_argument('--gains', action='store_true', help='try the fixes too')
    parser.add_argument('--rung', choices=rungs.RUNGS, default='bpf', help='of tracing')
    parser.add_argument('--proxied', action='store_true', help='ask through nginx what speaks HTTP in clear')
    parser.add_argument('--repeat', type=int, default=1, metavar='N')
    parser.add_argument('--json', metavar='FILE', help='results for programs')
    parser.add_argument('--keep', help='leave the runs in this folder')
    parser.add_argument('--services', help='folder of the built C services')
    options = parser.parse_intermixed_args()
    options.prony = Path(options.prony).resolve()
    options.services = Path(options.services or options.prony.parent / 'tests/truth').resolve()
    options.shop = options.prony.parent / 'demo/prony-shop'
    options.all = options.all or not (options.cases or options.fast or options.list)
    options.twins, options.gains = options.twins or options.all, options.gains or options.all
    return options


def run_twice(options, row, results):
    """A test of a build, unlike the score, lets a row be wrong once: what is seldom is not what broke."""
    line, diagnostics = run_row(options, row, results)
    if options.fast and line.startswith('not ok'):
        first = [f'the first time: {d}' for d in diagnostics]
        line, diagnostics = run_row(options, row, results)
        diagnostics += first
    return line, diagnostics


def run_all(options):
    rows, results, failed = list(rows_of(options)), [], 0
    print(f'1..{len(rows)}', flush=True)
    for number, row in enumerate(rows, 1):
        line, diagnostics = run_twice(options, row, results)
        failed += line.startswith('not ok')
        print(line.replace(' - ', f' {number} - ', 1), flush=True)
        for d in diagnostics:
            print(f'# {d}', flush=True)
        if options.json:
            Path(options.json).write_text(json.dumps(results, indent=1))
    for line in tables.lines(results):
        print(f'# {line}'.rstrip(), flush=True)
    return failed


def main():
    sys.path.insert(0, str(HERE))
    known = cases.load_all()
    options = arguments()
    unknown = [n for n in options.cases if n.removesuffix('/twin') not in known
               or n.endswith('/twin') and not known[n.removesuffix('/twin')].twin]
    if options.list or unknown:
        print('\n'.join(known) if options.list else f"no case is called {', '.join(unknown)}")
        return 2 if unknown else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # clears the stage on its way out
    return 1 if run_all(options) else 0


if __name__ == '__main__':
    sys.exit(main())
