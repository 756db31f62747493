"""Which checks are run, and how often: the plugin with attempts that are made up."""

from collections.abc import Callable, Iterable

import pytest
from msgspec.structs import replace

from grader.checks.attempts import AttemptMaker
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.errors import BrokenError
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import ServerLife
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.judge.rule import PATIENCE_AFTER_FAILURE
from grader.measure.timing import Clock
from grader.report import CheckResult, Outcome
from tests.checks.conftest import MakeEnvironment
from tests.judge.records import attempt, counted, timed, watch

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
SLOW_ON_A_BUSY_MACHINE = timed(0.6, waited_s=0.5)
HUNG_AT_START = attempt(life=ServerLife(workers=1, started_s=0.0, start_watch=watch(5.0)))
MISHAP = attempt(mishap="The launcher ended.")


class MadeUp(AttemptMaker):
    """Gives these attempts in turn, and keeps whose they were to be."""

    def __init__(self, stage: Stage, attempts: Iterable[Attempt]) -> None:
        super().__init__(stage, {}, Clock())
        self.asked: list[tuple[str, Subject, float]] = []
        self._attempts = iter(attempts)
        self.on_make: Callable[[], None] = lambda: None

    def make(
        self,
        item: pytest.Item,
        nextitem: pytest.Item | None,
        subject: Subject,
        patience_scale: float,
    ) -> Attempt:
        self.asked.append((item.name, subject, patience_scale))
        self.on_make()
        return replace(next(self._attempts), subject=subject)


class Timeless(Clock):
    """A clock that shows what the test says."""

    now_s = 0.0

    def now(self) -> float:
        return self.now_s


class MadeUpRun(CheckRun):
    """A run of which everything is kept that it reports."""

    def __init__(
        self, environment: Environment, attempts: Iterable[Attempt], stops_early: bool = False
    ) -> None:
        self.began: list[str] = []
        self.ended: list[CheckResult] = []
        self.clock = Timeless()
        stage = Stage(
            environment.kata,
            environment.launchers,
            environment.services,
            stops_early=stops_early,
        )
        super().__init__(stage, {}, self.clock, self.began.append, self.ended.append)
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


# ---- how often a check is run -------------------------------------------------------------------


def test_a_check_that_passes_is_run_once(environment: Environment) -> None:
    run = MadeUpRun(environment, [PASSED, PASSED])
    run_checks(environment.kata, run)
    assert run.outcomes == [Outcome.PASSED, Outcome.PASSED]
    assert run.made.asked == [
        ("test_a", Subject.SOLUTION, 1.0),
        ("test_b", Subject.SOLUTION, 1.0),
    ]


def test_after_a_failure_the_other_checks_get_less_patience(environment: Environment) -> None:
    run = MadeUpRun(environment, [WRONG, PASSED])
    run_checks(environment.kata, run)
    assert run.outcomes == [Outcome.FAILED, Outcome.PASSED]
    assert [patience_scale for _, _, patience_scale in run.made.asked] == [
        1.0,
        PATIENCE_AFTER_FAILURE,
    ]


def test_a_miss_that_the_machine_may_have_caused_is_tried_in_turn_with_the_reference(
    environment: Environment,
) -> None:
    run = MadeUpRun(environment, [SLOW_ON_A_BUSY_MACHINE, timed(0.1), timed(0.1), PASSED])
    run_checks(environment.kata, run)
    assert run.outcomes == [Outcome.PASSED, Outcome.PASSED]
    subjects = [subject for name, subject, _ in run.made.asked if name == "test_a"]
    assert subjects == [Subject.SOLUTION, Subject.REFERENCE, Subject.SOLUTION]
    first, second = run.records
    assert len(first.attempts) == 3
    assert first.machine is not None
    assert second.machine is None


# ---- when a run ends ----------------------------------------------------------------------------


def test_a_run_that_stops_early_ends_with_the_first_failure(environment: Environment) -> None:
    run = MadeUpRun(environment, [WRONG], stops_early=True)
    run_checks(environment.kata, run)
    assert run.outcomes == [Outcome.FAILED, Outcome.NOT_RUN]


@pytest.mark.parametrize(
    ("attempts", "outcome"),
    [([HUNG_AT_START] * 2, Outcome.FAILED), ([MISHAP], Outcome.BROKEN)],
    ids=["hung at start", "mishap"],
)
def test_what_the_next_check_would_meet_again_ends_the_run(
    environment: Environment, attempts: list[Attempt], outcome: Outcome
) -> None:
    run = MadeUpRun(environment, attempts)
    run_checks(environment.kata, run)
    assert run.outcomes == [outcome, Outcome.NOT_RUN]


def test_a_run_that_takes_too_long_ends_with_the_attempt_that_it_makes(
    environment: Environment,
) -> None:
    run = MadeUpRun(environment, [SLOW_ON_A_BUSY_MACHINE])
    run.made.on_make = lambda: setattr(run.clock, "now_s", 100.1)
    run_checks(environment.kata, run)
    assert run.out_of_time
    assert [len(record.attempts) for record in run.records] == [1, 0]
    assert run.outcomes[1] is Outcome.NOT_RUN


def test_after_an_interruption_nothing_is_judged(environment: Environment) -> None:
    run = MadeUpRun(environment, [WRONG])
    run.made.on_make = run.interrupt
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.interrupted
    assert run.outcomes == [Outcome.NOT_RUN, Outcome.NOT_RUN]
    assert run.ended == []
