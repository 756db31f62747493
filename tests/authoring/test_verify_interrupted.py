"""`kata verify` that is interrupted, killed, or without a reader: it reports what it knows and leaves nothing."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.authoring.small_katas import README
from tests.conftest import KATA, RunKata
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow

MakeKata = Callable[..., Path]


@contextmanager
def proving(
    katas: Path, temporary: Path
) -> Iterator[tuple["subprocess.Popen[str]", list[psutil.Process]]]:
    """A command that has begun two katas, and its descendants."""
    temporary.mkdir()
    process = subprocess.Popen(
        [
            str(KATA),
            "verify",
            "right",
            "lax",
            "--jobs",
            "3",
            "--repeat",
            "500",
            "--katas",
            str(katas),
        ],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        begun: set[str] = set()
        while begun < {"right", "lax"} and (line := process.stdout.readline()):
            begun |= {slug for slug in ("right", "lax") if f"  {slug}/" in line}
        try:
            yield process, psutil.Process(process.pid).children(recursive=True)
        finally:
            process.kill()


def wait_for_the_end_of(processes: list[psutil.Process]) -> None:
    """Wait until all these have exited, whether or not they have been reaped."""
    wait_until(lambda: not any(map(is_alive, processes)), lambda: list(filter(is_alive, processes)))


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, -signal.SIGHUP)],
)
def test_after_a_signal_it_reports_what_it_knows_and_leaves_nothing(
    three: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    temporary = tmp_path / "tmp"
    with proving(three, temporary) as (process, children):
        process.send_signal(number)
        out, err = process.communicate(timeout=HANG_S)
    assert process.returncode == code
    assert out.count("Interrupted after") == 2
    assert "Traceback" not in out + err
    assert children
    wait_for_the_end_of(children)
    assert list(temporary.iterdir()) == []


def test_without_a_reader_of_its_output_it_exits_and_leaves_nothing(
    three: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    with proving(three, temporary) as (process, children):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(HANG_S) == 130
    wait_for_the_end_of(children)
    assert list(temporary.iterdir()) == []


def test_when_it_is_killed_its_processes_exit_and_the_next_command_cleans_up(
    kata: RunKata, three: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    with proving(three, temporary) as (process, children):
        process.kill()
        process.communicate(timeout=HANG_S)
    assert children
    wait_for_the_end_of(children)
    assert (
        kata(
            "verify", "right", "--quick", "--katas", three, environ={"TMPDIR": str(temporary)}
        ).code
        == 0
    )
    assert list(temporary.iterdir()) == []


def test_an_interruption_reports_problems_of_the_lint_as_well(
    make_kata: MakeKata, tmp_path: Path
) -> None:
    katas = make_kata(files={**README, "rejected/zz.py": ""})
    process = subprocess.Popen(
        [str(KATA), "verify", "--repeat", "500", "--noise", "1", "--katas", str(katas)],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    next(line for line in lines if "3 of" in line)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "Interrupted after" in out
    assert "rejected/zz.py: is not declared" in out
    assert "Traceback" not in out + err
    wait_for_the_end_of(children)
