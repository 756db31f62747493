"""What the plugin collects and refuses, with attempts that are made up."""

from collections.abc import Callable, Iterable

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from grader.checks.attempts import AttemptMaker
from grader.checks.collection import Check
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.errors import BrokenError, HarnessError
from grader.evidence.run import Attempt, Subject
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.measure.attempt import nothing
from grader.measure.timing import Clock
from grader.report import CheckResult, Outcome
from tests.checks.conftest import MakeEnvironment
from tests.judge.records import counted

TWO_CHECKS = '''
async def test_a(server):
    """A holds.

    Only the first line is the title.
    """


async def test_b(server):
    """B holds."""
'''

PASSED = counted(1)
WRONG = counted(3)
BROKEN = HarnessError("The system has no more sockets.", "Close other programs.")


class MadeUp(AttemptMaker):
    """Gives these attempts in turn, and keeps whose they were to be."""

    def __init__(self, stage: Stage, attempts: Iterable[Attempt]) -> None:
        super().__init__(stage, {}, Clock())
        self.asked: list[tuple[str, Subject]] = []
        self._attempts = iter(attempts)
        self.on_make: Callable[[], None] = lambda: None

    async def make(
        self, check: Check, subject: Subject, on_overdue: Callable[[], None] = nothing
    ) -> Attempt:
        self.asked.append((check.name, subject))
        self.on_make()
        await anyio.lowlevel.checkpoint()  # an interruption arrives through the event loop
        return replace(next(self._attempts), subject=subject)


class MadeUpRun(CheckRun):
    """A run of which everything is kept that it reports."""

    def __init__(self, environment: Environment, attempts: Iterable[Attempt]) -> None:
        self.began: list[str] = []
        self.ended: list[CheckResult] = []
        stage = Stage(environment.kata, environment.launchers, environment.services)
        super().__init__(stage, {}, Clock(), self.began.append, self.ended.append)
        self.made = self.attempts = MadeUp(stage, attempts)

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in self.results]


@pytest.fixture
def environment(make_environment: MakeEnvironment) -> Environment:
    return make_environment(TWO_CHECKS, "grading_s = 100.0")


# ---- collection ---------------------------------------------------------------------------------


def test_all_checks_are_listed_with_the_first_lines_of_their_docstrings(
    environment: Environment,
) -> None:
    run = MadeUpRun(environment, [PASSED, PASSED])
    run_checks(environment.kata, run)
    assert [(record.name, record.title) for record in run.records] == [
        ("test_a", "A holds."),
        ("test_b", "B holds."),
    ]
    assert run.began == ["A holds.", "B holds."]
    assert run.ended == run.results


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ("import nonsense_module\n", "cannot be imported: "),
        ("", "contains no checks."),
        ('def test_a():\n    """A."""\n', "test_a is not an `async def`."),
        ("async def test_a():\n    pass\n", "test_a has no docstring"),
        ("class TestA:\n    x = 1\n", "contains no checks."),
    ],
)
def test_a_kata_whose_checks_mean_nothing_is_broken_before_anything_is_tried(
    make_environment: MakeEnvironment, checks: str, message: str
) -> None:
    environment = make_environment(checks)
    run = MadeUpRun(environment, [])
    run_checks(environment.kata, run)
    assert isinstance(run.error, BrokenError)
    assert message in run.error.message
    assert "checks.py" in run.error.message
    assert run.made.asked == []


def test_an_attempt_that_did_not_count_breaks_nothing(environment: Environment) -> None:
    for mishaps, broken in [(("", ""), False), (("", str(BROKEN)), True)]:
        run = MadeUpRun(environment, [replace(PASSED, mishap=mishap) for mishap in mishaps])
        run.made.errors[str(BROKEN)] = BROKEN
        run_checks(environment.kata, run)
        assert (run.error is BROKEN) == broken


# ---- interruption -------------------------------------------------------------------------------


def test_after_an_interruption_nothing_is_judged(environment: Environment) -> None:
    run = MadeUpRun(environment, [WRONG, WRONG])
    run.made.on_make = run.interrupt
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.interrupted
    assert run.outcomes == [Outcome.NOT_RUN, Outcome.NOT_RUN]
    assert run.ended == []


def test_an_interruption_before_the_checks_run_is_not_lost(environment: Environment) -> None:
    run = MadeUpRun(environment, [])
    run.interrupt()
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.made.asked == []
