#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What may be seen, and what is said where it may not: as root by BPF, also into and inside a container; as the
service's own user by perf events and /proc; without a capability, a system call, kernel types, tracefs; switched
off. Each row asserts the rung, that each loss is named with the command that cures it, and that what is said of the
service is of the right class.
usage: ladder.py PRONY HOT_SERVICE LOCKING_SERVICE [--all]; prints TAP. Without --all the rungs alone."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from calls import Tap

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../truth'))
import rungs  # noqa: E402

NOBODY = 65534
tap = Tap()


def copy_for(user, folder, program):
    """The build folder may be closed to others."""
    return shutil.copy(program, folder) if user else program


def contained(folder, service):
    """The command that runs it as containers do: a root of its own, and it is process 1."""
    root = os.path.join(folder, 'root')
    os.mkdir(root)
    needs = subprocess.run(['ldd', service], capture_output=True, text=True, check=True).stdout.split()
    for path in [word for word in needs if word.startswith('/')]:
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
    shutil.copy(service, root + '/service')
    return ['unshare', '--pid', '--fork', '--kill-child', f'--root={root}', '/service']


def check(prony, service, user, *words, inside=False, by=None, prefix=(), around=(), deny=None, cure=None):
    """run.json of a short check of a service that `user` runs; prony is run by `by`, the same unless that is said,
    behind the words of `prefix` (the service: of `around`), after `deny` was called in the child. `cure`: a command
    whose last word is prony's file, run before."""
    with tempfile.TemporaryDirectory(prefix='prony-ladder-') as folder:
        os.chmod(folder, 0o777)
        def who(uid):
            return {'user': uid, 'group': uid, 'extra_groups': []} if uid else {}
        caller = user if by is None else by
        command = contained(folder, service) if inside else [*around, copy_for(user, folder, service)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **who(user))
        try:
            address = running.stdout.readline().split()[-1]
            program = copy_for(caller, folder, prony)
            if cure:
                subprocess.run([*cure, program], check=True)
            prefix = prefix(running.pid) if callable(prefix) else prefix
            subprocess.run([*prefix, program, 'check', f'http://{address}/', '--quiet', '--for',
                            '4s', '--rate', '200', '--out', folder + '/run', *words], cwd=folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=150, check=False,
                           preexec_fn=deny, **who(caller))
            with open(folder + '/run/run.json', encoding='utf-8') as f:
                return json.load(f)
        finally:
            running.kill()
            running.wait()


# What the counters of the system tell without any tracing.
COUNTERS_TELL = ('cpu.saturated', 'cpu.single-thread', 'cpu.throttled', 'memory.leak', 'memory.swap')


def judge(name, run, mode, closed, function, cures=None):
    """`cures`: what has to be in the command that opens an eye, by its name; no other eye may be shut then."""
    trace = run['evidence']['trace']
    faults = [] if trace['mode'] == mode else [f"mode {trace['mode']}, wanted {mode}"]
    shut = {eye['name']: eye.get('cure') for eye in run['eyes'] if not eye['open']}
    faults += [f"'{eye}' is closed without a word how to open it" for eye, cure in shut.items() if not cure]
    if bool(shut) != closed or cures is not None and set(shut) != set(cures):
        faults.append(f'closed: {shut}')
    faults += [f"'{eye}' would be opened by: {shut[eye]}" for eye, cure in (cures or {}).items()
               if shut.get(eye) and not re.search(cure, shut[eye])]
    seen = [f['name'] for f in trace['functions'][:5]]
    if function and function not in seen:
        faults.append(f'{function} is not among {seen}')
    faults += [f"class {f['class']}: {f['summary']}" for f in run['findings'][:1] if f['class'] != 'cpu']
    unseen = [f for f in run['findings'] if f['kind'] not in COUNTERS_TELL or f['source'] != 'estimated']
    if mode == 'none' and (unseen or trace['functions']):
        faults.append(f'claimed although it was not seen: {[f["summary"] for f in unseen]}')
    tap.row(name, faults)


def judge_waits(run):
    """Sampled from /proc: most threads that do not wait for work wait for the lock."""
    states = [s for s in run['evidence']['trace']['states'] if s['kind'] != 'runqueue']
    faults = [] if states and states[0].get('where') == 'account_lock' else [f'states: {states[:3]}']
    open_eyes = [eye['name'] for eye in run['eyes'] if eye['open']]
    faults += [] if 'waits' in open_eyes else [f'open: {open_eyes}']
    tap.row('its own user sees what threads wait for', faults)


# ---- the rungs ---------------------------------------------------------------------------------

def may(*words):
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def judge_rungs(prony, service, locking):
    judge('root sees everything', check(prony, service, None), 'bpf', False, 'checksum_rows')
    if not may('unshare', '--pid', '--fork', 'true'):
        tap.skip('root sees into a container', 'no PID namespace may be made here')
    else:
        judge('root sees into a container', check(prony, service, None, inside=True), 'bpf', False, 'checksum_rows')
    judge('its own user sees stacks', check(prony, service, NOBODY), 'perf', True, 'checksum_rows')
    judge_waits(check(prony, locking, NOBODY))
    judge('switched off sees nothing', check(prony, service, None, '--no-trace'), 'none', True, None)


# ---- what may be denied ------------------------------------------------------------------------

SETCAP = r'^sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog\+ep '
OF_HOST = ('bpf', 'perfmon', 'sys_admin', 'sys_ptrace')     # that a container's root does not have
CONTAINER = r'--cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE'


def hidden(*folders):
    """Words in front of a command that then does not see what is in these folders of the system."""
    mounts = ' && '.join(f'mount -t tmpfs none {folder}' for folder in folders)
    return ['unshare', '--mount', 'sh', '-c', f'{mounts} && exec "$@"', 'sh']


def without(*capabilities):
    return ['setpriv', '--bounding-set', ','.join('-' + c for c in capabilities)]


def judge_hidden(prony, service, name, folders, *rest):
    folders = [folder for folder in folders if os.path.isdir(folder)]
    if not may(*hidden(*folders), 'true'):
        tap.skip(name, 'no mount namespace may be made here')
    else:
        judge(name, check(prony, service, None, prefix=hidden(*folders)), *rest)


def beside(pid):
    """Words that enter the namespaces of what that process has started."""
    with open(f'/proc/{pid}/task/{pid}/children', encoding='utf-8') as f:
        return ['nsenter', '--target', f.read().split()[0], '--pid', '--mount']


def judge_inside(prony, service):
    """Both in one container: BPF would tell the host's numbers of processes."""
    around = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
    if not may(*around, 'true'):
        return tap.skip('inside a container', 'no PID namespace may be made here')
    return judge('inside a container', check(prony, service, None, around=around, prefix=beside), 'perf', True,
                 'checksum_rows', {'requests': '--pid=host', 'wire': '--pid=host'})


class Setting:
    """A setting of the system, set for a while."""

    def __init__(self, path, value):
        self.path, self.value = path, value
        with open(path, encoding='utf-8') as f:
            self.before = f.read()

    def put(self, value):
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write(value)

    def __enter__(self):
        self.put(self.value)

    def __exit__(self, *_):
        self.put(self.before)


def judge_settings(prony, service):
    """As Debian presets them, and stricter."""
    name = 'without perf events its own user sees what threads do'
    try:
        with Setting('/proc/sys/kernel/perf_event_paranoid', '3'):
            run = check(prony, service, NOBODY)
        with Setting('/proc/sys/kernel/kptr_restrict', '2'):
            hidden_kernel = check(prony, service, None)
    except OSError as why:
        return tap.skip(name, str(why))
    judge('a kernel that hides its addresses', hidden_kernel, 'bpf', True, 'checksum_rows',
          {'kernel functions': '^sudo sysctl kernel.kptr_restrict=1$'})
    if run['evidence']['trace']['mode'] == 'perf':
        return tap.skip(name, 'this kernel lets users sample their own programs at any level')
    return judge(name, run, 'proc', True, None, {
        'requests': SETCAP, 'wire': SETCAP, 'on-CPU stacks': '^sudo sysctl kernel.perf_event_paranoid=1$'})


def judge_denials(prony, service):
    judge('a seccomp profile without bpf() and perf_event_open()', check(prony, service, NOBODY, deny=rungs.forbid_tracing),
          'proc', True, None, {'requests': SETCAP, 'wire': SETCAP, 'on-CPU stacks': 'seccomp'})
    judge_settings(prony, service)
    run = check(prony, service, None, by=NOBODY)
    judge("another user's service", run, 'none', True, None, {'service processes': '^sudo prony check http'})
    judge('root without CAP_SYS_PTRACE', check(prony, service, None, prefix=without('sys_ptrace')), 'none', True, None,
          {'service processes': '--cap-add SYS_PTRACE'})
    judge('root of a container', check(prony, service, None, prefix=without(*OF_HOST), around=without(*OF_HOST)), 'perf',
          True, 'checksum_rows', {'requests': CONTAINER, 'wire': CONTAINER})
    judge_inside(prony, service)
    if shutil.which('setcap'):
        judge('what setcap opens', check(prony, service, NOBODY, cure=['setcap', 'cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog+ep']),
              'bpf', False, 'checksum_rows')
    else:
        tap.skip('what setcap opens', 'setcap is not installed')
    btf = 'CONFIG_DEBUG_INFO_BTF=y'
    judge_hidden(prony, service, 'a kernel without its types', ['/sys/kernel/btf'], 'perf', True, 'checksum_rows',
                 {'requests': btf, 'wire': btf})
    judge_hidden(prony, service, 'without tracefs and debugfs', ['/sys/kernel/tracing', '/sys/kernel/debug'], 'bpf', False,
                 'checksum_rows')


def main():
    prony, service, locking = map(os.path.abspath, sys.argv[1:4])
    if os.geteuid() != 0:
        tap.skip('the ladder', 'needs root to take the other rungs')
        return tap.end()
    if '--all' not in sys.argv:
        judge_rungs(prony, service, locking)
    else:
        judge_denials(prony, service)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
