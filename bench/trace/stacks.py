# SPDX-License-Identifier: MIT
"""200 stacks of a Node and of a Java process that compute in 300 functions, named from nothing."""
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FUNCTIONS = 300
MOST_MS = 100
FIGURES = {'stacks': r'^(\d+) stacks', 'frames': r', (\d+) frames', 'script': r', (\d+) of the language',
           'torn': r', (\d+) torn', 'ms': r', ([0-9.]+) ms', 'cpu_ms': r'CPU ([0-9.]+) ms',
           'first_ms': r'first ([0-9.]+) ms', 'again_us': r'again (\d+) us'}


def java_source():
    """What many_functions.js is: functions of all sizes that call each other as a number tells."""
    cases = '\n'.join(f'case {i}: return work{i}(depth);' for i in range(FUNCTIONS))
    works = '\n'.join(f'''static long work{i}(int depth) {{
  double t = 0;
  for (int k = 0; k < {50 + i * 7}; k++) t += Math.sqrt(k * {i + 1}) % 7;
  if (depth == 0) return (long) t + ("" + t + depth).length();
  return (long) t + call((depth * 31 + {i * 17}) % {FUNCTIONS}, depth - 1);
}}''' for i in range(FUNCTIONS))
    return f'''public class ManyFunctions {{
{works}
static long call(int which, int depth) {{ switch (which) {{ {cases} default: return 0; }} }}
public static void main(String[] words) {{
  long sum = 0;
  for (int at = 0; ; at++) sum += call(at % {FUNCTIONS}, 12);
}} }}'''


def measure(name, argv, program, seconds, o):
    """Medians of o.rounds rounds, each with tables of its own."""
    found = shutil.which(argv[0])
    if not found:
        return {'runtime': name, 'skipped': f'{argv[0]} is not installed'}
    service = subprocess.Popen([found, *argv[1:]])
    try:
        time.sleep(seconds)
        lines = [subprocess.run([program, str(service.pid)], capture_output=True, text=True, check=True).stdout
                 for _ in range(o.rounds)]
    finally:
        service.kill()
        service.wait()
    return {'runtime': name, **{key: statistics.median(float(re.search(pattern, line)[1]) for line in lines)
                                for key, pattern in FIGURES.items()}}


def all_runtimes(o, say):
    program = o.build / 'bench' / 'trace' / 'cold_stacks'
    if not os.access(program, os.X_OK):
        return [{'runtime': 'all', 'skipped': f'{program} is not built (meson setup -Dtests=true)'}]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, 'ManyFunctions.java')
        source.write_text(java_source())
        rows = [measure('Node', ['node', str(HERE / 'many_functions.js')], program, 3, o),
                measure('Java', ['java', str(source)], program, 8, o)]
    for r in rows:
        say('  '.join(row(r)))
    return rows


HEAD = ['runtime', 'stacks', 'frames', 'of its language', 'torn', 'ms', 'bar', 'ms of CPU', 'the first, ms', 'once more, us each']


def row(r):
    if 'skipped' in r:
        return [r['runtime'], r['skipped'], *[''] * (len(HEAD) - 2)]
    return [r['runtime'], f"{r['stacks']:.0f}", f"{r['frames']:.0f}", f"{r['script']:.0f}", f"{r['torn']:.0f}",
            f"{r['ms']:.1f}", str(MOST_MS), f"{r['cpu_ms']:.1f}", f"{r['first_ms']:.1f}", f"{r['again_us']:.0f}"]
