"""Where attacks are graded: canaries all around, and a warden who sees what is left."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.catalog.find import find_catalog
from grader.evidence.files import load_run
from grader.grading.graded import judged_again
from grader.process.launch import LauncherPlan
from grader.process.launcher import running_launcher
from grader.process.sandbox import SandboxMode
from grader.report import Report
from tests.conftest import KATA
from tests.waiting import HANG_S

HERE = Path(__file__).parent
SUBMISSIONS = HERE / "submissions"
PADDING_LINES = 400_000
SOCKET_PATH_BYTES = 100

ENVIRON = {
    name: value for name, value in os.environ.items() if not name.startswith(("KATA_", "PYTEST_"))
}
"""Read once, and given to each process: gradings begin in threads, while pytest writes the test's name into the
environment, and a process that inherits it then may fail to start (`EFAULT`)."""


@dataclass(frozen=True)
class Scene:
    """The surroundings of one grading, nothing of which a solution may reach.

    Attributes:
        home: the user's folder, with a secret in it.
        workspace: the user's folder of katas, where the command is typed; it has results of other gradings.
        temporary: where the grading puts what is its own.
        listening: sockets to which nobody may connect: TCP, abstract and ordinary Unix sockets.
        canaries: what a submission gets told about all that.
    """

    home: Path
    workspace: Path
    temporary: Path
    listening: tuple[socket.socket, ...]
    canaries: dict[str, Any]

    @property
    def secret(self) -> str:
        """What nobody may read."""
        return str(self.canaries["secret"])

    @property
    def files(self) -> dict[Path, str]:
        """The files of the user, and of gradings that are over, with their contents."""
        kept = [
            path
            for path in (*self.home.rglob("*"), self.workspace / ".kata" / "runs" / "other.json")
            if path.is_file()
        ]
        return {path: path.read_text() for path in kept}

    def visitors(self) -> int:
        """How many have connected to a canary."""
        count = 0
        for one in self.listening:
            with contextlib.suppress(BlockingIOError):
                one.accept()[0].close()
                count += 1
        return count


@contextlib.contextmanager
def set_scene(folder: Path) -> Iterator[Scene]:
    """Set up canaries in this new folder, which others must be able to pass through."""
    home, workspace, temporary = (folder / name for name in ("home", "workspace", "t"))
    secret = f"canary-{secrets.token_hex(8)}"
    for path in (
        home / ".ssh" / "id_ed25519",
        home / "solution.py",
        workspace / ".kata" / "runs" / "other.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secret)
    temporary.mkdir(parents=True)
    for path in (folder, temporary):
        path.chmod(0o755)
    abstract, unix = f"kata-{secrets.token_hex(8)}", folder / "u"
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        named = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2)]
        for one, address in zip(named, (f"\0{abstract}", str(unix)), strict=True):
            one.bind(address)
            one.listen()
        listening = (tcp, *named)
        for one in listening:
            one.setblocking(False)
        canaries = {
            "secret": secret,
            "file": str(home / ".ssh" / "id_ed25519"),
            "port": tcp.getsockname()[1],
            "abstract": abstract,
            "unix": str(unix),
            "key": f"kata-{secrets.token_hex(8)}",
        }
        yield Scene(home, workspace, temporary, listening, canaries)


@dataclass(frozen=True)
class Graded:
    """How a grading went.

    Attributes:
        code: exit code; None when it did not end in time.
        left: processes that it left behind.
        visitors: how many connected to canaries.
        touched: files of the user that were changed.
        leftovers: what stayed in the temporary folder.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    left: tuple[str, ...]
    visitors: int
    touched: tuple[str, ...]
    leftovers: tuple[str, ...]
    secret: str
    runs: tuple[str, ...]
    replayed: Report | None

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def told(self) -> str:
        """Everything that the grader has said, on the screen or in files."""
        return "\n".join((self.out, self.err, *self.runs))


def grade(
    folder: Path,
    kata: str,
    solution: Path,
    *options: str,
    inside: bool = False,
    limit_s: float = HANG_S,
) -> Graded:
    """Grade a solution as a user would, with canaries around.

    Args:
        folder: a new one, for all of it.
        kata: slug.
        solution: file or folder.
        options: of the command.
        inside: the command is typed in the folder of the solution; else in the workspace.
        limit_s: when it is given up.
    """
    with set_scene(folder) as scene:
        if (solution / "kit.py").exists():
            (solution / "canaries.json").write_text(json.dumps(scene.canaries))
        before = scene.files
        command = [str(KATA), "check", kata, "--solution", str(solution), *options]
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        job = {
            "command": command,
            "cwd": str(solution if inside else scene.workspace),
            "environ": {
                **ENVIRON,
                "HOME": str(scene.home),
                "TMPDIR": str(scene.temporary),
                "XDG_CACHE_HOME": cache,
                "COLUMNS": "80",
            },
            "limit_s": limit_s,
            "key": scene.canaries["key"],
            "secret": scene.secret,
            "folder": str(folder),
        }
        done = subprocess.run(
            [sys.executable, str(HERE / "warden.py"), json.dumps(job)],
            env=ENVIRON,
            capture_output=True,
            check=True,
            timeout=limit_s + 30,
        )
        runs = [
            path for path in scene.workspace.glob(".kata/runs/*.json") if path.name != "other.json"
        ]
        after = scene.files
        return Graded(
            **{**(told := json.loads(done.stdout)), "left": tuple(told["left"])},
            visitors=scene.visitors(),
            touched=tuple(
                str(path) for path in {*before, *after} if before.get(path) != after.get(path)
            ),
            leftovers=tuple(path.name for path in scene.temporary.glob("fastapi-katas-*")),
            secret=scene.secret,
            runs=tuple(path.read_text() for path in runs),
            replayed=judged_again(find_catalog().kata(kata), load_run(runs[0])).report
            if runs
            else None,
        )


def lay_out(attack: Path, base: Path, folder: Path, *, padded: bool = False) -> Path:
    """Put a submission together: itself, the module `kit`, and the kata's file that it builds on, as `base`."""
    if attack.is_dir():
        shutil.copytree(attack, folder)
    else:
        folder.mkdir(parents=True)
        shutil.copy(attack, folder / "app.py")
    shutil.copy(HERE / "kit.py", folder)
    shutil.copy(base, folder / "base.py")
    if padded:
        (folder / "padding.txt").write_text("padding padding padding\n" * PADDING_LINES)
    return folder


def why_no_sandbox(folder: Path) -> str:
    """Why there is no sandbox on this machine; empty when there is one."""
    with running_launcher(folder, LauncherPlan(sandbox=SandboxMode.AUTO)) as launcher:
        return launcher.without_sandbox


def hidden_characters(text: str, allowed: Sequence[str] = ("\n",)) -> set[str]:
    """Characters by which a text could act on a terminal or show itself as another."""
    return {
        character for character in text if not character.isprintable() and character not in allowed
    }
