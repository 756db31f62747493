"""Every kata does something meaningful for `kata run`: its services behave, and its reference stands its load."""

from pathlib import Path

import anyio
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.checks.preparation import read_preparation
from grader.checks.services import Services
from grader.checks.stage import Stage, running_cast, single_error
from grader.evidence.model import Subject
from grader.harness.launcher import LauncherPlan, Launchers
from grader.harness.postgres import WARM, needed_cluster
from grader.harness.recorder import Recorder
from grader.harness.rounds import Load, Round
from grader.harness.rundir import temporary_run_dir
from grader.harness.watch import Clock
from grader.workspace.solution import take_in

pytestmark = pytest.mark.slow

KATAS = find_catalog().katas()
VISITORS = 4


async def first_round(stage: Stage, folder: Path) -> Round:
    """One round of the kata's load, of which the upstream is told, too."""
    async with single_error(), running_cast(stage, folder, Recorder(Clock(), Subject.SOLUTION)) as cast:
        async with anyio.create_task_group() as tasks:
            preparation = read_preparation(stage.kata)
            if preparation is not None:
                await preparation.carry_out(Services(cast.upstream, cast.postgres, cast.files), tasks)
            load = Load(cast.server, stage.kata.run, VISITORS)
            await load.begin()
            one = await load.send_round()
            if cast.upstream is not None:
                await cast.upstream.arrivals("*", 1)
            tasks.cancel_scope.cancel()
        return one


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_the_reference_stands_the_load(katum: Kata) -> None:
    plan = LauncherPlan(warm=WARM if "postgres" in katum.services else (), resources=katum.limits.resources)
    with temporary_run_dir() as run_dir:
        folder = take_in(katum.reference.resolve(), run_dir / "solution")
        with Launchers(run_dir, {Subject.SOLUTION: plan}) as launchers, needed_cluster(katum, run_dir) as cluster:
            one = anyio.run(first_round, Stage(katum, launchers, cluster), folder)
    assert (one.asked, one.errors) == (VISITORS, {})
    leaving = sum(request.leave_after_s is not None for request in katum.run.load)
    assert len(one.answered_s) == (0 if leaving else VISITORS)


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_services_say_how_they_behave(katum: Kata) -> None:
    preparation = read_preparation(katum)
    assert (preparation is not None) is bool(katum.services)
    assert preparation is None or (preparation.says.endswith(".") and len(preparation.says) < 160)
