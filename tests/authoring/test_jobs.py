"""Several gradings at a time: the same proofs, and nothing is left however it ends."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.authoring.small_katas import TWICE, TWICE_CHECKS
from tests.conftest import KATA, RunKata
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow
MakeKata = Callable[..., Path]


@pytest.fixture
def three(make_kata: MakeKata) -> Path:
    """A folder of three katas: one right, one whose rejected example passes, one whose checks cannot be imported."""
    make_kata("right", files=TWICE)
    make_kata("lax", files={**TWICE, "rejected/wrong.py": TWICE["accepted/reference.py"]})
    return make_kata(
        "unready", files={**TWICE, "checks.py": "import nothing_of_this_name\n" + TWICE_CHECKS}
    )


def without_times(value: Any) -> Any:
    """A document without what differs from run to run."""
    if isinstance(value, dict):
        return {name: without_times(inner) for name, inner in value.items() if name != "duration_s"}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def test_several_at_a_time_give_the_same_proofs_in_the_same_order(
    kata: RunKata, three: Path
) -> None:
    slugs = ("unready", "right", "lax")
    alone, together = (
        kata("verify", *slugs, "--jobs", jobs, "--json", "--katas", three) for jobs in ("1", "3")
    )
    assert alone.code == together.code == 1
    document = json.loads(together.out)
    assert without_times(document) == without_times(json.loads(alone.out))
    assert [(one["kata"], one["verdict"]) for one in document["katas"]] == [
        ("unready", "wrong"),
        ("right", "proved"),
        ("lax", "wrong"),
    ]


def test_in_a_pipe_each_line_names_its_kata_and_each_kata_is_printed_in_one_piece(
    kata: RunKata, three: Path
) -> None:
    ran = kata(
        "verify", "right", "lax", "--jobs", "2", "--repeat", "2", "--shuffle", "--katas", three
    )
    assert ran.err == ""
    lines = ran.out.splitlines()
    for slug in ("right", "lax"):
        trials = [line for line in lines if f" of 18  {slug}/" in line]
        assert [int(line.split()[0]) for line in trials] == list(range(1, 19))
        title = lines.index(f"A test kata  {slug}")
        end = next(
            place
            for place in range(title, len(lines))
            if lines[place].startswith(("Proved", "Wrong"))
        )
        assert not any(" of 18 " in line for line in lines[title:end])
    assert lines[-1] == "1 of 2 katas are proved. Not proved: lax."


def test_a_quick_look_grades_little_and_demands_no_margins(kata: RunKata, three: Path) -> None:
    ran = kata("verify", "right", "lax", "--quick", "--json", "--katas", three)
    right, lax = json.loads(ran.out)["katas"]
    # The starter fails the only check, so no rejected example is needed.
    assert [(one["kind"], one["name"]) for one in right["examples"]] == [
        ("starter", "app"),
        ("accepted", "reference"),
    ]
    assert (right["verdict"], right["gradings"], right["margins_are_judged"]) == (
        "proved",
        {"planned": 2, "made": 2},
        False,
    )
    assert lax["verdict"] == "proved"
    assert ran.code == 0


@contextmanager
def proving(
    katas: Path, temporary: Path
) -> Iterator[tuple["subprocess.Popen[str]", list[psutil.Process]]]:
    """A command that has begun several katas, and all processes below it."""
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
        yield process, psutil.Process(process.pid).children(recursive=True)


def wait_for_the_end_of(processes: list[psutil.Process]) -> None:
    """Wait until all these are gone, or nobody has asked yet how they ended."""
    wait_until(lambda: not any(map(is_alive, processes)), lambda: list(filter(is_alive, processes)))


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, -signal.SIGHUP)],
)
def test_a_signal_gives_what_is_known_and_leaves_nothing(
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


def test_when_nobody_reads_its_output_any_more_it_ends_and_leaves_nothing(
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


def test_when_the_command_is_killed_all_that_it_started_ends_and_the_next_one_cleans_up(
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
