"""A seccomp filter that refuses system calls that could bypass the sandbox's limits and that no solution needs.

It is used only in a sandbox, on the processors in `CALLS`. See seccomp(2); the kernel's page "Seccomp BPF" describes
the program format.
"""

import ctypes
import errno
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from grader.child.process import IS_LINUX

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST_LOW, FIRST_HIGH = 0, 4, 16, 20
"""Offsets in `struct seccomp_data`. Those of the first argument assume a little-endian processor."""

X32 = 0x40000000
"""On x86-64, numbers from here on are the same calls in the x32 ABI."""

FAMILIES = (1, 2, 10, 16)
"""Allowed address families of sockets: Unix, IPv4, IPv6, and netlink, from which the C library reads addresses. All
others are refused, among them AF_VSOCK, which leads from a virtual machine to its host."""


@dataclass(frozen=True)
class Calls:
    """Numbers of system calls on one processor, from its system call table.

    Attributes:
        architecture: `AUDIT_ARCH_…` of the processor.
        refused: memory that no limit counts (memfd_create, memfd_secret, shmget), keys of the user's session (add_key,
            request_key, keyctl), access to other processes (ptrace, process_vm_readv, process_vm_writev, pidfd_getfd,
            setpriority, sched_setparam, sched_setscheduler, sched_setattr), and large, rarely used parts of the kernel
            (io_uring, bpf, userfaultfd, perf_event_open).
        refused_to_root: changes to a file's mode, owner, times and attributes. If the grader is root, the kernel treats
            the solution as the owner of the device nodes in its sandbox.
    """

    architecture: int
    prlimit: int
    socket: int
    refused: tuple[int, ...]
    refused_to_root: tuple[int, ...]


CALLS = {
    "x86_64": Calls(
        0xC000003E,
        302,
        41,
        (
            319,
            447,
            29,
            248,
            249,
            250,
            101,
            310,
            311,
            438,
            141,
            142,
            144,
            314,
            425,
            426,
            427,
            321,
            323,
            298,
        ),
        (90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190),
    ),
    "aarch64": Calls(
        0xC00000B7,
        261,
        198,
        (
            279,
            447,
            194,
            217,
            218,
            219,
            117,
            270,
            271,
            438,
            140,
            118,
            119,
            274,
            425,
            426,
            427,
            280,
            282,
            241,
        ),
        (52, 53, 452, 54, 55, 88, 5, 6, 7),
    ),
}


class Step(ctypes.Structure):
    """`struct sock_filter`."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("then", ctypes.c_uint8),
        ("other", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step)))


def refuse_calls(*, as_root: bool) -> bool:
    """Install the filter in this process and all processes that it starts; returns whether that succeeded.

    Args:
        as_root: whether the user is root outside of the sandbox.
    """
    calls = CALLS.get(platform.machine())
    if not IS_LINUX or calls is None:
        return False
    steps = program(calls, calls.refused + (calls.refused_to_root if as_root else ()))
    array = (Step * len(steps))(*steps)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(steps), array)), 0, 0)
        == 0
    )


def program(calls: Calls, refused: Sequence[int]) -> list[Step]:
    """The filter program: allows every call that it does not refuse."""
    refuse, allow = Step(RETURN, 0, 0, RET_ERRNO | errno.EPERM), Step(RETURN, 0, 0, RET_ALLOW)
    foreign = Step(RETURN, 0, 0, RET_ERRNO | errno.EAFNOSUPPORT)
    # prlimit is allowed for the process itself, whose pid (the first argument) is given as 0.
    limits = [Step(LOAD, 0, 0, FIRST_LOW), Step(JUMP_EQUAL, 1, 0, 0), refuse]
    limits += [Step(LOAD, 0, 0, FIRST_HIGH), Step(JUMP_EQUAL, 1, 0, 0), refuse, allow]
    sockets = [Step(LOAD, 0, 0, FIRST_LOW)]
    for family in FAMILIES:
        sockets += [Step(JUMP_EQUAL, 0, 1, family), allow]
    sockets.append(foreign)
    steps = [Step(LOAD, 0, 0, ARCHITECTURE), Step(JUMP_EQUAL, 1, 0, calls.architecture), refuse]
    steps += [Step(LOAD, 0, 0, NUMBER), Step(JUMP_GREATER_EQUAL, 0, 1, X32), refuse]
    for number in refused:
        steps += [Step(JUMP_EQUAL, 0, 1, number), refuse]
    steps += [Step(JUMP_EQUAL, 0, len(limits), calls.prlimit), *limits]
    steps += [Step(JUMP_EQUAL, 0, len(sockets), calls.socket), *sockets]
    return [*steps, allow]
