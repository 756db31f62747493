"""Helpers for attacks: the module `kit` beside each of them, next to the kata's file that it builds on, `base.py`."""

import importlib
import json
import os
import socket
import stat
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI

CANARIES: dict[str, Any] = json.loads((Path(__file__).parent / "canaries.json").read_text())
"""What an attack may try to reach: `port` on 127.0.0.1, the Unix sockets `abstract` and `unix`, and `file`, which has
`secret` in it.
"""


def app_if(worked: object) -> Any:
    """The app that the attack builds on if it worked, otherwise an app that answers 404 to everything, so that only an
    attack that worked can pass.
    """
    print("worked:", worked)
    if not worked:
        return FastAPI()
    return importlib.import_module("base").app


def worked(trick: Callable[[], object]) -> bool:
    """Whether a trick worked: it neither raised nor returned False."""
    try:
        result = trick()
    except Exception:  # noqa: BLE001  # however it was refused
        traceback.print_exc(limit=1)
        return False
    print(trick, result)
    return result is not False


def stay_in_the_cage() -> None:
    """Exit unless this is a sandbox: elsewhere the attack would do harm."""
    if os.environ.get("HOME") != "/tmp" or not Path("/run/grader").is_dir():
        raise SystemExit("This is no sandbox.")


def descriptors() -> Iterator[tuple[int, str]]:
    """Each open descriptor and its target."""
    for path in sorted(Path("/proc/self/fd").iterdir(), key=lambda path: int(path.name)):
        try:
            yield int(path.name), str(path.readlink())
        except OSError:  # the one of the listing
            continue


def inherited(family: int) -> list[socket.socket]:
    """Duplicates of the inherited sockets of this family."""
    found = []
    for number, _ in descriptors():
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            one = socket.socket(fileno=os.dup(number))
            if one.family == family:
                found.append(one)
            else:
                one.close()
    return found


def say_ready(word: bytes = b"ready\n") -> None:
    """Send the grader a message on the server's socket."""
    for one in inherited(socket.AF_UNIX):
        one.send(word)


def tell_stalls(*lines: str) -> None:
    """Write to the pipe on which the grader learns where the event loop is blocked."""
    own = str(Path("/proc/self/fd/1").readlink())
    for number, leads_to in descriptors():
        if leads_to.startswith("pipe:") and leads_to != own:
            os.write(
                number, "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
            )
