"""Profiles a running server from outside with py-spy: a recording as a flame graph, or a dump of all its threads."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from grader.errors import HarnessError, ProfilerRefused
from grader.tools.flames import LOOP_THREAD, Place, is_waiting

RATE_PER_S = 100
"""Samples per second."""

MARGIN_S = 20.0
"""How much longer than the recording py-spy may take; it first reads the symbols of all libraries."""

REFUSALS = ("permission denied", "operation not permitted", "os error 1)", "os error 13)")
"""Parts of py-spy's messages, in lower case, when the system denies access."""

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
ROOT_ONLY, NOBODY = 2, 3
"""Values of Yama's `ptrace_scope`; see ptrace(2)."""


@dataclass(frozen=True)
class ThreadDump:
    """One thread at one moment.

    Attributes:
        places: innermost first.
    """

    name: str
    places: tuple[Place, ...]

    @property
    def is_loop(self) -> bool:
        """Whether the event loop runs in it."""
        return self.name == LOOP_THREAD

    @property
    def is_waiting(self) -> bool:
        """Whether its loop is idle."""
        return bool(self.places) and is_waiting(self.places[0])


def find_py_spy() -> Path:
    """The path of py-spy, preferably the one in this environment.

    Raises:
        ProfilerRefused: it is not installed.
    """
    own = Path(sys.executable).parent / "py-spy"
    found = own if own.is_file() else shutil.which("py-spy")
    if found is None:
        raise ProfilerRefused(
            "`kata profile` needs py-spy, which is not installed.",
            "Install it: pip install py-spy",
        )
    return Path(found)


async def record(py_spy: Path, pid: int, seconds: int, graph: Path) -> str:
    """Record all threads of a process, including idle ones, as a flame graph.

    Args:
        py_spy: the program.
        pid: of the process.
        seconds: how long.
        graph: the file that py-spy writes; replaced if it exists.

    Returns:
        The graph, an SVG.

    Raises:
        ProfilerRefused: the system refuses.
        HarnessError: it failed.
    """
    how = [
        "--duration",
        str(seconds),
        "--rate",
        str(RATE_PER_S),
        "--threads",
        "--idle",
        "--full-filenames",
        "--output",
        str(graph),
    ]
    await _call(py_spy, ["record", "--pid", str(pid), *how], seconds + MARGIN_S)
    try:
        return await anyio.Path(graph).read_text(encoding="utf-8")
    except OSError as error:
        raise HarnessError(
            f"py-spy wrote no graph: {error.strerror}.",
            "Free some space, or set TMPDIR to another folder.",
        ) from error


async def dump(py_spy: Path, pid: int) -> list[ThreadDump]:
    """All threads of a process at this moment.

    Raises:
        ProfilerRefused: the system refuses.
        HarnessError: it failed.
    """
    said = await _call(py_spy, ["dump", "--pid", str(pid), "--json", "--full-filenames"], MARGIN_S)
    try:
        return [_thread(told) for told in json.loads(said)]
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            "The output of py-spy cannot be read.", "Report the version: py-spy --version"
        ) from error


def is_loop_in(threads: Sequence[ThreadDump], is_own: Callable[[str], bool]) -> bool:
    """Whether an event loop is in the learner's code, or in code that it calls."""
    return any(
        thread.is_loop and any(is_own(place.file) for place in thread.places) for thread in threads
    )


def most_informative(
    dumps: Sequence[list[ThreadDump]], is_own: Callable[[str], bool]
) -> list[ThreadDump]:
    """The best of several dumps: the first with the loop in the learner's code, else with a busy loop, else the last.

    Args:
        dumps: of one process, at least one, in chronological order.
        is_own: tells whether a file is the learner's.
    """
    at_work = [
        threads
        for threads in dumps
        if any(thread.is_loop and not thread.is_waiting for thread in threads)
    ]
    return next(
        (threads for threads in dumps if is_loop_in(threads, is_own)), (at_work or dumps[-1:])[0]
    )


def _thread(told: dict[str, Any]) -> ThreadDump:
    places = tuple(
        Place(frame["name"], frame["filename"], int(frame["line"])) for frame in told["frames"]
    )
    return ThreadDump(told["thread_name"] or f"thread {told['thread_id']}", places)


async def _call(py_spy: Path, arguments: Sequence[str], deadline_s: float) -> str:
    """Run py-spy; returns what it prints."""
    try:
        with anyio.fail_after(deadline_s):
            done = await anyio.run_process(
                [str(py_spy), *arguments],
                stdin=subprocess.DEVNULL,
                check=False,
                env={**os.environ, "RUST_BACKTRACE": "0"},
                start_new_session=True,
            )
    except TimeoutError as error:
        raise HarnessError(
            f"py-spy did not finish within {deadline_s:.0f} s.",
            "Close what keeps this machine busy, and try again.",
        ) from error
    except OSError as error:
        raise ProfilerRefused(
            f"{py_spy} cannot be run: {error.strerror}.",
            "Reinstall it: pip install --force-reinstall py-spy",
        ) from error
    said = done.stderr.decode(errors="replace")
    if any(word in said.lower() for word in REFUSALS):
        raise ProfilerRefused(
            "This system does not let a profiler attach to the app.", local_advice()
        )
    if done.returncode != 0:
        lines = [line for line in said.splitlines() if line.strip()] or ["no message"]
        raise HarnessError(
            f"py-spy could not profile the app: {lines[0].removeprefix('Error: ')[:300]}",
            "Try again.",
        )
    return done.stdout.decode(errors="replace")


def local_advice() -> str:
    """How the user can allow profiling on this machine."""
    try:
        scope = int(YAMA.read_text())
    except (OSError, ValueError):
        scope = 0
    is_container = (
        any(mark.exists() for mark in CONTAINER_MARKS) or "KUBERNETES_SERVICE_HOST" in os.environ
    )
    return advice(sys.platform, scope, is_container=is_container)


def advice(system: str, ptrace_scope: int, *, is_container: bool) -> str:
    """How the user can allow profiling.

    Args:
        system: the value of `sys.platform`.
        ptrace_scope: Yama's setting; 0 without Yama.
        is_container: whether this process runs in a container.
    """
    if system == "darwin":
        return 'On macOS only root may: sudo env "PATH=$PATH" kata profile'
    if ptrace_scope >= NOBODY:
        return "Nobody may do so until this machine restarts (kernel.yama.ptrace_scope is 3)."
    if ptrace_scope == ROOT_ONLY:
        return "Only root may (kernel.yama.ptrace_scope is 2). Allow it: sudo sysctl kernel.yama.ptrace_scope=1"
    if is_container:
        return "Start this container with --cap-add=SYS_PTRACE, or in Kubernetes with the capability SYS_PTRACE."
    return 'Try it without the sandbox (kata profile --sandbox off), or as root: sudo env "PATH=$PATH" kata profile'
