"""Which checks are run, how often, beside which others, and in which order their results are reported."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from grader.checks.attempts import AttemptMaker
from grader.checks.collection import Check
from grader.checks.runner import SIDE_BY_SIDE, Runner
from grader.checks.stage import Stage
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Excess, ServerLife
from grader.judge.decide import judge_run
from grader.measure.attempt import nothing
from grader.measure.timing import Clock
from grader.report import CheckResult, Outcome
from tests.checks.conftest import MakeEnvironment
from tests.judge.records import attempt, counted, timed, watch

PASSED = counted(1)
WRONG = counted(3)
SLOW = timed(0.6)
SLOW_ON_A_BUSY_MACHINE = timed(0.6, waited_s=0.5)
HUNG_AT_START = attempt(life=ServerLife(workers=1, started_s=0.0, start_watch=watch(5.0)))
NOISY_START = attempt(
    life=ServerLife(workers=1, started_s=0.0, start_watch=watch(5.0, waited_s=4.9))
)
EXCEEDED = attempt(
    life=ServerLife(
        workers=1,
        started_s=0.0,
        ready_s=0.1,
        exceeded=Excess(what="memory_bytes", limit=1.0, seen=2.0),
    )
)
MISHAP = attempt(mishap="The launcher ended.")


async def made_up() -> None:
    """A check whose attempts are made up."""


def check(name: str, *, is_alone: bool = False) -> Check:
    return Check(name, f"{name} holds.", made_up, (), {}, is_alone)


A, B, C = check("a"), check("b"), check("c")
ALONE = check("alone", is_alone=True)


class Timeless(Clock):
    """A clock that shows what the test says."""

    now_s = 0.0

    def now(self) -> float:
        return self.now_s


class MadeUp(AttemptMaker):
    """Gives each check these attempts in turn, and keeps who was asked for.

    Attributes:
        asked: name of the check and subject of each attempt, in the order in which they began.
        beside: for each attempt, how many others were being made when it began.
        on_make: is awaited in each attempt.
    """

    def __init__(self, stage: Stage, attempts: Mapping[str, Iterable[Attempt]]) -> None:
        super().__init__(stage, {}, Clock())
        self.asked: list[tuple[str, Subject]] = []
        self.beside: dict[str, int] = {}
        self.running = 0
        self.on_make: Callable[[str], object] = lambda name: None
        self.overdue: set[str] = set()
        self.waits_for: dict[str, anyio.Event] = {}
        self._attempts = {name: iter(some) for name, some in attempts.items()}

    async def make(
        self, check: Check, subject: Subject, on_overdue: Callable[[], None] = nothing
    ) -> Attempt:
        self.asked.append((check.name, subject))
        self.beside[check.name] = self.running
        self.running += 1
        try:
            if check.name in self.overdue:
                on_overdue()
            await anyio.lowlevel.checkpoint()  # the others begin
            self.on_make(check.name)
            if check.name in self.waits_for:
                await self.waits_for[check.name].wait()
            return replace(next(self._attempts[check.name]), subject=subject)
        finally:
            self.running -= 1


class Run:
    """A run of made-up attempts, and everything that it reports."""

    def __init__(
        self,
        make_environment: MakeEnvironment,
        attempts: Mapping[Check, Sequence[Attempt]],
        *,
        stops_early: bool = False,
    ) -> None:
        environment = make_environment(limits="grading_s = 100.0")
        self.clock = Timeless()
        self.named: list[str] = []
        self.reported: list[CheckResult] = []
        stage = Stage(
            environment.kata, environment.launchers, environment.services, stops_early=stops_early
        )
        self.made = MadeUp(stage, {check.name: some for check, some in attempts.items()})
        self.runner = Runner(
            stage, list(attempts), self.made, self.clock, self.named.append, self.reported.append
        )

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in self.runner.results]


# ---- how often a check is run -------------------------------------------------------------------


async def test_a_check_that_passes_is_run_once(make_environment: MakeEnvironment) -> None:
    run = Run(make_environment, {A: [PASSED], B: [PASSED]})
    await run.runner.run()
    assert run.outcomes == [Outcome.PASSED, Outcome.PASSED]
    assert run.made.asked == [("a", Subject.SOLUTION), ("b", Subject.SOLUTION)]


async def test_a_miss_with_a_witness_is_tried_again_at_once(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [SLOW, SLOW]})
    await run.runner.run()
    assert run.outcomes == [Outcome.FAILED]
    assert run.made.asked == [("a", Subject.SOLUTION)] * 2


async def test_one_witness_is_enough_when_another_check_has_failed_whatever_their_order(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [SLOW], B: [WRONG]})
    run.made.waits_for["a"] = anyio.Event()
    run.made.on_make = lambda name: run.made.waits_for["a"].set() if name == "b" else None
    await run.runner.run()
    assert run.outcomes == [Outcome.FAILED, Outcome.FAILED]
    assert run.made.asked == [("a", Subject.SOLUTION), ("b", Subject.SOLUTION)]
    records = [progress.record for progress in run.runner.progress]
    assert list(judge_run(records)[1]) == run.runner.results


async def test_a_miss_that_the_machine_may_have_caused_is_tried_alone_in_turn_with_the_reference(
    make_environment: MakeEnvironment,
) -> None:
    misses = [SLOW_ON_A_BUSY_MACHINE, timed(0.1), timed(0.1)]
    run = Run(make_environment, {A: misses, B: [PASSED]})
    await run.runner.run()
    assert run.outcomes == [Outcome.PASSED, Outcome.PASSED]
    subjects = [Subject.SOLUTION, Subject.REFERENCE, Subject.SOLUTION]
    assert [subject for name, subject in run.made.asked if name == "a"] == subjects
    assert run.made.asked[-2:] == [("a", Subject.REFERENCE), ("a", Subject.SOLUTION)]
    assert run.made.beside["a"] == 0
    first, second = run.runner.progress
    assert len(first.attempts) == 3
    assert first.machine is not None
    assert second.machine is None


async def test_an_overdue_attempt_gets_a_second_one_beside_it(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [SLOW, SLOW]})
    run.made.overdue = {"a"}
    run.made.waits_for["a"] = anyio.Event()

    def release(name: str) -> None:
        if len(run.made.asked) == 2:
            run.made.waits_for["a"].set()

    run.made.on_make = release
    await run.runner.run()
    assert run.outcomes == [Outcome.FAILED]
    assert run.made.asked == [("a", Subject.SOLUTION)] * 2
    assert run.made.beside["a"] == 1


@pytest.mark.parametrize("second", [PASSED, WRONG, MISHAP], ids=["passed", "wrong", "mishap"])
async def test_the_second_attempt_counts_only_if_the_first_does_not_decide(
    make_environment: MakeEnvironment, second: Attempt
) -> None:
    run = Run(make_environment, {A: [PASSED, second], B: [WRONG, second]})
    run.made.overdue = {"a", "b"}
    await run.runner.run()
    assert run.outcomes == [Outcome.PASSED, Outcome.FAILED]
    assert [len(progress.attempts) for progress in run.runner.progress] == [1, 1]


# ---- side by side -------------------------------------------------------------------------------


async def test_checks_run_side_by_side_unless_they_need_the_machine_alone(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {ALONE: [PASSED], A: [PASSED], B: [PASSED], C: [PASSED]})
    await run.runner.run()
    assert run.made.beside == {"a": 0, "b": 1, "c": 2, "alone": 0}
    assert [name for name, _ in run.made.asked] == ["a", "b", "c", "alone"]


async def test_no_more_checks_run_at_once_than_the_limit(
    make_environment: MakeEnvironment,
) -> None:
    checks = [check(f"c{n}") for n in range(3 * SIDE_BY_SIDE)]
    run = Run(make_environment, {each: [PASSED] for each in checks})
    await run.runner.run()
    assert max(run.made.beside.values()) == SIDE_BY_SIDE - 1
    assert run.outcomes == [Outcome.PASSED] * len(checks)


async def test_results_are_reported_in_the_order_of_the_kata(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [PASSED], B: [PASSED], C: [PASSED]})
    run.made.waits_for["a"] = anyio.Event()

    def release(name: str) -> None:
        if name == "c":
            assert run.reported == []
            run.made.waits_for["a"].set()

    run.made.on_make = release
    await run.runner.run()
    assert [result.name for result in run.reported] == ["a", "b", "c"]
    assert run.named[0] == "a holds."


# ---- when a run ends ----------------------------------------------------------------------------


async def test_a_run_that_stops_early_ends_with_the_first_failure(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [PASSED], B: [WRONG], ALONE: []}, stops_early=True)
    run.made.waits_for["a"] = anyio.Event()
    await run.runner.run()
    assert run.outcomes == [Outcome.NOT_RUN, Outcome.FAILED, Outcome.NOT_RUN]
    assert [result.name for result in run.reported] == ["b"]


@pytest.mark.parametrize(
    ("attempts", "outcome"),
    [([HUNG_AT_START] * 2, Outcome.FAILED), ([MISHAP], Outcome.BROKEN)],
    ids=["hung at start", "mishap"],
)
async def test_what_the_other_checks_would_meet_again_ends_the_run(
    make_environment: MakeEnvironment, attempts: list[Attempt], outcome: Outcome
) -> None:
    run = Run(make_environment, {A: attempts, B: []})
    run.made.waits_for["b"] = anyio.Event()
    await run.runner.run()
    assert run.outcomes == [outcome, Outcome.NOT_RUN]


async def test_what_every_check_meets_is_reported_by_the_first_whichever_meets_it_first(
    make_environment: MakeEnvironment,
) -> None:
    twice = [HUNG_AT_START] * 2
    run = Run(make_environment, {ALONE: [], A: twice, B: twice, C: [WRONG]})
    run.made.waits_for["a"] = anyio.Event()

    def release(name: str) -> None:
        if run.made.asked.count(("b", Subject.SOLUTION)) == len(twice):
            run.made.waits_for["a"].set()

    run.made.on_make = release
    await run.runner.run()
    assert run.outcomes == [Outcome.NOT_RUN, Outcome.FAILED, Outcome.NOT_RUN, Outcome.FAILED]
    assert [result.name for result in run.reported] == ["a", "c"]


async def test_a_start_that_noise_may_have_spoiled_takes_no_other_result_away(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [NOISY_START] * 12, B: [EXCEEDED], ALONE: []})
    await run.runner.run()
    assert run.outcomes == [Outcome.INCONCLUSIVE, Outcome.FAILED, Outcome.NOT_RUN]


async def test_a_run_that_takes_too_long_ends_with_the_attempts_that_it_makes(
    make_environment: MakeEnvironment,
) -> None:
    run = Run(make_environment, {A: [SLOW_ON_A_BUSY_MACHINE], ALONE: []})
    run.made.on_make = lambda name: setattr(run.clock, "now_s", 100.1)
    await run.runner.run()
    assert run.runner.out_of_time
    assert [len(progress.attempts) for progress in run.runner.progress] == [1, 0]
    assert run.outcomes == [Outcome.INCONCLUSIVE, Outcome.NOT_RUN]
