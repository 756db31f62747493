"""Proving katas: the command on small real katas, and the noise beside it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grader.authoring.noise import noise
from tests.authoring.small_katas import README, TWICE
from tests.conftest import APP, CHECKS, KATA, MANIFEST, RunKata
from tests.waiting import HANG_S, wait_until

MakeKata = Callable[..., Path]


# ---- noise
# ------------------------------------------------------------------------------------------------------------


def busy_children() -> Iterator[psutil.Process]:
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # another test's, which has ended meanwhile
            if "getppid" in " ".join(child.cmdline()):
                yield child


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
    psutil.wait_procs([child], timeout=HANG_S)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


# ---- the command
# ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_right_kata_is_proved_and_a_wrong_one_beside_it_told_of(
    kata: RunKata, make_kata: MakeKata
) -> None:
    make_kata("right", files=TWICE)
    make_kata("unreadable", manifest=MANIFEST + "\nworker = 2\n", files=README)
    katas = make_kata(
        "wrong",
        files={**TWICE, "rejected/wrong.py": TWICE["accepted/reference.py"], "notes.txt": "x"},
    )
    ran = kata("verify", "--katas", katas)
    assert ran.code == 1
    assert ran.err == ""
    assert "Proved: 9 gradings, 9 results, 0 inconclusive" in ran.out
    assert "unreadable/kata.toml: `rejected.wrong.worker` is unknown" in ran.out
    assert "wrong/rejected/wrong.py: passes test_it_answers, but must fail it." in ran.out
    assert "junk/first_answer" in ran.out
    assert "wrong/notes.txt: is no part of a kata" in ran.out
    assert "1 of 3 katas are proved. Not: unreadable, wrong." in ran.out
    assert "Traceback" not in ran.out


@pytest.mark.slow
def test_the_proof_is_one_document_for_programs(kata: RunKata, make_kata: MakeKata) -> None:
    ran = kata(
        "verify", "tiny", "--repeat", "2", "--shuffle", "--json", "--katas", make_kata(files=TWICE)
    )
    document = json.loads(ran.out)
    assert (ran.code, document["format"], document["verdict"]) == (0, 1, "proved")
    (only,) = document["katas"]
    assert only["gradings"] == {"planned": 18, "made": 18}
    starter = only["examples"][0]
    assert [one["outcomes"] for one in starter["rounds"]] == [{"test_it_answers": "failed"}] * 2


CLOCK_CHECKS = '''
from grader.checks.api import Server, expect


async def test_it_answers(server: Server) -> None:
    """It answers with yes, at once."""
    crowd = await server.burst("GET", "/", count=4, cut_off_s=0.1)
    expect(crowd).statuses(200).within(0.1).json(lambda _: "yes")
'''


@pytest.mark.slow
def test_limits_are_measured_on_whole_bursts(kata: RunKata, make_kata: MakeKata) -> None:
    slow = "import time\n" + APP.replace("{answer}", "yes").replace(
        "    return", "    time.sleep(0.2)\n    return"
    )
    katas = make_kata(checks=CLOCK_CHECKS, files={**README, "starter/app.py": slow})
    (only,) = json.loads(kata("verify", "--json", "--katas", katas).out)["katas"]
    (margin,) = only["margins"]
    assert margin["limit_s"] == 0.1
    assert margin["fastest_rejected"]["example"] == "starter/app"
    assert margin["fastest_rejected"]["measured_s"] > 0.75


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ("import nothing_of_this_name\n" + CHECKS, "cannot be imported"),
        (CHECKS.split("    expect")[0] + "    pass\n", "made no assertions"),
        (
            CHECKS.split("    expect")[0] + "    raise KeyError('x')\n",
            "checks.py:7 raised KeyError",
        ),
    ],
)
def test_checks_that_cannot_work_are_told_once(
    kata: RunKata, make_kata: MakeKata, checks: str, words: str
) -> None:
    ran = kata("verify", "--json", "--katas", make_kata(checks=checks, files=README))
    (only,) = json.loads(ran.out)["katas"]
    assert (ran.code, only["verdict"]) == (1, "wrong")
    assert sum(words in problem["message"] for problem in only["problems"]) == 1


def test_a_machine_without_room_is_not_the_katas_fault(make_kata: MakeKata) -> None:
    command = f'ulimit -n 14; exec "{KATA}" verify --json --katas "{make_kata(files=README)}"'
    ran = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    (only,) = json.loads(ran.stdout)["katas"]
    assert (ran.returncode, only["verdict"]) == (4, "broken")
    assert {problem["is_environment"] for problem in only["problems"]} == {True}


def test_a_kata_of_another_name_is_a_mistake_in_the_command(
    kata: RunKata, make_kata: MakeKata
) -> None:
    ran = kata("verify", "tinny", "--katas", make_kata(files=README))
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean tiny?" in ran.err


@pytest.mark.slow
def test_an_interruption_tells_what_is_known(make_kata: MakeKata, tmp_path: Path) -> None:
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
    wait_until(lambda: not any(child.is_running() for child in children))
