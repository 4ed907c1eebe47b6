# SPDX-License-Identifier: MIT
"""The rungs of tracing, taken the way people meet them: as root (bpf), as the service's own user (perf), and
as that user in a container whose seccomp profile forbids bpf() and perf_event_open() (proc)."""
import ctypes
import os
import platform
import struct

RUNGS = ('bpf', 'perf', 'proc')
NOBODY = 65534
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_ALLOW, SECCOMP_EPERM = 0x7fff0000, 0x00050001
FORBIDDEN = {'x86_64': (321, 298), 'aarch64': (280, 241)}   # bpf, perf_event_open
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06       # classic BPF, linux/bpf_common.h


class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]


def filter_code():
    numbers = FORBIDDEN[platform.machine()]
    rows = [(LOAD_NUMBER, 0, 0, 0)]
    rows += [(JUMP_IF_EQUAL, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]
    rows += [(RETURN, 0, 0, SECCOMP_ALLOW), (RETURN, 0, 0, SECCOMP_EPERM)]
    return b''.join(struct.pack('HBBI', *row) for row in rows)


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def forbid_tracing():
    code = ctypes.create_string_buffer(filter_code())
    program = Program(len(code.raw) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), 'seccomp')


def of_service(rung):
    """Called in the child that becomes the service."""
    if rung != 'bpf' and os.geteuid() == 0:
        become_nobody()


def of_prony(rung):
    """Called in the child that becomes prony."""
    of_service(rung)
    if rung == 'proc':
        forbid_tracing()
