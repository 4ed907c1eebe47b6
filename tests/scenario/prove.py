#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""prony prove on twins that differ in one thing each, on services of other languages, on checkouts
and on finished runs. usage: prove.py PRONY TWIN_SERVER; prints TAP."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import jsonschema

from broken import faults_of
from calls import Tap
from lateness import busy_host
from proves import NODE, PYTHON, Prove, Twin
from services import Service, free_port

PRONY, TWIN = (os.path.abspath(word) for word in sys.argv[1:3])
BETTER_OR_SAME, WORSE, USAGE, CANNOT_SAY, NOT_MEASURED = 0, 1, 2, 3, 4
NOT_WORSE = (BETTER_OR_SAME, CANNOT_SAY)
ATTEMPTS = 3
COMMAND = f'{TWIN} --port {{port}}'
MANY = ['--rate', '200/s', '--block', '1s', '--pairs', '20', '--no-saturation']   # twenty seconds of each
tap = Tap()
validator = jsonschema.Draft202012Validator(json.loads(
    subprocess.run([PRONY, 'schema', 'run'], capture_output=True, text=True, check=True).stdout))


def short(pairs=16, rate='500/s', restart=40):
    return ['--rate', rate, '--block', '300ms', '--pairs', pairs, '--restart', restart, '--no-saturation', '-q']


def prove(*words, **more):
    """A busy host may make the generator the limit, which prony rightly refuses to judge: ask again."""
    for _ in range(ATTEMPTS):
        p = Prove(PRONY, words, **more)
        if p.run.get('verdict') != 'generator-limited':
            break
    return p


def clean(p):
    """What holds for every one of them."""
    faults = [f'processes left: {p.strays}'] if p.strays else []
    faults += [f'files left: {p.left}'] if p.left else []
    faults += [f'run.json: {e.json_path}: {e.message}' for e in validator.iter_errors(p.run)][:3] if p.run else []
    return faults


def blocks(p):
    """Each pair has a block of either side, and sides take turns in being the first: A B, B A."""
    told = [b for b in p.proof.get('blocks', []) if b['load'] == 'rate']
    arms = ''.join(b['arm'] for b in told)
    wanted = ('ABBA' * len(arms))[:len(arms)]
    return [] if arms and len(arms) % 2 == 0 and arms == wanted else [f'blocks in the order {arms}']


def row(name, p, status, verdict, *checks, blocked=True):
    """`status`: one or several that will do; `verdict`: words; `checks`: pairs of what should be and whether it is."""
    faults = clean(p) + (blocks(p) if blocked else [])
    if p.status not in (status if isinstance(status, tuple) else (status,)):
        faults.append(f'exit status {p.status}, wanted {status}')
    if p.proof.get('verdict') not in verdict.split():
        faults.append(f'verdict {p.proof.get("verdict")}, wanted {verdict}')
    if p.run and not p.run.get('sealed'):
        faults.append('not sealed')
    faults += [what for what, so in checks if not so]
    tap.row(name, faults + p.told() if faults else [])


def broken(name, words, status, says, next_says='', **more):
    p = Prove(PRONY, words, **more)
    tap.row(name, faults_of(p, status, says, next_says) + clean(p))


def is_wrong(p, differs, route):
    """Its answers are told, of that route only."""
    found = [(a['differs'], a['route']) for a in p.proof.get('answers', [])]
    return found and {d for d, _ in found} == {differs} and all(route in r for _, r in found)


# ---- twins ---------------------------------------------------------------------------------------

def forms(p):
    """What other programs read of it."""
    faults = []
    suites = ET.fromstring(p.texts.get('junit.xml') or '<none/>')
    if not suites.findall('.//testcase') or not suites.findall('.//testcase/failure'):
        faults.append(f'junit: {p.texts.get("junit.xml")}')
    try:
        if json.loads(p.out).get('proofs') != p.run.get('proofs'):
            faults.append('--json is not run.json')
    except ValueError:
        faults.append('stdout is not JSON')
    tap.row('worse: its JUnit and its JSON', faults)


def speeds():
    with Twin(TWIN) as a, Twin(TWIN, '--work', 3) as slower, tempfile.TemporaryDirectory() as folder:
        junit = f'{folder}/junit.xml'
        p = prove(a.url(), slower.url(), *short(), '--json', '--write', f'junit={junit}')
        cpu = p.comparison('cpu_per_request')
        row('three times the work is worse', p, WORSE, 'worse',
            ('CPU per request is worse', cpu.get('verdict') == 'worse'),
            ('by two to three times', 2 < cpu.get('ratio', 0) < 3.1),
            ('its interval holds the ratio', cpu.get('low', 9) <= cpu.get('ratio', 0) <= cpu.get('high', 0)))
        if os.path.exists(junit):
            with open(junit, encoding='utf-8') as f:
                p.texts['junit.xml'] = f.read()
        forms(p)
        p = prove(a.url(), slower.url(), *short(pairs=2))
        row('two pairs cannot say', p, CANNOT_SAY, 'inconclusive')


def same():
    with Twin(TWIN, '--varying') as a, Twin(TWIN, '--varying') as b:
        p = prove(a.url(), b.url(), *short())
        row('twins do not differ', p, NOT_WORSE, 'same inconclusive',
            ('a time in the answer is no difference', not p.proof.get('answers')),
            ('but is seen', p.proof.get('answers_varying', 0) > 0))
        p = prove('--aa', a.url(), *short())
        row('--aa grades the machine', p, NOT_WORSE, 'same inconclusive',
            ('by a word', p.proof.get('noise', {}).get('grade') in ('quiet', 'usable', 'noisy')),
            ('and says how small a change it sees', p.comparison('cpu_per_request').get('detectable', 0) > 0))


def answers():
    for differs, words in [('body', ['--wrong', 'body', '--work', 0.5]), ('length', ['--wrong', 'length']),
                           ('status', ['--wrong', 'status', '--wrong-every', 10]),
                           ('body', ['--wrong', 'body', '--wrong-every', 20])]:
        with Twin(TWIN) as a, Twin(TWIN, *words, '--only', '/b') as b:
            p = prove(a.url(''), b.url(''), '--route', '/a', '--route', '/b', *short(pairs=4))
            row(f'another {differs}: {" ".join(map(str, words))}', p, WORSE, 'worse',
                ('the route is named', is_wrong(p, differs, '/b')))


def errors():
    """Too few for a sample of the answers to see them for sure."""
    with Twin(TWIN) as a, Twin(TWIN, '--errors', 0.1) as b:
        p = prove(a.url(), b.url(), *short())
        row('a tenth of errors is worse', p, WORSE, 'worse',
            ('by errors', p.comparison('error_rate').get('verdict') == 'worse' or p.proof.get('answers')))


def side(p, who):
    """The process of A or B, which differ in a word."""
    words = b'--heap\0' + (b'1' if who == 'A' else b'2')
    for pid in p.services(TWIN):
        with open(f'/proc/{pid}/cmdline', 'rb') as f:
            if words in f.read():
                return pid
    return None


def deaths():
    with Twin(TWIN) as a:
        broken('nobody listens at B', [a.url(), f'http://127.0.0.1:{free_port()}/a', *short()], NOT_MEASURED,
               '[Rr]efused|reach')
        broken('nobody listens at A', [f'http://127.0.0.1:{free_port()}/a', a.url(), *short()], NOT_MEASURED,
               '[Rr]efused|reach')
    for who, status in (('A', NOT_MEASURED), ('B', WORSE)):
        p = Prove(PRONY, [f'{COMMAND} --heap 1', f'{COMMAND} --heap 2', *MANY], send=signal.SIGKILL,
                  when=lambda p: p.said('pair '), to=lambda p, who=who: side(p, who))
        faults = clean(p) + ([] if p.status == status else [f'exit status {p.status}, wanted {status}'])
        faults += [] if (p.proof.get('verdict') == 'worse') == (who == 'B') else ['verdict']
        tap.row(f'{who} dies under the load', faults + p.told() if faults else [])


# ---- commands ------------------------------------------------------------------------------------

def commands():
    p = prove(COMMAND, f'{COMMAND} --work 3 --start-delay 0.3 --stubborn', *short(restart=5))
    row('two commands, one of them stubborn', p, WORSE, 'worse',
        ('both were started anew', all(arm['starts'] > 1 for arm in p.proof.get('arms', [{'starts': 0}]))))
    broken('a command that listens elsewhere',
           [COMMAND, f'{COMMAND} --listen-elsewhere', '--ready-timeout', '2s', *short()],
           NOT_MEASURED, 'port|listen|start')
    broken('a command that ends at once', [COMMAND, f'{COMMAND} --frobnicate', *short()], NOT_MEASURED,
           'stubborn')
    broken('a command that there is not', [COMMAND, '/no/such/program {port}', *short()], NOT_MEASURED, 'no/such')


def languages():
    node = shutil.which('node')
    if node:
        p = prove(f'{node} service.js {{port}} 60000', f'{node} service.js {{port}} 20000', *short(rate='200/s'),
                  files={'service.js': NODE})
        row('Node: a third of the work is better', p, BETTER_OR_SAME, 'better',
            ('CPU per request is better', p.comparison('cpu_per_request').get('verdict') == 'better'))
    else:
        tap.skip('Node', 'no node')
    python = f'{sys.executable} service.py {{port}} 2000'
    p = prove(python, python, *short(rate='200/s'), files={'service.py': PYTHON})
    row('Python: a service is not better than itself', p, NOT_WORSE, 'same inconclusive')


# ---- checkouts -----------------------------------------------------------------------------------

def repository(folder):
    """Two revisions whose work is a number in a program that is built, and one that is broken."""
    def git(*words):
        subprocess.run(['git', '-c', 'user.name=t', '-c', 'user.email=t@example.org', *words], cwd=folder, check=True,
                       capture_output=True)

    def write(name, text):
        with open(f'{folder}/{name}', 'w', encoding='utf-8') as f:
            f.write(text)

    git('init', '-q')
    write('Makefile', 'work: work.c\n\t$(CC) -o $@ work.c\n')
    write('start.sh', f'exec {TWIN} --port "$1" --work "$(./work)"\n')
    for tag, text in [('fast', 'puts("1");'), ('slow', 'puts("3");'), ('broken', 'puts("3")')]:
        write('work.c', '#include <stdio.h>\nint main(void) { %s return 0; }\n' % text)
        git('add', '.')
        git('commit', '-qm', tag)
        git('tag', tag)


def checkouts():
    build = ['--build', 'make', '--start', 'sh start.sh {port}', *short()]
    with tempfile.TemporaryDirectory(prefix='prony-prove-') as folder:
        repository(folder)
        before = sorted(os.listdir(folder))
        p = prove(*build, 'fast', 'slow', cwd=folder)
        row('two revisions', p, WORSE, 'worse',
            ('by two to three times', 2 < p.comparison('cpu_per_request').get('ratio', 0) < 3.1))
        broken('a revision that does not build', [*build, 'fast', 'broken'], NOT_MEASURED, "expected ';'|make",
               cwd=folder)
        trees = subprocess.run(['git', 'worktree', 'list', '--porcelain'], cwd=folder, capture_output=True, text=True,
                               check=True).stdout.count('worktree ')
        left = [name for name in os.listdir(folder) if name not in before]
        tap.row('the repository is as it was', [] if trees == 1 and not left else [f'{trees} worktrees', left])
        for name in ('fast', 'slow'):
            subprocess.run(['git', 'clone', '-q', '-b', name, folder, f'{folder}/{name}.d'], check=True,
                           capture_output=True)
        p = prove(*build, f'{folder}/slow.d', f'{folder}/fast.d', cwd=folder)
        row('two checkouts', p, BETTER_OR_SAME, 'better')


# ---- finished runs -------------------------------------------------------------------------------

def load(folder, url, *words):
    """A run of prony load as a folder; once more where this host was too busy to make so little load."""
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        call = subprocess.run([PRONY, 'load', url, '--for', '10s', '-q', *words, '--out', folder], capture_output=True,
                              text=True, timeout=60, check=False)
        if call.returncode == 0:
            return []
    return [call.returncode, call.stderr]


def runs():
    wanted = {'a': (1, '50/s'), 'again': (1, '50/s'), 'b': (40, '50/s'), 'other': (1, '25/s')}

    def make(name):
        work, rate = wanted[name]
        with Twin(TWIN, '--work', work) as service:
            return load(f'{folder}/{name}', service.url(), '--rate', rate)

    with tempfile.TemporaryDirectory(prefix='prony-prove-') as folder, ThreadPoolExecutor(len(wanted)) as pool, \
            Twin(TWIN) as a:
        made = sum(pool.map(make, wanted), [])
        busy = made and busy_host()
        if busy:
            tap.skip('runs to compare', busy)
            return
        tap.row('runs to compare', made)
        p = prove(f'{folder}/a', f'{folder}/b')
        row('forty times the work between two runs', p, WORSE, 'worse', blocked=False)
        p = prove(f'{folder}/a', f'{folder}/again')
        row('two runs of the same', p, NOT_WORSE, 'same inconclusive', blocked=False)
        broken('two runs of another workload', [f'{folder}/a', f'{folder}/other'], NOT_MEASURED, 'workload|rate')
        broken('a run and a service', [f'{folder}/a', a.url()], USAGE, 'finished run')
        history(folder)


def scale(value, factor):
    if isinstance(value, dict):
        return {k: scale(v, factor) for k, v in value.items()}
    return value * factor if isinstance(value, float) else value


def history(folder):
    """Forty runs by hand: what a request took grew by half at the 25th."""
    with open(f'{folder}/a/run.json', encoding='utf-8') as f:
        text = f.read()
    for i in range(40):
        run = json.loads(text)
        factor = (1.5 if i >= 25 else 1.0) * (1 + 0.01 * ((i * 7) % 5 - 2))
        run['id'], run['created'] = f'made-{i:02}', f'2026-10-01T{i // 2:02}:{30 * (i % 2):02}:00Z'
        run['baseline']['latency'] = scale(run['baseline'].get('latency', {}), factor)
        for phase in run['evidence']['phases']:
            for name in ('latency', 'service'):
                phase[name] = scale(phase.get(name, {}), factor)
        os.makedirs(f'{folder}/made/.prony/runs/{run["id"]}')
        with open(f'{folder}/made/.prony/runs/{run["id"]}/run.json', 'w', encoding='utf-8') as f:
            json.dump(run, f)
    call = subprocess.run([PRONY, 'prove', '--history', '-q'], cwd=f'{folder}/made', capture_output=True, text=True,
                          timeout=60, check=False)
    tap.row('--history finds where it changed', [] if call.returncode in (0, 1) and 'made-25' in call.stdout else
            [call.returncode, call.stderr, call.stdout])


# ---- ends before its time ------------------------------------------------------------------------

def stopped(p):
    faults = clean(p)
    if p.early or p.status != CANNOT_SAY or p.seconds > 20:
        faults += [f'exit status {p.status}, wanted {CANNOT_SAY}, after {p.seconds:.0f} s', *p.told()]
    return faults


def both_run(p):
    return len(p.services(TWIN)) == 2


def interrupted():
    """While both services run; the blocks would take half a minute."""
    words = [COMMAND, f'{COMMAND} --stubborn', *MANY, '-q']
    p = Prove(PRONY, words, send=signal.SIGINT, when=both_run)
    tap.row('interrupted', stopped(p))
    again = f'if mkdir started; then exec {TWIN} --port {{port}}; else exec sleep 30; fi'
    p = Prove(PRONY, [COMMAND, again, *MANY, '--restart', 2, '-q'], send=signal.SIGINT,
              when=lambda p: p.services('sleep'))
    tap.row('interrupted while B starts again: no death of it', stopped(p))
    p = Prove(PRONY, words, send=signal.SIGKILL, when=both_run)
    faults = [f'processes left: {p.strays}', *p.told()] if p.strays or p.early else []
    tap.row('killed: its services end as well', faults)
    with tempfile.TemporaryDirectory(prefix='prony-prove-') as folder:
        repository(folder)
        p = Prove(PRONY, ['--build', 'sleep 30', '--start', 'sh start.sh {port}', 'fast', 'slow', *short()], cwd=folder,
                  send=signal.SIGINT, when=lambda p: p.services('sleep'))
        tap.row('interrupted while it builds', stopped(p))


def usage():
    url = 'http://127.0.0.1:1/'
    run = '{"schema":"prony.run/1","id":"x","created":"2026-11-21T00:00:00Z","sealed":false}'
    for name, words, says, next_says in [
        ('no word', [], 'which two', 'prony prove http'),
        ('one word', [url], 'which is B', 'prony prove http'),
        ('three words', [url, url, url], 'one word too many', ''),
        ('--aa of two', ['--aa', url, url], 'compared with itself', '--aa http'),
        ('no service at all', [url, 'nowhere-at-all'], 'nowhere-at-all', ''),
        ('a command without its port', [url, f'{TWIN} --port 80'], '{port}', '{port}'),
        ('a folder without --start', ['.', '.'], '--start', '--start'),
        ('no pairs', [url, url, '--pairs', '0'], 'too small', ''),
        ('no block', [url, url, '--block', '0s'], 'too small|too short', ''),
        ('a block without a unit', [url, url, '--block', '5'], 'not a duration', '2s'),
        ('somebody else\'s host as B', [url, 'http://192.0.2.1/'], 'loopback', '--allow-load 192.0.2.1'),
        ('unknown flag', [url, url, '--pears', '3'], "unknown option '--pears'", '--pairs'),
    ]:
        broken(f'usage: {name}', words, USAGE, says, next_says)
    broken('a start that fails tells no secret', ['TOKEN=hunter2 false {port}', COMMAND], NOT_MEASURED,
           r"'TOKEN=\*\*\* false")
    with tempfile.TemporaryDirectory(prefix='prony-prove-') as folder:
        for name in 'ab':
            os.mkdir(f'{folder}/{name}')
            with open(f'{folder}/{name}/run.json', 'w', encoding='utf-8') as f:
                f.write(run)
        broken('runs that were interrupted', [f'{folder}/a', f'{folder}/b'], NOT_MEASURED,
               'interrupted|not finished|no load')
        broken('usage: --aa of a run', ['--aa', f'{folder}/a'], USAGE, 'finished run', 'name a service')
    with Twin(TWIN) as a, Service('not-http') as b:
        broken('a B that speaks no HTTP', [a.url(), b.url, *short()], NOT_MEASURED, 'HTTP')


def main():
    for part in (speeds, same, answers, errors, deaths, commands, languages, checkouts, runs, interrupted, usage):
        part()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
