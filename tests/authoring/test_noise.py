"""Busy processes beside gradings exit with their block, and with their parent."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from grader.authoring.noise import noise
from grader.errors import HarnessError
from tests.waiting import wait_until


def busy_children() -> Iterator[psutil.Process]:
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it belongs to another test, and has exited
            if "getppid" in " ".join(child.cmdline()):
                yield child


def is_alive(process: psutil.Process) -> bool:
    """Whether a process has not exited; one that nobody reaps has."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_noise_ends_with_its_block() -> None:
    with contextlib.suppress(KeyboardInterrupt), noise(2):
        assert len(list(busy_children())) == 2
        raise KeyboardInterrupt
    assert list(busy_children()) == []


def test_noise_ends_when_its_parent_is_killed() -> None:
    source = (
        "import psutil, time\nfrom grader.authoring.noise import noise\n"
        "with noise(1):\n    print(psutil.Process().children()[0].pid, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_until(lambda: not is_alive(child))


def test_no_noise_starts_no_process() -> None:
    before = list(busy_children())
    with noise(0):
        assert list(busy_children()) == before


def test_a_process_that_cannot_be_started_is_an_expected_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(HarnessError, match="cannot be started: No such file"), noise(1):
        pytest.fail("the block must not begin")
