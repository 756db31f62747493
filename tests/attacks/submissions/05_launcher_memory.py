"""Looks into the launcher: environment, memory, descriptors, root folder; traces it, takes its sockets."""

import ctypes
import os
from pathlib import Path

import kit

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
PIDFD_GETFD = 438


def call(result: int) -> bool:
    return result >= 0


def system_call(*arguments: int) -> bool:
    return call(libc.syscall(*(ctypes.c_long(argument) for argument in arguments)))


tricks = [
    lambda: bool(Path("/proc/1/environ").read_bytes()),
    lambda: bool(Path("/proc/1/maps").read_text()),
    lambda: bool(Path("/proc/1/mem").open("rb")),
    lambda: bool(os.readlink("/proc/1/fd/3")),
    lambda: bool(os.listdir("/proc/1/root/")),
    lambda: bool(os.listdir("/proc/1/cwd/")),
    lambda: call(libc.ptrace(PTRACE_ATTACH, 1, None, None)),
    lambda: call(libc.ptrace(PTRACE_SEIZE, 1, None, None)),
    lambda: any([system_call(PIDFD_GETFD, os.pidfd_open(1), number, 0) for number in range(3, 30)]),
]
app = kit.app_if(any([kit.worked(trick) for trick in tricks]))
