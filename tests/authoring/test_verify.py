"""Proving katas: what the trials and the margins must show, on made-up trials; and the command on small real katas."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grader.authoring.demands import demand_all
from grader.authoring.examples import Example, Kind
from grader.authoring.margins import margin_problems, margins_of, timings_of, without_numbers
from grader.authoring.noise import noise
from grader.authoring.proof import Problem, Proof, ProofVerdict, Timing, Trial, verdict_of_proofs
from grader.evidence.model import CheckRecord, ExchangeError
from grader.judge.decide import verdict_of
from grader.report import CheckResult, Finding, FindingKind, Outcome
from tests.conftest import APP, CHECKS, KATA, MANIFEST, RunKata
from tests.judge.records import answered, exchange, timed

MakeKata = Callable[..., Path]
CHECK_NAMES = ("test_a", "test_b")
PASS, FAIL, UNCLEAR = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE

STARTER = Example(Kind.STARTER, "app", Path("starter/app.py"), frozenset({"test_a"}))
ACCEPTED = Example(Kind.ACCEPTED, "reference", Path("accepted/reference.py"), frozenset())
REJECTED = Example(Kind.REJECTED, "near", Path("rejected/near.py"), frozenset({"test_b"}))
JUNK = Example(Kind.JUNK, "hang", Path("junk/hang"), None)


def trial(example: Example, a: Outcome, b: Outcome, *timings: Timing, finding: Finding | None = None) -> Trial:
    results = tuple(
        CheckResult(name=name, title="", outcome=outcome, finding=finding) for name, outcome in zip(CHECK_NAMES, (a, b), strict=True)
    )
    return Trial(example, verdict_of((a, b)), results, timings)


RIGHT = (trial(STARTER, FAIL, PASS), trial(ACCEPTED, PASS, PASS), trial(REJECTED, PASS, FAIL), trial(JUNK, FAIL, FAIL))


def texts(*trials: Trial, beside_noise: bool = False, is_whole: bool = True) -> list[str]:
    problems = demand_all(trials, CHECK_NAMES, beside_noise=beside_noise, is_whole=is_whole)
    return [f"{problem.file}: {problem.text}" for problem in problems]


# ---- demands ----------------------------------------------------------------------------------------------------------


def test_what_is_as_declared_is_no_problem() -> None:
    assert texts(*RIGHT) == []


def test_a_check_that_was_not_run_counts_as_failed() -> None:
    both = Example(Kind.REJECTED, "crash", Path("rejected/crash.py"), frozenset(CHECK_NAMES))
    assert texts(*RIGHT, trial(both, FAIL, Outcome.NOT_RUN)) == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (trial(ACCEPTED, FAIL, PASS), "accepted/reference.py: fails test_a, but must pass it."),
        (trial(REJECTED, FAIL, FAIL), "rejected/near.py: fails test_a, but must fail only what is declared."),
        (trial(STARTER, PASS, PASS), "starter/app.py: passes test_a, but must fail it."),
        (trial(JUNK, PASS, PASS), "checks.py: junk/hang passes every check: such an app must fail one."),
    ],
)
def test_what_is_not_as_declared_is_a_problem_of_its_file(wrong: Trial, text: str) -> None:
    others = [right for right in RIGHT if right.example != wrong.example]
    assert text in texts(wrong, *others)


def test_rounds_that_differ_say_how_often() -> None:
    found = texts(*RIGHT, *RIGHT, *RIGHT[1:], trial(STARTER, PASS, PASS))
    assert found == ["starter/app.py: passes test_a in 1 of 3 rounds, but must fail it."]


def test_a_check_that_no_example_fails_is_a_problem() -> None:
    assert "checks.py: test_b is failed by no example: add a rejected one that fails it." in texts(RIGHT[0], RIGHT[1])


def test_half_of_the_trials_do_not_say_what_no_example_fails() -> None:
    assert texts(RIGHT[0], RIGHT[1], is_whole=False) == []


def test_inconclusive_results_are_no_wrong_ones_but_told_without_noise() -> None:
    trials = [*RIGHT, trial(ACCEPTED, PASS, UNCLEAR)]
    assert texts(*trials, beside_noise=True) == []
    assert texts(*trials) == [": 1 of 10 results were inconclusive: verify again on a quieter machine."]


def test_what_was_inconclusive_in_every_round_is_not_shown() -> None:
    found = texts(*RIGHT[1:], trial(STARTER, UNCLEAR, PASS), beside_noise=True)
    assert "starter/app.py: gave no clear result at test_a in any round; verify again on a quieter machine." in found


def test_a_check_that_asserts_nothing_is_told_once() -> None:
    finding = Finding(kind=FindingKind.NOTHING_ASSERTED)
    broken = [trial(example, Outcome.BROKEN, Outcome.NOT_RUN, finding=finding) for example in (STARTER, ACCEPTED, JUNK)]
    (problem,) = demand_all(broken, CHECK_NAMES, beside_noise=False)
    assert problem.text == "test_a is broken."
    assert not problem.is_environment


def test_a_mishap_of_the_machine_is_not_the_katas() -> None:
    finding = Finding(kind=FindingKind.MISHAP, observed="OSError: too many open files")
    (problem,) = demand_all([trial(ACCEPTED, Outcome.BROKEN, Outcome.NOT_RUN, finding=finding)], CHECK_NAMES, beside_noise=True)
    assert problem.is_environment


# ---- margins ----------------------------------------------------------------------------------------------------------


def at(measured_s: float, *, limit_s: float = 0.3, missed: bool = False, is_bound: bool = False, waited_s: float = 0.0) -> Timing:
    what = "GET /x" if is_bound else "# × GET /x"
    return Timing("test_a", what, 0.0 if is_bound else limit_s, measured_s, missed, is_bound, waited_s)


def judge(*trials: Trial) -> list[Problem]:
    return list(margin_problems(margins_of(trials)))


def test_a_limit_in_the_middle_is_no_problem() -> None:
    trials = (trial(ACCEPTED, PASS, PASS, at(0.1), at(0.05)), trial(STARTER, FAIL, PASS, at(0.9, missed=True), at(2.0, missed=True)))
    (margin,) = margins_of(trials)
    assert (margin.slowest, margin.fastest) != (None, None)
    assert margin.above == pytest.approx(3)
    assert margin.below == pytest.approx(3)
    assert judge(trial(ACCEPTED, PASS, PASS, at(0.09)), trials[1]) == []


def test_a_limit_too_near_to_right_apps_must_be_raised() -> None:
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(0.2)), trial(STARTER, FAIL, PASS, at(6.0, missed=True)))
    assert "only 1.5 × the slowest accepted (accepted/reference, 0.200 s): raise it to 0.60 s or more" in problem.text


def test_a_limit_too_near_to_wrong_apps_must_be_lowered() -> None:
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(0.01)), trial(REJECTED, FAIL, PASS, at(0.6, missed=True)))
    assert "(rejected/near, 0.600 s): lower it to 0.20 s or less" in problem.text


def test_sides_that_are_too_near_to_each_other_must_be_moved_apart() -> None:
    problems = judge(trial(ACCEPTED, PASS, PASS, at(0.2)), trial(REJECTED, FAIL, PASS, at(0.6, missed=True)))
    assert ["larger crowd" in problem.text for problem in problems] == [True, True]


def test_a_slow_time_that_was_waiting_for_a_core_is_the_machines() -> None:
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(0.2, waited_s=0.15)), trial(STARTER, FAIL, PASS, at(6.0, missed=True)))
    assert problem.is_environment
    assert "quieter machine" in problem.text


def test_a_limit_that_catches_nobody_is_a_problem() -> None:
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(0.01)), trial(REJECTED, PASS, FAIL, at(0.01)))
    assert "caught no rejected example" in problem.text


def test_junk_is_no_measure() -> None:
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(0.01)), trial(JUNK, FAIL, PASS, at(9.0, missed=True)))
    assert "caught no rejected example" in problem.text


def test_visitors_who_gave_up_give_a_lower_bound() -> None:
    trials = trial(ACCEPTED, PASS, PASS, at(0.01)), trial(STARTER, FAIL, PASS, at(3.0, is_bound=True, missed=True))
    (margin,) = margins_of(trials)
    assert margin.below == pytest.approx(10)
    (problem,) = judge(trials[0], trial(STARTER, FAIL, PASS, at(0.5, is_bound=True, missed=True)))
    assert "let the visitors wait 0.90 s before they give up" in problem.text


def test_times_are_read_from_the_evidence() -> None:
    record = CheckRecord(name="test_a", title="", attempts=(timed(1.2), timed(0.1, waited_s=0.05)))
    slow, fast = timings_of([record])
    assert (slow.what, slow.limit_s, slow.measured_s, slow.missed) == ("# × GET /x", 0.4, 1.2, True)
    assert (fast.missed, fast.waited_s) == (False, 0.05)


def test_giving_up_is_read_from_the_evidence() -> None:
    late = exchange(2, took_s=3.0, status=None, error=ExchangeError.TIMED_OUT)
    (timing,) = timings_of([CheckRecord(name="test_a", title="", attempts=(answered(exchange(1), late),))])
    assert (timing.what, timing.measured_s, timing.is_bound) == ("GET /x", 3.0, True)


def test_numbers_that_change_are_left_out() -> None:
    assert without_numbers("12 × GET /labels/83921?key=a1") == "# × GET /labels/#"


# ---- verdicts ---------------------------------------------------------------------------------------------------------


def proof(*problems: Problem, is_interrupted: bool = False) -> Proof:
    return Proof("tiny", "Tiny", (), (), (), (), problems, 0, 0.0, is_interrupted)


def test_a_mistake_in_the_kata_comes_before_the_machines() -> None:
    machine, mistake = Problem("", "Full.", is_environment=True), Problem("checks.py", "Wrong.")
    assert proof().verdict is ProofVerdict.PROVED
    assert proof(machine).verdict is ProofVerdict.BROKEN
    assert proof(machine, mistake).verdict is ProofVerdict.WRONG
    assert verdict_of_proofs([proof(), proof(machine)]) is ProofVerdict.BROKEN
    assert verdict_of_proofs([proof(mistake), proof(is_interrupted=True)]) is ProofVerdict.INTERRUPTED


# ---- noise ------------------------------------------------------------------------------------------------------------


def busy_children() -> Iterator[psutil.Process]:
    return (child for child in psutil.Process().children() if "getppid" in " ".join(child.cmdline()))


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
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


# ---- the command ------------------------------------------------------------------------------------------------------

README = {"README.md": "# Tiny\n\n## Read more\n"}

TWICE_APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/twice/{n}")
async def twice(n: int) -> int:
    return {answer}
"""

TWICE_CHECKS = '''
import secrets

from grader.checks.api import Server, expect


async def test_it_answers(server: Server) -> None:
    """It doubles any number."""
    for _ in range(2):
        n = secrets.randbelow(10**9)
        expect(await server.get(f"/twice/{n}")).status(200).json(2 * n)
'''

TWICE = {
    **README,
    "checks.py": TWICE_CHECKS,
    "starter/app.py": TWICE_APP.replace("{answer}", "n"),
    "accepted/reference.py": TWICE_APP.replace("{answer}", "2 * n"),
    "rejected/wrong.py": TWICE_APP.replace("{answer}", "n * n"),
}
"""A kata that no junk passes."""


def test_a_right_kata_is_proved_and_a_wrong_one_beside_it_told_of(kata: RunKata, make_kata: MakeKata) -> None:
    make_kata("right", files=TWICE)
    make_kata("unreadable", manifest=MANIFEST + "\nworker = 2\n", files=README)
    katas = make_kata("wrong", files={**TWICE, "rejected/wrong.py": TWICE["accepted/reference.py"], "notes.txt": "x"})
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


def test_the_proof_is_one_document_for_programs(kata: RunKata, make_kata: MakeKata) -> None:
    ran = kata("verify", "tiny", "--repeat", "2", "--shuffle", "--json", "--katas", make_kata(files=TWICE))
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


def test_limits_are_measured_on_whole_bursts(kata: RunKata, make_kata: MakeKata) -> None:
    slow = "import time\n" + APP.replace("{answer}", "yes").replace("    return", "    time.sleep(0.2)\n    return")
    katas = make_kata(checks=CLOCK_CHECKS, files={**README, "starter/app.py": slow})
    (only,) = json.loads(kata("verify", "--json", "--katas", katas).out)["katas"]
    (margin,) = only["margins"]
    assert margin["limit_s"] == 0.1
    assert margin["fastest_rejected"]["example"] == "starter/app"
    assert margin["fastest_rejected"]["measured_s"] > 0.75


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ("import nothing_of_this_name\n" + CHECKS, "cannot be imported"),
        (CHECKS.split("    expect")[0] + "    pass\n", "without having stated anything"),
        (CHECKS.split("    expect")[0] + "    raise KeyError('x')\n", "checks.py:7 raised KeyError"),
    ],
)
def test_checks_that_cannot_work_are_told_once(kata: RunKata, make_kata: MakeKata, checks: str, words: str) -> None:
    ran = kata("verify", "--json", "--katas", make_kata(checks=checks, files=README))
    (only,) = json.loads(ran.out)["katas"]
    assert (ran.code, only["verdict"]) == (1, "wrong")
    assert sum(words in problem["message"] for problem in only["problems"]) == 1


def test_a_machine_without_room_is_not_the_katas_fault(make_kata: MakeKata) -> None:
    command = f'ulimit -n 14; exec "{KATA}" verify --json --katas "{make_kata(files=README)}"'
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    (only,) = json.loads(ran.stdout)["katas"]
    assert (ran.returncode, only["verdict"]) == (4, "broken")
    assert {problem["is_environment"] for problem in only["problems"]} == {True}


def test_a_kata_of_another_name_is_a_mistake_in_the_command(kata: RunKata, make_kata: MakeKata) -> None:
    ran = kata("verify", "tinny", "--katas", make_kata(files=README))
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean tiny?" in ran.err


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
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted after" in out
    assert "rejected/zz.py: is not declared" in out
    assert "Traceback" not in out + err
    deadline = time.monotonic() + 20
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(child.is_running() for child in children)
