"""One watch in one workspace, and no lock that outlives its watch."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import ExitCode, ProgressFileError, UsageError
from grader.interactive.watch.lock import hold_watch_lock
from grader.workspace.progress import Workspace, make_workspace

HOLD = """
import sys
from pathlib import Path
from grader.interactive.watch.lock import hold_watch_lock
from grader.workspace.progress import Workspace
with hold_watch_lock(Workspace(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_watch_is_refused_in_one_sentence(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    with (
        hold_watch_lock(workspace),
        pytest.raises(UsageError, match="already running in") as caught,
        hold_watch_lock(workspace),
    ):
        pass
    assert caught.value.exit_code is ExitCode.USAGE


def test_after_the_end_of_a_watch_another_can_start(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    for _ in range(2):
        with hold_watch_lock(workspace):
            pass


def test_a_killed_watch_leaves_no_lock(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(UsageError), hold_watch_lock(workspace):
            pass
        process.kill()
        process.wait()
    with hold_watch_lock(workspace):
        pass


def test_a_lock_file_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(ProgressFileError, match="cannot be locked"),
        hold_watch_lock(Workspace(tmp_path)),
    ):
        pass
