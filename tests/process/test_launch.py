"""Starting a launcher's process: with a sandbox, without one, or not at all."""

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.child.limits import Resources
from grader.errors import HarnessError, SandboxUnavailable
from grader.process import launch
from grader.process.launch import LauncherPlan, LauncherProcess, kill, start_launcher
from grader.process.launcher import running_launcher
from grader.process.sandbox import SandboxMode, find_bwraps
from tests.waiting import HANG_S

ECHO = """
import json, os, sys
flags = [sys.flags.ignore_environment, sys.flags.safe_path]
print(json.dumps([os.getcwd(), flags, json.loads(sys.argv[3])]), flush=True)
os.read(int(sys.argv[2]), 1)
"""
"""Stands in for the launcher: prints how it was started, then waits until its control socket closes."""


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "CODE", ECHO)


@pytest.fixture
def bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only bubblewrap of this machine: a script."""
    path = tmp_path / "bwrap"
    path.touch(0o755)
    monkeypatch.setattr(launch, "find_bwraps", lambda: (path,))
    return path


def fails_with(bwrap: Path, *lines: str) -> None:
    says = "".join(f"echo '{line}' >&2\n" for line in lines)
    bwrap.write_text(f"#!/bin/sh\n{says}exit 1\n")


def how(started: LauncherProcess) -> Any:
    """End the process; returns what it printed."""
    started.control.close()
    assert started.process.wait(HANG_S) == 0
    return json.loads(started.log.read_text())


@pytest.mark.usefixtures("echo")
def test_it_starts_in_the_gradings_folder_with_its_plan(tmp_path: Path) -> None:
    plan = LauncherPlan(warm=("colorsys",), resources=Resources(processes=7), traceable=True)
    started = start_launcher(tmp_path, plan, tmp_path / "log")
    assert (started.pid, started.without_sandbox) == (started.process.pid, "it was switched off")
    folder, flags, config = how(started)
    assert (Path(folder), flags) == (tmp_path.resolve(), [1, True])
    assert (config["warm"], config["resources"]["processes"]) == (["colorsys"], 7)
    assert (config["sandboxed"], config["traceable"]) == (False, True)


@pytest.mark.usefixtures("echo")
def test_a_launcher_can_be_killed(tmp_path: Path) -> None:
    started = start_launcher(tmp_path, LauncherPlan(), tmp_path / "log")
    kill(started.process)
    kill(started.process)
    assert started.process.returncode == -9
    started.control.close()


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("warning", "bwrap: Creating new namespace failed."), "Creating new namespace failed"),
        ((), "bubblewrap exited without a message"),
    ],
)
def test_a_sandbox_that_cannot_be_made_is_an_error_only_if_it_is_required(
    tmp_path: Path, bwrap: Path, lines: tuple[str, ...], reason: str
) -> None:
    fails_with(bwrap, *lines)
    started = start_launcher(tmp_path, LauncherPlan(sandbox=SandboxMode.AUTO), tmp_path / "log")
    assert started.without_sandbox == reason
    how(started)
    with pytest.raises(SandboxUnavailable, match=reason):
        start_launcher(tmp_path, LauncherPlan(sandbox=SandboxMode.REQUIRE), tmp_path / "log")


def test_without_bubblewrap_only_a_required_sandbox_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "find_bwraps", tuple)
    with pytest.raises(SandboxUnavailable, match="cannot make a sandbox"):
        start_launcher(tmp_path, LauncherPlan(sandbox=SandboxMode.REQUIRE), tmp_path / "log")
    with running_launcher(tmp_path, LauncherPlan(sandbox=SandboxMode.AUTO)) as launcher:
        assert launcher.without_sandbox


def test_after_a_bubblewrap_that_fails_the_next_one_is_tried(
    tmp_path: Path, bwrap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(bwrap, "bwrap: setting up uid map: Permission denied")
    good = find_bwraps()
    monkeypatch.setattr(launch, "find_bwraps", lambda: (bwrap, *good))
    with running_launcher(tmp_path, LauncherPlan(sandbox=SandboxMode.AUTO)) as launcher:
        assert launcher.is_sandboxed == bool(good)


@pytest.mark.parametrize("mode", [SandboxMode.OFF, SandboxMode.REQUIRE])
def test_a_process_that_cannot_be_started_is_an_error_with_the_reason(
    tmp_path: Path, bwrap: Path, mode: SandboxMode
) -> None:
    descriptors = psutil.Process().num_fds()
    with pytest.raises(HarnessError, match="No such file or directory") as caught:
        start_launcher(tmp_path / "none", LauncherPlan(sandbox=mode), tmp_path / "log")
    assert "ulimit" in caught.value.hint
    assert psutil.Process().num_fds() <= descriptors
