#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the program writes about itself: manual pages pass mandoc's lint, completions work in their shells, the
schemas are schemas. usage: texts.py PRONY; prints TAP."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from calls import Tap

PRONY = os.path.abspath(sys.argv[1])
tap = Tap()

SPEC = {
    'system': 'shop-api',
    'service': {'url': 'http://127.0.0.1:8080', 'routes': ['/orders', '/catalog'], 'start': 'node server.js --port {port}'},
    'database': 'postgresql://prony@127.0.0.1/shop', 'issues': ['p99 above 5 s during live events'],
    'targets': ['p99 < 500ms @ 20k/s', 'errors < 0.1%'], 'load': {'peak': '500k/s', 'transfer': '10PB/month'},
    'budget': '200000 USD/month',
}
# A page that is not installed yet cannot be found; the file here has no section in its name.
NOT_A_FAULT = re.compile(r'referenced manual not found|filename/section mismatch')


def prony(*words):
    return subprocess.run([PRONY, *words], capture_output=True, text=True, check=True).stdout


def manual_pages(names):
    if not shutil.which('mandoc'):
        tap.skip('manual pages', 'no mandoc')
        return
    for words in [[], ['prony.yaml']] + [[n] for n in names]:
        page = prony('help', '--man', *words)
        lint = subprocess.run(['mandoc', '-T', 'lint'], input=page, capture_output=True, text=True, check=False)
        faults = [line for line in lint.stdout.splitlines() if not NOT_A_FAULT.search(line)]
        tap.row(f'manual page of {"".join(words) or "prony"}', faults)


def bash_offers(words):
    script = (prony('completion', 'bash') + '\nCOMP_WORDS=(' + ' '.join(f"'{w}'" for w in words) + ')\n'
              'COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_prony\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
    return subprocess.run(['bash', '-c', script], capture_output=True, text=True, check=True).stdout.split()


def completions(names):
    for words, wanted in [(['prony', ''], names), (['prony', 'lo'], ['load']),
                          (['prony', 'load', '--ra'], ['--rate']), (['prony', 'load', '--arrivals', 'c'], ['constant']),
                          (['prony', '-q', 'report', '--format', 'h'], ['html']), (['prony', '--vers'], ['--version'])]:
        offered = bash_offers(words)
        tap.row(f'bash completes {" ".join(words)}', [] if sorted(offered) == sorted(wanted) else [offered])
    for shell in ('zsh', 'fish'):
        if not shutil.which(shell):
            tap.skip(f'{shell} completion', f'no {shell}')
            continue
        with tempfile.NamedTemporaryFile('w') as f:
            f.write(prony('completion', shell))
            f.flush()
            check = subprocess.run([shell, '-n', f.name], capture_output=True, text=True, check=False)
            tap.row(f'{shell} completion', [check.stderr] if check.returncode else [])


def schemas():
    try:
        import jsonschema
    except ImportError:
        tap.skip('schemas', 'no python3-jsonschema')
        return
    for name in ('run', 'spec'):
        schema = json.loads(prony('schema', name))
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            tap.row(f'schema {name} is a schema', [])
        except jsonschema.SchemaError as e:
            tap.row(f'schema {name} is a schema', [e])
    good = jsonschema.Draft202012Validator(schema)
    tap.row('the schema takes the documented file', [e.message for e in good.iter_errors(SPEC)])
    for name, bad in [('unknown key', {'tagets': []}), ('nested unknown key', {'load': {'raet': '5/s'}}),
                      ('wrong type', {'load': 5}), ('unknown choice', {'load': {'arrivals': 'poison'}})]:
        tap.row(f'the schema refuses an {name}' if name[0] in 'aeiou' else f'the schema refuses a {name}',
                [] if list(good.iter_errors(bad)) else ['accepted'])


def main():
    names = [c['name'] for c in json.loads(prony('schema', 'commands'))['commands']]
    manual_pages(names)
    completions(names)
    schemas()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
