"""The filter of system calls: its program is run here step by step, as the kernel does, and once by the kernel."""

import errno
import platform
import subprocess
import sys
from collections.abc import Sequence

import pytest

from grader.child.seccomp import (
    ARCHITECTURE,
    CALLS,
    FIRST_HIGH,
    FIRST_LOW,
    JUMP_EQUAL,
    JUMP_GREATER_EQUAL,
    LOAD,
    NUMBER,
    RET_ALLOW,
    RET_ERRNO,
    RETURN,
    X32,
    Calls,
    Step,
    program,
)

REFUSED = RET_ERRNO | errno.EPERM
NO_FAMILY = RET_ERRNO | errno.EAFNOSUPPORT

SMALL = Calls(architecture=7, prlimit=30, socket=40, refused=(1, 2), refused_to_root=(3,))


def decide(steps: Sequence[Step], number: int, first: int = 0, architecture: int = 7) -> int:
    """What the kernel would do with this call."""
    data = {
        NUMBER: number,
        ARCHITECTURE: architecture,
        FIRST_LOW: first & 0xFFFFFFFF,
        FIRST_HIGH: first >> 32,
    }
    loaded, place = 0, 0
    while True:
        step = steps[place]
        place += 1
        if step.code == RETURN:
            return int(step.k)
        if step.code == LOAD:
            loaded = data[step.k]
        elif step.code == JUMP_EQUAL:
            place += step.then if loaded == step.k else step.other
        elif step.code == JUMP_GREATER_EQUAL:
            place += step.then if loaded >= step.k else step.other


@pytest.mark.parametrize(
    ("number", "first", "decision"),
    [
        (1, 0, REFUSED),
        (2, 0, REFUSED),
        (3, 0, RET_ALLOW),
        (99, 0, RET_ALLOW),
        (X32 + 99, 0, REFUSED),
        (30, 0, RET_ALLOW),
        (30, 1234, REFUSED),
        (30, 1 << 32, REFUSED),
        (40, 1, RET_ALLOW),
        (40, 2, RET_ALLOW),
        (40, 10, RET_ALLOW),
        (40, 16, RET_ALLOW),
        (40, 40, NO_FAMILY),
    ],
)
def test_a_call_is_refused_by_its_number_and_first_argument(
    number: int, first: int, decision: int
) -> None:
    assert decide(program(SMALL, SMALL.refused), number, first) == decision


def test_a_call_of_another_architecture_is_refused() -> None:
    assert decide(program(SMALL, SMALL.refused), 99, architecture=8) == REFUSED


@pytest.mark.parametrize("calls", CALLS.values(), ids=list(CALLS))
def test_no_processor_has_a_number_twice(calls: Calls) -> None:
    numbers = [*calls.refused, *calls.refused_to_root, calls.prlimit, calls.socket]
    assert len(numbers) == len(set(numbers))


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in CALLS,
    reason="there is no filter for this machine",
)
def test_the_kernel_takes_the_filter() -> None:
    code = """
import os, socket
from grader.child.seccomp import refuse_calls
assert refuse_calls(as_root=False)
socket.socket().close()
for call in (lambda: os.memfd_create("x"), lambda: socket.socket(40, 1)):
    try:
        call()
    except OSError as error:
        print(error.errno)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(errno.EPERM), str(errno.EAFNOSUPPORT)]
