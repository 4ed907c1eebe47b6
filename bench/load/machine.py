# SPDX-License-Identifier: MIT
"""The machine that is measured on: processes on a core of their own, what they cost, and what
everything else on the machine used meanwhile."""
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

TICK = os.sysconf('SC_CLK_TCK')
VULNERABILITIES = '/sys/devices/system/cpu/vulnerabilities'
# Those whose cure makes the kernel's own code dearer: its returns, its indirect calls, the ways in and out.
DEAR = ('spec_rstack_overflow', 'retbleed', 'spectre_v2', 'indirect_target_selection', 'meltdown', 'mds',
        'mmio_stale_data', 'tsa', 'vmscape')


class Cannot(Exception):
    """This cannot be measured here, or by this program; says why."""


@dataclass
class Cost:
    seconds: float = 0.0    # wall
    cpu: float = 0.0        # of the process, user and system, seconds
    user: float = 0.0
    server: float = 0.0     # CPU of the server meanwhile
    others: float = 0.0     # cores that neither of the two used
    steal: float = 0.0      # share of CPU time that the host took away


def cores():
    """One for the client and one for the server, as far apart as there are."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Cannot('needs two cores')
    return allowed[0], allowed[-1]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def mitigations():
    """What the kernel does against flaws of this CPU and pays for in each request, as in 'retbleed: untrained
    return thunk'. Half a cure costs too, though the kernel calls the CPU vulnerable then."""
    told = []
    for name in DEAR:
        try:
            with open(f'{VULNERABILITIES}/{name}', encoding='ascii') as f:
                said = re.split('[;,]', f.read().strip())[0]
        except OSError:
            continue
        cure = said.partition(': ')[2]
        if cure and not cure.lower().startswith('no '):
            told.append(f'{name}: {cure}')
    return told


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pinned(core, argv):
    return ['taskset', '-c', str(core), *argv]


def machine_cpu():
    """Seconds of all cores since boot: busy and stolen."""
    with open('/proc/stat', encoding='ascii') as f:
        user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICK, steal / TICK


def process_cpu(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_bytes(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1]) * 1024


def wait_for(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.02)
    raise Cannot('its server did not start')


def run(argv, core, server_pid, folder, limit_s):
    """Run to the end on `core`; what it wrote to stdout, what it cost. Its own CPU time is exact; that
    of the server and of the machine has the kernel's tick."""
    with open(f'{folder}/stdout', 'wb') as out, open(f'{folder}/stderr', 'wb') as err:
        busy, stolen = machine_cpu()
        server, began = process_cpu(server_pid), time.monotonic()
        child = subprocess.Popen(pinned(core, argv), stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                 cwd=folder, env={**os.environ, 'HOME': folder}, start_new_session=True)
        watch = threading.Timer(limit_s, os.killpg, (child.pid, signal.SIGKILL))
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        watch.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_utime,
                process_cpu(server_pid) - server)
    busy, stolen = (after - before for after, before in zip(machine_cpu(), (busy, stolen)))
    cost.others = max(0.0, (busy - cost.cpu - cost.server) / cost.seconds)
    cost.steal = stolen / cost.seconds / (os.cpu_count() or 1)
    with open(f'{folder}/stdout', encoding='utf-8', errors='replace') as f:
        return f.read(), cost


def peak_resident(argv, core, seconds, folder):
    """The largest memory of a program while it runs for `seconds`."""
    with open(os.devnull, 'wb') as nothing:
        child = subprocess.Popen(pinned(core, argv), stdout=nothing, stderr=nothing, cwd=folder,
                                 env={**os.environ, 'HOME': folder})
    most, end = 0, time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < end:
        try:
            most = max(most, resident_bytes(child.pid))
        except (OSError, TypeError):      # it has just ended
            break
        time.sleep(0.05)
    child.kill()
    child.wait()
    return most
