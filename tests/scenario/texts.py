#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the program writes about itself: manual pages pass mandoc's lint, completions work in their shells, all of them
and --help know the same commands and flags, the documents name none but those and no file that is not there, the
schemas are schemas. usage: texts.py PRONY; prints TAP."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from calls import Tap

PRONY = os.path.abspath(sys.argv[1])
ROOT = Path(__file__).resolve().parents[2]
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


def flags_of_help(name):
    """As --help, --version and a command's own: {long: letter}."""
    rows = re.findall(r'^  (?:-(\w),|   ) --([a-z0-9-]+)', prony(name, '--help') + prony('--help'), re.M)
    return {flag: letter for letter, flag in rows}


def flags_of_page(name):
    rows = re.findall(r'^\.It (?:Fl (\w) , )?Fl -([a-z0-9-]+)', prony('help', '--man', name), re.M)
    return {flag: letter for letter, flag in rows}


def flags_of_zsh(text, name):
    """A flag and its letter have a line each, with the same words."""
    block = re.search(rf'^\t{name}\)\n(.*?);;$', text, re.M | re.S).group(1)
    rows = re.findall(r"^\t+'\*?(-[^[=]*)=?\[([^']*)'", block, re.M)
    letters = {about: flag[1:] for flag, about in rows if not flag.startswith('--')}
    return {flag[2:]: letters.get(about, '') for flag, about in rows if flag.startswith('--')}


def flags_of_fish(text, name):
    rows = re.findall(rf"__fish_seen_subcommand_from {name}' -l ([a-z0-9-]+)(?: -s (\w))?", text)
    return dict(rows)


def same_words(names):
    zsh, fish = prony('completion', 'zsh'), prony('completion', 'fish')
    listed = {'help': re.findall(r'^  ([a-z]+)  ', prony('help', '--all'), re.M),
              'the manual page': re.findall(r'^\.It Cm (\w+)', prony('help', '--man'), re.M),
              'zsh': re.findall(r"^\t\t'([a-z]+):", zsh, re.M),
              'fish': re.findall(r'use_subcommand -f -a (\w+)', fish)}
    tap.row('everybody knows the same commands', [f'{who}: {n}' for who, n in listed.items() if n != names])
    for name in names:
        wanted = flags_of_help(name)
        have = {'the manual page': flags_of_page(name), 'zsh': flags_of_zsh(zsh, name), 'fish': flags_of_fish(fish, name)}
        faults = [f'{who}: {sorted(set(flags.items()) ^ set(wanted.items()))}'
                  for who, flags in have.items() if flags != wanted]
        bash = {word[2:] for word in bash_offers(['prony', name, '--'])}
        faults += [] if bash == set(wanted) else [f'bash: {sorted(bash ^ set(wanted))}']
        tap.row(f'everybody knows the same flags of {name}', faults)


def fault_of_span(span, names):
    """Of words between backticks: is the command, its flags, the file or the target of make there?"""
    words = re.sub(r'^(sudo )?(build/)?prony ', 'prony ', span).split()
    if words[:1] == ['prony'] and words[1:] and words[1].isalpha() and words[1] not in names:
        return f'{span}: no such command'
    words = words[1:] if words[:1] == ['prony'] else words
    if words[:1] and words[0] in names:
        flags = flags_of_help(words[0])
        unknown = [w for w in words[1:] if re.match('--[a-z]', w) and re.split('[= ]', w[2:])[0] not in flags]
        return f'{span}: no {unknown[0]}' if unknown else None
    if words[:1] == ['make'] and not re.search(rf'^{words[1]}:', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.M):
        return f'{span}: no such target'
    path = re.fullmatch(r'[a-z0-9_/]+/[a-z0-9_.]+\.(?:c|h|py|def|md|sh)', words[0]) if words else None
    if path and '_x.' not in words[0] and not any(list(ROOT.glob(at + words[0])) for at in ('', 'src/', 'src/*/')):
        return f'{span}: no such file'
    return None


def folders():
    """The table of folders has those that there are."""
    text = (ROOT / 'docs/architecture.md').read_text(encoding='utf-8')
    rows = set(re.findall(r'^\| `(\w+)` \|', text, re.M))
    there = subprocess.run(['git', '-C', str(ROOT), 'ls-files'], capture_output=True, text=True, check=False).stdout.split()
    if not there:
        tap.skip('folders have a row', 'not in git')
        return
    tops = {f.split('/')[0] for f in there if '/' in f and not f.startswith('.')} - {'src', 'docs'}
    tops |= {f.split('/')[1] for f in there if f.startswith('src/') and f.count('/') > 1}
    tap.row('folders have a row', sorted(rows ^ tops))


def documents(names):
    for name in ('README.md', 'docs/architecture.md'):
        text = re.sub(r'^```.*?^```$', '', (ROOT / name).read_text(encoding='utf-8'), flags=re.M | re.S)
        faults = [f'{to} is not there' for to in re.findall(r'\]\((?!https?:)([^)#]+)', text)
                  if not (ROOT / name).parent.joinpath(to).exists()]
        faults += [f for f in (fault_of_span(span, names) for span in re.findall(r'`([^`]+)`', text)) if f]
        tap.row(f'{name} names what there is', faults)


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
    same_words(names)
    documents(names)
    folders()
    schemas()
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
