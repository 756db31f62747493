"""Runs the checks of a kata: side by side where they can, and each until the judge decides."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio

from grader.checks.attempts import AttemptMaker
from grader.checks.collection import Check
from grader.checks.stage import Stage
from grader.evidence.machine import Machine
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.judge.decide import CheckJudge, ends_grading
from grader.judge.rule import Step
from grader.measure.machine import Reading, between, read_counters
from grader.measure.timing import Clock
from grader.report import CheckResult, Outcome
from grader.tasks import single_error

SIDE_BY_SIDE = 6
"""How many checks run at the same time. Most of a grading is waiting: the servers of six checks need less than one core
(docs/decisions/0029-checks-side-by-side.md)."""

SECONDS = 2
"""How many second attempts run beside them. Both together must not exceed `grader.child.limits.SERVERS`."""

SUBJECTS = {Step.TRY_SOLUTION: Subject.SOLUTION, Step.TRY_REFERENCE: Subject.REFERENCE}
"""The code to run, for each step that asks for another attempt."""


@dataclass
class CheckProgress:
    """One check and the attempts at it so far.

    Attributes:
        judge: has examined the attempts.
        machine: what kept the machine busy since the first reference attempt; None if there was none.
        is_over: no further attempt will be made.
        scope: of the attempts that are made beside those of other checks, while they are.
    """

    check: Check
    judge: CheckJudge = field(default_factory=CheckJudge)
    attempts: list[Attempt] = field(default_factory=list)
    machine: Machine | None = None
    is_over: bool = False
    scope: anyio.CancelScope | None = None

    @property
    def record(self) -> CheckRecord:
        """The evidence."""
        return CheckRecord(
            name=self.check.name,
            title=self.check.title,
            attempts=tuple(self.attempts),
            machine=self.machine,
        )

    def result(self, *, failed_already: bool) -> CheckResult:
        """The result after all attempts so far; see `CheckJudge.result`."""
        return self.judge.result(self.record, failed_already=failed_already)

    def drop(self) -> None:
        """End this check as one that was not tried, unless it is over and told something of its own."""
        if not self.is_over or ends_grading(self.result(failed_already=True).finding):
            self.judge, self.attempts, self.is_over = CheckJudge(), [], True
            if self.scope is not None:
                self.scope.cancel()


class Runner:
    """Runs checks. Those that do not need the machine alone run side by side, each on its own server; a check that this
    does not decide, because the machine may be to blame, continues alone.

    Args:
        stage: what the checks share.
        checks: in the kata's order.
        maker: makes the attempts.
        clock: the run's clock.
        on_check: called with the title of the check that the next result is of, whenever that changes.
        on_result: called with each result, in the kata's order.

    Attributes:
        progress: of each check, in the kata's order.
        out_of_time: the grading took too long, so some checks were not tried.
    """

    def __init__(
        self,
        stage: Stage,
        checks: Sequence[Check],
        maker: AttemptMaker,
        clock: Clock,
        on_check: Callable[[str], None],
        on_result: Callable[[CheckResult], None],
    ) -> None:
        self.progress = [CheckProgress(check) for check in checks]
        self.out_of_time = False
        self._stage = stage
        self._maker = maker
        self._clock = clock
        self._on_check = on_check
        self._on_result = on_result
        self._failed = False
        self._reported = 0
        self._named: CheckProgress | None = None
        self._scope: anyio.CancelScope | None = None
        self._seconds: anyio.CapacityLimiter

    @property
    def results(self) -> list[CheckResult]:
        """The results, in the kata's order. Checks that were not tried are among them."""
        return [progress.result(failed_already=self._failed) for progress in self.progress]

    async def run(self) -> None:
        """Run all checks, unless an early result ends the grading."""
        limit = anyio.CapacityLimiter(SIDE_BY_SIDE)
        self._seconds = anyio.CapacityLimiter(SECONDS)
        self._name_next()
        with anyio.CancelScope() as self._scope:
            async with single_error(), anyio.create_task_group() as together:
                for progress in self.progress:
                    if not progress.check.is_alone:
                        together.start_soon(self._try_together, progress, limit)
            for progress in self.progress:
                if not progress.is_over:
                    await self._try_alone(progress)
        for progress in self.progress:
            progress.is_over = True
        self._report()

    async def _try_together(self, progress: CheckProgress, limit: anyio.CapacityLimiter) -> None:
        """Make attempts beside other checks while only the solution has to run."""
        if progress.is_over:
            return
        with anyio.CancelScope() as progress.scope:
            async with limit:
                if self._step(progress) is Step.TRY_SOLUTION:
                    await self._attempt_with_second(progress)
                while self._step(progress) is Step.TRY_SOLUTION:
                    await self._attempt(progress, Subject.SOLUTION)
        if not progress.is_over and self._step(progress) not in SUBJECTS:
            self._end(progress)

    async def _attempt_with_second(self, progress: CheckProgress) -> None:
        """Make the first attempt, and as soon as it is overdue a second one beside it: a miss needs two servers."""
        overdue = anyio.Event()
        seconds: list[Attempt] = []

        async def make_second() -> None:
            await overdue.wait()
            async with self._seconds:
                seconds.append(await self._maker.make(progress.check, Subject.SOLUTION))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(make_second)
            first = await self._maker.make(progress.check, Subject.SOLUTION, overdue.set)
            self._take(progress, first)
            if not overdue.is_set() or self._step(progress) is not Step.TRY_SOLUTION:
                tasks.cancel_scope.cancel()
        if seconds and self._step(progress) is Step.TRY_SOLUTION:
            self._take(progress, seconds[0])

    async def _try_alone(self, progress: CheckProgress) -> None:
        """Make attempts with the machine to itself until the judge decides."""
        before: Reading | None = None
        while (step := self._step(progress)) in SUBJECTS:
            if step is Step.TRY_REFERENCE and before is None:
                before = read_counters()
            await self._attempt(progress, SUBJECTS[step])
        if before is not None:
            own = {os.getpid()} | self._stage.launchers.pids
            progress.machine = between(before, read_counters(), own)
        self._end(progress)

    def _step(self, progress: CheckProgress) -> Step:
        """What to do next for a check; nothing more once the grading is out of time."""
        step = progress.judge.step(failed_already=self._failed)
        if step in SUBJECTS and self._clock.now() > self._stage.kata.limits.grading_s:
            self.out_of_time = True
            return Step.INCONCLUSIVE
        return step

    async def _attempt(self, progress: CheckProgress, subject: Subject) -> None:
        self._take(progress, await self._maker.make(progress.check, subject))

    def _take(self, progress: CheckProgress, attempt: Attempt) -> None:
        progress.attempts.append(attempt)
        progress.judge.take(attempt)

    def _end(self, progress: CheckProgress) -> None:
        """Report what can be reported, and end the grading if no further check should be tried."""
        progress.is_over = True
        result = progress.result(failed_already=self._failed)
        self._failed = self._failed or result.outcome is Outcome.FAILED
        all_would_fail = ends_grading(result.finding)
        if all_would_fail and result.outcome is Outcome.FAILED:
            self._drop_after(progress)
        self._report()
        if (
            result.outcome is Outcome.BROKEN
            or (all_would_fail and result.outcome is Outcome.INCONCLUSIVE)
            or (self._failed and self._stage.stops_early)
        ):
            assert self._scope is not None
            self._scope.cancel()

    def _drop_after(self, last: CheckProgress) -> None:
        """Drop the checks that would fail like this one: those that come later in the kata, and those that would still
        run alone. Earlier ones go on, so that the same check reports the failure each time.
        """
        later = self.progress[self.progress.index(last) + 1 :]
        alone = [progress for progress in self.progress if progress.check.is_alone]
        for progress in [*later, *alone]:
            if progress is not last and not (progress.check.is_alone and progress.is_over):
                progress.drop()

    def _report(self) -> None:
        """Report the results up to the first check that is not over, so that they appear in the kata's order."""
        while self._reported < len(self.progress) and self.progress[self._reported].is_over:
            progress = self.progress[self._reported]
            self._reported += 1
            if progress.attempts:
                self._on_result(progress.result(failed_already=self._failed))
        self._name_next()

    def _name_next(self) -> None:
        """Name the check whose result comes next."""
        rest = self.progress[self._reported :]
        if rest and rest[0] is not self._named:
            self._named = rest[0]
            self._on_check(rest[0].check.title)
