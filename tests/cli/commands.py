"""What tests of commands share: types, a right solution, and stand-ins for a pass and a full disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.workspace.progress import State, Workspace
from tests.conftest import APP, Ran

KataHere = Callable[..., Ran]
MakeKata = Callable[..., Path]

RIGHT = APP.replace("{answer}", "yes")
"""A solution of the small kata that passes."""

COMMANDS = ["hint", "solution", "diff", "reset", "open"]
"""Commands about one kata in a workspace."""


def passes(play: Path, slug: str) -> None:
    """Record a pass, as a grading does."""
    Workspace(play).set_state(slug, State.PASSED, {})


def one_sentence(err: str) -> bool:
    """Whether this is an expected error, without a traceback."""
    return err.startswith("Error: ") and "Traceback" not in err


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every write of the progress file fail as on a full disk."""

    def full(path: Path, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.workspace.progress.write_whole", full)
