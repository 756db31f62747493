"""Starts the launcher process (`grader.child.boot`), with or without a sandbox."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grader.child.limits import Resources
from grader.errors import HarnessError, SandboxUnavailable
from grader.process.sandbox import CODE_ROOT, SandboxMode, find_bwraps, sandboxed

CODE = """\
import json, sys
root, control, config = sys.argv[1:]
sys.path.insert(0, root)
from grader.child.boot import main
sys.path.remove(root)
main(int(control), json.loads(config))
"""

INFO_S = 10.0
"""How long bubblewrap may take to report the pid of the process it started; it usually takes 0.01 s."""


@dataclass(frozen=True)
class LauncherPlan:
    """How to run a launcher.

    Attributes:
        visible: folders of the solution, which must be visible in the sandbox.
        warm: additional modules that the solution needs, imported once before the first fork.
        resources: limits of each server.
        sandbox: whether it runs in a sandbox.
        traceable: whether any process of the same user, such as a profiler, may attach to its servers.
    """

    visible: Sequence[Path] = ()
    warm: Sequence[str] = ()
    resources: Resources = field(default_factory=Resources)
    sandbox: SandboxMode = SandboxMode.OFF
    traceable: bool = False


@dataclass(frozen=True)
class LauncherProcess:
    """A launcher process that was just started.

    Attributes:
        process: the launcher, or bubblewrap around it.
        pid: of the launcher itself; all server processes descend from it.
        control: the grader's end of its control socket.
        log: file with the launcher's own output: a traceback if it failed.
        without_sandbox: why it runs without a sandbox; empty if it runs in one.
    """

    process: subprocess.Popen[bytes]
    pid: int
    control: socket.socket
    log: Path
    without_sandbox: str


def start_launcher(run_dir: Path, plan: LauncherPlan, log: Path) -> LauncherProcess:
    """Start a launcher process without waiting for its imports.

    Args:
        run_dir: the grading's temporary folder, which becomes the working folder.
        plan: how to run it.
        log: file for its output.

    Raises:
        HarnessError: the process cannot be started.
        SandboxUnavailable: the plan requires a sandbox, and this machine cannot make one.
    """
    started, reason = None, "it was switched off"
    if plan.sandbox is not SandboxMode.OFF:
        started, reason = _start_sandboxed(run_dir, plan, log)
    if started is None and plan.sandbox is SandboxMode.REQUIRE:
        raise SandboxUnavailable(
            f"This machine cannot make a sandbox: {reason}.", "`kata doctor` says what it lacks."
        )
    return started or _start_plain(run_dir, plan, log, reason)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a launcher process and its process group.

    Right after its start, bubblewrap has a child that would outlive it, because `--die-with-parent` does not apply yet.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _start_plain(run_dir: Path, plan: LauncherPlan, log: Path, reason: str) -> LauncherProcess:
    ours, theirs = _socket_pair()
    with theirs:
        command = _command(Path(__file__).resolve().parents[2], theirs, plan, alone=False)
        environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = _popen(command, log, [theirs.fileno()], run_dir, environ)
    return LauncherProcess(process, process.pid, ours, log, reason)


def _start_sandboxed(
    run_dir: Path, plan: LauncherPlan, log: Path
) -> tuple[LauncherProcess | None, str]:
    """A launcher in a sandbox; or None, and why there is none."""
    reason = (
        "bubblewrap is not installed"
        if sys.platform.startswith("linux")
        else "this system has no bubblewrap"
    )
    for bwrap in find_bwraps():
        started, reason = _start_with(bwrap, run_dir, plan, log)
        if started is not None:
            return started, ""
    return None, reason


def _start_with(
    bwrap: Path, run_dir: Path, plan: LauncherPlan, log: Path
) -> tuple[LauncherProcess | None, str]:
    ours, theirs = _socket_pair()
    info, their_info = os.pipe()
    with theirs:
        try:
            inner = _command(CODE_ROOT, theirs, plan, alone=True)
            command = sandboxed(bwrap, inner, visible=plan.visible, info=their_info)
            process = _popen(
                command, log, [theirs.fileno(), their_info], run_dir, {"PATH": os.defpath}
            )
        finally:
            os.close(their_info)
    pid = None
    try:
        pid = _first_pid(info)
    finally:
        if pid is None:
            kill(process)
            ours.close()
    if pid is not None:
        return LauncherProcess(process, pid, ours, log, ""), ""
    return None, _last_line(log)


def _last_line(log: Path) -> str:
    """The last line that bubblewrap printed, which says why it failed."""
    lines = log.read_text(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "bubblewrap exited without a message"
    return last.removeprefix("bwrap: ").rstrip(".")


def _first_pid(info: int) -> int | None:
    """Read the pid of the first process in the sandbox, which bubblewrap reports; None if bubblewrap exited before."""
    report = b""
    with open(info, "rb", buffering=0) as pipe:
        while not report.rstrip().endswith(b"}") and select.select([pipe], [], [], INFO_S)[0]:
            more = pipe.read(4096)
            if not more:
                break
            report += more
    try:
        return int(json.loads(report)["child-pid"])
    except (ValueError, KeyError):
        return None


def _command(root: Path, control: socket.socket, plan: LauncherPlan, *, alone: bool) -> list[str]:
    config = {
        "warm": list(plan.warm),
        "resources": asdict(plan.resources),
        "sandboxed": alone,
        "as_root": os.geteuid() == 0,
        "traceable": plan.traceable,
    }
    # -E -P: ignore PYTHON* variables, and do not import from the working folder.
    return [
        sys.executable,
        "-E",
        "-P",
        "-c",
        CODE,
        str(root),
        str(control.fileno()),
        json.dumps(config),
    ]


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    try:
        return socket.socketpair()
    except OSError as error:
        raise _unstartable(error) from error


def _popen(
    command: list[str], log: Path, descriptors: list[int], folder: Path, environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        with open(log, "wb") as output:
            return subprocess.Popen(
                command,
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                start_new_session=True,
                env=environ,
            )
    except OSError as error:
        raise _unstartable(error) from error


def _unstartable(error: OSError) -> HarnessError:
    return HarnessError(
        f"Could not start a process for the solution: {error.strerror}.",
        "Close other programs or raise `ulimit -n` and `ulimit -u`.",
    )
