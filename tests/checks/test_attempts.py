"""One attempt at a check: what its exceptions mean, and what becomes of an interruption at each moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from grader.checks.attempts import AttemptMaker
from grader.checks.claims import RECORDER, ClaimMissed
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.errors import HarnessError
from grader.evidence.claims import CountClaim, GateClaim, Relation
from grader.evidence.machine import Watch
from grader.findings import Mishap
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.measure.timing import Clock
from grader.report import Outcome
from grader.services.running import KataServices
from grader.services.service import CheckContext, Running
from tests.checks.conftest import MakeEnvironment
from tests.conftest import CHECKS

NEVER_S = 3600.0
"""The deadline of a check that no test waits for."""

HANGS = (
    CHECKS.replace("async def test_it_answers", "async def test_it_hangs")
    + "    import anyio\n    await anyio.sleep(600)\n"
)


def stage_of(environment: Environment, services: KataServices | None = None) -> Stage:
    return Stage(environment.kata, environment.launchers, services or environment.services)


# ---- what a check raises ------------------------------------------------------------------------


@pytest.fixture
def maker(make_environment: MakeEnvironment) -> AttemptMaker:
    environment = make_environment(limits="check_s = 0.05")
    return AttemptMaker(stage_of(environment), environment.folders, Clock())


def raises(error: BaseException) -> Callable[[], Awaitable[None]]:
    """A check that raises this."""

    async def check() -> None:
        raise error

    return check


CLAIM_MISSED = ClaimMissed(by_clock=False)
GATE_MISSED = GateMissed(
    GateClaim(
        what="calls",
        wanted=2,
        seen=1,
        deadline_s=3.0,
        own_limit_s=0.5,
        watch=Watch(started_s=0.0, ended_s=3.0),
    )
)


async def test_a_check_records_into_its_own_attempt(
    maker: AttemptMaker, attempt: AttemptContext
) -> None:
    claim = CountClaim(what="calls", measured=1.0, relation=Relation.EQUALS, limit=1.0)

    async def check() -> None:
        RECORDER.get().add(claim)

    await maker.run_check(check, attempt)
    evidence = attempt.recorder.freeze()
    assert evidence.claims == (claim,)
    assert evidence.watch is not None
    assert (evidence.mishap, evidence.hung_in_s) == ("", None)


@pytest.mark.parametrize(
    "error",
    [
        CLAIM_MISSED,
        GATE_MISSED,
        ExceptionGroup("", [CLAIM_MISSED, ExceptionGroup("", [GATE_MISSED])]),
    ],
    ids=["a claim", "a gate", "a group of both"],
)
async def test_what_was_missed_is_no_mishap(
    maker: AttemptMaker, attempt: AttemptContext, error: Exception
) -> None:
    await maker.run_check(raises(error), attempt)
    assert attempt.recorder.mishap == ""
    assert maker.errors == {}


@pytest.mark.parametrize(
    ("error", "mishap"),
    [
        (ValueError("oops"), "checks.py raised ValueError: oops"),
        (AssertionError(), "checks.py uses `assert`"),
        (ExceptionGroup("both", [CLAIM_MISSED, ValueError()]), "checks.py raised ExceptionGroup"),
        (TimeoutError("mine"), "checks.py raised TimeoutError: mine"),
        (asyncio.CancelledError(), "checks.py raised CancelledError"),
        (pytest.fail.Exception("no"), "checks.py raised Failed: no"),
        (pytest.skip.Exception("not here"), "checks.py raised Skipped: not here"),
    ],
)
async def test_any_other_exception_is_a_fault_of_the_kata(
    maker: AttemptMaker, attempt: AttemptContext, error: BaseException, mishap: str
) -> None:
    await maker.run_check(raises(error), attempt)
    assert mishap in attempt.recorder.mishap
    assert maker.errors == {}


async def test_a_cancelled_attempt_is_no_fault(
    maker: AttemptMaker, attempt: AttemptContext
) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await maker.run_check(anyio.sleep_forever, attempt)
    evidence = attempt.recorder.freeze()
    assert scope.cancelled_caught
    assert (evidence.hung_in_s, evidence.mishap) == (None, "")


async def test_what_the_harness_could_not_do_breaks_the_run(
    maker: AttemptMaker, attempt: AttemptContext
) -> None:
    error = HarnessError("No socket can be had.", "Close something.")
    attempt.recorder.note_mishap("A connection broke.")
    await maker.run_check(raises(error), attempt)
    assert maker.errors == {attempt.recorder.mishap: error}
    assert attempt.recorder.mishap == str(error)


async def test_a_check_that_passes_its_deadline_hangs(
    maker: AttemptMaker, attempt: AttemptContext
) -> None:
    await maker.run_check(anyio.sleep_forever, attempt)
    evidence = attempt.recorder.freeze()
    assert (evidence.hung_in_s, evidence.mishap) == (0.05, "")


# ---- visitors -----------------------------------------------------------------------------------

TWO_VISITORS = CHECKS + "    await server.get('/two')\n"


def test_a_check_that_looks_at_no_answer_of_a_visitor_is_a_fault_of_the_kata(
    make_environment: MakeEnvironment,
) -> None:
    environment = started(make_environment, TWO_VISITORS)
    run = run_of(environment, environment.services)
    run_checks(environment.kata, run)
    (result,) = run.results
    assert result.outcome is Outcome.BROKEN
    assert isinstance(result.finding, Mishap)
    assert "checks.py looks at no answer to GET /two; use expect()" in result.finding.text


# ---- interruption -------------------------------------------------------------------------------


class Interrupting(KataServices):
    """Services that interrupt the grading when a check gets them, or when it gives them back.

    Args:
        services: those of an environment.
        moment: "before" the services start, "meanwhile", or "after" the check.
    """

    def __init__(self, services: KataServices, moment: str) -> None:
        vars(self).update(vars(services))
        self.moment = moment
        self.interrupt: Callable[[], None] = lambda: None

    @contextlib.asynccontextmanager
    async def fresh(self, context: CheckContext) -> AsyncIterator[Mapping[str, Running]]:
        if self.moment == "before":
            self.interrupt()
        async with super().fresh(context) as services:
            if self.moment == "meanwhile":
                self.interrupt()
            yield services
        if self.moment == "after":
            self.interrupt()


def started(make_environment: MakeEnvironment, checks: str) -> Environment:
    """The environment of a kata with these checks, in which its reference is graded."""
    environment = make_environment(checks, f"check_s = {NEVER_S}")
    environment.take_in(environment.kata.reference)
    environment.start()
    return environment


def run_of(environment: Environment, services: KataServices) -> CheckRun:
    stage = stage_of(environment, services)
    return CheckRun(stage, environment.folders, Clock(), lambda title: None, lambda result: None)


@pytest.mark.parametrize("moment", ["before", "meanwhile", "after"])
def test_an_interruption_around_a_check_ends_the_run(
    make_environment: MakeEnvironment, moment: str
) -> None:
    environment = started(make_environment, CHECKS if moment == "after" else HANGS)
    services = Interrupting(environment.services, moment)
    run = run_of(environment, services)
    services.interrupt = run.interrupt
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.results[0].outcome is Outcome.NOT_RUN


# ---- a gate after a stop ------------------------------------------------------------------------

MISSES_ONCE = (
    CHECKS.replace("async def", "TRIES: list[int] = []\n\n\nasync def", 1)
    + """
    await server.stop()
    TRIES.append(1)
    # Noise makes the first attempt miss: it waits in vain.
    await server.printed("stopped" if len(TRIES) > 1 else "in vain", within_s=0.05)
"""
)

STOPPING = """
from contextlib import asynccontextmanager
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    yield
    print("stopped")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root() -> str:
    return "yes"
"""


@pytest.mark.slow
def test_a_gate_that_noise_makes_a_right_app_miss_after_its_stop_is_tried_again_and_passes(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    environment = make_environment(MISSES_ONCE)
    solution = tmp_path / "right.py"
    solution.write_text(STOPPING)
    environment.take_in(solution)
    environment.start()
    run = run_of(environment, environment.services)
    run_checks(environment.kata, run)
    (result,), (record,) = run.results, run.records
    assert result.outcome is Outcome.PASSED
    missed = record.attempts[0]
    gate = missed.claims[-1]
    assert isinstance(gate, GateClaim)
    assert gate.seen < gate.wanted
    assert missed.life is not None
    assert not missed.life.left_early
    assert missed.life.exited_s is None
