"""Every kata works under `kata run`: its services are prepared, and its reference handles its load."""

from pathlib import Path

import anyio
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.checks.preparation import read_preparation
from grader.checks.stage import Stage, running_fixtures
from grader.evidence.run import Subject
from grader.grading.environment import Environment
from grader.load.rounds import Load, Round
from grader.measure.attempt import begin_attempt
from grader.measure.timing import Clock
from grader.process.sandbox import SandboxMode
from grader.tasks import single_error

pytestmark = pytest.mark.slow

KATAS = find_catalog().katas()
VISITORS = 4


async def first_round(stage: Stage, folder: Path) -> Round:
    """One round of the kata's load; the upstream, if there is one, must get calls."""
    async with (
        single_error(),
        running_fixtures(stage, folder, begin_attempt(Clock())) as fixtures,
    ):
        async with anyio.create_task_group() as tasks:
            preparation = read_preparation(stage.kata)
            if preparation is not None:
                await preparation.carry_out(fixtures.services, tasks)
            load = Load(fixtures.server, stage.kata.run, VISITORS)
            await load.begin()
            one = await load.send_round()
            if "upstream" in fixtures.services:
                await fixtures.services["upstream"].fixture.arrivals("*", 1)
            tasks.cancel_scope.cancel()
        return one


@pytest.mark.parametrize("shipped", KATAS, ids=[kata.slug for kata in KATAS])
def test_the_reference_handles_the_load(shipped: Kata) -> None:
    with Environment(shipped, SandboxMode.OFF) as environment:
        environment.take_in(shipped.reference.resolve())
        environment.start()
        stage = Stage(shipped, environment.launchers, environment.services)
        one = anyio.run(first_round, stage, environment.folders[Subject.SOLUTION])
    assert (one.asked, one.errors) == (VISITORS, {})
    leaving = sum(request.leave_after_s is not None for request in shipped.run.load)
    assert len(one.answered_s) == (0 if leaving else VISITORS)


@pytest.mark.parametrize("shipped", KATAS, ids=[kata.slug for kata in KATAS])
def test_a_kata_with_services_describes_their_behaviour(shipped: Kata) -> None:
    preparation = read_preparation(shipped)
    assert (preparation is not None) is bool(shipped.services)
    assert preparation is None or (preparation.says.endswith(".") and len(preparation.says) < 160)
