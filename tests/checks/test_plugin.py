"""The plugin that runs checks: what becomes of an interruption at each moment."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from grader.catalog.find import find_catalog
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.measure.attempt import AttemptContext
from grader.measure.timing import Clock
from grader.report import Outcome
from grader.services.running import StandingServices
from grader.services.service import Running, Surroundings
from tests.conftest import CHECKS, MANIFEST

NEVER_S = 3600.0
"""A check that is not cancelled takes so long, which no test does."""

HANGS = (
    CHECKS.replace("async def test_it_answers", "async def test_it_hangs")
    + "    import anyio\n    await anyio.sleep(600)\n"
)


class Interrupted(CheckRun):
    """Is interrupted when its server runs, and before its check could be cancelled."""

    async def _run_check(
        self, check: Callable[[], Awaitable[None]], attempt: AttemptContext
    ) -> None:
        self.interrupt()
        while (
            not attempt.abort.is_abandoned
        ):  # the loop has heard of it now, and found nothing to cancel
            await anyio.lowlevel.checkpoint()
        await super()._run_check(check, attempt)


class Interrupting(StandingServices):
    """Services that interrupt the grading when a check is given them, or when it gives them back.

    Args:
        services: those of an environment.
        moment: "before" the check or "after" it.
    """

    def __init__(self, services: StandingServices, moment: str) -> None:
        vars(self).update(vars(services))
        self.moment = moment
        self.interrupt: Callable[[], None] = lambda: None

    @contextlib.asynccontextmanager
    async def fresh(self, surroundings: Surroundings) -> AsyncIterator[Mapping[str, Running]]:
        if self.moment == "before":
            self.interrupt()
        async with super().fresh(surroundings) as services:
            yield services
        if self.moment == "after":
            self.interrupt()


@pytest.fixture
def environment(make_kata: Callable[..., Path]) -> Iterator[Environment]:
    """Of a kata whose only check hangs; its reference is to be graded."""
    manifest = MANIFEST.replace("[starter]", f"[limits]\ncheck_s = {NEVER_S}\n[starter]")
    kata = find_catalog(make_kata(checks=HANGS, manifest=manifest)).kata("tiny")
    with Environment(kata) as environment:
        environment.take_in(kata.reference)
        environment.start()
        yield environment


def run_of(environment: Environment, kind: type[CheckRun], services: StandingServices) -> CheckRun:
    stage = Stage(environment.kata, environment.launchers, services)
    return kind(stage, environment.folders, Clock(), lambda title: None, lambda result: None)


def test_an_interruption_before_the_check_can_be_cancelled_is_not_lost(
    environment: Environment,
) -> None:
    run = run_of(environment, Interrupted, environment.services)
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.results[0].outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interruption_around_a_check_ends_the_run(environment: Environment, moment: str) -> None:
    (environment.kata.checks).write_text(CHECKS if moment == "after" else HANGS)
    services = Interrupting(environment.services, moment)
    run = run_of(environment, CheckRun, services)
    services.interrupt = run.interrupt
    with pytest.raises(KeyboardInterrupt):
        run_checks(environment.kata, run)
    assert run.results[0].outcome is Outcome.NOT_RUN
