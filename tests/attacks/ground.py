"""Grades attacks among canaries, under a warden that sees what they leave behind."""

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
from grader.process.launcher import LauncherPlan, running_launcher
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
"""Read once and passed to each process: gradings start in threads while pytest writes the test's name into the
environment, and a process that inherits it at that moment may fail to start (`EFAULT`)."""


@dataclass(frozen=True)
class Scene:
    """The surroundings of one grading, none of which a solution may reach.

    Attributes:
        home: the user's home folder, which contains a secret.
        workspace: the user's folder of katas, in which the command runs; it has results of other gradings.
        temporary: the folder for temporary files of the grading.
        listening: sockets to which a solution must not connect: TCP, abstract and ordinary Unix sockets.
        canaries: what a submission knows of all this.
    """

    home: Path
    workspace: Path
    temporary: Path
    listening: tuple[socket.socket, ...]
    canaries: dict[str, Any]

    @property
    def secret(self) -> str:
        """The text that a solution must not read."""
        return str(self.canaries["secret"])

    @property
    def files(self) -> dict[Path, str]:
        """The user's files, and those of earlier gradings, with their contents."""
        kept = [
            path
            for path in (*self.home.rglob("*"), self.workspace / ".kata" / "runs" / "other.json")
            if path.is_file()
        ]
        return {path: path.read_text() for path in kept}

    def visitors(self) -> int:
        """How many connections were made to canaries since the last call."""
        count = 0
        for one in self.listening:
            with contextlib.suppress(BlockingIOError):
                one.accept()[0].close()
                count += 1
        return count


@contextlib.contextmanager
def set_scene(folder: Path) -> Iterator[Scene]:
    """Set up canaries in this new folder, which other users must be able to pass through."""
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
    """The result of grading an attack.

    Attributes:
        code: exit code; None if it took too long.
        left: processes that it left behind.
        visitors: how many connections were made to canaries.
        touched: files of the user that were changed.
        leftovers: what remained in the temporary folder.
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
        """Everything that the grader wrote, to the screen or to files."""
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
        folder: a new folder for everything.
        kata: its slug.
        solution: a file or folder.
        options: of the command.
        inside: whether the command runs in the folder of the solution instead of the workspace.
        limit_s: how long the grading may take.
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
    """Assemble a submission: the attack, the module `kit`, and the kata's file that it builds on as `base`."""
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
    """Why there is no sandbox on this machine; empty if there is one."""
    with running_launcher(folder, LauncherPlan(sandbox=SandboxMode.AUTO)) as launcher:
        return launcher.without_sandbox


def hidden_characters(text: str, allowed: Sequence[str] = ("\n",)) -> set[str]:
    """Characters with which a text could control a terminal or disguise itself."""
    return {
        character for character in text if not character.isprintable() and character not in allowed
    }
