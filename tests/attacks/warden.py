"""Runs one command in its own process tree, and reports how it ended and what it left behind. A program, not a test.

It is the reaper of all its descendants, so none can escape it, whatever session or group they move to. It reports as
JSON on stdout.
"""

import contextlib
import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from grader.child.process import PR_SET_CHILD_SUBREAPER, descendants, set_process_option

LEFT_S = 30.0
"""How long processes may take to exit; daemons of an attack would stay forever."""

OUTPUT_BYTES = 1024 * 1024

MEMORY_BYTES = 8 * 1024 * 1024 * 1024
"""The limit of each process, so that a failing defence fails the test and not the machine."""

DESCRIPTORS = 1024
"""The usual limit in a shell."""

SYSTEM_CALLS = {"x86_64": (250, 248), "aarch64": (219, 217)}
"""`keyctl` and `add_key`."""

JOIN_SESSION_KEYRING = 1
SESSION_KEYRING = -3


def hide_key(name: str, secret: str) -> None:
    """Put a key into a new session keyring, as programs for encrypted disks and Kerberos do."""
    calls = SYSTEM_CALLS.get(platform.machine())
    if sys.platform.startswith("linux") and calls is not None:
        libc, data = ctypes.CDLL(None), secret.encode()
        libc.syscall(calls[0], JOIN_SESSION_KEYRING, None)
        libc.syscall(
            calls[1], b"user", name.encode(), data, ctypes.c_size_t(len(data)), SESSION_KEYRING
        )


def restrict() -> None:
    """Limit the resources of this process and its descendants."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run the command of this job: `command`, `cwd`, `environ`, `limit_s`, `key`, `secret`, `folder` for its output."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    hide_key(job["key"], job["secret"])
    restrict()
    outputs = [Path(job["folder"], name) for name in ("out", "err")]
    began = time.monotonic()
    with open(outputs[0], "wb") as out, open(outputs[1], "wb") as err:
        process = subprocess.Popen(
            job["command"],
            cwd=job["cwd"],
            env=job["environ"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        try:
            code: int | None = process.wait(job["limit_s"])
        except subprocess.TimeoutExpired:
            code = None
    seconds = time.monotonic() - began
    left = what_is_left()
    end_everything()
    texts = [
        output.read_bytes()[:OUTPUT_BYTES].decode(errors="surrogateescape") for output in outputs
    ]
    return {"code": code, "seconds": seconds, "left": left, "out": texts[0], "err": texts[1]}


def what_is_left() -> list[str]:
    """Command lines of descendants that have not exited after `LEFT_S`."""
    until = time.monotonic() + LEFT_S
    while True:
        collect()
        left = descendants(os.getpid())
        if not left or time.monotonic() > until:
            return [told(pid) for pid in sorted(left)]
        time.sleep(0.05)


def told(pid: int) -> str:
    """The command line of a process, or its number."""
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode(errors="replace")[:200]
            or f"process {pid}"
        )
    return f"process {pid}"


def end_everything() -> None:
    """Kill all descendants."""
    for _ in range(50):
        below = descendants(os.getpid())
        if not below:
            return
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
        collect()


def collect() -> None:
    """Reap children that have exited."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    json.dump(run(json.loads(sys.argv[1])), sys.stdout)
