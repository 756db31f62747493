"""The grader's side of the launcher, `grader.child.boot`."""

import asyncio
import contextlib
import errno
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

from grader.child.limits import Resources
from grader.errors import HarnessError, SandboxUnavailable
from grader.evidence.run import Subject
from grader.measure.gates import Signal
from grader.process.cgroup import Group, limited_group, usable_parent
from grader.process.run_dir import note_process
from grader.process.sandbox import CODE_ROOT, HOME, SandboxMode, find_bwraps, sandboxed

CODE = """\
import json, sys
root, control, config = sys.argv[1:]
sys.path.insert(0, root)
from grader.child.boot import main
sys.path.remove(root)
main(int(control), json.loads(config))
"""

CLOSE_S = 5.0
"""How long the launcher may take to end what is left when a grading is over, before it is killed itself."""

INFO_S = 10.0
"""How long bubblewrap may take to say which process it has started; 0.01 s is usual."""

SOCKETS_S = 60.0
"""How long the launcher may take to make sockets, its own imports included."""

DESCRIPTORS = 250
"""How many descriptors come with one message at most."""

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
"""Of the grader's environment, what a solution gets to see without a sandbox."""

SANDBOX_VARIABLES = ("LANG", "LC_ALL", "TZ")
"""The same in a sandbox, where no path of the machine's means anything."""


@dataclass(frozen=True)
class LauncherPlan:
    """How a launcher is to run.

    Attributes:
        visible: folders of the solution that it must see.
        warm: further modules that the solution will need, imported once before the first fork.
        resources: what a server may use.
        sandbox: whether in a sandbox.
        traceable: whether any process of the same user may look into its servers, as a profiler does.
    """

    visible: Sequence[Path] = ()
    warm: Sequence[str] = ()
    resources: Resources = field(default_factory=Resources)
    sandbox: SandboxMode = SandboxMode.OFF
    traceable: bool = False


class Launcher:
    """A running launcher process.

    Args:
        process: the process that was started: the launcher, or bubblewrap around it.
        pid: of the launcher itself; all server processes descend from it.
        control: our end of its control socket.
        log: file with what the launcher itself printed: a traceback when it is broken.
        without_sandbox: why it runs without a sandbox; empty when it has one.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pid: int,
        control: socket.socket,
        log: Path,
        without_sandbox: str,
    ) -> None:
        self.group: Group | None = None
        """The cgroup in which all of it runs; None where there is none."""
        self.process = process
        self.pid = pid
        self.control = control
        self.without_sandbox = without_sandbox
        self.others: tuple[int, ...] = ()
        """Pids of all that runs below it and is no worker of a server."""
        self.heard = Signal()
        """Set whenever something was heard of it."""
        self.servers: dict[int, Callable[[dict[str, Any]], None]] = {}
        """Who is told of the events of a server, by its number."""
        self._log = log
        self._unread = b""
        self._descriptors: deque[int] = deque()
        self._pids: dict[int, int] = {}
        self._sockets: dict[int, list[socket.socket]] = {}
        self._numbers = itertools.count(1)
        self._failure: HarnessError | None = None

    @property
    def is_sandboxed(self) -> bool:
        """Whether it runs in a sandbox."""
        return not self.without_sandbox

    @property
    def environ(self) -> dict[str, str]:
        """What a solution's environment begins with."""
        kept = SANDBOX_VARIABLES if self.is_sandboxed else KEPT_VARIABLES
        own = {"PATH": os.defpath, "HOME": HOME} if self.is_sandboxed else {}
        return {**own, **{name: os.environ[name] for name in kept if name in os.environ}}

    def has_ended(self) -> bool:
        """Whether nothing can be asked of it any more: its end of the socket closes a little before its sandbox is
        gone.
        """
        if self.process.poll() is not None:
            return True
        try:
            return self.control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def send(self, command: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one command.

        Raises:
            HarnessError: the launcher has ended.
        """
        try:
            socket.send_fds(self.control, [json.dumps(command).encode() + b"\n"], list(descriptors))
        except OSError as error:
            raise self._ended() from error

    @contextlib.asynccontextmanager
    async def listening(self, on_failure: Callable[[str], None]) -> AsyncIterator[None]:
        """In this block its events are taken in as they come.

        Args:
            on_failure: called with what happened when the launcher has ended.
        """

        def hear() -> None:
            try:
                self._hear()
            except HarnessError as error:
                self._failure = error
                loop.remove_reader(self.control)
                on_failure(str(error))
            self.heard.set()

        # Each check has an event loop of its own, and a waiter that was cancelled belongs to the last one.
        self.heard = Signal()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.control, hear)
        try:
            yield
        finally:
            loop.remove_reader(self.control)
            self.servers.clear()

    async def sockets(self, listening: int = 0, plain: int = 0) -> list[socket.socket]:
        """Sockets of the network that the solution lives in: listening ones on its loopback, then unconnected ones.

        A socket that a solution holds can be turned to another address, so none of the machine's own network may get
        into its hands; see docs/decisions/0008-sockets-of-the-sandbox.md.

        Raises:
            HarnessError: the launcher has ended, or no sockets can be had.
        """
        made: list[socket.socket] = []
        try:
            for first in range(0, listening + plain, DESCRIPTORS):
                some = min(DESCRIPTORS, listening + plain - first)
                some_listening = max(0, min(some, listening - first))
                made += await self._sockets_made(some_listening, some - some_listening)
        except BaseException:
            for one in made:
                one.close()
            raise
        return made

    async def _sockets_made(self, listening: int, plain: int) -> list[socket.socket]:
        number = next(self._numbers)
        self.send({"do": "sockets", "id": number, "listening": listening, "plain": plain})
        with anyio.move_on_after(SOCKETS_S):
            while number not in self._sockets and self._failure is None:
                await self.heard.wait()
        if number not in self._sockets:
            raise self._failure or HarnessError(
                "The launcher makes no sockets.",
                "Close what keeps this machine busy, and try again.",
            )
        return self._sockets.pop(number)

    def close(self) -> None:
        """Close what was received and not taken."""
        for one in [one for some in self._sockets.values() for one in some]:
            one.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self.control.close()

    def _hear(self) -> None:
        for event in self.receive():
            server = self.servers.get(event.get("server", 0))
            if server is not None:
                server(event)

    def receive(self) -> list[dict[str, Any]]:
        """Events that have arrived, pids in them as this process knows them; waits for the first one if need be.

        Raises:
            HarnessError: the launcher has ended.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 65536, DESCRIPTORS)
        except OSError as error:
            raise self._ended() from error
        if not data:
            raise self._ended()
        self._descriptors += descriptors
        *lines, self._unread = (self._unread + data).split(b"\n")
        events = [json.loads(line) for line in lines]
        for event in events:
            self._take(event)
        return events

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if len(self._descriptors) < event.get(
            "fds", 0
        ):  # the system drops those for which there is no room
            raise _no_sockets(os.strerror(errno.EMFILE))
        descriptors = [self._descriptors.popleft() for _ in range(event.get("fds", 0))]
        if kind == "sockets":
            if "error" in event:
                raise _no_sockets(event["error"])
            self._sockets[event["id"]] = [
                socket.socket(fileno=descriptor) for descriptor in descriptors
            ]
        elif kind in ("forked", "others"):
            event["pids"] = self._known(event["pids"], descriptors)
            self.others = tuple(event["pids"]) if kind == "others" else self.others
        elif kind == "exited":
            event["pid"] = self._pids.pop(event["pid"], event["pid"])

    def _known(self, pids: list[int], handles: list[int]) -> list[int]:
        """The pids of these processes out here; told by `/proc/self/fdinfo` of the descriptors that came with them."""
        if not handles:
            return pids
        for pid, handle in zip(pids, handles, strict=True):
            words = Path(f"/proc/self/fdinfo/{handle}").read_text().split()
            self._pids[pid] = int(words[words.index("Pid:") + 1])
            os.close(handle)
        # -1: it has ended already.
        return [self._pids[pid] for pid in pids if self._pids[pid] > 0]

    def _ended(self) -> HarnessError:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return HarnessError(
                    f"The launcher process ended: {lines[-1]}",
                    "Run the check again; if it recurs, please report it.",
                )
        return HarnessError(
            "The launcher process ended unexpectedly.",
            "Run the check again; if it recurs, please report it.",
        )


@contextlib.contextmanager
def running_launcher(
    run_dir: Path, plan: LauncherPlan | None = None, name: str = "launcher"
) -> Iterator[Launcher]:
    """Start a launcher at once, without waiting for its imports; end it and all its servers afterwards.

    Args:
        run_dir: the grading's temporary folder.
        plan: how; without a sandbox by default.
        name: of its log file in that folder.

    Raises:
        HarnessError: the process cannot be started.
        SandboxUnavailable: a sandbox is required, and cannot be had.
    """
    plan = plan or LauncherPlan()
    with limited_group(plan.resources, usable_parent()) as group:
        launcher = _start(run_dir, plan, run_dir / f"{name}.log")
        note_process(run_dir, launcher.pid)
        try:
            if group is not None and group.take_in(launcher.pid):
                launcher.group = group
            yield launcher
        finally:
            launcher.close()
            try:
                launcher.process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                _kill(launcher.process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its group: bubblewrap has a child for some moments before the child's life hangs on its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Launchers:
    """The launchers of one grading: one for each subject, so that the solution never sees the reference.

    Args:
        run_dir: the grading's temporary folder.
        plans: how each is to run.
    """

    def __init__(self, run_dir: Path, plans: Mapping[Subject, LauncherPlan]) -> None:
        self._run_dir = run_dir
        self._plans = plans
        self._running: dict[Subject, Launcher] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def pids(self) -> set[int]:
        """Pids of the launchers that run."""
        return {launcher.pid for launcher in self._running.values()}

    def of(self, subject: Subject) -> Launcher:
        """The launcher of this subject, started now if it is not yet running.

        Raises:
            HarnessError: it cannot be started.
            SandboxUnavailable: a sandbox is required, and cannot be had.
        """
        if subject not in self._running:
            started = running_launcher(
                self._run_dir, self._plans[subject], f"launcher-{subject.value}"
            )
            self._running[subject] = self._stack.enter_context(started)
        return self._running[subject]


def _start(run_dir: Path, plan: LauncherPlan, log: Path) -> Launcher:
    launcher, reason = None, "it was switched off"
    if plan.sandbox is not SandboxMode.OFF:
        launcher, reason = _start_sandboxed(run_dir, plan, log)
    if launcher is None and plan.sandbox is SandboxMode.REQUIRE:
        raise SandboxUnavailable(
            f"No sandbox can be had here: {reason}.", "`kata doctor` says what this machine lacks."
        )
    return launcher or _start_plain(run_dir, plan, log, reason)


def _start_plain(run_dir: Path, plan: LauncherPlan, log: Path, reason: str) -> Launcher:
    ours, theirs = _socket_pair()
    with theirs:
        command = _command(Path(__file__).resolve().parents[2], theirs, plan, alone=False)
        environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = _popen(command, log, [theirs.fileno()], run_dir, environ)
    return Launcher(process, process.pid, ours, log, reason)


def _start_sandboxed(run_dir: Path, plan: LauncherPlan, log: Path) -> tuple[Launcher | None, str]:
    """A launcher in a sandbox, or why there is none."""
    reason = (
        "bubblewrap is not installed"
        if sys.platform.startswith("linux")
        else "this system has no bubblewrap"
    )
    for bwrap in find_bwraps():
        launcher, reason = _start_with(bwrap, run_dir, plan, log)
        if launcher is not None:
            return launcher, ""
    return None, reason


def _start_with(
    bwrap: Path, run_dir: Path, plan: LauncherPlan, log: Path
) -> tuple[Launcher | None, str]:
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
            _kill(process)
            ours.close()
    if pid is not None:
        return Launcher(process, pid, ours, log, ""), ""
    lines = log.read_text(errors="replace").strip().splitlines()
    return None, (lines[-1] if lines else "bubblewrap gave up without a word").removeprefix(
        "bwrap: "
    ).rstrip(".")


def _first_pid(info: int) -> int | None:
    """What bubblewrap tells of the first process in the sandbox; None when it ended before there was one."""
    said = b""
    with open(info, "rb", buffering=0) as told:
        while not said.rstrip().endswith(b"}") and select.select([told], [], [], INFO_S)[0]:
            more = told.read(4096)
            if not more:
                break
            said += more
    try:
        return int(json.loads(said)["child-pid"])
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
    # -E -P: neither PYTHON* variables nor the working folder may change what is imported.
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


def _no_sockets(reason: str) -> HarnessError:
    return HarnessError(
        f"No sockets can be had for the solution: {reason}.",
        "Close other programs, or raise `ulimit -n`.",
    )


def _unstartable(error: OSError) -> HarnessError:
    return HarnessError(
        f"No process can be started for the solution: {error.strerror}.",
        "Close other programs or raise `ulimit -n` and `ulimit -u`.",
    )
