"""What an attempt hands to its check, and what is left of it afterwards."""

import anyio
import pytest

from grader.checks.stage import Stage, running_fixtures
from grader.evidence.run import Subject
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.timing import Clock
from tests.checks.conftest import MakeEnvironment
from tests.waiting import until


@pytest.mark.parametrize("subject", list(Subject))
async def test_the_code_that_the_attempt_names_is_served(
    make_environment: MakeEnvironment, subject: Subject
) -> None:
    environment, attempt = make_environment(), begin_attempt(Clock(), subject)
    environment.take_in(environment.kata.reference)
    environment.start()
    stage = Stage(environment.kata, environment.launchers, environment.services)
    async with running_fixtures(stage, environment.folders[subject], attempt) as fixtures:
        answer = await fixtures.server.get("/")
        assert (answer.status, answer.body) == (200, b'"yes"')
        assert fixtures.services == {}
    evidence = attempt.recorder.freeze()
    assert evidence.subject is subject
    assert evidence.life is not None
    assert evidence.life.ready_s is not None
    assert [exchange.status for exchange in evidence.exchanges] == [200]


async def test_the_lag_of_the_grader_s_loop_is_measured_meanwhile(
    make_environment: MakeEnvironment, attempt: AttemptContext
) -> None:
    environment = make_environment()
    environment.take_in(environment.kata.reference)
    environment.start()
    stage = Stage(environment.kata, environment.launchers, environment.services)
    folder = environment.folders[Subject.SOLUTION]
    start = attempt.watcher.open()
    with anyio.CancelScope() as scope:
        async with running_fixtures(stage, folder, attempt):
            await until(lambda: attempt.watcher.close(start).loop_lag_s > 0)
            scope.cancel()
