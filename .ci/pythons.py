"""Grades every kata with each Python interpreter that it finds, in a separate virtual environment for each.

    python .ci/pythons.py             grade
    python .ci/pythons.py --list      only list the interpreters

`KATA_PYTHONS` names the interpreters: paths or commands, separated by blanks. Without it, the script takes every
`python3.N` on the PATH and every pyenv version, and uses the newest working interpreter of each minor version. If `CI`
is set, finding only one version is a failure, because that proves too little.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
JOBS = 4
PROBE = "import sys, json, venv, ensurepip; print(json.dumps([*sys.version_info[:3]]))"
"""Fails if the interpreter cannot create virtual environments, such as Debian's without `python3-venv`."""


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python interpreter that runs."""

    version: tuple[int, int, int]
    path: str

    @property
    def name(self) -> str:
        """The version as text, such as "3.12.1"."""
        return ".".join(map(str, self.version))


def candidates(environ: Mapping[str, str], prefix: Path) -> Iterator[str]:
    """Paths of possible interpreters, which may not work.

    Args:
        environ: environment variables.
        prefix: where the interpreter of this process is installed; if pyenv installed it, the others are beside it.
    """
    if named := environ.get("KATA_PYTHONS"):
        yield from (
            shutil.which(word, path=environ.get("PATH")) or word for word in shlex.split(named)
        )
        return
    yield sys.executable
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).is_dir():
            yield from (
                str(path)
                for path in sorted(Path(folder).glob("python3.*"))
                if re.fullmatch(r"python3\.\d+", path.name)
            )
    pyenv = (
        Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv") / "versions"
    )
    for versions in (pyenv, prefix.parent):
        if versions.name == "versions":
            yield from (str(path) for path in sorted(versions.glob("3.*/bin/python3")))


def probe(path: str) -> Interpreter | None:
    """The interpreter at this path; None if it does not run or cannot make virtual environments."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", PROBE], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    major, minor, micro = json.loads(done.stdout)
    return Interpreter((major, minor, micro), path)


def newest(found: Iterable[Interpreter]) -> list[Interpreter]:
    """The newest interpreter of each supported minor version, sorted."""
    chosen: dict[tuple[int, int], Interpreter] = {}
    for one in found:
        minor = one.version[:2]
        if minor >= OLDEST and (minor not in chosen or one.version > chosen[minor].version):
            chosen[minor] = one
    return sorted(chosen.values())


def grade(interpreter: Interpreter) -> int:
    """Install the project for this interpreter and prove all katas; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="kata-python-") as folder:
        environment = Path(folder) / "venv"
        commands = (
            [interpreter.path, "-m", "venv", str(environment)],
            [
                str(environment / "bin" / "pip"),
                "install",
                "--quiet",
                "--disable-pip-version-check",
                str(ROOT),
            ],
            [str(environment / "bin" / "kata"), "verify", "--quick", "--jobs", str(JOBS)],
        )
        for command in commands:
            # Outside the checkout, so that the installed package is tested.
            code = subprocess.run(command, cwd=folder, check=False).returncode
            if code != 0:
                return code
    return 0


def main() -> int:
    """Grade with each interpreter; returns the exit code of the first one that failed."""
    parser = argparse.ArgumentParser(
        prog="python .ci/pythons.py", description="Grade every kata with each Python interpreter."
    )
    parser.add_argument("--list", action="store_true", help="only list the interpreters")
    only_lists = parser.parse_args().list
    interpreters = newest(
        one
        for path in dict.fromkeys(candidates(os.environ, Path(sys.base_prefix)))
        if (one := probe(path)) is not None
    )
    for one in interpreters:
        print(f"Python {one.name}: {one.path}", flush=True)
    if not interpreters:
        print(
            "No Python 3.11 or newer was found that can make virtual environments. Name some in KATA_PYTHONS.",
            file=sys.stderr,
        )
        return 1
    if len(interpreters) == 1 and os.environ.get("CI"):
        print(
            "Only one version of Python was found: name more in KATA_PYTHONS, or install them.",
            file=sys.stderr,
        )
        return 1
    for one in [] if only_lists else interpreters:
        begun_s = time.monotonic()
        print(f"+ every kata with Python {one.name}", flush=True)
        if code := grade(one):
            print(f"Python {one.name}: a kata was not proved (exit code {code}).", file=sys.stderr)
            return code
        print(f"Python {one.name}: {time.monotonic() - begun_s:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
