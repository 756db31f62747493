"""`kata verify` on small real katas."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.authoring.small_katas import README, TWICE
from tests.conftest import APP, CHECKS, KATA, MANIFEST, RunKata
from tests.waiting import HANG_S

MakeKata = Callable[..., Path]


def without_times(value: Any) -> Any:
    """The document without its durations, which differ between runs."""
    if isinstance(value, dict):
        return {name: without_times(inner) for name, inner in value.items() if name != "duration_s"}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_jobs_give_the_same_proofs_in_the_same_order_as_one_at_a_time(
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


@pytest.mark.slow
def test_in_a_pipe_each_line_names_its_kata_and_the_results_of_a_kata_are_printed_together(
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


@pytest.mark.slow
def test_a_quick_proof_grades_few_examples_and_does_not_judge_margins(
    kata: RunKata, three: Path
) -> None:
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


@pytest.mark.slow
def test_a_right_kata_is_proved_and_the_problems_of_others_are_reported(
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
    assert "unreadable/kata.toml: `requirements.worker` must be a list" in ran.out
    assert "wrong/rejected/wrong.py: passes test_it_answers, but must fail it." in ran.out
    assert "junk/first_answer" in ran.out
    assert "wrong/notes.txt: does not belong in a kata" in ran.out
    assert "1 of 3 katas are proved. Not proved: unreadable, wrong." in ran.out
    assert "Traceback" not in ran.out


@pytest.mark.slow
def test_json_is_one_document(kata: RunKata, make_kata: MakeKata) -> None:
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
def test_checks_that_cannot_work_are_reported_once(
    kata: RunKata, make_kata: MakeKata, checks: str, words: str
) -> None:
    ran = kata("verify", "--json", "--katas", make_kata(checks=checks, files=README))
    (only,) = json.loads(ran.out)["katas"]
    assert (ran.code, only["verdict"]) == (1, "wrong")
    assert sum(words in problem["message"] for problem in only["problems"]) == 1


def test_too_few_descriptors_are_not_a_fault_of_the_kata(make_kata: MakeKata) -> None:
    command = f'ulimit -n 14; exec "{KATA}" verify --json --katas "{make_kata(files=README)}"'
    ran = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    (only,) = json.loads(ran.stdout)["katas"]
    assert (ran.returncode, only["verdict"]) == (4, "broken")
    assert {problem["is_environment"] for problem in only["problems"]} == {True}


def test_an_unknown_kata_is_a_usage_error(kata: RunKata, make_kata: MakeKata) -> None:
    ran = kata("verify", "tinny", "--katas", make_kata(files=README))
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean tiny?" in ran.err
