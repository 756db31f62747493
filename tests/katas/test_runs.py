"""Every kata does something meaningful for `kata run`: its services behave, and its reference stands its load."""

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
    """One round of the kata's load, of which the upstream is told, too."""
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


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_the_reference_stands_the_load(katum: Kata) -> None:
    with Environment(katum, SandboxMode.OFF) as environment:
        environment.take_in(katum.reference.resolve())
        environment.start()
        stage = Stage(katum, environment.launchers, environment.services)
        one = anyio.run(first_round, stage, environment.folders[Subject.SOLUTION])
    assert (one.asked, one.errors) == (VISITORS, {})
    leaving = sum(request.leave_after_s is not None for request in katum.run.load)
    assert len(one.answered_s) == (0 if leaving else VISITORS)


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_services_say_how_they_behave(katum: Kata) -> None:
    preparation = read_preparation(katum)
    assert (preparation is not None) is bool(katum.services)
    assert preparation is None or (preparation.says.endswith(".") and len(preparation.says) < 160)
